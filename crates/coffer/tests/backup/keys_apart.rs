//! Records of keys that are kept apart from the data that they open, and not as long.

use std::{fs, path::Path};

use coffer_crypto::{Environment, KeyPurpose, KeyScope, KeyVersion, OsEntropy, RootKey, WrappedKey};
use coffer_types::Tenant;
use rusqlite::{Connection, params};

use super::{
    commands::{Where, import, json_of, run, text, with_key_of},
    fsck,
    held::{look, make},
};
use crate::support::home;

/// In a store that is stopped: this tenant's data key has a second version, and the first is destroyed. Nothing was
/// sealed anew: what lies under the first is erased.
fn destroy_epoch(home: &Path, tenant: u32) {
    let root = RootKey::parse_hex(&fs::read_to_string(home.join("key")).expect("a key")).expect("a root key");
    let store = Connection::open(home.join("data").join("coffer.db")).expect("a store");
    let wrapped: Vec<u8> =
        store.query_row("SELECT wrapped FROM keys WHERE purpose = 1", [], |row| row.get(0)).expect("a KEK");
    let kek =
        root.unwrap_kek(Environment::Sandbox, KeyVersion::FIRST, &WrappedKey(wrapped)).expect("it opens");
    let (purpose, scope) =
        (KeyPurpose::DataDurable, KeyScope::Tenant(Tenant::new(tenant).expect("a tenant")));
    let WrappedKey(second) = kek.wrap_new(purpose, scope, KeyVersion::new(2), &OsEntropy).expect("a key");
    let insert = "INSERT INTO keys (tenant, purpose, version, generation, state, under, created_at, active_at, \
        changed_at, wrapped) SELECT tenant, purpose, 2, 1, 2, under, created_at, active_at, changed_at, ?1 FROM keys \
        WHERE tenant = ?2 AND purpose = ?3 AND version = 1";
    store.execute(insert, params![second, tenant, purpose.code()]).expect("a second version");
    let destroy = "UPDATE keys SET state = 4, wrapped = x'', generation = generation + 1 \
        WHERE tenant = ?1 AND purpose = ?2 AND version = 1";
    assert_eq!(store.execute(destroy, params![tenant, purpose.code()]).expect("it is destroyed"), 1);
}

#[test]
fn data_without_its_keys_is_opened_by_records_that_were_kept_apart() {
    let (first, second, out) = (Where::folder(), Where::folder(), home());
    let (data, keys) = (out.path().join("data"), out.path().join("keys"));
    let mut node = first.node();
    let held = make(&node);
    assert!(node.stop(), "it ends");
    json_of(first.export(&data));
    let apart =
        |to: &Path| run(&["export", "--data", text(first.home.path()), "--to", text(to), "--keys-only"]);
    assert_eq!(apart(&keys).code, Some(0), "{}", apart(&keys).stderr);
    let before = fs::read(keys.join("keys.cfx")).expect("records of keys");
    assert_eq!(apart(&keys).code, Some(0), "over those that are there");
    assert_ne!(fs::read(keys.join("keys.cfx")).expect("records of keys"), before);
    assert_eq!(apart(&data).code, Some(1), "an export's own stay as they are");

    fs::remove_file(data.join("keys.cfx")).expect("the keys go");
    with_key_of(first.home.path(), second.home.path());
    let said = import(second.home.path(), &data, &[]);
    assert!(said.code == Some(1) && said.stderr.contains("keys.cfx"), "{}", said.stderr);
    let file = keys.join("keys.cfx");
    let said = import(second.home.path(), &data, &["--keys", text(&file)]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said = import(second.home.path(), &data, &["--keys", text(&file), "--verify-only"]);
    assert_eq!(said.code, Some(0), "its restore epoch is no difference: {}{}", said.stdout, said.stderr);
    look(&second.node(), &held);
}

#[test]
fn data_of_an_epoch_that_was_destroyed_is_noise_and_is_counted() {
    let (first, second, out) = (Where::folder(), Where::folder(), home());
    let (data, keys) = (out.path().join("data"), out.path().join("keys"));
    let mut node = first.node();
    make(&node);
    assert!(node.stop(), "it ends");
    json_of(first.export(&data));
    destroy_epoch(first.home.path(), 1);
    let said = run(&["export", "--data", text(first.home.path()), "--to", text(&keys), "--keys-only"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let file = keys.join("keys.cfx");
    with_key_of(first.home.path(), second.home.path());
    let said = import(second.home.path(), &data, &["--keys", text(&file)]);
    assert!(said.code == Some(1) && said.stderr.contains("--allow-erased"), "{}", said.stderr);
    assert_eq!(fsck(&second.arguments()).0.code, Some(1), "there is no vault: nothing was written");
    let said = import(second.home.path(), &data, &["--keys", text(&file), "--allow-erased"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("erased in instruments: 1 rows of tenant 1, epoch 1"), "{}", said.stdout);
    let (said, report) = fsck(&second.arguments());
    assert_eq!(said.code, Some(0), "by design, and no problem: {}", said.stdout);
    let erased = report["erased"].as_array().expect("a list");
    let of = |table: &str| erased.iter().any(|found| found["table"] == table && found["epoch"] == 1);
    assert!(of("instruments") && !of("reusable_tokens"), "of tenant 1 alone: {report}");
}
