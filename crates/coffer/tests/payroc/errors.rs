//! Media types, methods, paths, and bodies that are no JSON or too much of it (sections 1.2 and 9).

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::json;

use super::calls::{
    API, Shop, assert_names, assert_refused, card, fresh_key, judge, names, parameters, request, secure, text,
};
use crate::support::{Node, home};

/// Body bytes that a node takes.
const BODY_BYTES: usize = 65_536;

#[test]
fn bodies_are_json() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("one", &card()));
    let (patch, create) = (shop.secure_path("one"), shop.path("single-use-tokens"));
    let body = request(&card()).to_string();
    for (media, status) in [
        (vec!["application/json"], 0),
        (vec!["application/json; charset=utf-8"], 0),
        (vec!["application/json;charset=UTF-8"], 0),
        (vec!["Application/JSON"], 0),
        (vec![], 415),
        (vec![""], 415),
        (vec!["text/plain"], 415),
        (vec!["text/json"], 415),
        (vec!["application/jsonx"], 415),
        (vec!["application/problem+json"], 415),
        (vec!["application/x-www-form-urlencoded"], 415),
        (vec!["application/json", "application/json"], 415),
    ] {
        for (method, path, body, good) in
            [("POST", &create, body.as_str(), 201), ("PATCH", &patch, "[]", 200)]
        {
            let key = fresh_key();
            let mut headers = vec![("Idempotency-Key", key.as_str())];
            headers.extend(media.iter().map(|media| ("Content-Type", *media)));
            let answer = shop.send(method, path, &headers, body.as_bytes());
            if status == 0 {
                assert_eq!(answer.status, good, "{media:?}: {}", answer.text());
            } else {
                assert_refused(&answer, 415, "unsupported-media-type");
            }
        }
    }
    // The type that RFC 6902 has for a patch.
    let key = fresh_key();
    let headers = [("Content-Type", "application/json-patch+json"), ("Idempotency-Key", key.as_str())];
    assert_eq!(shop.send("PATCH", &patch, &headers, b"[]").status, 200);
}

#[test]
fn answers_are_json() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("one", &card()));
    let (read, list, create) =
        (shop.secure_path("one"), shop.path("secure-tokens"), shop.path("single-use-tokens"));
    let body = request(&card()).to_string();
    for (accept, taken) in [
        (vec!["*/*"], true),
        (vec!["application/*"], true),
        (vec!["application/json"], true),
        (vec!["APPLICATION/JSON;q=0.5"], true),
        (vec!["text/html, application/json"], true),
        (vec!["text/html", "*/*;q=0.1"], true),
        (vec![""], true),
        (vec!["text/html"], false),
        (vec!["application/xml, text/*"], false),
        (vec!["application/jsonx"], false),
        (vec!["text/html", "image/png"], false),
    ] {
        let accepts: Vec<_> = accept.iter().map(|text| ("Accept", *text)).collect();
        for path in [&read, &list] {
            let answer = shop.send("GET", path, &accepts, b"");
            if taken {
                assert_eq!(answer.status, 200, "{accept:?}: {}", answer.text());
            } else {
                assert_refused(&answer, 406, "not-acceptable");
            }
        }
        let key = fresh_key();
        let mut headers = vec![("Idempotency-Key", key.as_str()), ("Content-Type", "application/json")];
        headers.extend(accepts);
        let answer = shop.send("POST", &create, &headers, body.as_bytes());
        if taken {
            assert_eq!(answer.status, 201, "{accept:?}: {}", answer.text());
        } else {
            assert_refused(&answer, 406, "not-acceptable");
        }
    }
}

#[test]
fn paths_have_their_methods() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.path("secure-tokens/one");
    for (path, allowed) in [
        ("/payroc/authorize".to_owned(), vec!["POST"]),
        (shop.path("single-use-tokens"), vec!["POST"]),
        (shop.path("secure-tokens"), vec!["GET", "POST"]),
        (token.clone(), vec!["DELETE", "GET", "PATCH"]),
        (format!("{token}/update-account"), vec!["POST"]),
        (shop.path("hosted-fields-sessions"), vec!["POST"]),
        (shop.path("apple-pay-sessions"), vec!["POST"]),
        (format!("{API}/hosted-fields-sessions/x/configuration"), vec!["GET"]),
        (format!("{API}/hosted-fields-sessions/x/fields"), vec!["POST"]),
        (format!("{API}/hosted-fields-sessions/x/single-use-tokens"), vec!["POST"]),
        (format!("{API}/payments"), vec!["POST"]),
        (format!("{API}/bank-transfer-payments"), vec!["POST"]),
        ("/payroc/openapi.json".to_owned(), vec!["GET"]),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            // The other merchant's credentials would not help: the method comes first.
            let answer = node.client().call(method, &path, &[], b"");
            if allowed.contains(&method) {
                assert_ne!(answer.status, 405, "{method} {path}");
                continue;
            }
            judge(&answer);
            assert_eq!(answer.status, 405, "{method} {path}");
            let told = answer.header("allow").expect("Allow");
            let mut told: Vec<&str> = told.split(", ").collect();
            told.sort_unstable();
            assert_eq!(told, allowed, "{path}");
        }
    }
    shop.secure(&secure("one", &card()));
    assert_eq!(shop.get(&format!("{token}/")).status, 200, "one slash at the end makes no difference");
}

