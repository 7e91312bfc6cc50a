//! How often an organization may call (3.3): non-GET requests by credentials that may, counted per organization, with
//! both families of headers; and 429 with the body of the seed.

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, TOKENS, seconds},
    credentials::{FOREIGN_SK, PK, SK, config},
    jwts::Issuers,
};
use crate::{
    live::{ALPHA, BETA, Live},
    support::{Answer, Client, Node, PUBLISHABLE, SECRET, card, home},
};

/// A live node on which an organization has so many requests a day.
fn quota_of(live: &Live, issuers: &Issuers, requests: u32) -> Node {
    let config = format!("{}[rate_limit]\nrequests = {requests}\nseconds = 86400\n", config(live, issuers));
    live.try_start(&config).expect("the node starts")
}

/// What is left of how much, as both families tell it; none when the answer tells nothing.
fn left(answer: &Answer) -> Option<(u32, u32)> {
    let header = |name: &str| answer.header(name).map(|text| text.parse::<u32>().expect("a number"));
    let families =
        [("x-ratelimit-limit", "x-ratelimit-remaining"), ("rate-limit-limit", "rate-limit-remaining")];
    let told = families.map(|(limit, remaining)| (header(limit), header(remaining)));
    assert_eq!(told[0], told[1], "the families differ: {:?}", answer.headers);
    let (limit, remaining) = told[0];
    assert_eq!(limit.is_some(), remaining.is_some());
    Some((remaining?, limit?))
}

/// Status 429, the seed's body to the letter, and when to try again. Gives the moment and the seconds until then.
pub(crate) fn assert_too_many(answer: &Answer) -> (i64, i64) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = json!({
        "status": 429, "type": "about:blank", "title": "Rate Limit Exceeded",
        "detail": "A request cannot be executed because the user has sent too many requests within a certain period \
                   of time",
    });
    assert_eq!(answer.json(), body);
    let number = |name: &str| answer.header(name).and_then(|text| text.parse::<i64>().ok());
    let (at, wait) = (number("x-ratelimit-retry-after"), number("retry-after"));
    (at.expect("X-RateLimit-Retry-After"), wait.expect("Retry-After"))
}

fn send(client: &mut Client, method: &str, path: &str, header: (&str, &str), body: &str) -> Answer {
    client.call(method, path, &[header], body.as_bytes())
}

#[test]
fn what_changes_something_is_counted_and_told_whatever_comes_of_it() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = quota_of(&live, &issuers, 9);
    let mut client = node.client();
    let (card, secret, publishable) = (card().to_string(), ("REB-APIKEY", SK), ("Authorization", PK));
    let bearer = format!("Bearer {}", issuers.merchant.token(&json!({})));
    let customer = format!("Bearer {}", issuers.customer_token());
    let made = send(&mut client, "POST", TOKENS, secret, &card);
    assert_eq!((made.status, left(&made)), (201, Some((8, 9))), "{}", made.text());
    let token = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{TOKENS}/{token}");
    let exchange = json!({"token": "x", "customerId": "cus"}).to_string();
    let one = "/rebilly/payment-instruments/x";
    let own = format!("/rebilly/organizations/{ALPHA}/tokens");
    let storefront = "/rebilly/storefront/payment-instruments";
    for (status, method, path, header, body, expected) in [
        // Reading costs nothing and tells nothing.
        (200, "GET", path.as_str(), secret, "", None),
        (200, "GET", TOKENS, secret, "", None),
        (404, "GET", one, secret, "", None),
        // Nor does what nobody may, or not this caller.
        (401, "POST", TOKENS, ("REB-APIKEY", "sk_nobody"), &card, None),
        (401, "POST", TOKENS, ("X-Nothing", "shown"), &card, None),
        (403, "POST", INSTRUMENTS, publishable, &exchange, None),
        (403, "POST", "/rebilly/organizations/org_nowhere/tokens", secret, &card, None),
        (404, "POST", "/rebilly/transactions", secret, "{}", None),
        (405, "DELETE", one, secret, "", None),
        // Everything else does, by every credential of the organization: servers in one window, browsers in another.
        (422, "POST", TOKENS, publishable, "{}", Some(8)),
        (400, "POST", own.as_str(), ("Authorization", bearer.as_str()), "{", Some(7)),
        (422, "POST", INSTRUMENTS, secret, &exchange, Some(6)),
        (404, "PATCH", one, secret, "{}", Some(5)),
        (404, "POST", "/rebilly/payment-instruments/x/deactivation", secret, "", Some(4)),
        (201, "PUT", "/rebilly/customers/cus", secret, "{}", Some(3)),
        (422, "POST", storefront, ("Authorization", customer.as_str()), r#"{"token":"x"}"#, Some(7)),
        (200, "GET", path.as_str(), publishable, "", None),
        (201, "POST", TOKENS, publishable, &card, Some(6)),
    ] {
        let answer = send(&mut client, method, path, header, body);
        let expected = expected.map(|remaining| (remaining, 9));
        assert_eq!((answer.status, left(&answer)), (status, expected), "{method} {path}: {}", answer.text());
    }
    for (header, left) in [(secret, 3), (publishable, 6)] {
        for _ in 0..left {
            assert_eq!(send(&mut client, "POST", TOKENS, header, "{}").status, 422);
        }
    }
    over(&mut client, &token, &customer);
    // The other organization has its own.
    let theirs = send(&mut client, "POST", TOKENS, ("REB-APIKEY", FOREIGN_SK), &card);
    assert_eq!((theirs.status, left(&theirs)), (201, Some((8, 9))), "{}", theirs.text());
    // A key of both spends where it acts.
    let both = ("REB-APIKEY", "sk_live_both_0001");
    let answer = send(&mut client, "POST", &format!("/rebilly/organizations/{BETA}/tokens"), both, &card);
    assert_eq!(left(&answer), Some((7, 9)));
    assert_too_many(&send(
        &mut client,
        "POST",
        &format!("/rebilly/organizations/{ALPHA}/tokens"),
        both,
        &card,
    ));
}

