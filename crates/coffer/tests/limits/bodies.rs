//! How much a body may be.

use std::time::{Duration, Instant};

use coffer_types::limits::{BODY_BYTES, JSON_DEPTH, JSON_MEMBERS};
use serde_json::{Value, json};

use super::raw::{Raw, chunked, create_head, create_request, padded};
use crate::support::{Node, SECRET, card, home};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn a_body_of_64_kib_is_read_and_one_byte_more_is_not() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    assert_eq!(BODY_BYTES, 65_536);
    let send = |body: &str, chunk: Option<usize>| {
        let mut raw = Raw::open(node.clients);
        let request = chunk.map_or_else(
            || create_request(body),
            |size| format!("{}Transfer-Encoding: chunked\r\n\r\n{}", create_head(), chunked(body, size)),
        );
        raw.status(&request)
    };
    for chunk in [None, Some(65_537), Some(4_096), Some(1_000), Some(7)] {
        assert_eq!(send(&padded(BODY_BYTES), chunk), Some(201), "{chunk:?}");
        assert_eq!(send(&padded(BODY_BYTES + 1), chunk), Some(413), "{chunk:?}");
        assert_eq!(send(&" ".repeat(BODY_BYTES), chunk), Some(400), "read, and not JSON: {chunk:?}");
    }
}

#[test]
fn a_body_that_is_announced_too_large_is_refused_before_it_comes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for length in ["65537", "1000000000000", "9223372036854775807"] {
        let mut raw = Raw::open(node.clients);
        let head = format!("{}Content-Length: {length}\r\n\r\n", create_head());
        assert_eq!(raw.status(&head), Some(413), "{length}");
        // Nobody waits for the rest, and nothing that follows is taken for a request.
        raw.send("GET /readyz HTTP/1.1\r\nHost: vault\r\n\r\n");
        let received = raw.until_closed(soon());
        assert!(received.answers.is_empty() && received.closed, "{length}: {received:?}");
    }
    for length in ["18446744073709551615", "18446744073709551616", "-1", "+5", "0x5", "5,5", "5 5", ""] {
        let mut raw = Raw::open(node.clients);
        raw.send(format!("{}Content-Length: {length}\r\n\r\n", create_head()));
        let received = raw.until_closed(soon());
        let statuses: Vec<u16> = received.answers.iter().map(|(status, _)| *status).collect();
        assert!(
            matches!(statuses[..], [] | [400 | 413 | 431]) && received.closed,
            "{length:?}: {received:?}"
        );
    }
}

#[test]
fn a_client_may_ask_before_it_sends() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let body = card().to_string();
    let ask = |length: usize| {
        format!(
            "{}Expect: 100-continue\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n",
            create_head()
        )
    };
    let mut raw = Raw::open(node.clients);
    raw.send(ask(body.len()) + &body);
    let received = raw.until_closed(soon());
    assert_eq!((received.interim, received.answers[0].0), (1, 201), "{received:?}");
    let mut raw = Raw::open(node.clients);
    raw.send(ask(BODY_BYTES + 1));
    let received = raw.until_closed(soon());
    assert_eq!(
        (received.interim, received.answers[0].0),
        (0, 413),
        "told before the body was sent: {received:?}"
    );
}

#[test]
fn json_is_bounded_in_depth_and_members() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut status =
        |body: &Value| client.call("POST", "/rebilly/tokens", &[SECRET], body.to_string().as_bytes()).status;
    let nested = |levels: usize| {
        let mut body = card();
        // With the body itself, so many levels of arrays and objects.
        body["x"] = (1..levels)
            .fold(json!(1), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"y": inner}) });
        body
    };
    assert_eq!(status(&nested(JSON_DEPTH)), 201);
    assert_eq!(status(&nested(JSON_DEPTH + 1)), 400);
    let listed = |count: usize| {
        let mut body = card();
        let known = 3 + 4 + 3;
        body["x"] = json!(vec![0; count - known - 1]);
        body
    };
    assert_eq!(status(&listed(JSON_MEMBERS)), 201);
    assert_eq!(status(&listed(JSON_MEMBERS + 1)), 400);
    for depth in [1_000, 30_000] {
        let body = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(node.client().call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes()).status, 400);
    }
}

#[test]
fn a_name_stands_once_in_an_object() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let good = card().to_string();
    for (from, to) in [
        ("\"cvv\"", "\"pan\":\"5555555555554444\",\"cvv\""),
        ("\"cvv\"", "\"c\\u0076v\":\"999\",\"cvv\""),
        ("\"method\"", "\"method\":\"payment-card\",\"method\""),
        ("\"method\"", "\"x\":{\"y\":[{\"z\":1,\"z\":1}]},\"method\""),
        ("\"country\"", "\"country\":null,\"country\""),
    ] {
        let body = good.replacen(from, to, 1);
        assert_ne!(body, good);
        let answer = client.call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
    }
    for body in [
        "",
        " ",
        "nul",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1}{}",
        "\u{feff}{}",
        "{\"a\":NaN}",
        "{\"a\":\"\u{1}\"}",
    ] {
        let answer = client.call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes());
        assert_eq!(answer.status, 400, "{body:?}");
    }
    let answer = client.call("POST", "/rebilly/tokens", &[SECRET], b"{\"method\":\"\xff\xfe\"}");
    assert_eq!(answer.status, 400);
}

#[test]
fn a_connection_outlives_refusals_whenever_the_body_comes() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for late in 0..200 {
        let head =
            "POST /rebilly/tokens HTTP/1.1\r\nHost: x\r\nREB-APIKEY: nobody\r\nContent-Length: 2\r\n\r\n";
        client.send(head.as_bytes()).expect("the connection is open");
        if late % 2 == 0 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        client.send(b"{}").expect("the connection is open");
        let answer = client.answer().expect("an answer");
        assert_eq!(answer.status, 401, "{late}");
        assert_eq!(answer.header("connection"), None, "{late}");
    }
    // A body that does not come ends the connection, and the answer says so.
    let head = "POST /rebilly/tokens HTTP/1.1\r\nHost: x\r\nREB-APIKEY: nobody\r\nContent-Length: 2\r\n\r\n";
    client.send(head.as_bytes()).expect("the connection is open");
    let answer = client.answer().expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
}