#[test]
fn other_paths_are_not_there() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for path in [
        "/payroc",
        "/payroc/v1",
        "/payroc/v2/payments",
        "/payroc/processing-terminals/1234001/secure-tokens",
        "/payroc/v1/processing-terminals",
        "/payroc/v1/processing-terminals/1234001",
        "/payroc/v1/processing-terminals/1234001/single-use-tokens/x",
        "/payroc/v1/processing-terminals/1234001/secure-tokens/x/y",
        "/payroc/v1/processing-terminals/1234001/Secure-Tokens",
        "/payroc/v1/payments/x",
        "/payroc/v1/hosted-fields-sessions/x",
    ] {
        for method in ["GET", "POST", "PATCH", "DELETE"] {
            let answer = shop.send(method, path, &[], b"");
            assert_refused(&answer, 404, "not-found");
            assert_eq!(names(&answer.json()), ["detail", "resource", "status", "title", "type"], "{path}");
        }
    }
}

/// The head of an answer to a request that is sent as it is, and whatever follows until the node closes.
fn raw(node: &Node, request: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(node.clients).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").expect("a head") + 4;
    (String::from_utf8_lossy(&answer[..end]).to_lowercase(), answer[end..].to_vec())
}

#[test]
fn head_is_get_without_the_body() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("one", &card()));
    for (path, status) in [
        (shop.secure_path("one"), 200),
        (shop.path("secure-tokens"), 200),
        (shop.secure_path("two"), 404),
        ("/payroc/openapi.json".to_owned(), 200),
        (shop.path("single-use-tokens"), 405),
    ] {
        let (host, bearer) = (node.clients, &shop.bearer);
        let head = format!(
            "HEAD {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {bearer}\r\nConnection: close\r\n\r\n"
        );
        let (told, body) = raw(&node, &head);
        assert!(told.starts_with(&format!("http/1.1 {status} ")), "{path}: {told}");
        assert!(told.contains("content-type: application/") && body.is_empty(), "{told}");
    }
}

