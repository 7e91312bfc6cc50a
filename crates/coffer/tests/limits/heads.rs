//! How much a head may be.

use std::time::{Duration, Instant};

use coffer_types::limits::{HEADER_BYTES, HEADER_COUNT};

use super::raw::{Raw, Received};
use crate::support::{Node, home};

fn ask(node: &Node, request: &str) -> Received {
    let mut raw = Raw::open(node.clients);
    raw.send(request);
    raw.until_closed(Instant::now() + Duration::from_secs(20))
}

/// A health question with so many headers in all.
fn with_headers(count: usize) -> String {
    let more = "X-More: y\r\n".repeat(count - 2);
    format!("GET /livez HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n{more}\r\n")
}

/// A health question whose line and headers have so many bytes in all.
fn with_bytes(bytes: usize) -> String {
    let rest = "GET /livez HTTP/1.1\r\nHost: vault\r\nConnection: close\r\nX-Fill: \r\n\r\n";
    rest.replace("X-Fill: ", &format!("X-Fill: {}", "y".repeat(bytes - rest.len())))
}

/// Refused as too much, or closed; never served, never our fault.
fn assert_refused(received: &Received, what: &str) {
    let statuses: Vec<u16> = received.answers.iter().map(|(status, _)| *status).collect();
    assert!(matches!(statuses[..], [] | [400 | 414 | 431]) && received.closed, "{what}: {received:?}");
}

#[test]
fn a_hundred_headers_and_no_more() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    assert_eq!(HEADER_COUNT, 100);
    for count in [2, 50, HEADER_COUNT] {
        assert_eq!(ask(&node, &with_headers(count)).answers, [(200, "live\n".to_owned())], "{count}");
    }
    for count in [HEADER_COUNT + 1, HEADER_COUNT * 2, 1_000] {
        assert_refused(&ask(&node, &with_headers(count)), &format!("{count} headers"));
    }
}

#[test]
fn sixteen_kib_of_head_and_not_much_more() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    for bytes in [1_000, HEADER_BYTES / 2, HEADER_BYTES - 1_024] {
        assert_eq!(ask(&node, &with_bytes(bytes)).answers, [(200, "live\n".to_owned())], "{bytes}");
    }
    for bytes in [HEADER_BYTES * 2, HEADER_BYTES * 16] {
        assert_refused(&ask(&node, &with_bytes(bytes)), &format!("{bytes} bytes"));
    }
    let long_line = format!("GET /{} HTTP/1.1\r\nHost: vault\r\n\r\n", "y".repeat(HEADER_BYTES * 2));
    assert_refused(&ask(&node, &long_line), "a long line");
    let long_name =
        format!("GET /livez HTTP/1.1\r\nHost: vault\r\n{}: y\r\n\r\n", "y".repeat(HEADER_BYTES * 2));
    assert_refused(&ask(&node, &long_name), "a long name");
    assert_eq!(node.client().call("GET", "/livez", &[], b"").status, 200);
}
