//! Records of keys that are kept apart from the data that they open, and not as long.

use std::{fs, path::Path};

use coffer_crypto::{Environment, KeyPurpose, KeyScope, KeyVersion, OsEntropy, RootKey, WrappedKey};
use coffer_types::Tenant;
use rusqlite::{Connection, params};

use super::{
    commands::{Where, import, json_of, run, text, with_key_of},
    fsck,
    held::{Held, look, make, payroc, secure_token, worldpay, worldpay_card},
};
use crate::support::{Node, REDEEM, SECRET, card, create, exchange, home};

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

/// Everything that was held is gone, in each company's words, and comes again as something new.
fn is_gone(node: &Node, held: &Held) {
    let mut client = node.client();
    let id = &held.instrument;
    let read = client.call("GET", &format!("/rebilly/payment-instruments/{id}"), &[SECRET], b"");
    assert_eq!(read.status, 404, "{}", read.text());
    let listed = client.call("GET", "/rebilly/payment-instruments", &[SECRET], b"");
    assert_eq!((listed.status, listed.json().as_array().map(Vec::len)), (200, Some(0)), "{}", listed.text());
    let reveal = format!("/coffer/v1/instruments/{id}/reveal");
    let revealed = client.call("POST", &reveal, &[REDEEM], b"{\"reason\":\"moved\"}");
    assert_eq!(revealed.status, 404, "{}", revealed.text());
    let token = create(&mut client, &card());
    assert_eq!(exchange(&mut client, &token, "customer-1").status, 201, "the customer's card is new");

    let (status, found) = worldpay(&mut client, "GET", &held.worldpay_link, "");
    assert_eq!(status, 404, "{found}");
    let made = [(); 2].map(|()| {
        let (status, made) = worldpay(&mut client, "POST", "/worldpay/tokens", &worldpay_card().to_string());
        assert_ne!(made["tokenId"], held.worldpay["tokenId"]);
        (status, made["tokenId"].clone())
    });
    assert_eq!((made[0].0, made[1].0), (201, 200), "the card is new, and then known");
    assert_eq!(made[0].1, made[1].1);

    let key = "5f1d3a2e-0000-4000-8000-000000000003";
    let (status, found) = payroc(&mut client, "GET", "secure-tokens/moved-1", key, "");
    assert_eq!(status, 404, "{found}");
    let (status, page) = payroc(&mut client, "GET", "secure-tokens", key, "");
    assert_eq!((status, page["count"].as_u64()), (200, Some(0)), "{page}");
    let (status, taken) = payroc(&mut client, "POST", "secure-tokens", key, &secure_token().to_string());
    assert_eq!(status, 409, "its reference stays taken, as of one that was deleted: {taken}");
    let known = &held.idempotency_key;
    let (status, again) = payroc(&mut client, "POST", "secure-tokens", known, &secure_token().to_string());
    assert_eq!(status, 409, "what was answered is not known any more, and is not done again: {again}");
}

#[test]
fn what_is_noise_after_a_restore_is_gone_to_every_caller() {
    let (first, second, out) = (Where::folder(), Where::folder(), home());
    let (data, keys) = (out.path().join("data"), out.path().join("keys"));
    let mut node = first.node();
    let held = make(&node);
    assert!(node.stop(), "it ends");
    json_of(first.export(&data));
    for tenant in 1..=4 {
        destroy_epoch(first.home.path(), tenant);
    }
    let said = run(&["export", "--data", text(first.home.path()), "--to", text(&keys), "--keys-only"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    with_key_of(first.home.path(), second.home.path());
    let file = keys.join("keys.cfx");
    let said = import(second.home.path(), &data, &["--keys", text(&file), "--allow-erased"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    is_gone(&second.node(), &held);
    let (said, _) = fsck(&second.arguments());
    assert_eq!(said.code, Some(0), "what made room is no problem either: {}", said.stdout);
}
