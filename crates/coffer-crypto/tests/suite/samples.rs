//! Frozen samples: what was sealed in format 1 must open for ever, and is still sealed to the same bytes. The
//! samples were computed by another implementation, so they also show that `docs/FORMAT.md` tells everything.

use coffer_crypto::{
    Blob, Class, Environment, Exchange, Field, FingerprintKind, KeyVersion, LocatorBytes, LocatorKind, Ring,
    ShortName, forms,
};
use coffer_types::Generation;
use data_encoding::HEXLOWER;

use crate::fixture::{Counting, PAN, RECORD, TENANT, at, record, salt, sample, tenant};

const WRAPPED_KEYS: &str = include_str!("../samples/wrapped-keys.hex");
const SEALED_FIELDS: &str = include_str!("../samples/sealed-fields.hex");
const LOCATORS: &str = include_str!("../samples/locators.hex");
const INSTRUMENTS: &str = include_str!("../samples/instruments-and-customers.hex");
const REUSABLES: &str = include_str!("../samples/reusable-tokens.hex");
const LONG_FORMS: &str = include_str!("../samples/fields-and-long-forms.hex");
const RING: &str = include_str!("../samples/ring.hex");
const RING_OFFERED: &str = include_str!("../samples/ring-offered.hex");
const RING_EXCHANGE: &str = include_str!("../samples/ring-exchange.hex");

fn text<'a>(file: &'a str, name: &str) -> &'a str {
    let mut lines = file.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(key, _)| *key == name).unwrap().1
}

fn bytes(file: &str, name: &str) -> Vec<u8> {
    HEXLOWER.decode(text(file, name).as_bytes()).unwrap()
}

#[test]
fn wrapped_keys() {
    let deployment = sample();
    assert_eq!(deployment.wrapped_kek.0, bytes(WRAPPED_KEYS, "kek"));
    let names = ["locator", "ring", "data-short-lived", "data-durable", "fingerprint", "index"];
    assert_eq!(deployment.rows.len(), names.len() + 1, "and the export key, of `custody.hex`");
    for (row, name) in deployment.rows.iter().zip(names) {
        assert_eq!(row.wrapped.0, bytes(WRAPPED_KEYS, name), "{name}");
    }
    assert_eq!(deployment.keyring().environment(), Environment::Sandbox, "and all of them open");
}

#[test]
fn sealed_fields() {
    let keyring = sample().keyring();
    let second = Generation::FIRST.next().unwrap();
    let samples: [(&str, Class, Generation, Field, &[u8]); 3] = [
        ("durable-card", Class::Durable, Generation::FIRST, Field::Protected, PAN),
        ("durable-details", Class::Durable, Generation::FIRST, Field::Details, b""),
        ("short-lived-card", Class::ShortLived, second, Field::Protected, PAN),
    ];
    for (name, class, generation, field, clear) in samples {
        let (tenant, record) = (tenant(TENANT), record(RECORD));
        let frozen = Blob::from_bytes(bytes(SEALED_FIELDS, name));
        let version = frozen.key_version().unwrap();
        assert_eq!(version, KeyVersion::FIRST);
        let opener = keyring.opener(class, tenant, record, generation, &salt(), version).unwrap();
        assert_eq!(opener.open(field, &frozen).unwrap().as_slice(), clear, "{name}");
        let mut sealer = keyring.sealer(class, tenant, record, generation, salt()).unwrap();
        assert_eq!(sealer.seal(field, clear).unwrap(), frozen, "{name}");
    }
}

#[test]
fn keyed_hashes() {
    let keyring = sample().keyring();
    let fingerprint = keyring.fingerprint(tenant(TENANT), FingerprintKind::Pan, PAN).unwrap();
    assert_eq!(fingerprint.as_bytes().as_slice(), bytes(SEALED_FIELDS, "fingerprint"));
    let parts: [&[u8]; 2] = [b"cust_1", fingerprint.as_bytes()];
    let index = keyring.index_key(tenant(TENANT), "customer-card", &parts).unwrap();
    assert_eq!(index.as_slice(), bytes(SEALED_FIELDS, "index"));
}

#[test]
fn locators() {
    let keyring = sample().keyring();
    let kinds = [("single-use-token", LocatorKind::SingleUseToken), ("instrument", LocatorKind::Instrument)];
    for (name, kind) in kinds {
        let frozen = LocatorBytes(bytes(LOCATORS, name).try_into().unwrap());
        assert_eq!(keyring.locator().open(kind, &frozen.0), Some((tenant(TENANT), record(RECORD))));
        assert_eq!(keyring.locator().seal(kind, tenant(TENANT), record(RECORD)), Ok(frozen));
    }
    let token = LocatorBytes(bytes(LOCATORS, "single-use-token").try_into().unwrap());
    assert_eq!(forms::grouped(&token), text(LOCATORS, "single-use-token-grouped"));
    let instrument = LocatorBytes(bytes(LOCATORS, "instrument").try_into().unwrap());
    assert_eq!(forms::upper(&instrument), text(LOCATORS, "instrument-upper"));
}

