//! Who may call changes while the node serves: secrets, credentials, issuers. What is wrong changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/live.rs"]
mod live;
mod support;

use std::{
    thread,
    time::{Duration, Instant},
};

use live::{ALPHA, Live};
use serde_json::json;
use support::{Node, card, log::Log};

/// The longest that a change takes to be seen: some looks at the files.
const SEEN: Duration = Duration::from_secs(20);
const ALPHA_SECRET: &str = "sk_live_alpha_0001";
const NEXT_SECRET: &str = "sk_live_alpha_0002";

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SEEN;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What making a token with this secret is answered.
fn status(node: &Node, secret: &str) -> u16 {
    let body = card().to_string();
    node.client().call("POST", "/rebilly/tokens", &[("REB-APIKEY", secret)], body.as_bytes()).status
}

/// Writes the configuration over the one that the node reads.
fn write(live: &Live, config: &str) {
    live.write("coffer.toml", config, 0o644);
}

#[test]
fn a_secret_is_changed_with_both_in_force_meanwhile() {
    let live = Live::new();
    let mut node = live.start();
    assert_eq!((status(&node, ALPHA_SECRET), status(&node, NEXT_SECRET)), (201, 401));
    // Both, while callers change over.
    live.write("alpha-next", NEXT_SECRET, 0o600);
    let line = format!("secret = {{ file = \"{}\" }}\n", live.path("alpha-secret").display());
    let both =
        live.config().replacen(&line, &format!("{line}next_secret = {{ file = \"alpha-next\" }}\n"), 1);
    write(&live, &both);
    until("the next secret is taken", || status(&node, NEXT_SECRET) == 201);
    assert_eq!(status(&node, ALPHA_SECRET), 201, "and the one before as well");
    // Then the next one alone, in the place of the first.
    live.write("alpha-secret", NEXT_SECRET, 0o600);
    node.wait_until_said(&["credential alpha-secret", "the same secret"]);
    assert_eq!(
        (status(&node, ALPHA_SECRET), status(&node, NEXT_SECRET)),
        (201, 201),
        "a wrong step changes nothing"
    );
    write(&live, &live.config());
    until("the old secret is refused", || status(&node, ALPHA_SECRET) == 401);
    assert_eq!(status(&node, NEXT_SECRET), 201);
    // Each step that was taken is a fact, by name and without a secret.
    assert!(node.stop());
    let log = Log::of_live(&live.path("data"));
    let told = log.of_action("callers.change");
    assert_eq!(told.len(), 2, "{told:?}");
    for line in &told {
        assert_eq!((&line["actor"], &line["reason"]), (&json!("system"), &json!("changed alpha-secret")));
    }
    let said = node.said();
    assert!(!said.contains(ALPHA_SECRET) && !said.contains(NEXT_SECRET), "no secret is logged");
}

#[test]
fn credentials_come_and_go_and_what_needs_a_restart_is_named() {
    let live = Live::new();
    let node = live.start();
    let config = live.config();
    // A new one, and one that is gone; and a line that is not taken over.
    live.write("gamma", "sk_live_gamma_0001", 0o600);
    let gamma = format!(
        "[[credentials]]\nname = \"gamma\"\nkind = \"rebilly-secret\"\norganizations = [\"{ALPHA}\"]\n\
         secret = {{ file = \"gamma\" }}\n"
    );
    let (before, rest) = config.split_once("[[credentials]]\nname = \"both-secret\"").unwrap();
    assert!(rest.ends_with("both-secret\" }\n"), "it was the last: {rest}");
    write(&live, &format!("log = \"debug\"\n{before}{gamma}"));
    until("the new one is known", || status(&node, "sk_live_gamma_0001") == 201);
    assert_eq!(status(&node, "sk_live_both_0001"), 401, "the other is gone");
    node.wait_until_said(&["need a restart", "\"reason\":\"log\"", "added gamma; removed both-secret"]);
    // A tenant is not made by the way: whoever needs one restarts.
    let tenant = "[[tenants]]\nnumber = 9\norganization = \"org_new\"\n";
    let wrong = gamma.replace(ALPHA, "org_new").replace("\"gamma\"\nkind", "\"delta\"\nkind");
    write(&live, &format!("{config}{tenant}{wrong}"));
    node.wait_until_said(&["credential delta", "no organization org_new"]);
    assert_eq!(status(&node, "sk_live_gamma_0001"), 201, "nothing changed");
    // Text that is no configuration changes nothing either.
    write(&live, "listen = ");
    node.wait_until_said(&["coffer.toml: line 1"]);
    assert_eq!((status(&node, "sk_live_gamma_0001"), status(&node, ALPHA_SECRET)), (201, 201));
    write(&live, &config);
    until("as it was", || status(&node, "sk_live_gamma_0001") == 401);
    assert_eq!(status(&node, "sk_live_both_0001"), 201);
}

#[test]
fn a_secret_file_that_becomes_open_is_not_taken() {
    let live = Live::new();
    let node = live.start();
    live.write("alpha-secret", NEXT_SECRET, 0o644);
    node.wait_until_said(&["credential alpha-secret", "alpha-secret can be read or written by others"]);
    assert_eq!((status(&node, ALPHA_SECRET), status(&node, NEXT_SECRET)), (201, 401));
    live.write("alpha-secret", NEXT_SECRET, 0o600);
    until("now it is", || status(&node, NEXT_SECRET) == 201);
    assert_eq!(status(&node, ALPHA_SECRET), 401);
}
