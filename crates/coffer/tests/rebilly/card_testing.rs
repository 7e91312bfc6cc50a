//! Limits for browsers, who are anybody (security reference 9): how many tokens, how many card
//! numbers, how many wrong ones, and numbers in a row. By the caller's address; keys of servers are not limited.

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, TOKENS, with},
    credentials::{PK, SK},
    jwts::Issuers,
    kinds::{of_customer, plain_card},
    rate::assert_too_many,
};
use crate::{
    live::Live,
    support::{Answer, CARD_NUMBERS, Client, Node, PUBLISHABLE, SECRET, card, home},
};

/// A token's body with this number.
fn of(pan: &str) -> Value {
    let mut body = with(&card(), "paymentInstrument.pan", json!(pan));
    body["paymentInstrument"].as_object_mut().expect("a card").remove("cvv");
    body
}

/// Numbers of the published test BIN 411111 that have twelve digits in common, made here with their check digits.
fn in_a_row(place: u32) -> String {
    let digits = format!("411111111111{place:03}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn post(client: &mut Client, header: (&str, &str), body: &Value) -> Answer {
    client.call("POST", TOKENS, &[header], body.to_string().as_bytes())
}

/// How many tokens the organization has.
fn tokens(client: &mut Client, header: (&str, &str)) -> usize {
    let answer = client.call("GET", "/rebilly/tokens?limit=0", &[header], b"");
    answer.header("pagination-total").expect("a total").parse().expect("a number")
}

#[test]
fn a_browser_makes_fifty_tokens_a_minute_and_a_server_as_many_as_it_likes() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    for turn in 0..50 {
        // What is refused for another reason counts as well: the form was sent.
        let body = if turn % 10 == 9 { json!({"method": "payment-card"}) } else { card() };
        let status = if turn % 10 == 9 { 422 } else { 201 };
        assert_eq!(post(&mut client, PUBLISHABLE, &body).status, status, "{turn}");
    }
    let refused = post(&mut client, PUBLISHABLE, &card());
    let (_, wait) = assert_too_many(&refused);
    assert!((1..=70).contains(&wait), "{wait}");
    // By whatever connection and in whatever form the key is shown.
    assert_too_many(&post(&mut node.client(), ("Authorization", "Bearer pk_sandbox_coffer"), &card()));
    let storefront =
        client.call("POST", "/rebilly/storefront/payment-instruments", &[PUBLISHABLE], br#"{"token":"x"}"#);
    assert_too_many(&storefront);
    assert_eq!(tokens(&mut client, SECRET), 45, "what is refused makes nothing");
    for _ in 0..60 {
        let made = post(&mut client, SECRET, &card());
        assert_eq!(made.status, 201, "{}", made.text());
        let path = format!("{TOKENS}/{}", made.json()["id"].as_str().unwrap());
        assert_eq!(client.call("GET", &path, &[PUBLISHABLE], b"").status, 200, "reading is not limited");
    }
    node.advance(70);
    assert_eq!(post(&mut client, PUBLISHABLE, &card()).status, 201, "a minute later");
}

#[test]
fn a_browser_tries_twenty_cards_an_hour() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    let (last, first) = CARD_NUMBERS.split_last().expect("numbers");
    for pan in first {
        assert_eq!(post(&mut client, PUBLISHABLE, &of(pan)).status, 201, "{pan}");
    }
    assert_too_many(&post(&mut client, PUBLISHABLE, &of(last)));
    assert_eq!(
        post(&mut client, PUBLISHABLE, &of(CARD_NUMBERS[0])).status,
        201,
        "a card that was seen is no new one"
    );
    assert_eq!(post(&mut client, SECRET, &of(last)).status, 201, "a server has many customers");
    assert_eq!(tokens(&mut client, SECRET), 22);
    // A token without a number, or of another method, tries no card.
    let partial = json!({"method": "payment-card", "paymentInstrument": {"expMonth": 12, "expYear": 2035}});
    assert_eq!(post(&mut client, PUBLISHABLE, &partial).status, 201);
    node.advance(1_800);
    assert_too_many(&post(&mut client, PUBLISHABLE, &of(last)));
    node.advance(1_800);
    assert_eq!(post(&mut client, PUBLISHABLE, &of(last)).status, 201, "an hour later");
}

