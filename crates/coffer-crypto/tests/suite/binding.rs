//! A sealed field opens in its own place and nowhere else.

use coffer_crypto::{
    Blob, Class, Environment, Field, KeyPurpose, KeyScope, KeyVersion, Keyring, MAX_CLEAR_LEN, OpenError,
    Salt, SealError,
};
use coffer_types::Generation;
use zeroize::Zeroizing;

use crate::fixture::{Counting, Deployment, PAN, RECORD, TENANT, record, salt, sample, tenant};

/// Everything that opening needs to be told.
#[derive(Clone)]
struct Place {
    class: Class,
    tenant: u32,
    record: u64,
    generation: u32,
    salt: Salt,
    key_version: u32,
    field: Field,
}

impl Place {
    fn usual() -> Self {
        Self {
            class: Class::Durable,
            tenant: TENANT,
            record: RECORD,
            generation: 1,
            salt: salt(),
            key_version: 2,
            field: Field::Protected,
        }
    }

    fn seal(&self, keyring: &Keyring) -> Blob {
        let generation = Generation::new(self.generation).unwrap();
        let (tenant, record) = (tenant(self.tenant), record(self.record));
        let mut sealer = keyring.sealer(self.class, tenant, record, generation, self.salt.clone()).unwrap();
        assert_eq!(sealer.key_version().get(), self.key_version);
        assert_eq!(sealer.salt(), &self.salt);
        sealer.seal(self.field, PAN).unwrap()
    }

    fn open(&self, keyring: &Keyring, blob: &Blob) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let generation = Generation::new(self.generation).unwrap();
        let version = KeyVersion::new(self.key_version);
        let (tenant, record) = (tenant(self.tenant), record(self.record));
        let opener = keyring.opener(self.class, tenant, record, generation, &self.salt, version)?;
        opener.open(self.field, blob)
    }
}

/// Two tenants; of the first tenant's data keys two versions.
fn two_versions() -> Deployment {
    let mut deployment = Deployment::new(Environment::Sandbox, 0, &[TENANT, 8]);
    let (kek, entropy) = (deployment.kek(), Counting::from(200));
    for purpose in [KeyPurpose::DataShortLived, KeyPurpose::DataDurable] {
        deployment.add(&kek, purpose, KeyScope::Tenant(tenant(TENANT)), 2, &entropy);
    }
    deployment
}

#[test]
fn every_other_place_stays_shut() {
    let keyring = two_versions().keyring();
    let usual = Place::usual();
    let blob = usual.seal(&keyring);
    assert_eq!(usual.open(&keyring, &blob).unwrap().as_slice(), PAN);
    let others = [
        ("class", Place { class: Class::ShortLived, ..usual.clone() }),
        ("sad", Place { class: Class::Sad, ..usual.clone() }),
        ("tenant", Place { tenant: 8, key_version: 1, ..usual.clone() }),
        ("unknown tenant", Place { tenant: 9, ..usual.clone() }),
        ("record", Place { record: RECORD + 1, ..usual.clone() }),
        ("generation", Place { generation: 2, ..usual.clone() }),
        ("salt", Place { salt: Salt::from_bytes([0; 32]), ..usual.clone() }),
        ("key version", Place { key_version: 1, ..usual.clone() }),
        ("unknown key version", Place { key_version: 3, ..usual.clone() }),
        ("field", Place { field: Field::Details, ..usual.clone() }),
        ("sad field", Place { field: Field::Sad, ..usual.clone() }),
    ];
    for (part, place) in others {
        assert_eq!(place.open(&keyring, &blob), Err(OpenError), "{part}");
    }
}

/// The same key bytes on the other side of the wall between sandbox and live.
#[test]
fn another_environment_stays_shut() {
    let sandbox = Deployment::new(Environment::Sandbox, 0, &[TENANT]).keyring();
    let live = Deployment::new(Environment::Live, 0, &[TENANT]).keyring();
    let place = Place { key_version: 1, ..Place::usual() };
    let blob = place.seal(&sandbox);
    assert!(place.open(&sandbox, &blob).is_ok());
    assert_eq!(place.open(&live, &blob), Err(OpenError));
    assert_ne!(blob, place.seal(&live), "the environments share key bytes here, and only the AAD differs");
    assert_eq!(blob.as_bytes()[6..22], place.seal(&live).as_bytes()[6..22]);
}

#[test]
fn swapped_rows_stay_shut() {
    let keyring = two_versions().keyring();
    let one = Place::usual();
    let other = Place { record: RECORD + 1, salt: Salt::from_bytes([1; 32]), ..Place::usual() };
    let (one_blob, other_blob) = (one.seal(&keyring), other.seal(&keyring));
    assert_eq!(one.open(&keyring, &other_blob), Err(OpenError));
    assert_eq!(other.open(&keyring, &one_blob), Err(OpenError));
    let with_its_salt = Place { salt: other.salt.clone(), ..one };
    assert_eq!(
        with_its_salt.open(&keyring, &other_blob),
        Err(OpenError),
        "not even with the salt moved along"
    );
}

