//! Root, KEK, keyring: each key opens under the one above it, in its own place only.

use coffer_crypto::{
    Environment, FingerprintKind, Kek, KeyPurpose, KeyScope, KeyVersion, KeyringBuilder, KeyringError,
    OsEntropy, RootKey, SealError, UnwrapError, WrapError, WrappedKey,
};

use crate::fixture::{Counting, Deployment, Dry, PAN, TENANT, sample, tenant};

#[test]
fn a_wrong_root_key_is_told() {
    let deployment = sample();
    let wrong = RootKey::generate(&OsEntropy).unwrap();
    let kek = wrong.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &deployment.wrapped_kek);
    assert_eq!(kek.err(), Some(UnwrapError));
    assert!(UnwrapError.to_string().contains("does not belong"));
}

#[test]
fn a_root_key_survives_its_key_file() {
    let deployment = sample();
    let read = RootKey::parse_hex(&deployment.root.to_hex()).unwrap();
    assert!(read.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &deployment.wrapped_kek).is_ok());
}

#[test]
fn the_kek_is_bound_to_environment_and_version() {
    let Deployment { root, wrapped_kek, .. } = sample();
    assert!(root.unwrap_kek(Environment::Live, KeyVersion::FIRST, &wrapped_kek).is_err());
    assert!(root.unwrap_kek(Environment::Sandbox, KeyVersion::new(2), &wrapped_kek).is_err());
    assert!(root.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &wrapped_kek).is_ok());
}

/// A row moved to any other place of the key table does not open.
#[test]
fn a_wrapped_key_is_bound_to_its_place() {
    let deployment = Deployment::new(Environment::Sandbox, 0, &[TENANT]);
    let kek = deployment.kek();
    let unwrap = Some(KeyringError::Unwrap(UnwrapError));
    let scope = KeyScope::Tenant(tenant(TENANT));
    let row = deployment.rows.iter().find(|row| row.purpose == KeyPurpose::DataDurable).unwrap();
    let add = |environment, purpose, scope, version| {
        KeyringBuilder::new(environment, &kek).add(purpose, scope, version, &row.wrapped).err()
    };
    let (here, first) = (Environment::Sandbox, KeyVersion::FIRST);
    assert_eq!(add(here, KeyPurpose::DataDurable, scope, first), None);
    assert_eq!(add(Environment::Live, KeyPurpose::DataDurable, scope, first), unwrap);
    assert_eq!(add(here, KeyPurpose::DataShortLived, scope, first), unwrap);
    assert_eq!(add(here, KeyPurpose::DataDurable, KeyScope::Tenant(tenant(8)), first), unwrap);
    assert_eq!(add(here, KeyPurpose::DataDurable, scope, KeyVersion::new(2)), unwrap);
    assert_eq!(add(here, KeyPurpose::Locator, KeyScope::Deployment, first), unwrap);
    let misplaced = Some(KeyringError::Scope(KeyPurpose::DataDurable));
    assert_eq!(add(here, KeyPurpose::DataDurable, KeyScope::Deployment, first), misplaced);
}

/// The KEK's own row is no key of the keyring, and a keyring key is no KEK.
#[test]
fn levels_do_not_mix() {
    let deployment = sample();
    let kek = deployment.kek();
    let mut builder = KeyringBuilder::new(Environment::Sandbox, &kek);
    let deployment_wide = KeyScope::Deployment;
    for purpose in [KeyPurpose::Locator, KeyPurpose::Ring] {
        let added = builder.add(purpose, deployment_wide, KeyVersion::FIRST, &deployment.wrapped_kek);
        assert_eq!(added.err(), Some(KeyringError::Unwrap(UnwrapError)));
    }
    let as_kek = builder.add(KeyPurpose::Kek, deployment_wide, KeyVersion::FIRST, &deployment.wrapped_kek);
    assert_eq!(as_kek.err(), Some(KeyringError::Scope(KeyPurpose::Kek)));
    let locator = &deployment.rows[0].wrapped;
    assert!(deployment.root.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, locator).is_err());
}

