//! What is not taken: each with a text of its own, and nothing half done.

use std::{fs, path::Path};

use coffer_core::{
    Clock,
    moving::Movable,
    store::{Model, contract::block_on},
};
use coffer_crypto::{Environment, OsEntropy};
use coffer_export::{Export, MoveError, Silent};

use crate::world::{
    Watched, everything, export, folder, import, keys, keys_from, open, plan, source, target, with_history,
};

/// An export of a store, whose folder a test then damages.
struct Out {
    _data: tempfile::TempDir,
    folder: tempfile::TempDir,
}

impl Out {
    fn new(seed: u64) -> Self {
        let (data, out) = (folder(), folder());
        with_history(data.path(), seed, 300);
        export(&source(data.path()), out.path()).unwrap();
        Self { _data: data, folder: out }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn part(&self, number: u32) -> std::path::PathBuf {
        self.path().join(format!("part-{number:06}.cfx"))
    }

    /// The error with which an import into an empty store ends. Nothing is in the store.
    fn refusal(&self) -> MoveError {
        let other = folder();
        let store = target(other.path());
        let error = import(&store, self.path()).expect_err("it is refused");
        assert!(everything(&store).is_empty() && block_on(store.importing()).unwrap().is_none(), "{error}");
        error
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn parts_that_are_missing_changed_swapped_or_of_another_export() {
    let out = Out::new(21);
    let whole = fs::read(out.part(2)).unwrap();
    fs::remove_file(out.part(2)).unwrap();
    assert!(matches!(out.refusal(), MoveError::Missing { file } if file == "part-000002.cfx"));
    for at in [60, 150, whole.len() - 1] {
        fs::write(out.part(2), &whole).unwrap();
        flip(&out.part(2), at);
        assert!(
            matches!(out.refusal(), MoveError::Changed { file } if file == "part-000002.cfx"),
            "byte {at}"
        );
    }
    fs::write(out.part(2), &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(out.refusal(), MoveError::Changed { .. }));
    fs::write(out.part(2), fs::read(out.part(3)).unwrap()).unwrap();
    assert!(matches!(out.refusal(), MoveError::Misplaced { number: 3, .. }));
    let other = Out::new(22);
    fs::write(out.part(2), fs::read(other.part(2)).unwrap()).unwrap();
    assert!(matches!(out.refusal(), MoveError::OtherExport { .. }));
    fs::write(out.part(2), whole).unwrap();
    let store = folder();
    assert!(import(&target(store.path()), out.path()).unwrap().equal, "put right, it is taken");
}

#[test]
fn a_manifest_or_keys_that_were_changed_or_are_of_another_export() {
    for name in ["manifest.json", "keys.cfx"] {
        let out = Out::new(23);
        let path = out.path().join(name);
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(41) {
            fs::write(&path, &whole).unwrap();
            flip(&path, at);
            let error = out.refusal();
            let told = matches!(
                error,
                MoveError::Changed { .. }
                    | MoveError::WrongRoot
                    | MoveError::WrongEnvironment
                    | MoveError::Format { .. }
                    | MoveError::NoVault
                    | MoveError::NoExportKey
                    | MoveError::ExportKeyDestroyed
            );
            assert!(told, "{name}, byte {at}: {error}");
        }
        fs::write(&path, fs::read(Out::new(24).path().join(name)).unwrap()).unwrap();
        assert!(matches!(out.refusal(), MoveError::Changed { .. }), "{name}");
    }
    let out = Out::new(25);
    fs::remove_file(out.path().join("keys.cfx")).unwrap();
    assert!(matches!(out.refusal(), MoveError::NoKeys));
}

#[test]
fn other_root_keys_and_environments() {
    let out = Out::new(26);
    let model = Model::new();
    let (right, wrong) = (keys().0, keys_from(99).0);
    let ended =
        block_on(coffer_export::import(&plan(&model, Environment::Sandbox, &wrong, out.path()), &mut Silent));
    assert!(matches!(ended, Err(MoveError::WrongRoot)));
    let ended =
        block_on(coffer_export::import(&plan(&model, Environment::Live, &right, out.path()), &mut Silent));
    assert!(matches!(ended, Err(MoveError::WrongEnvironment)));
    assert!(everything(&model).is_empty());

    let (data, to) = (folder(), folder());
    with_history(data.path(), 26, 30);
    let store = source(data.path());
    let environment = Environment::Sandbox;
    let clock = Clock::system();
    let plan = Export {
        source: &store,
        environment,
        root: &wrong,
        folder: to.path(),
        clock: &clock,
        entropy: &OsEntropy,
    };
    assert!(matches!(block_on(coffer_export::export(&plan, &mut Silent)), Err(MoveError::WrongRoot)));
    assert!(!to.path().join("begun.json").exists());
}

#[test]
fn targets_that_hold_something() {
    let out = Out::new(27);
    let other = folder();
    with_history(other.path(), 28, 30);
    let before = everything(&source(other.path()));
    let store = target(other.path());
    assert!(matches!(import(&store, out.path()), Err(MoveError::NotEmpty)));
    assert_eq!(everything(&store), before);
    drop(store);
    // The beginning of another export.
    let begun = folder();
    let store = target(begun.path());
    block_on(store.begin([7; 16])).unwrap();
    assert!(matches!(import(&store, out.path()), Err(MoveError::OtherImport)));
    // The beginning of this one, into which somebody has written.
    let bent = folder();
    let store = target(bent.path());
    let cut = Watched { at_put: Box::new(|put| put < 1), ..Watched::new(&store) };
    assert!(import(&cut, out.path()).is_err());
    drop(cut);
    drop(store);
    let foreign = rusqlite::Connection::open(bent.path().join("coffer.db")).unwrap();
    foreign.execute("UPDATE keys SET created_at = 99 WHERE purpose = 1", []).unwrap();
    drop(foreign);
    assert!(matches!(import(&target(bent.path()), out.path()), Err(MoveError::Differs { .. })));
    drop(open(other.path()));
}

#[test]
fn folders_that_are_none_or_not_finished_or_taken() {
    let (data, to) = (folder(), folder());
    with_history(data.path(), 29, 300);
    let store = source(data.path());
    let model = Model::new();
    assert!(matches!(import(&model, to.path()), Err(MoveError::NoExport)));
    let calls = std::sync::atomic::AtomicU64::new(0);
    let at_page = |_| calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 5;
    assert!(export(&Watched { at_page: Box::new(at_page), ..Watched::new(&store) }, to.path()).is_err());
    assert!(matches!(import(&model, to.path()), Err(MoveError::Unfinished)));
    // Of another vault: the export that was begun is not gone on with.
    let other = Model::new();
    let (root, rows) = keys_from(77);
    for (id, row) in (1..).zip(rows) {
        let unit = coffer_core::store::contract::unit(id).insert(row).finish();
        block_on(coffer_core::store::Store::commit(&other, unit)).unwrap();
    }
    let (environment, clock) = (Environment::Sandbox, Clock::system());
    let plan = Export {
        source: &other,
        environment,
        root: &root,
        folder: to.path(),
        clock: &clock,
        entropy: &OsEntropy,
    };
    assert!(matches!(block_on(coffer_export::export(&plan, &mut Silent)), Err(MoveError::BegunElsewhere)));
    export(&store, to.path()).unwrap();
    assert!(matches!(export(&store, to.path()), Err(MoveError::Finished)));
    let full = folder();
    fs::write(full.path().join("letters"), "x").unwrap();
    assert!(matches!(export(&store, full.path()), Err(MoveError::Occupied)));
    assert_eq!(fs::read_dir(full.path()).unwrap().count(), 1, "a folder of something else stays as it is");
    let taken = folder();
    let lock = fs::File::create(taken.path().join("lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(export(&store, taken.path()), Err(MoveError::InUse)));
    assert!(matches!(export(&Model::new(), folder().path()), Err(MoveError::NoVault)));
}

/// What an earlier program wrote is named as such.
#[test]
fn exports_of_the_version_before() {
    let out = Out::new(30);
    let path = out.path().join("keys.cfx");
    let mut keys = fs::read(&path).unwrap();
    keys[8] = 1;
    fs::write(&path, keys).unwrap();
    assert!(matches!(out.refusal(), MoveError::Format { found: 1, wanted: 2 }));
}
