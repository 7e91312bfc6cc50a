//! The steps between root and KEK, and from one KEK to the next.

use coffer_crypto::{
    Environment, ExportFile, ExportKey, Kek, KeyPurpose, KeyScope, KeyVersion, KeyringBuilder, OsEntropy,
    RewrapError, RootKey, UnwrapError, WrapError, WrappedKey,
};
use data_encoding::HEXLOWER;

use crate::fixture::{Counting, Deployment, Dry, sample};

const SAMPLES: &str = include_str!("../samples/custody.hex");

fn frozen(name: &str) -> Vec<u8> {
    let line = SAMPLES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    HEXLOWER.decode(line.as_bytes()).unwrap()
}

fn second() -> KeyVersion {
    KeyVersion::new(2)
}

fn kek_2(environment: Environment) -> Kek {
    Kek::generate(environment, second(), &Counting::from(0x90)).unwrap()
}

#[test]
fn root_ids_and_export_keys_are_the_samples() {
    let deployment = sample();
    assert_eq!(deployment.root.id().as_bytes().as_slice(), frozen("root-id"));
    let export = deployment.rows.last().unwrap();
    assert_eq!((export.purpose, &export.wrapped.0), (KeyPurpose::Export, &frozen("export")));
    let opened = ExportKey::open(&deployment.kek(), export.version, &export.wrapped, &[0xe1; 16]).unwrap();
    let of_keyring = deployment.keyring().export_key(&[0xe1; 16]).unwrap();
    for key in [opened, of_keyring] {
        assert_eq!(key.mac(ExportFile::Manifest, b"text").as_slice(), frozen("export-mac"));
    }
    let other = deployment.keyring().export_key(&[0xe2; 16]).unwrap();
    assert_ne!(other.mac(ExportFile::Manifest, b"text").as_slice(), frozen("export-mac"));
    for row in &deployment.rows[..deployment.rows.len() - 1] {
        assert!(ExportKey::open(&deployment.kek(), row.version, &row.wrapped, &[0xe1; 16]).is_err());
    }
}

#[test]
fn roots_differ_in_their_ids() {
    let root = || RootKey::generate(&OsEntropy).unwrap();
    let one = root();
    assert_ne!(one.id(), root().id());
    assert_eq!(RootKey::parse_hex(&one.to_hex()).unwrap().id(), one.id());
}

#[test]
fn the_next_kek_is_learned_from_the_one_before() {
    let deployment = sample();
    let (kek, next) = (deployment.kek(), kek_2(Environment::Sandbox));
    let upgrade = kek.wrap_next(&next, &Counting::from(0xb0)).unwrap();
    assert_eq!(upgrade.0, frozen("kek-upgrade"));
    let learned = kek.open_next(second(), &upgrade).unwrap();
    assert_eq!((learned.version(), learned.environment()), (second(), Environment::Sandbox));
    let (scope, first) = (KeyScope::Deployment, KeyVersion::FIRST);
    let made = next.wrap_new(KeyPurpose::Locator, scope, first, &OsEntropy).unwrap();
    let mut builder = KeyringBuilder::new(Environment::Sandbox, &learned);
    assert!(builder.add(KeyPurpose::Locator, scope, first, &made).is_ok(), "it is the same key");
}

#[test]
fn a_step_of_the_kek_is_bound_to_both_its_ends() {
    let deployment = sample();
    let (kek, next) = (deployment.kek(), kek_2(Environment::Sandbox));
    let upgrade = kek.wrap_next(&next, &OsEntropy).unwrap();
    for version in [0, 1, 3] {
        assert_eq!(
            kek.open_next(KeyVersion::new(version), &upgrade).err(),
            Some(UnwrapError),
            "to {version}"
        );
    }
    let bytes = deployment.root.wrap_kek(&kek, &OsEntropy).unwrap();
    // The same key of another version, and of the other environment: only the bound place differs.
    let renamed = |environment, version| {
        let entropy = Counting::from(0x20);
        let same = Kek::generate(environment, KeyVersion::new(version), &entropy).unwrap();
        same.open_next(KeyVersion::new(9), &upgrade).err()
    };
    let from_second = Kek::generate(Environment::Sandbox, second(), &Counting::from(0x20)).unwrap();
    let to_third = kek
        .wrap_next(&Kek::generate(Environment::Sandbox, KeyVersion::new(3), &OsEntropy).unwrap(), &OsEntropy);
    assert!(kek.open_next(KeyVersion::new(3), &to_third.clone().unwrap()).is_ok());
    assert!(from_second.open_next(KeyVersion::new(3), &to_third.unwrap()).is_err(), "from another version");
    let live = Kek::generate(Environment::Live, KeyVersion::FIRST, &Counting::from(0x20)).unwrap();
    assert!(live.open_next(second(), &upgrade).is_err(), "in another environment");
    assert_eq!(renamed(Environment::Sandbox, 1), Some(UnwrapError));
    assert!(kek.open_next(second(), &bytes).is_err(), "under the root");
    let as_key = next.open_next(KeyVersion::new(3), &upgrade);
    assert!(as_key.is_err(), "under itself");
    for row in &deployment.rows {
        assert!(kek.open_next(second(), &row.wrapped).is_err(), "{:?} is no KEK", row.purpose);
    }
    let mut builder = KeyringBuilder::new(Environment::Sandbox, &kek);
    for purpose in KeyPurpose::OF_DEPLOYMENT {
        assert!(builder.add(purpose, KeyScope::Deployment, second(), &upgrade).is_err(), "and a KEK no key");
    }
}