#[test]
fn names_of_reusable_tokens() {
    let keyring = sample().keyring();
    let (tenant, record, locator) = (tenant(TENANT), record(RECORD), keyring.locator());
    let kinds = [
        ("reusable", LocatorKind::Reusable),
        ("reusable-description", LocatorKind::ReusableDescription),
        ("reusable-holder", LocatorKind::ReusableHolder),
        ("reusable-expiry", LocatorKind::ReusableExpiry),
        ("reusable-address", LocatorKind::ReusableAddress),
        ("reusable-scheme-reference", LocatorKind::ReusableSchemeReference),
        ("conflict", LocatorKind::Conflict),
        ("card-session", LocatorKind::CardSession),
        ("cvv-session", LocatorKind::CvvSession),
    ];
    for (name, kind) in kinds {
        let frozen = LocatorBytes(bytes(REUSABLES, name).try_into().unwrap());
        assert_eq!(locator.open(kind, &frozen.0), Some((tenant, record)), "{name}");
        assert_eq!(locator.seal_with(1, kind, tenant, record), Ok(frozen), "{name}");
    }
    for (name, kind) in [("reusable", LocatorKind::Reusable), ("conflict", LocatorKind::Conflict)] {
        let frozen = LocatorBytes(bytes(REUSABLES, name).try_into().unwrap());
        let printed = text(REUSABLES, &format!("{name}-segment"));
        assert_eq!(forms::segment(kind, &frozen), printed);
        assert_eq!(forms::parse_segment(printed), Some((kind, frozen)));
    }
    let frozen = ShortName(bytes(REUSABLES, "short-name").try_into().unwrap());
    assert_eq!(locator.open_short_name(tenant, &frozen), Some(record));
    assert_eq!(locator.short_name(1, tenant, record), Ok(frozen));
    let printed = text(REUSABLES, "short-name-printed");
    assert_eq!(forms::short(&frozen), printed);
    assert_eq!(forms::parse_short(printed), Some(frozen));
}

#[test]
fn sessions_of_fields_and_forms_in_hexadecimal_digits() {
    let keyring = sample().keyring();
    let (tenant, record, locator) = (tenant(TENANT), record(RECORD), keyring.locator());
    let session = LocatorBytes(bytes(LONG_FORMS, "fields-session").try_into().unwrap());
    assert_eq!(locator.open(LocatorKind::FieldsSession, &session.0), Some((tenant, record)));
    assert_eq!(locator.seal(LocatorKind::FieldsSession, tenant, record), Ok(session));
    let printed = text(LONG_FORMS, "fields-session-hex");
    assert_eq!(forms::hex(&session), printed);
    assert_eq!(forms::parse_hex(printed), Some(session));

    let tail = locator.tail(&session).unwrap();
    assert_eq!(tail.as_slice(), bytes(LONG_FORMS, "fields-session-tail"));
    let token = LocatorBytes(bytes(LOCATORS, "single-use-token").try_into().unwrap());
    for (name, locator_bytes) in [("fields-session-long", session), ("single-use-token-long", token)] {
        let (printed, tail) = (text(LONG_FORMS, name), locator.tail(&locator_bytes).unwrap());
        assert_eq!(forms::long(&locator_bytes, &tail), printed, "{name}");
        assert_eq!(forms::parse_long(printed), Some((locator_bytes, tail)), "{name}");
    }
    let unknown = LocatorBytes({
        let mut other = session.0;
        other[0] = 2;
        other
    });
    assert_eq!(locator.tail(&unknown), None, "a version that is not there has no tail");
}

#[test]
fn accounts_other_methods_and_customers() {
    let keyring = sample().keyring();
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let customer = LocatorBytes(bytes(INSTRUMENTS, "customer-locator").try_into().unwrap());
    let locator = keyring.locator();
    assert_eq!(locator.open(LocatorKind::Customer, &customer.0), Some((tenant, record)));
    assert_eq!(locator.seal(LocatorKind::Customer, tenant, record), Ok(customer));
    for kind in [LocatorKind::SingleUseToken, LocatorKind::Instrument] {
        assert_eq!(locator.open(kind, &customer.0), None, "a customer's id leads to a customer alone");
    }

    let account = bytes(INSTRUMENTS, "account");
    let frozen = Blob::from_bytes(bytes(INSTRUMENTS, "durable-account"));
    let mut sealer = keyring.sealer(Class::Durable, tenant, record, Generation::FIRST, salt()).unwrap();
    assert_eq!(sealer.seal(Field::Protected, &account).unwrap(), frozen);
    let version = frozen.key_version().unwrap();
    let opener = keyring.opener(Class::Durable, tenant, record, Generation::FIRST, &salt(), version).unwrap();
    assert_eq!(*opener.open(Field::Protected, &frozen).unwrap(), account);

    let kinds: [(&str, FingerprintKind, &[u8]); 2] = [
        ("account-fingerprint", FingerprintKind::Account, &account[1..]),
        ("other-fingerprint", FingerprintKind::Other, b"payer"),
    ];
    for (name, kind, identity) in kinds {
        let fingerprint = keyring.fingerprint(tenant, kind, identity).unwrap();
        assert_eq!(fingerprint.as_bytes().as_slice(), bytes(INSTRUMENTS, name), "{name}");
    }
    for (name, label) in [("customer-hash", "customer v1"), ("customer-id", "customer id v1")] {
        let index = keyring.index_key(tenant, label, &[b"cust_1"]).unwrap();
        assert_eq!(index.as_slice(), bytes(INSTRUMENTS, name), "{name}");
    }
}

