//! Rebilly's own SDK, unchanged and pinned, drives the real sandbox: what a shop's code sees is what it is used to.
//!
//! `sdk/steps.mjs` says what is called, `sdk/steps.rs` what must come out. Needs node and npm: `cargo xtask preflight`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "sdk/install.rs"]
mod install;
#[path = "sdk/steps.rs"]
mod steps;

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::Value;
use steps::{STEPS, Told};
use support::{Node, home};

/// The customer whose token the storefront is shown.
const CUSTOMER: &str = "cus_at_the_storefront";

#[test]
fn the_sdk_works_with_the_organization_of_its_configuration() {
    drive(
        "org_sandbox",
        "/rebilly/organizations/org_sandbox",
        "/rebilly/storefront/organizations/org_sandbox",
    );
}

#[test]
fn the_sdk_works_without_an_organization() {
    drive("", "/rebilly", "/rebilly/storefront");
}

/// Runs the steps in a sandbox of their own and checks what the SDK gave for each.
fn drive(organization: &str, prefix: &str, storefront: &str) {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let shop = install::shop();
    let server = format!("http://{}", node.clients);

    let mut command = Command::new("node");
    command.arg(shop.path().join("drive.mjs")).arg(format!("{server}/rebilly")).arg(organization);
    command.args(STEPS.iter().map(|(name, _)| name));
    command.env("CUSTOMER_JWT", customer_token(folder.path()));
    // No proxy stands between a test and its own node.
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    let output = command.output().expect("node runs");
    let (said, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complaint}\n{said}");

    let lines: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let outcomes: BTreeMap<String, Value> =
        lines.into_iter().map(|line| (line["step"].as_str().expect("a step").to_owned(), line)).collect();
    assert_eq!(outcomes.len(), STEPS.len(), "a line for every step: {said}");
    let told = Told { server, prefix: prefix.to_owned(), storefront: storefront.to_owned(), outcomes };
    for (_, check) in STEPS {
        check(&told);
    }
}

/// What the sandbox signs for a customer of the shop.
fn customer_token(folder: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    let output = command
        .args(["sandbox-jwt", "--customer", CUSTOMER, "--data"])
        .arg(folder)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