#[test]
fn a_browser_sends_twenty_wrong_numbers_in_ten_minutes() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    for _ in 0..30 {
        assert_eq!(post(&mut client, SECRET, &of("4111111111111112")).status, 422, "a server is not limited");
    }
    for turn in 0..20 {
        let wrong = ["4111111111111112", "41111111111", "4242424242424241"][turn % 3];
        assert_eq!(post(&mut client, PUBLISHABLE, &of(wrong)).status, 422, "{turn}");
        if turn % 4 == 0 {
            // Another mistake is no wrong number.
            let body = with(&card(), "paymentInstrument.expMonth", json!(13));
            assert_eq!(post(&mut client, PUBLISHABLE, &body).status, 422);
        }
    }
    // No further guess is answered, be it right or wrong.
    for pan in ["4111111111111112", "4111111111111111"] {
        let (_, wait) = assert_too_many(&post(&mut client, PUBLISHABLE, &of(pan)));
        assert!((1..=600).contains(&wait), "{wait}");
    }
    assert_eq!(tokens(&mut client, SECRET), 0);
    node.advance(600);
    assert_eq!(post(&mut client, PUBLISHABLE, &card()).status, 201, "ten minutes later");
}

#[test]
fn a_browser_that_counts_through_numbers_is_stopped() {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let mut client = node.client();
    assert_eq!(in_a_row(111), CARD_NUMBERS[0]);
    for place in 0..10 {
        assert_eq!(post(&mut client, PUBLISHABLE, &of(&in_a_row(place))).status, 201, "{place}");
    }
    let (_, wait) = assert_too_many(&post(&mut client, PUBLISHABLE, &of(&in_a_row(10))));
    assert!((1..=600).contains(&wait), "{wait}");
    assert_too_many(&post(&mut client, PUBLISHABLE, &of(CARD_NUMBERS[3])));
    for place in 0..12 {
        assert_eq!(post(&mut client, SECRET, &of(&in_a_row(place))).status, 201, "a server is not limited");
    }
    assert_eq!(tokens(&mut client, SECRET), 22);
    node.advance(600);
    assert_eq!(post(&mut client, PUBLISHABLE, &of(&in_a_row(10))).status, 201, "ten minutes later");
}

/// JWTs that pages have are no servers', whatever headers whoever took one out of a page leaves out.
#[test]
fn a_jwt_of_an_issuer_for_pages_is_a_browsers_without_an_origin() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let limits = "[card_testing]\nrequests_per_minute = 3\nnetwork_requests_per_minute = 5\n";
    let jwts =
        issuers.config(&live).replacen("kind = \"merchant\"", "kind = \"merchant\"\nbrowser = true", 1);
    let config = format!("trusted_proxies = [\"127.0.0.1\"]\n{}{jwts}{limits}", live.config());
    let node = live.try_start(&config).expect("the node starts");
    let mut client = node.client();
    let bearer = format!("Bearer {}", issuers.merchant.token(&json!({})));
    let mut from = |path: &str, body: &Value| {
        let headers = [("Authorization", bearer.as_str()), ("X-Forwarded-For", "198.51.100.1")];
        client.call("POST", path, &headers, body.to_string().as_bytes()).status
    };
    // Customers and changes of instruments try no cards.
    for _ in 0..9 {
        assert_eq!(from("/rebilly/customers", &json!({})), 201);
    }
    assert_eq!(from(TOKENS, &card()), 201);
    assert_eq!(from(INSTRUMENTS, &of_customer(&plain_card(CARD_NUMBERS[0]), "cus")), 201);
    assert_eq!(from(INSTRUMENTS, &of_customer(&plain_card(CARD_NUMBERS[1]), "cus")), 201);
    assert_eq!(from(INSTRUMENTS, &of_customer(&plain_card(CARD_NUMBERS[2]), "cus")), 429);
    assert_eq!(from(TOKENS, &card()), 429);
    assert_eq!(from("/rebilly/customers", &json!({})), 201);
    let own = format!("Bearer {}", issuers.both.token(&json!({})));
    let headers = [("Authorization", own.as_str()), ("X-Forwarded-For", "198.51.100.1")];
    for _ in 0..6 {
        let made = client.call("POST", TOKENS, &headers, card().to_string().as_bytes());
        assert_eq!(made.status, 201, "an issuer for servers: {}", made.text());
    }
}

