//! An export and an import that are cut off anywhere go on where they ended.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use coffer_core::moving::{Movable, Table};
use coffer_export::MoveError;
use coffer_store_sqlite::{OpenError, Options, SqliteStore};

use crate::world::{Watched, export, folder, import, moved, source, target, with_history};

/// A store whose pages fail after so many.
fn failing_after(inner: &dyn Movable, pages: u64) -> Watched<'_> {
    let left = AtomicU64::new(pages);
    let at_page = move |_: Table| {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    };
    Watched { at_page: Box::new(at_page), ..Watched::new(inner) }
}

#[test]
fn an_export_that_is_cut_off_goes_on_behind_its_last_whole_part() {
    let data = folder();
    with_history(data.path(), 11, 600);
    let store = source(data.path());
    let whole = folder();
    let wanted = export(&store, whole.path()).unwrap();
    for pages in 0..25 {
        let out = folder();
        let ended = export(&failing_after(&store, pages), out.path());
        let finished = match ended {
            Ok(finished) => finished,
            Err(MoveError::Store(_)) => export(&store, out.path()).unwrap(),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(finished.tables, wanted.tables, "cut off after {pages} pages");
        let other = folder();
        assert!(import(&target(other.path()), out.path()).unwrap().equal, "cut off after {pages} pages");
    }
}

#[test]
fn a_half_written_part_is_written_anew() {
    let (data, out) = (folder(), folder());
    with_history(data.path(), 12, 300);
    let store = source(data.path());
    assert!(export(&failing_after(&store, 6), out.path()).is_err());
    let next = std::fs::read_dir(out.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("part"))
        .count()
        + 1;
    std::fs::write(out.path().join(format!("part-{next:06}.new")), "half of a part").unwrap();
    export(&store, out.path()).unwrap();
    let other = folder();
    assert!(import(&target(other.path()), out.path()).unwrap().equal);
}

#[test]
fn an_import_that_is_cut_off_goes_on_and_nothing_serves_it_meanwhile() {
    let (data, out) = (folder(), folder());
    with_history(data.path(), 13, 600);
    let manifest = export(&source(data.path()), out.path()).unwrap();
    let wanted = moved(&source(data.path()));
    for puts in 0..=manifest.parts.len() as u64 {
        let other = folder();
        let store = target(other.path());
        let cut = Watched { at_put: Box::new(move |put| put < puts), ..Watched::new(&store) };
        assert!(matches!(import(&cut, out.path()), Err(MoveError::Store(_))), "after {puts}");
        drop(cut);
        drop(store);
        let served = SqliteStore::open(other.path(), Options::new("sandbox"));
        let error = served.err().expect("half a vault is not served");
        assert!(matches!(error, OpenError::Importing) && error.to_string().contains("coffer import"));
        let store = target(other.path());
        assert!(import(&store, out.path()).unwrap().equal, "after {puts}");
        assert_eq!(moved(&store), wanted, "after {puts}");
        drop(store);
        assert!(SqliteStore::open(other.path(), Options::new("sandbox")).is_ok());
    }
}

#[test]
fn what_was_taken_in_is_not_written_again() {
    let (data, out, other) = (folder(), folder(), folder());
    with_history(data.path(), 14, 300);
    let parts = export(&source(data.path()), out.path()).unwrap().parts.len() as u64;
    let store = target(other.path());
    let half = parts / 2;
    let cut = Watched { at_put: Box::new(move |put| put <= half), ..Watched::new(&store) };
    assert!(import(&cut, out.path()).is_err());
    let numbers = Mutex::new(0);
    let counted = Watched {
        at_put: Box::new(|_| {
            *numbers.lock().unwrap() += 1;
            true
        }),
        ..Watched::new(&store)
    };
    assert!(import(&counted, out.path()).unwrap().equal);
    assert_eq!(
        *numbers.lock().unwrap(),
        parts - half + 1,
        "the keys and the first half are there; the epoch is not"
    );
}
