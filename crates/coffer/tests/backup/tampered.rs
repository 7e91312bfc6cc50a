//! Every row of a store that was tampered with is found and named, and nothing else is.

use std::fs;

use rusqlite::Connection;

use super::{
    assert_clean,
    commands::{Where, run, text},
    fsck,
    held::{self, make, make_another, payroc, worldpay},
};
use crate::support::{self, Node, SECRET, card, create, exchange, files, home, redeem};

/// Fills a sandbox with two of everything.
fn fill(node: &Node) {
    make(node);
    make_another(node);
    let mut client = node.client();
    for customer in ["cus_a", "cus_b"] {
        let path = format!("/rebilly/customers/{customer}");
        let body = br#"{"primaryAddress":{"firstName":"Qzxmarked"}}"#;
        let made = client.call("PUT", &path, &[SECRET], body);
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let second = held::worldpay_card().to_string().replace(held::WORLDPAY_PAN, "5555555555554444");
    assert_eq!(worldpay(&mut client, "POST", "/worldpay/tokens", &second).0, 201);
    let second = held::secure_token().to_string().replace("moved-1", "moved-2");
    let key = "5f1d3a2e-0000-4000-8000-000000000009";
    assert_eq!(payroc(&mut client, "POST", "secure-tokens", key, &second).0, 201);
    let used = create(&mut client, &card());
    assert_eq!(redeem(&mut client, &used).status, 200);
    let open = create(&mut client, &card());
    create(&mut client, &card());
    assert_eq!(exchange(&mut client, &open, "customer-3").status, 201);
    create(&mut client, &card());
}

/// What is done to a store, and what a check says of it: of which table, and a part of what it says.
const TAMPERED: [(&str, &str, &str); 46] = [
    (
        "UPDATE keys SET state = 4, wrapped = x'' WHERE purpose = 3 AND tenant = 1",
        "instruments",
        "this store was never restored",
    ),
    (
        "UPDATE instruments SET details = (SELECT details FROM instruments ORDER BY number DESC LIMIT 1) \
      WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "details do not open",
    ),
    (
        "UPDATE instruments SET protected = (SELECT protected FROM instruments ORDER BY number DESC LIMIT 1) \
      WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "protected does not open",
    ),
    (
        "UPDATE instruments SET protected = details WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "protected does not open",
    ),
    (
        "UPDATE instruments SET tenant = 2 WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "another record's or tenant's",
    ),
    (
        "UPDATE instruments SET generation = generation + 1 WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "does not open",
    ),
    (
        "UPDATE instruments SET number = number + 1 WHERE number = (SELECT max(number) FROM instruments)",
        "instruments",
        "does not open",
    ),
    (
        "UPDATE instruments SET salt = zeroblob(32) WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "does not open",
    ),
    (
        "UPDATE instruments SET bin = '424242' WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "BIN, last four or brand",
    ),
    (
        "UPDATE instruments SET last4 = '4242' WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "BIN, last four or brand",
    ),
    (
        "UPDATE instruments SET brand = brand + 1 WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "BIN, last four or brand",
    ),
    (
        "UPDATE instruments SET bin = NULL, last4 = NULL, brand = NULL \
      WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "BIN, last four or brand",
    ),
    (
        "UPDATE instruments SET fingerprint = zeroblob(16) WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "the fingerprint",
    ),
    (
        "UPDATE instruments SET fingerprint = NULL WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "the fingerprint",
    ),
    (
        "UPDATE instruments SET salt = x'00' WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "not one",
    ),
    (
        "UPDATE instruments SET updated_at = created_at - 1 WHERE number = (SELECT min(number) FROM instruments)",
        "instruments",
        "times",
    ),
    (
        "DELETE FROM instruments WHERE number = (SELECT min(number) FROM instruments)",
        "unique_keys",
        "leads to no record",
    ),
    (
        "UPDATE customers SET details = (SELECT details FROM customers ORDER BY number DESC LIMIT 1) \
      WHERE number = (SELECT min(number) FROM customers)",
        "customers",
        "details do not open",
    ),
    ("UPDATE customers SET tenant = 2", "customers", "details do not open"),
    (
        "UPDATE customers SET details = x'' WHERE number = (SELECT min(number) FROM customers)",
        "customers",
        "details do not open",
    ),
    ("DELETE FROM customers", "unique_keys", "leads to no record"),
    (
        "UPDATE reusable_tokens SET details = protected WHERE number = (SELECT min(number) FROM reusable_tokens)",
        "reusable_tokens",
        "details do not open",
    ),
    (
        "UPDATE reusable_tokens SET protected = (SELECT protected FROM reusable_tokens ORDER BY number DESC LIMIT 1) \
      WHERE number = (SELECT min(number) FROM reusable_tokens)",
        "reusable_tokens",
        "protected does not open",
    ),
    ("UPDATE reusable_tokens SET tenant = 1", "reusable_tokens", "does not open"),
    (
        "UPDATE reusable_tokens SET ends_at = ends_at - 1 WHERE number = (SELECT min(number) FROM reusable_tokens)",
        "reusable_tokens",
        "end in the clear",
    ),
    (
        "UPDATE reusable_tokens SET ends_at = 1 WHERE number = (SELECT max(number) FROM reusable_tokens)",
        "reusable_tokens",
        "end in the clear",
    ),
    (
        "UPDATE reusable_tokens SET last4 = '4242' WHERE number = (SELECT min(number) FROM reusable_tokens)",
        "reusable_tokens",
        "BIN, last four or brand",
    ),
    ("UPDATE reusable_tokens SET fingerprint = zeroblob(16)", "reusable_tokens", "the fingerprint"),
    (
        "UPDATE replies SET details = (SELECT details FROM replies ORDER BY number DESC LIMIT 1) \
      WHERE number = (SELECT min(number) FROM replies)",
        "replies",
        "details do not open",
    ),
    ("UPDATE replies SET tenant = 1", "replies", "details do not open"),
    (
        "UPDATE tokens SET details = (SELECT details FROM tokens ORDER BY number DESC LIMIT 1) \
      WHERE number = (SELECT min(number) FROM tokens)",
        "tokens",
        "details do not open",
    ),
    (
        "UPDATE tokens SET protected = details WHERE protected IS NOT NULL",
        "tokens",
        "protected does not open",
    ),
    ("UPDATE tokens SET last4 = '4242' WHERE protected IS NOT NULL", "tokens", "BIN, last four or brand"),
    ("UPDATE tokens SET expires_at = expires_at + 600000 WHERE protected IS NOT NULL", "tokens", "times"),
    ("UPDATE tokens SET tenant = 2", "tokens", "details do not open"),
    ("UPDATE tokens SET kind = 77 WHERE number = (SELECT max(number) FROM tokens)", "tokens", "not one"),
    ("DELETE FROM unique_keys WHERE kind = 1", "unique_keys", "of kind 1 is missing"),
    ("DELETE FROM unique_keys WHERE kind = 3", "unique_keys", "of kind 3 is missing"),
    ("DELETE FROM unique_keys WHERE kind = 4", "unique_keys", "of kind 4 is missing"),
    ("DELETE FROM unique_keys WHERE kind = 5", "unique_keys", "of kind 5 is missing"),
    ("DELETE FROM unique_keys WHERE kind = 6", "unique_keys", "of kind 6 is missing"),
    ("DELETE FROM unique_keys WHERE kind = 8", "unique_keys", "of kind 8 is missing"),
    (
        "UPDATE unique_keys SET holder = (SELECT max(number) FROM instruments) WHERE kind = 1",
        "unique_keys",
        "leads to a record that does not have it",
    ),
    (
        "UPDATE unique_keys SET value = zeroblob(16) \
      WHERE kind = 3 AND value = (SELECT min(value) FROM unique_keys WHERE kind = 3)",
        "unique_keys",
        "leads to a record that does not have it",
    ),
    (
        "UPDATE audit SET records = CAST(replace(CAST(records AS TEXT), 'token.redeem', 'token.create') AS BLOB) \
      WHERE instr(CAST(records AS TEXT), 'token.redeem') > 0",
        "audit",
        "hash",
    ),
    (
        "DELETE FROM audit WHERE (lane, number) = (SELECT lane, number FROM audit ORDER BY lane, number LIMIT 1)",
        "audit",
        "missing",
    ),
];

#[test]
fn every_tampered_row_is_found_and_named() {
    let (place, aside) = (Where::folder(), home());
    let mut node = place.node();
    fill(&node);
    assert!(node.stop(), "it ends");
    let (data, copied) = (place.home.path().join("data"), aside.path().join("data"));
    support::own_folder(&copied);
    for file in files(&data) {
        fs::copy(&file, copied.join(file.file_name().expect("a name"))).expect("a copy");
    }
    assert_clean(&place.arguments());
    for (sql, table, what) in TAMPERED {
        for file in files(&data) {
            fs::remove_file(file).expect("it goes");
        }
        for file in files(&copied) {
            fs::copy(&file, data.join(file.file_name().expect("a name"))).expect("a copy");
        }
        let store = Connection::open(data.join("coffer.db")).expect("a store");
        assert!(store.execute(sql, []).unwrap_or_else(|error| panic!("{sql}: {error}")) > 0, "{sql}");
        drop(store);
        let (said, report) = fsck(&place.arguments());
        assert_eq!(said.code, Some(3), "{sql}: {}{}", said.stdout, said.stderr);
        let found = report["found"].as_array().expect("a list");
        let named = |problem: &&serde_json::Value| {
            let words = problem["what"].as_str().is_some_and(|words| words.contains(what));
            problem["table"] == table && words
        };
        let problem = found.iter().find(named).unwrap_or_else(|| panic!("{sql}: {report}"));
        assert!(table == "audit" && what == "missing" || problem["record"].is_number(), "{sql}: {problem}");
        assert!(table == "audit" || problem["tenant"].is_number() || what == "not one", "{sql}: {problem}");
        for marked in ["4111111111111111", held::WORLDPAY_PAN, held::PAYROC_PAN, "Qzxmarked"] {
            assert!(!said.stdout.contains(marked) && !said.stderr.contains(marked), "{sql}");
        }
    }
}

/// Every column of sealed or keyed bytes, bit by bit at its beginning, its middle and its end.
#[test]
fn every_flipped_bit_is_found() {
    const COLUMNS: [(&str, &str); 15] = [
        ("instruments", "protected"),
        ("instruments", "details"),
        ("instruments", "salt"),
        ("instruments", "fingerprint"),
        ("customers", "details"),
        ("customers", "salt"),
        ("reusable_tokens", "protected"),
        ("reusable_tokens", "details"),
        ("replies", "details"),
        ("tokens", "protected"),
        ("tokens", "details"),
        ("keys", "wrapped"),
        ("unique_keys", "value"),
        ("audit", "records"),
        ("audit", "hash"),
    ];
    let place = Where::folder();
    let mut node = place.node();
    fill(&node);
    assert!(node.stop(), "it ends");
    let data = place.home.path().join("data").join("coffer.db");
    for (table, column) in COLUMNS {
        // Of the keys each row has its own: the KEK, a tenant's, the deployment's.
        let rows: &[&str] = if table == "keys" {
            &[
                "purpose = 1",
                "purpose = 2",
                "purpose = 3",
                "purpose = 4",
                "purpose = 5",
                "purpose = 6",
                "purpose = 8",
            ]
        } else if table == "unique_keys" {
            &["kind = 1", "kind = 3", "kind = 5"]
        } else {
            &["true"]
        };
        for (row, part) in rows.iter().flat_map(|row| [0, 1, 2].map(|part| (row, part))) {
            let store = Connection::open(&data).expect("a store");
            let first = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL AND {row} LIMIT 1");
            let before: Vec<u8> = store.query_row(&first, [], |row| row.get(0)).expect("a row");
            let mut bent = before.clone();
            let at = [0, before.len() / 2, before.len() - 1][part];
            bent[at] ^= 0x80;
            let write = format!("UPDATE {table} SET {column} = ?1 WHERE {column} = ?2 AND {row}");
            assert!(store.execute(&write, (&bent, &before)).expect("it is bent") > 0);
            let (said, report) = fsck(&place.arguments());
            assert_eq!(said.code, Some(3), "{table}.{column}, {row}, byte {at}: {}", said.stderr);
            let of = |problem: &serde_json::Value| problem["table"] == table;
            assert!(report["found"].as_array().expect("a list").iter().any(of), "{table}.{column}: {report}");
            assert!(store.execute(&write, (&before, &bent)).expect("it is put right") > 0);
        }
    }
    assert_clean(&place.arguments());
    let said = run(&["fsck", "--data", text(place.home.path())]);
    assert!(said.code == Some(0) && said.stdout.trim_end().ends_with("clean"), "{}", said.stdout);
}

#[test]
fn stores_of_a_database_are_checked_as_well() {
    let place = Where::database();
    let node = place.node();
    fill(&node);
    assert_clean(&place.arguments());
}