/// The file from the samples opens, and a ring begun with the same inputs has the same bytes.
#[test]
fn ring_file() {
    let began = 1_700_000_000_000;
    let folder = tempfile::tempdir().unwrap();
    let (frozen_path, path) = (folder.path().join("frozen"), folder.path().join("ring"));
    let key = sample().keyring().ring_key();
    let ring = Ring::open(&path, key.clone(), Environment::Sandbox, at(began), &Counting::from(0)).unwrap();
    // The header took twelve bytes of randomness.
    let version = ring.current(at(began), &Counting::from(12)).unwrap();
    let made = std::fs::read(&path).unwrap();

    let mut frozen = vec![0; 65 * 512];
    let slot_at = (1 + version.get() as usize % 64) * 512;
    for (name, at) in [("header", 0), ("slot", slot_at)] {
        let sector = bytes(RING, name);
        frozen[at..at + sector.len()].copy_from_slice(&sector);
    }
    assert!(made == frozen, "a ring is written differently");

    write_private(&frozen_path, &frozen);
    let ring = Ring::open(&frozen_path, key, Environment::Sandbox, at(began), &Counting::from(99)).unwrap();
    let sad = Blob::from_bytes(bytes(RING, "sad"));
    assert_eq!(sad.key_version().unwrap(), version.into());
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let opener = ring.opener(version, tenant, record, Generation::FIRST, &salt(), at(began)).unwrap();
    assert_eq!(opener.open(Field::Sad, &sad).unwrap().as_slice(), b"123");
    let mut sealer = ring.sealer(version, tenant, record, Generation::FIRST, salt(), at(began)).unwrap();
    assert_eq!(sealer.seal(Field::Sad, b"123").unwrap(), sad);
}

/// A key that was offered lies in its slot as in the samples, and reads back from there.
#[test]
fn ring_file_with_an_offered_key() {
    let began = 1_700_000_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let key = sample().keyring().ring_key();
    let open =
        || Ring::open(&path, key.clone(), Environment::Sandbox, at(began), &Counting::from(0)).unwrap();
    let ring = open();
    let (version, offered) = ring.propose(at(began), &Counting::from(0x80)).unwrap();
    let mark = std::array::from_fn(|at| 0xb0 + u8::try_from(at).unwrap());
    ring.note_offer(version, &offered, mark, &Counting::from(0x40)).unwrap();
    drop(ring);
    let slot_at = (1 + version.get() as usize % 64) * 512;
    let mut sector = bytes(RING_OFFERED, "offered");
    sector.resize(512, 0);
    let mut made = std::fs::read(&path).unwrap();
    assert!(made[slot_at..slot_at + 512] == sector, "an offered key is written differently");
    let ring = open();
    assert_eq!(ring.proposals(), vec![(version, vec![mark])]);
    drop(ring);
    // Whatever bit is wrong, it is no key that anybody offered.
    made[slot_at + 30] ^= 1;
    std::fs::write(&path, &made).unwrap();
    let ring = open();
    assert_eq!((ring.opening().torn, ring.proposals()), (1, vec![]));
}

fn write_private(path: &std::path::Path, bytes: &[u8]) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn keys_of_the_ring_on_their_way() {
    let (lease, now) = ([0xbb; 16], at(1_800_000_000_000));
    let exchange = |first| {
        let key = sample().keyring().ring_key();
        Exchange::new(key, Environment::Sandbox, &Counting::from(first), now).unwrap()
    };
    let (announcement, share) = (bytes(RING_EXCHANGE, "announcement"), bytes(RING_EXCHANGE, "share"));
    let recipient = exchange(0x40);
    assert_eq!(recipient.announcement(&lease, now, &Counting::from(0)).unwrap(), announcement);
    let ring_key = sample().keyring().ring_key();
    let ring = Ring::in_memory(ring_key, Environment::Sandbox, now, &Counting::from(0)).unwrap();
    let (version, key) = ring.propose(now, &Counting::from(0x80)).unwrap();
    let sealed = exchange(0).seal_for(&lease, &announcement, version, &key, &Counting::from(0x60));
    assert_eq!(sealed.unwrap(), share);
    let opened = recipient.open(&lease, version, &share, now).unwrap();
    ring.take_in(version, &opened, now, &Counting::from(0)).unwrap();
    assert!(ring.take_in(version, &key, now, &Counting::from(0)).is_ok(), "it is the same key");
}
