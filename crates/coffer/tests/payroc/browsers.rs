//! What browsers may do in sessions is limited, as they are anybody (security reference 9); what a merchant's server
//! does is not.

use serde_json::json;

use super::calls::{API, PAN, Shop, assert_names, assert_refused, card, fresh_key, judge, request, text};
use crate::support::{Answer, CARD_NUMBERS, Client, Node, home};

fn session(shop: &mut Shop) -> String {
    let body = json!({"libVersion": "1.7.0.261457", "scenario": "payment"});
    let opened = shop.post("hosted-fields-sessions", &body);
    assert_eq!(opened.status, 201, "{}", opened.text());
    text(&opened.json(), "token")
}

fn fill(client: &mut Client, session: &str, number: &str) -> Answer {
    let (path, key) = (format!("{API}/hosted-fields-sessions/{session}/fields"), fresh_key());
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
    let body = json!({"type": "cardNumber", "cardNumber": number}).to_string();
    let answer = client.call("POST", &path, &headers, body.as_bytes());
    judge(&answer);
    answer
}

/// Whoever tries numbers is stopped, in every session of the key, and may go on when the time is over that is told.
#[test]
fn a_browser_that_tries_numbers_is_stopped() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let (mut shop, mut browser) = (Shop::of(&node), node.client());
    let one = session(&mut shop);
    let mut tried = 0;
    let stopped = loop {
        let answer = fill(&mut browser, &one, "4539858876047063");
        if answer.status == 429 {
            break answer;
        }
        assert_names(&answer, "cardNumber");
        tried += 1;
        assert!(tried < 100, "nobody stops it");
    };
    assert!(tried > 2, "a shopper may mistype");
    assert_refused(&stopped, 429, "too-many-requests");
    let seconds: u64 = stopped.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=86_400).contains(&seconds), "{seconds}");
    let another = session(&mut shop);
    for session in [&one, &another] {
        assert_eq!(fill(&mut browser, session, PAN).status, 429, "also with a good one");
    }
    // A form that is there already may not be finished either, and the server goes on as if nothing were.
    let finish = format!("{API}/hosted-fields-sessions/{another}/single-use-tokens");
    let key = fresh_key();
    let answer = browser.call("POST", &finish, &[("Idempotency-Key", key.as_str())], b"");
    assert_eq!(answer.status, 429, "{}", answer.text());
    for _ in 0..60 {
        let answer = shop.post("single-use-tokens", &request(&card()));
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let wrong = request(&super::calls::card_of("4539858876047063"));
    assert_names(&shop.post("single-use-tokens", &wrong), "source.cardDetails.keyedData.cardNumber");
    node.advance(seconds + 1);
    let mut shop = Shop::of(&node);
    let fresh = session(&mut shop);
    assert_eq!(fill(&mut browser, &fresh, PAN).status, 200);
}

/// Whoever kept a session of long ago keeps nobody else from paying with it.
#[test]
fn a_session_that_is_over_costs_others_nothing() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let (mut shop, mut browser) = (Shop::of(&node), node.client());
    let old = session(&mut shop);
    node.advance(601);
    let path = format!("{API}/hosted-fields-sessions/{old}/configuration");
    for _ in 0..4_000 {
        assert_eq!(browser.call("GET", &path, &[], b"").status, 400);
    }
    let mut shop = Shop::of(&node);
    let fresh = session(&mut shop);
    assert_eq!(fill(&mut browser, &fresh, PAN).status, 200);
}

/// A page knows no key of the server's, and burns none.
#[test]
fn keys_of_browsers_are_their_own() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut browser) = (Shop::of(&node), node.client());
    let (one, other, key) = (session(&mut shop), session(&mut shop), fresh_key());
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
    let body = json!({"type": "cardNumber", "cardNumber": PAN}).to_string();
    for session in [&one, &other] {
        let path = format!("{API}/hosted-fields-sessions/{session}/fields");
        assert_eq!(browser.call("POST", &path, &headers, body.as_bytes()).status, 200);
    }
    let path = shop.path("single-use-tokens");
    let answer = shop.keyed("POST", &path, &key, &request(&card()));
    assert_eq!(answer.status, 201, "{}", answer.text());
}

/// Good numbers, one after the other, are tried as well.
#[test]
fn a_browser_that_tries_good_numbers_is_stopped() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let (mut shop, mut browser) = (Shop::of(&node), node.client());
    let mut statuses = Vec::new();
    for number in CARD_NUMBERS {
        let form = session(&mut shop);
        statuses.push(fill(&mut browser, &form, number).status);
    }
    assert_eq!(statuses[0], 200);
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let first = statuses.iter().position(|status| *status == 429).expect("a refusal");
    assert!(statuses[first..].iter().all(|status| *status == 429), "{statuses:?}");
}
