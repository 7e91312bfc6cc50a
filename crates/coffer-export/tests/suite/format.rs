//! The bytes: frozen, canonical, for their owner alone, and with nothing clear in them.

use std::{fs, os::unix::fs::PermissionsExt};

use coffer_core::{
    moving::{MovedRow, Table},
    store::{KeyRow, contract::rows},
};
use coffer_crypto::{Environment, ExportFile, ExportKey, KeyPurpose, KeyVersion, RootKey, Salt};
use coffer_export::{Header, TableDigest, decode, encode, open_part, seal_part};
use coffer_types::Timestamp;
use data_encoding::HEXLOWER;

use crate::world::{export, folder, keys, source, with_history};

const SAMPLES: &str = include_str!("../samples/export.hex");

fn sample(name: &str) -> Vec<u8> {
    let line = SAMPLES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).expect(name);
    HEXLOWER.decode(line.as_bytes()).unwrap()
}

/// Rows as the samples have them, whatever times the contract's suite plays at.
fn frozen_rows(table: Table) -> Vec<MovedRow> {
    let at = Timestamp::from_millis;
    let mut all = rows(table);
    for row in &mut all {
        match row {
            MovedRow::Key(row) => {
                (row.created_at, row.active_at, row.changed_at) = (at(3), Some(at(4)), at(5));
            }
            MovedRow::Customer(row) => (row.created_at, row.updated_at) = (at(10), at(30)),
            MovedRow::Instrument(row) => (row.created_at, row.updated_at) = (at(10), at(20)),
            MovedRow::Reusable(row) => {
                (row.created_at, row.updated_at, row.ends_at) = (at(10), at(40), at(1_000_000));
            }
            _ => {}
        }
    }
    all
}

/// The key of an export whose id is this byte throughout.
fn export_key(root: &RootKey, rows: &[KeyRow], id: u8) -> ExportKey {
    let kek = root.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &rows[0].wrapped).unwrap();
    let row = rows.iter().find(|row| row.purpose == KeyPurpose::Export.code()).unwrap();
    ExportKey::open(&kek, KeyVersion::FIRST, &row.wrapped, &[id; 16]).unwrap()
}

fn encoded(row: &MovedRow) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(row, &mut bytes);
    bytes
}

/// What a row was written as once is what it is written as for ever.
#[test]
fn rows_are_written_as_in_the_samples_and_read_back() {
    for table in Table::ALL {
        let (all, mut digest) = (frozen_rows(table), TableDigest::default());
        for row in &all {
            digest.add(row, &mut Vec::new());
        }
        assert_eq!(encoded(&all[0]), sample(&format!("{}-row", table.name())), "{table:?}");
        assert_eq!(digest.hex(), HEXLOWER.encode(&sample(&format!("{}-digest", table.name()))), "{table:?}");
        for row in all {
            assert_eq!(decode(table, &encoded(&row)), Some(row));
        }
    }
}

#[test]
fn a_part_opens_as_in_the_sample_and_is_sealed_to_it() {
    let (root, rows) = keys();
    let key = export_key(&root, &rows, 0xe1);
    let frozen = sample("part");
    let (header, opened) = open_part(&key, &frozen).expect("the sample opens");
    assert_eq!(opened, frozen_rows(Table::Customers));
    let mut clear = Vec::new();
    for row in &opened {
        let bytes = encoded(row);
        clear.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        clear.extend(bytes);
    }
    assert_eq!(
        header,
        Header {
            environment: 1,
            table: Table::Customers,
            number: 5,
            rows: 3,
            clear: u32::try_from(clear.len()).unwrap(),
            export: [0xe1; 16],
            previous: [0xb2; 32],
        }
    );
    assert_eq!(seal_part(&key, &header, &Salt::from_bytes([0xa5; 32]), &clear).unwrap(), frozen);
    for at in 0..frozen.len() {
        let mut bent = frozen.clone();
        bent[at] ^= 1;
        assert!(open_part(&key, &bent).is_none(), "byte {at} is not bound");
    }
    assert!(open_part(&export_key(&root, &rows, 0xe2), &frozen).is_none(), "nor by another export's key");
}

#[test]
fn files_that_are_only_authenticated_have_the_macs_of_the_samples() {
    let (root, rows) = keys();
    let key = export_key(&root, &rows, 0xe1);
    for (file, name) in [
        (ExportFile::Begun, "mac-begun"),
        (ExportFile::Keys, "mac-keys"),
        (ExportFile::Manifest, "mac-manifest"),
    ] {
        assert_eq!(key.mac(file, b"text").as_slice(), sample(name), "{name}");
    }
}

#[test]
fn nothing_but_a_row_is_read_as_one() {
    for table in Table::ALL {
        let whole = encoded(&rows(table)[0]);
        for cut in 0..whole.len() {
            assert_eq!(decode(table, &whole[..cut]), None, "{table:?}, cut at {cut}");
        }
        assert_eq!(
            decode(table, &[whole.as_slice(), &[0]].concat()),
            None,
            "{table:?}, with a byte behind it"
        );
    }
}

#[test]
fn files_are_their_owners_and_show_no_digits_of_cards() {
    let (data, out) = (folder(), folder());
    with_history(data.path(), 41, 300);
    let to = out.path().join("deep").join("vault");
    export(&source(data.path()), &to).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&to), 0o700);
    let mut seen = 0;
    for entry in fs::read_dir(&to).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let bytes = fs::read(&path).unwrap();
        // The BIN of the test rows; their last four are too short a text to be told from chance.
        for marked in [&b"444433"[..], b"411111", &[0x2a; 64]] {
            let found = bytes.windows(marked.len()).any(|window| window == marked);
            assert!(!found, "{} shows what it holds", path.display());
        }
        seen += 1;
    }
    assert!(seen > 5);
}
