//! Exchanges that are refused: one answer for every token that cannot be used, and nothing is consumed (4.3).

use serde_json::{Value, json};

use super::calls::{INSTRUMENTS, TOKENS, get, invalid_fields, names, post, token};
use crate::support::{Answer, Client, Node, PUBLISHABLE, SECRET, card, exchange, home, redeem};

/// An answer without what names the request and its time, and what counts it.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let own = |name: &str| {
        matches!(name, "x-request-id" | "date" | "x-ratelimit-remaining" | "rate-limit-remaining")
    };
    let headers = answer.headers.iter().filter(|(name, _)| !own(name)).cloned().collect();
    (answer.status, headers, answer.text())
}

fn id(client: &mut Client) -> String {
    token(client, &card())["id"].as_str().expect("an id").to_owned()
}

#[test]
fn used_expired_unknown_forged_and_malformed_tokens_get_one_answer() {
    let (folder, other_folder) = (home(), home());
    let (node, other) = (Node::sandbox(folder.path()), Node::sandbox(other_folder.path()));
    let mut client = node.client();
    let expired = id(&mut client);
    node.advance(1_800);
    let (used, redeemed, live) = (id(&mut client), id(&mut client), id(&mut client));
    assert_eq!(exchange(&mut client, &used, "cus_1").status, 201);
    assert_eq!(redeem(&mut client, &redeemed).status, 200);
    let of_another_vault = id(&mut other.client());
    let mut tokens = vec![
        ("used by the same customer", used),
        ("redeemed", redeemed),
        ("expired", expired),
        ("of another vault", of_another_vault),
        ("upper-case", live.to_uppercase()),
        ("cut", live[..live.len() - 1].to_owned()),
        ("longer", format!("{live}a")),
        ("with a space", format!("{live} ")),
        ("without hyphens", live.replace('-', "")),
        ("the seed's", "4f6cf35x-2c4y-483z-a0a9-158621f77a21".to_owned()),
        ("a word", "x".to_owned()),
        ("a path", "../../tokens".to_owned()),
        ("not ASCII", "ä".repeat(25)),
    ];
    // One character changed, at every place: none of them opens anything.
    for at in (0..live.len()).filter(|&at| live.as_bytes()[at] != b'-') {
        let other = if &live[at..=at] == "a" { "b" } else { "a" };
        tokens.push(("forged", format!("{}{other}{}", &live[..at], &live[at + 1..])));
    }
    let mut answers = Vec::new();
    for (kind, token) in &tokens {
        for customer in ["cus_1", "cus_2"] {
            let answer = exchange(&mut client, token, customer);
            assert_eq!(invalid_fields(&answer), names(&["token"]), "{kind}");
            answers.push((kind, seen(&answer)));
        }
    }
    let first = &answers[0].1;
    for (kind, answer) in &answers {
        assert_eq!(answer, first, "{kind}");
    }
    assert_eq!(exchange(&mut client, &live, "cus_1").status, 303, "the real one was not touched");
}

/// Headers, path, and the status that they get.
type Caller<'c> = (&'c [(&'c str, &'c str)], &'c str, u16);

#[test]
fn a_refused_exchange_consumes_nothing() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = id(&mut client);
    // Without a token it could be an instrument of any method: that is what is missing then.
    let cases: [(Value, &[&str]); 13] = [
        (json!({}), &["method", "customerId"]),
        (json!({"token": token}), &["customerId"]),
        (json!({"customerId": "cus_1"}), &["method"]),
        (json!({"token": null, "customerId": null}), &["method", "customerId"]),
        (json!({"token": token, "customerId": null}), &["customerId"]),
        (json!({"token": token, "customerId": ""}), &["customerId"]),
        (json!({"token": token, "customerId": "x".repeat(51)}), &["customerId"]),
        (json!({"token": token, "customerId": 7}), &["customerId"]),
        (json!({"token": token, "customerId": ["cus_1"]}), &["customerId"]),
        (json!({"token": 7, "customerId": "cus_1"}), &["token"]),
        (json!({"token": [token], "customerId": {}}), &["token", "customerId"]),
        (json!({"token": "", "customerId": ""}), &["token", "customerId"]),
        (json!({"Token": token, "customer_id": "cus_1"}), &["method", "customerId"]),
    ];
    for (body, fields) in cases {
        assert_eq!(invalid_fields(&post(&mut client, INSTRUMENTS, &body)), names(fields), "{body}");
    }
    let body = json!({"token": token, "customerId": "cus_1"}).to_string();
    let callers: [Caller<'_>; 4] = [
        (&[], INSTRUMENTS, 401),
        (&[PUBLISHABLE], INSTRUMENTS, 403),
        (&[("REB-APIKEY", "sk_sandbox_other")], INSTRUMENTS, 401),
        (&[SECRET], "/rebilly/organizations/org_other/payment-instruments", 403),
    ];
    for (headers, path, status) in callers {
        assert_eq!(client.call("POST", path, headers, body.as_bytes()).status, status, "{path}");
    }
    for broken in [&body[1..], &body[..body.len() - 1], &format!("{body}x"), &format!("[{body}"), ""] {
        assert_eq!(client.call("POST", INSTRUMENTS, &[SECRET], broken.as_bytes()).status, 400, "{broken}");
    }
    let read = get(&mut client, &format!("{TOKENS}/{token}")).json();
    assert_eq!(read["isUsed"], false, "{read}");
    assert_eq!(exchange(&mut client, &token, "cus_1").status, 201);
}

#[test]
fn the_other_members_of_the_token_variant_are_taken() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = id(&mut client);
    let body =
        json!({"token": token, "customerId": "cus_1", "customFields": {}, "useAsBackup": false, "more": [1]});
    let answer = post(&mut client, INSTRUMENTS, &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["useAsBackup"], false);
}