#[test]
fn a_damaged_wrapping_does_not_open() {
    let Deployment { root, wrapped_kek, .. } = sample();
    let open = |bytes: Vec<u8>| root.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &WrappedKey(bytes));
    assert_eq!(wrapped_kek.0.len(), 62);
    for bit in 0..wrapped_kek.0.len() * 8 {
        let mut bytes = wrapped_kek.0.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(open(bytes).is_err(), "bit {bit}");
    }
    for length in 0..wrapped_kek.0.len() {
        assert!(open(wrapped_kek.0[..length].to_vec()).is_err(), "{length} bytes");
    }
    assert!(open([wrapped_kek.0.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn new_keys_are_fresh_and_need_randomness() {
    let kek = Kek::generate(Environment::Live, KeyVersion::FIRST, &OsEntropy).unwrap();
    let scope = KeyScope::Deployment;
    let new = || kek.wrap_new(KeyPurpose::Locator, scope, KeyVersion::FIRST, &OsEntropy).unwrap();
    assert_ne!(new(), new());
    let dry = kek.wrap_new(KeyPurpose::Locator, scope, KeyVersion::FIRST, &Dry);
    assert!(matches!(dry, Err(WrapError::Entropy(_))));
    assert!(Kek::generate(Environment::Live, KeyVersion::FIRST, &Dry).is_err());
    assert!(RootKey::generate(&Dry).is_err());
    let misplaced = kek.wrap_new(KeyPurpose::DataDurable, scope, KeyVersion::FIRST, &OsEntropy);
    assert_eq!(misplaced, Err(WrapError::Scope));
    assert_eq!(
        kek.wrap_new(KeyPurpose::Kek, scope, KeyVersion::FIRST, &OsEntropy),
        Err(WrapError::Scope),
        "a KEK is wrapped by the root"
    );
}

#[test]
fn a_keyring_is_whole_or_not_at_all() {
    let deployment = sample();
    let kek = deployment.kek();
    for left_out in 0..deployment.rows.len() {
        let mut builder = KeyringBuilder::new(Environment::Sandbox, &kek);
        for (_, row) in deployment.rows.iter().enumerate().filter(|(at, _)| *at != left_out) {
            builder.add(row.purpose, row.scope, row.version, &row.wrapped).unwrap();
        }
        let missing = &deployment.rows[left_out];
        let expected = KeyringError::Missing { purpose: missing.purpose, scope: missing.scope };
        assert_eq!(builder.build().err(), Some(expected));
    }
}

#[test]
fn versions_are_unique_and_in_range() {
    let deployment = sample();
    let kek = deployment.kek();
    let row = &deployment.rows[0];
    assert_eq!(row.purpose, KeyPurpose::Locator);
    let mut builder = KeyringBuilder::new(Environment::Sandbox, &kek);
    builder.add(row.purpose, row.scope, row.version, &row.wrapped).unwrap();
    let again = builder.add(row.purpose, row.scope, row.version, &row.wrapped).err();
    assert_eq!(again, Some(KeyringError::Duplicate(KeyPurpose::Locator)));
    for version in [0, 256] {
        let version = KeyVersion::new(version);
        let wrapped = kek.wrap_new(row.purpose, row.scope, version, &OsEntropy).unwrap();
        let added = builder.add(row.purpose, row.scope, version, &wrapped).err();
        assert_eq!(added, Some(KeyringError::Version(KeyPurpose::Locator)));
    }
}

/// Rows may come in any order; the highest version is the one in use.
#[test]
fn the_highest_version_seals() {
    let mut deployment = sample();
    let (kek, entropy) = (deployment.kek(), Counting::from(200));
    let scope = KeyScope::Tenant(tenant(TENANT));
    deployment.add(&kek, KeyPurpose::Fingerprint, scope, 3, &entropy);
    deployment.add(&kek, KeyPurpose::Fingerprint, scope, 2, &entropy);
    let value = |deployment: &Deployment| {
        deployment.keyring().fingerprint(tenant(TENANT), FingerprintKind::Pan, PAN).unwrap()
    };
    let with_all = value(&deployment);
    deployment.rows.reverse();
    assert_eq!(value(&deployment), with_all);
    deployment.rows.retain(|row| row.version != KeyVersion::new(2));
    assert_eq!(value(&deployment), with_all);
    deployment.rows.retain(|row| row.version != KeyVersion::new(3));
    assert_ne!(value(&deployment), with_all);
}

#[test]
fn keyed_hashes_do_not_cross_tenants() {
    let keyring = Deployment::new(Environment::Sandbox, 0, &[TENANT, 8]).keyring();
    let of = |number| keyring.fingerprint(tenant(number), FingerprintKind::Pan, PAN);
    assert_eq!(of(TENANT), of(TENANT));
    assert_ne!(of(TENANT), of(8));
    assert_eq!(of(9), Err(SealError::UnknownTenant));
    let index = |number, label| keyring.index_key(tenant(number), label, &[b"cust_1"]);
    assert_ne!(index(TENANT, "customer-card"), index(8, "customer-card"));
    assert_ne!(index(TENANT, "customer-card"), index(TENANT, "customer"));
    assert_eq!(index(9, "customer-card"), Err(SealError::UnknownTenant));
}
