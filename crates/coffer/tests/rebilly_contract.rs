//! Every operation of the Rebilly dialect through every status that the served document lists, over a socket of the
//! real binary. What comes is held against the document on the way (`support/contract.rs`) and recorded for
//! `cargo xtask contracts`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "rebilly_contract/bodies.rs"]
mod bodies;
#[path = "rebilly_contract/drive.rs"]
mod drive;
#[path = "rebilly_contract/refusals.rs"]
mod refusals;
#[path = "rebilly_contract/successes.rs"]
mod successes;

use std::collections::BTreeSet;

use drive::{Drive, Seen, operations};
use support::{Client, Node, home};

/// What no quiet test can bring about: a body that never ends, a vault that cannot serve, and, where the body is not
/// read as JSON, a broken one.
fn is_out_of_reach((operation, status): &(String, u16)) -> bool {
    matches!(status, 408 | 503) || (*status == 400 && operation.ends_with("/deactivation"))
}

#[test]
fn every_operation_answers_with_every_status_that_the_document_lists() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut drive = Drive::new(&node, folder.path());
    let listed: BTreeSet<(String, u16)> = operations(&node)
        .into_iter()
        .flat_map(|operation| {
            operation.statuses.iter().map(|status| (operation.name(), *status)).collect::<Vec<_>>()
        })
        .filter(|pair| !is_out_of_reach(pair))
        .collect();
    successes::tokens_and_instruments(&mut drive);
    successes::lists(&mut drive);
    successes::updates(&mut drive);
    successes::customers(&mut drive);
    successes::storefront(&mut drive);
    refusals::of_every_operation(&mut drive, &operations(&node));
    let mut seen = drive.seen;
    seen.extend(limited());
    assert_eq!(seen, listed, "all that is listed was seen, and nothing else was");
}

/// Every operation that is counted, once the organization has done too much.
fn limited() -> Seen {
    let folder = home();
    let node = Node::limited_sandbox(folder.path());
    let clients = node.clients;
    let mut drive = Drive::new(&node, folder.path());
    let customer = format!("Authorization: Bearer {}", drive.customer_jwt);
    // Servers have a window, and browsers have another.
    for (call, caller) in [
        ("POST /rebilly/tokens", "REB-APIKEY: sk_sandbox_coffer"),
        ("PATCH /rebilly/storefront/payment-instruments/x", &customer),
    ] {
        use_up(&mut node.client(), &format!("{call} HTTP/1.1\r\nHost: {clients}\r\n{caller}\r\n"));
    }
    for operation in operations(&node) {
        let answer = drive.by_whom_it_may(&operation, "x", b"{}");
        let expected = if operation.method == "GET" { [200, 404].as_slice() } else { [429].as_slice() };
        assert!(expected.contains(&answer.status), "{}: {}", operation.name(), answer.text());
        if answer.status == 429 {
            let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=600).contains(&seconds), "{seconds}");
            assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
            assert_eq!(answer.json()["title"], "Rate Limit Exceeded");
        }
    }
    drive.seen.into_iter().filter(|(_, status)| *status == 429).collect()
}

/// Spends all requests of the window. These answers are looked at by nobody: they differ in a count alone.
fn use_up(client: &mut Client, head: &str) {
    let request = format!("{head}Content-Length: 0\r\n\r\n");
    for _ in 0..10_000 {
        client.send(request.as_bytes()).expect("a request");
        match client.answer().expect("an answer").status {
            400 => {}
            429 => return,
            other => panic!("{other}"),
        }
    }
    panic!("there is no limit");
}