/// Customers of one office are not limited for each other's sake, until their network is.
#[test]
fn customers_behind_one_address_do_not_share() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let limits = "[card_testing]\nrequests_per_minute = 2\nnetwork_requests_per_minute = 5\n";
    let node =
        live.try_start(&format!("{}{}{limits}", live.config(), issuers.config(&live))).expect("a node");
    let mut client = node.client();
    let statuses: Vec<u16> = ["one", "one", "one", "two", "two", "two", "three", "three"]
        .iter()
        .map(|customer| {
            let bearer = format!("Bearer {}", issuers.customer.token(&json!({"customerId": customer})));
            let path = "/rebilly/storefront/payment-instruments";
            client.call("POST", path, &[("Authorization", &bearer)], br#"{"token":"x"}"#).status
        })
        .collect();
    assert_eq!(statuses, [422, 422, 429, 422, 422, 429, 422, 429]);
}

#[test]
fn without_limits_a_browser_tries_what_it_likes() {
    let folder = home();
    let node = crate::support::Node::sandbox(folder.path());
    let mut client = node.client();
    for place in 0..60 {
        assert_eq!(post(&mut client, PUBLISHABLE, &of(&in_a_row(place))).status, 201, "{place}");
        assert_eq!(post(&mut client, PUBLISHABLE, &of("4111111111111112")).status, 422, "{place}");
    }
}

/// Behind a proxy the caller is whom the proxy names, and nobody is limited for another's sake. A live node limits
/// unless its configuration says otherwise.
#[test]
fn the_caller_is_whom_the_trusted_proxy_names() {
    let live = Live::new();
    let limits = "[card_testing]\nrequests_per_minute = 3\nnetwork_requests_per_minute = 7\n";
    let config = format!("trusted_proxies = [\"127.0.0.1\"]\n{}{limits}", live.config());
    let node = live.try_start(&config).expect("the node starts");
    let mut client = node.client();
    let mut from = |forwarded: &str| {
        let headers = [("Authorization", PK), ("X-Forwarded-For", forwarded)];
        client.call("POST", TOKENS, &headers, card().to_string().as_bytes()).status
    };
    let steps: [(&str, &[u16]); 11] = [
        ("198.51.100.1", &[201, 201, 201, 429]),
        // What the caller wrote himself is left of what the proxy wrote.
        ("203.0.113.77, 198.51.100.1", &[429]),
        ("::ffff:198.51.100.1", &[429]),
        ("203.0.113.1", &[201]),
        // Another address of the network, until the network is over.
        ("198.51.100.2", &[201, 201, 201, 429]),
        ("198.51.100.3", &[201, 429]),
        ("198.51.101.3", &[201]),
        // A subscriber of IPv6 has 64 bits.
        ("2001:db8:0:1::1", &[201, 201]),
        ("2001:db8:0:1::ffff", &[201, 429]),
        ("2001:db8:0:2::1", &[201]),
        ("203.0.113.1", &[201, 201, 429]),
    ];
    for (forwarded, statuses) in steps {
        let found: Vec<u16> = statuses.iter().map(|_| from(forwarded)).collect();
        assert_eq!(found, statuses, "{forwarded}");
    }
    let server = [("REB-APIKEY", SK), ("X-Forwarded-For", "198.51.100.1")];
    assert_eq!(node.client().call("POST", TOKENS, &server, card().to_string().as_bytes()).status, 201);
}

#[test]
fn an_untrusted_peer_is_itself_whatever_it_writes() {
    let live = Live::new();
    let limits = "[card_testing]\nrequests_per_minute = 3\n";
    let node = live.try_start(&format!("{}{limits}", live.config())).expect("the node starts");
    let statuses: Vec<u16> = (1..=5)
        .map(|last| {
            let forwarded = format!("198.51.{last}.1");
            let headers = [("Authorization", PK), ("X-Forwarded-For", forwarded.as_str())];
            node.client().call("POST", TOKENS, &headers, card().to_string().as_bytes()).status
        })
        .collect();
    assert_eq!(statuses, [201, 201, 201, 429, 429]);
}