#[test]
fn a_body_has_its_limits() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.path("single-use-tokens");
    let body = request(&card()).to_string();
    let send = |shop: &mut Shop, body: &[u8]| {
        let key = fresh_key();
        let headers = [("Idempotency-Key", key.as_str()), ("Content-Type", "application/json")];
        shop.send("POST", &path, &headers, body)
    };
    let padded = |bytes: usize| format!("{body}{}", " ".repeat(bytes - body.len()));
    assert_eq!(send(&mut shop, padded(BODY_BYTES).as_bytes()).status, 201);
    assert_refused(&send(&mut shop, padded(BODY_BYTES + 1).as_bytes()), 413, "payload-too-large");
    let mut shop = Shop::of(&node);
    let (key, bearer) = (fresh_key(), format!("Bearer {}", shop.bearer));
    let headers =
        [("Authorization", bearer.as_str()), ("Idempotency-Key", &key), ("Content-Type", "application/json")];
    let announced = node.client().announce("POST", &path, &headers, 1 << 30).expect("an answer");
    assert_refused(&announced, 413, "payload-too-large");
    assert_eq!(announced.json()["title"], "Payload too large");
    // Levels, the body's own among them.
    let nested = |levels: usize| {
        let deep = format!("{}{}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        format!("{{\"unknown\":{deep},{}", &body[1..])
    };
    assert_eq!(send(&mut shop, nested(32).as_bytes()).status, 201);
    assert_names(&send(&mut shop, nested(33).as_bytes()), "body");
    assert_names(&send(&mut shop, nested(20_000).as_bytes()), "body");
    let wide = |members: usize| format!("{{\"unknown\":[{}],{}", vec!["1"; members].join(","), &body[1..]);
    assert_eq!(send(&mut shop, wide(1_000).as_bytes()).status, 201);
    assert_names(&send(&mut shop, wide(1_025).as_bytes()), "body");
}

#[test]
fn what_is_no_json_is_said_so() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("one", &card()));
    let good = request(&card()).to_string();
    let twice = good.replacen("\"channel\":\"web\"", "\"channel\":\"web\",\"channel\":\"pos\"", 1);
    let broken = [
        &b""[..],
        b" ",
        b"{",
        b"}",
        b"{\"channel\":}",
        b"{\"channel\":\"web\",}",
        b"{'channel':'web'}",
        b"{\"channel\":\"\xff\"}",
        b"{\"channel\":\"\\ud800\"}",
        b"channel=web",
        b"nul",
        &good.as_bytes()[..good.len() - 1],
        twice.as_bytes(),
    ];
    let (create, keep, account) = (
        shop.path("single-use-tokens"),
        shop.path("secure-tokens"),
        shop.secure_path("one") + "/update-account",
    );
    let (sessions, patch) = (shop.path("hosted-fields-sessions"), shop.secure_path("one"));
    for body in broken {
        for (method, path) in
            [("POST", &create), ("POST", &keep), ("POST", &account), ("POST", &sessions), ("PATCH", &patch)]
        {
            let key = fresh_key();
            let headers = [("Idempotency-Key", key.as_str()), ("Content-Type", "application/json")];
            let answer = shop.send(method, path, &headers, body);
            assert_eq!(parameters(&answer), ["body"], "{path}: {}", answer.text());
            // The same again under the same key is the same; something else is not.
            let again = shop.send(method, path, &headers, body);
            assert_eq!((again.status, again.text()), (400, answer.text()));
            let other = shop.send(method, path, &headers, b"{\"x\":1}");
            assert_refused(&other, 409, "idempotency-key-in-use");
        }
    }
}

#[test]
fn keys_are_uuids_of_version_4() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("one", &card()));
    let paths = [
        ("POST", shop.path("single-use-tokens")),
        ("POST", shop.path("secure-tokens")),
        ("POST", shop.secure_path("one") + "/update-account"),
        ("PATCH", shop.secure_path("one")),
        ("POST", shop.path("hosted-fields-sessions")),
        ("POST", format!("{API}/payments")),
        ("POST", format!("{API}/bank-transfer-payments")),
    ];
    for (method, path) in &paths {
        let json = ("Content-Type", "application/json");
        let answer = shop.send(method, path, &[json], b"{}");
        assert_refused(&answer, 400, "idempotency-key-missing");
        for key in [
            "",
            "x",
            "8e03978e-40d5-13e8-bc93-6894a57f9324",
            "8e03978e-40d5-73e8-bc93-6894a57f9324",
            "8e03978e-40d5-43e8-cc93-6894a57f9324",
            "8e03978e40d543e8bc936894a57f9324",
            "{8e03978e-40d5-43e8-bc93-6894a57f9324}",
            "8e03978e-40d5-43e8-bc93-6894a57f932",
            "8e03978e-40d5-43e8-bc93-6894a57f932g",
            "00000000-0000-0000-0000-000000000000",
        ] {
            let answer = shop.send(method, path, &[json, ("Idempotency-Key", key)], b"{}");
            assert_names(&answer, "Idempotency-Key");
        }
        let (one, other) = (fresh_key(), fresh_key());
        let twice = [json, ("Idempotency-Key", one.as_str()), ("Idempotency-Key", other.as_str())];
        assert_names(&shop.send(method, path, &twice, b"{}"), "Idempotency-Key");
    }
}

/// A 401 is said in the same words whatever was wrong, and nothing that was shown comes back.
#[test]
fn a_refusal_repeats_nothing() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let secrets = ["4539858876047062", "SECRETTEXT", "987654321099"];
    let body = json!({"channel": secrets[1], "operator": [secrets[0]], "source": {"type": secrets[1],
        "cardDetails": secrets[2]}});
    for path in ["single-use-tokens", "secure-tokens", "hosted-fields-sessions", "apple-pay-sessions"] {
        let answer = shop.post(path, &body);
        assert_eq!(answer.status, 400, "{}", answer.text());
        for secret in secrets {
            assert!(!answer.text().contains(secret), "{}", answer.text());
        }
    }
    let title = text(&node.client().call("GET", &shop.path("secure-tokens"), &[], b"").json(), "title");
    assert_eq!(title, "Not authorized");
}