/// Everything that changes something is refused now, by every credential, and nothing is done or used up.
fn over(client: &mut Client, token: &str, customer: &str) {
    let secret = ("REB-APIKEY", SK);
    let read = |client: &mut Client| {
        let token = send(client, "GET", &format!("{TOKENS}/{token}"), secret, "").json();
        assert_eq!((&token["isUsed"], &token["usageTime"]), (&json!(false), &Value::Null));
        let tokens = send(client, "GET", TOKENS, secret, "");
        let instruments = send(client, "GET", INSTRUMENTS, secret, "");
        assert_eq!((tokens.status, instruments.status), (200, 200), "reading is not limited");
        (token, tokens.text(), instruments.text())
    };
    let before = read(client);
    let (card, exchange) = (card().to_string(), json!({"token": token, "customerId": "cus"}).to_string());
    let storefront = json!({"token": token}).to_string();
    let mut when = Vec::new();
    for (method, path, header, body) in [
        ("POST", TOKENS, secret, card.as_str()),
        ("POST", TOKENS, ("Authorization", PK), &card),
        ("POST", INSTRUMENTS, secret, &exchange),
        ("POST", "/rebilly/customers", secret, "{}"),
        ("PUT", "/rebilly/customers/cus", secret, "{"),
        ("POST", "/rebilly/storefront/payment-instruments", ("Authorization", customer), &storefront),
        ("POST", "/rebilly/storefront/payment-instruments", ("Authorization", PK), &storefront),
    ] {
        let answer = send(client, method, path, header, body);
        when.push(assert_too_many(&answer).0);
        assert_eq!(left(&answer), Some((0, 9)), "{method} {path}");
    }
    let (servers, browsers): (Vec<i64>, Vec<i64>) =
        ([0, 2, 3, 4].map(|at| when[at]).into(), [1, 5, 6].map(|at| when[at]).into());
    for window in [servers, browsers] {
        assert!(window.iter().all(|at| *at == window[0]), "one window, one end: {window:?}");
    }
    assert_eq!(read(client), before);
    let wrong = send(client, "POST", TOKENS, ("REB-APIKEY", "sk_nobody"), &card);
    assert_eq!((wrong.status, left(&wrong)), (401, None), "who is nobody is told nothing");
}