#[test]
fn every_bit_and_every_length_counts() {
    let keyring = two_versions().keyring();
    let place = Place::usual();
    let blob = place.seal(&keyring);
    assert_eq!(blob.as_bytes().len(), PAN.len() + 22);
    for bit in 0..blob.as_bytes().len() * 8 {
        let mut bytes = blob.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(place.open(&keyring, &Blob::from_bytes(bytes)), Err(OpenError), "bit {bit}");
    }
    for length in 0..blob.as_bytes().len() {
        let cut = Blob::from_bytes(blob.as_bytes()[..length].to_vec());
        assert_eq!(place.open(&keyring, &cut), Err(OpenError), "{length} bytes");
        assert_eq!(cut.key_version().is_ok(), length >= 22, "{length} bytes");
    }
    let longer = Blob::from_bytes([blob.as_bytes(), &[0]].concat());
    assert_eq!(place.open(&keyring, &longer), Err(OpenError));
}

/// A version in the header that another loaded key has is an honest mistake or an attack; either way the
/// header and what the caller says must agree.
#[test]
fn the_header_picks_the_key() {
    let keyring = two_versions().keyring();
    let place = Place::usual();
    let mut bytes = place.seal(&keyring).as_bytes().to_vec();
    bytes[5] = 1;
    let forged = Blob::from_bytes(bytes);
    assert_eq!(forged.key_version().unwrap(), KeyVersion::FIRST);
    for key_version in [1, 2] {
        let place = Place { key_version, ..Place::usual() };
        assert_eq!(place.open(&keyring, &forged), Err(OpenError));
    }
}

/// After a rotation old blobs open under the old version and new ones are sealed under the new.
#[test]
fn older_versions_still_open() {
    let old = Place { key_version: 1, ..Place::usual() };
    let sealed_before = old.seal(&Deployment::new(Environment::Sandbox, 0, &[TENANT, 8]).keyring());
    let rotated = two_versions().keyring();
    assert_eq!(old.open(&rotated, &sealed_before).unwrap().as_slice(), PAN);
    assert_eq!(Place::usual().seal(&rotated).key_version().unwrap(), KeyVersion::new(2));
}

#[test]
fn a_field_is_sealed_once() {
    let keyring = sample().keyring();
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let mut sealer = keyring.sealer(Class::Durable, tenant, record, Generation::FIRST, salt()).unwrap();
    let card = sealer.seal(Field::Protected, PAN).unwrap();
    let details = sealer.seal(Field::Details, PAN).unwrap();
    assert_ne!(card.as_bytes()[6..22], details.as_bytes()[6..22], "two fields never share a key stream");
    assert_eq!(sealer.seal(Field::Protected, b"other"), Err(SealError::Repeated));
    assert_eq!(sealer.seal(Field::Details, b""), Err(SealError::Repeated));
}

#[test]
fn sad_has_no_place_in_the_keyring() {
    let keyring = sample().keyring();
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let sealer = keyring.sealer(Class::Sad, tenant, record, Generation::FIRST, salt());
    assert_eq!(sealer.err(), Some(SealError::WrongClass));
    for class in [Class::ShortLived, Class::Durable] {
        let mut sealer = keyring.sealer(class, tenant, record, Generation::FIRST, salt()).unwrap();
        assert_eq!(sealer.seal(Field::Sad, b"123"), Err(SealError::WrongClass));
    }
}

#[test]
fn a_field_has_a_largest_size() {
    let keyring = sample().keyring();
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let mut sealer = keyring.sealer(Class::Durable, tenant, record, Generation::FIRST, salt()).unwrap();
    let largest = vec![7; MAX_CLEAR_LEN];
    assert_eq!(sealer.seal(Field::Protected, &vec![7; MAX_CLEAR_LEN + 1]), Err(SealError::TooLong));
    let blob = sealer.seal(Field::Protected, &largest).unwrap();
    let opener =
        keyring.opener(Class::Durable, tenant, record, Generation::FIRST, &salt(), KeyVersion::FIRST);
    assert_eq!(opener.unwrap().open(Field::Protected, &blob).unwrap().as_slice(), largest);
}

#[test]
fn nothing_shows_in_debug() {
    let keyring = sample().keyring();
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let mut sealer = keyring.sealer(Class::Durable, tenant, record, Generation::FIRST, salt()).unwrap();
    assert_eq!(format!("{:?}", sealer.seal(Field::Protected, PAN).unwrap()), "Blob(38 bytes)");
    assert_eq!(format!("{sealer:?} {:?} {keyring:?}", salt()), "Sealer(..) Salt(..) Keyring(1 tenants, ..)");
}
