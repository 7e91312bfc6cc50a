//! Who a caller is: an API key at the identity service, a bearer token everywhere else (section 1.1).

use data_encoding::BASE64URL_NOPAD;

use super::calls::{
    AUTHORIZE, KEY, OTHER_KEY, Shop, TERMINAL, assert_refused, authorize, bearer, judge, names, now, text,
};
use crate::support::{Node, home};

#[test]
fn a_key_is_exchanged_for_a_bearer_token() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let answer = authorize(&node, &[("x-api-key", KEY)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(names(&body), ["access_token", "expires_in", "token_type"]);
    assert_eq!((&body["expires_in"], &body["token_type"]), (&3600.into(), &"Bearer".into()));
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{:?}", answer.headers);
    let token = text(&body, "access_token");
    assert!(!token.contains(KEY) && token.len() < 1_000, "{token}");
    // Header names are case-insensitive, and some clients send a type and an empty JSON object.
    let other = node.client().call(
        "POST",
        AUTHORIZE,
        &[("X-API-KEY", KEY), ("Content-Type", "application/json")],
        b"{}",
    );
    assert_eq!(other.status, 200, "{}", other.text());
}

#[test]
fn nothing_else_is_exchanged() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let token = bearer(&node, KEY);
    for (what, header) in [
        ("nothing", None),
        ("a wrong key", Some(("x-api-key", "sandbox2"))),
        ("another case", Some(("x-api-key", "Sandbox"))),
        ("an empty key", Some(("x-api-key", ""))),
        ("the beginning of a key", Some(("x-api-key", "sandbo"))),
        ("a bearer token", Some(("x-api-key", token.as_str()))),
        ("a bearer token in its own place", Some(("Authorization", "Bearer sandbox"))),
        ("a key of Rebilly", Some(("x-api-key", "sk_sandbox_coffer"))),
        ("a user of Worldpay", Some(("x-api-key", "sandbox:sandbox"))),
        ("a checkout of Worldpay", Some(("x-api-key", "sandbox-checkout"))),
        ("a native key", Some(("x-api-key", "ck_sandbox_redeem"))),
        ("an administrator's key", Some(("x-api-key", "ck_sandbox_admin"))),
        ("bytes that are no text", Some(("x-api-key", "\u{e9}"))),
    ] {
        let headers: Vec<_> = header.into_iter().collect();
        let answer = authorize(&node, &headers);
        assert_refused(&answer, 401, "not-authorized");
        assert!(answer.text().contains("We can’t verify your identity."), "{what}: {}", answer.text());
    }
    let twice = authorize(&node, &[("x-api-key", KEY), ("x-api-key", OTHER_KEY)]);
    assert_refused(&twice, 401, "not-authorized");
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = node.client().call(method, AUTHORIZE, &[("x-api-key", KEY)], b"");
        judge(&answer);
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
}

#[test]
fn a_bearer_token_lives_an_hour() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.path("secure-tokens");
    // Tokens end on a whole second; the clock of the test runs on meanwhile.
    node.advance(3_590);
    assert_eq!(shop.get(&path).status, 200);
    node.advance(11);
    assert_refused(&shop.get(&path), 401, "not-authorized");
    shop.bearer = bearer(&node, KEY);
    assert_eq!(shop.get(&path).status, 200, "a new one is good");
    assert!(now(&node) > 0);
}

#[test]
fn a_bearer_token_outlives_its_process_and_not_its_vault() {
    let (folder, elsewhere) = (home(), home());
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.bearer.clone();
    let id = text(&shop.secure(&super::calls::secure("kept", &super::calls::card())), "secureTokenId");
    node.kill();
    let node = Node::sandbox(folder.path());
    let mut again = Shop { client: node.client(), bearer: token.clone(), terminal: TERMINAL.to_owned() };
    assert_eq!(again.read(&id)["secureTokenId"], id);
    // Another vault with the same key of the same name knows nothing of it.
    let other = Node::sandbox(elsewhere.path());
    let mut stranger = Shop { client: other.client(), bearer: token, terminal: TERMINAL.to_owned() };
    let path = stranger.path("secure-tokens");
    assert_refused(&stranger.get(&path), 401, "not-authorized");
}

#[test]
fn a_bearer_token_that_was_touched_is_none() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let (path, token) = (shop.path("secure-tokens"), shop.bearer.clone());
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).expect("base64url");
    for at in 0..bytes.len() {
        for bit in [0x01, 0x80] {
            let mut touched = bytes.clone();
            touched[at] ^= bit;
            shop.bearer = BASE64URL_NOPAD.encode(&touched);
            assert_refused(&shop.get(&path), 401, "not-authorized");
        }
    }
    let upper = token.to_uppercase();
    for other in [
        "",
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}A"),
        &format!("{token}="),
        &format!("{token} x"),
        &upper,
        KEY,
        "sk_sandbox_coffer",
        "ck_sandbox_redeem",
        "ck_sandbox_admin",
    ] {
        shop.bearer = other.to_owned();
        assert_refused(&shop.get(&path), 401, "not-authorized");
    }
    shop.bearer = token;
    assert_eq!(shop.get(&path).status, 200);
}

#[test]
fn the_scheme_is_bearer_in_any_case() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let shop = Shop::of(&node);
    let path = shop.path("secure-tokens");
    for (value, status) in [
        (format!("Bearer {}", shop.bearer), 200),
        (format!("bearer {}", shop.bearer), 200),
        (format!("BEARER {}", shop.bearer), 200),
        (format!("Basic {}", shop.bearer), 401),
        (shop.bearer.clone(), 401),
        (format!("Bearer{}", shop.bearer), 401),
        ("Bearer".to_owned(), 401),
    ] {
        let answer = node.client().call("GET", &path, &[("Authorization", &value)], b"");
        judge(&answer);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let value = format!("Bearer {}", shop.bearer);
    let twice = [("Authorization", value.as_str()), ("Authorization", "Bearer x")];
    assert_eq!(node.client().call("GET", &path, &twice, b"").status, 401);
    // A key is no bearer token, nor the other way round.
    assert_eq!(node.client().call("GET", &path, &[("x-api-key", KEY)], b"").status, 401);
}

/// Another merchant's terminal, one that nobody has, and a form of the own one that is another text: one answer.
#[test]
fn a_bearer_token_is_for_the_terminals_of_its_merchant() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for (key, own, others) in [
        (
            KEY,
            vec!["1234001", "1234002", "123400%31"],
            vec!["9999001", "1234003", "12340", "01234001", "1234001%20", "x"],
        ),
        (OTHER_KEY, vec!["9999001"], vec!["1234001", "1234002", "9999002"]),
    ] {
        let mut shop = Shop::by(&node, key, "");
        for terminal in own {
            shop.terminal = terminal.to_owned();
            let path = shop.path("secure-tokens");
            assert_eq!(shop.get(&path).status, 200, "{terminal}");
        }
        let mut told = Vec::new();
        for terminal in others {
            shop.terminal = terminal.to_owned();
            let path = shop.path("secure-tokens");
            let answer = shop.get(&path);
            assert_refused(&answer, 403, "forbidden");
            assert_eq!(answer.json()["resource"], "processingTerminal");
            told.push(answer.text());
        }
        assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    }
}
