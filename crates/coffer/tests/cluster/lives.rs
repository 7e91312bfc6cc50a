//! Live nodes on one database, each of its own configuration.

use coffer_postgres_fixture::shared;
use serde_json::Value;

use crate::{
    live::{ALPHA, BETA, Live},
    support::{Client, card, store},
};

/// A token that alpha's server makes with its code.
fn create(client: &mut Client) -> String {
    let secret = ("REB-APIKEY", "sk_live_alpha_0001");
    let answer = client.call("POST", "/rebilly/tokens", &[secret], card().to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// The code, by alpha's key of the native door.
fn code(client: &mut Client, token: &str) -> Value {
    let key = ("Authorization", "Bearer ck_live_alpha_redeem_0001");
    let answer = client.call("POST", &format!("/coffer/v1/tokens/{token}/redeem"), &[key], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["card"]["cvv"].clone()
}

#[test]
fn live_nodes_share_a_vault_and_one_with_other_names_does_not_start() {
    let line = store::line_of(&shared().database());
    let (one, two) = (Live::new(), Live::new());
    let first = one.try_start(&one.config_with(&line)).expect("the node starts");
    let second = two.try_start(&two.config_with(&line)).expect("the node starts");
    let (mut first, mut second) = (first.client(), second.client());
    let tokens = [create(&mut first), create(&mut second)];
    assert_eq!((code(&mut second, &tokens[0]), code(&mut first, &tokens[1])), ("123".into(), "123".into()));

    let third = Live::new();
    let swapped =
        third.config_with(&line).replace(ALPHA, "other").replace(BETA, ALPHA).replace("other", BETA);
    let said = third.refusal(&swapped);
    assert!(said.contains("tenant 1 belongs to another organization"), "{said}");
}