#[test]
fn steps_that_go_nowhere_are_not_made() {
    let kek = sample().kek();
    let wrap = |next: &Kek| kek.wrap_next(next, &OsEntropy);
    assert_eq!(wrap(&kek), Err(WrapError::Scope), "to itself");
    assert_eq!(wrap(&kek_2(Environment::Live)), Err(WrapError::Scope), "to another environment");
    assert!(matches!(kek.wrap_next(&kek_2(Environment::Sandbox), &Dry), Err(WrapError::Entropy(_))));
    for purpose in [KeyPurpose::Kek, KeyPurpose::KekUpgrade, KeyPurpose::KekNextRoot, KeyPurpose::Root] {
        let made = kek.wrap_new(purpose, KeyScope::Deployment, second(), &OsEntropy);
        assert_eq!(made, Err(WrapError::Scope), "{purpose:?}");
    }
}

/// Every key moves under the next KEK and is the same key: values that it makes stay, and the old KEK opens it no more.
#[test]
fn keys_move_under_the_next_kek_unchanged() {
    let mut deployment = sample();
    let (kek, next) = (deployment.kek(), kek_2(Environment::Sandbox));
    let before = deployment.keyring();
    for row in &mut deployment.rows {
        let moved = next.rewrap(&kek, row.purpose, row.scope, row.version, &row.wrapped, &OsEntropy).unwrap();
        assert_ne!(moved, row.wrapped);
        row.wrapped = moved;
    }
    let build = |kek: &Kek| {
        let mut builder = KeyringBuilder::new(Environment::Sandbox, kek);
        for row in &deployment.rows {
            builder.add(row.purpose, row.scope, row.version, &row.wrapped)?;
        }
        builder.build()
    };
    assert!(build(&kek).is_err());
    let after = build(&next).unwrap();
    let mac = |keyring: &coffer_crypto::Keyring| {
        keyring.export_key(&[1; 16]).unwrap().mac(ExportFile::Begun, b"text")
    };
    assert_eq!(mac(&before), mac(&after));
}

#[test]
fn a_key_of_another_place_is_not_moved() {
    let deployment = sample();
    let (kek, next) = (deployment.kek(), kek_2(Environment::Sandbox));
    let row = &deployment.rows[0];
    let moved = |from: &Kek, to: &Kek, purpose, version| {
        to.rewrap(from, purpose, row.scope, KeyVersion::new(version), &row.wrapped, &OsEntropy).map(drop)
    };
    let refused = Err(RewrapError::Unwrap(UnwrapError));
    assert_eq!(moved(&kek, &next, KeyPurpose::Locator, 1), Ok(()));
    assert_eq!(moved(&kek, &next, KeyPurpose::Ring, 1), refused);
    assert_eq!(moved(&kek, &next, KeyPurpose::Locator, 2), refused);
    assert_eq!(moved(&next, &kek, KeyPurpose::Locator, 1), refused);
    assert_eq!(moved(&kek, &kek_2(Environment::Live), KeyPurpose::Locator, 1), refused);
    assert_eq!(moved(&kek, &next, KeyPurpose::Kek, 1), Err(RewrapError::Wrap(WrapError::Scope)));
}

/// What lies under the next root is what the KEK's row becomes: the change ends without either root.
#[test]
fn a_kek_under_the_next_root_is_the_row_to_come() {
    let Deployment { root, wrapped_kek, .. } = sample();
    let kek = root.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &wrapped_kek).unwrap();
    let next = RootKey::generate(&OsEntropy).unwrap();
    let WrappedKey(bytes) = next.wrap_kek(&kek, &OsEntropy).unwrap();
    let row = WrappedKey(bytes);
    assert!(next.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &row).is_ok());
    assert!(root.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &row).is_err());
    assert!(!kek.is_in_device());
    assert_eq!(kek.probe(), Ok(()));
}