/// Whoever reads the key in a page may use up what pages have, and nothing of what the merchant's servers have.
#[test]
fn browsers_use_up_nothing_of_the_servers_quota() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = quota_of(&live, &issuers, 5);
    let mut client = node.client();
    let (secret, bearer) = (("REB-APIKEY", SK), format!("Bearer {}", issuers.merchant.token(&json!({}))));
    let publishable = ("Authorization", PK);
    for turn in 0..8 {
        let answer = send(&mut client, "POST", TOKENS, publishable, "{}");
        assert_eq!(answer.status, if turn < 5 { 422 } else { 429 }, "{turn}");
    }
    let made = send(&mut client, "POST", TOKENS, secret, &card().to_string());
    assert_eq!((made.status, left(&made)), (201, Some((4, 5))), "{}", made.text());
    // A merchant's JWT is a server's, and a browser's in a page.
    let headers = [("Authorization", bearer.as_str()), ("Origin", "https://shop.example")];
    assert_too_many(&client.call("POST", TOKENS, &headers, b"{}"));
    let answer = send(&mut client, "POST", TOKENS, ("Authorization", &bearer), "{}");
    assert_eq!((answer.status, left(&answer)), (422, Some((3, 5))));
}

/// Calls `POST /tokens` so often with a body that is refused, and gives the last answer.
fn knock(client: &mut Client, times: u32) -> Answer {
    let mut last = None;
    for _ in 0..times {
        last = Some(send(client, "POST", TOKENS, SECRET, "{}"));
    }
    last.expect("at least once")
}

#[test]
fn a_sandbox_with_limits_has_rebillys_quota_until_its_window_passes() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    let made = send(&mut client, "POST", TOKENS, SECRET, &card().to_string());
    assert_eq!(left(&made), Some((2_999, 3_000)));
    let exchange = json!({"token": made.json()["id"], "customerId": "cus"}).to_string();
    let last = knock(&mut client, 2_999);
    assert_eq!((last.status, left(&last)), (422, Some((0, 3_000))));
    let refused = send(&mut client, "POST", INSTRUMENTS, SECRET, &exchange);
    let (at, wait) = assert_too_many(&refused);
    let now = seconds(&client.call("GET", "/sandbox/clock", &[], b"").json()["now"]);
    assert!((1..=600).contains(&wait) && (now..=now + wait + 1).contains(&at), "{now} {at} {wait}");
    // Not before its end, and not longer.
    node.advance(u64::try_from(wait).unwrap() - 60);
    assert_too_many(&send(&mut client, "POST", INSTRUMENTS, SECRET, &exchange));
    node.advance(60);
    let answer = send(&mut client, "POST", INSTRUMENTS, SECRET, &exchange);
    assert_eq!((answer.status, left(&answer)), (201, Some((2_999, 3_000))), "the token was not used up");
}

#[test]
fn a_sandbox_without_limits_counts_and_refuses_nobody() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let last = knock(&mut client, 3_000);
    assert_eq!((last.status, left(&last)), (422, Some((0, 3_000))));
    let more = send(&mut client, "POST", TOKENS, SECRET, &card().to_string());
    assert_eq!((more.status, left(&more)), (201, Some((0, 3_000))));
}

#[test]
fn a_live_node_without_a_quota_tells_none() {
    let live = Live::new();
    let node = live.start();
    let made = send(&mut node.client(), "POST", TOKENS, ("REB-APIKEY", SK), &card().to_string());
    assert_eq!((made.status, left(&made)), (201, None));
}

#[test]
fn a_browser_that_is_held_back_uses_up_no_quota_of_its_organization() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    let mut refused = 0;
    for _ in 0..200 {
        let answer = client.call("POST", "/rebilly/tokens", &[PUBLISHABLE], b"{}");
        assert!([422, 429].contains(&answer.status), "{}", answer.text());
        if answer.status == 429 {
            refused += 1;
            assert_eq!(
                answer.header("x-ratelimit-remaining"),
                Some("0"),
                "what holds it back leaves nothing"
            );
        }
    }
    assert_eq!(refused, 150, "fifty a minute");
    let body = card().to_string();
    let answer = client.call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("2999"), "this one alone was counted here");
    node.advance(70);
    let answer = client.call("POST", "/rebilly/tokens", &[PUBLISHABLE], b"{}");
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("2949"), "fifty were counted, and this one");
    let log = node.said();
    assert!(!log.contains("ERROR"), "{log}");
}
