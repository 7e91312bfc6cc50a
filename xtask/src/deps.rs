//! What we depend on: counted here, judged by cargo-deny with `deny.toml`.

use crate::tidy::manifest;
use crate::{Failure, cargo, no_arguments};
use std::process::Stdio;

/// Prints the number of direct external dependencies, then checks licences, sources and bans.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    no_arguments(arguments)?;
    let path = cargo::root().join("Cargo.toml");
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::because(format!("cannot read Cargo.toml: {error}")))?;
    let external = manifest::external(&text).len();
    println!("direct external dependencies: {external} of at most {}", manifest::EXTERNAL_MAX);

    let mut probe = cargo::cargo();
    let probe = probe.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !cargo::status(probe)?.success() {
        return Err(Failure::because("cargo-deny is missing: cargo install cargo-deny --locked"));
    }
    cargo::succeed(cargo::cargo().args(["deny", "--all-features", "check", "licenses", "sources", "bans"]))
}
