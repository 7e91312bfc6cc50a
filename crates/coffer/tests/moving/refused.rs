//! What the commands refuse, in words that say what to do.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{
    commands::{export, import, run, text, with_key_of},
    fill::{begun, filled},
};
use crate::{
    live::{Live, refusal, sandbox},
    support::{Node, free_address, home},
};

fn refused(arguments: &[&str], why: &str) {
    let said = run(arguments);
    assert_eq!(said.code, Some(1), "{arguments:?}: {}", said.stderr);
    assert!(said.stderr.contains(why), "{arguments:?}: {}", said.stderr);
    assert!(said.stdout.is_empty());
}

#[test]
fn one_store_is_named_and_help_teaches() {
    for arguments in [
        &["export", "--to", "x"][..],
        &["import", "--from", "x"],
        &["export", "--config", "a", "--data", "b", "--to", "x"],
        &["import", "--from", "x", "--store", "postgres://x"],
        &["fsck"],
    ] {
        assert_eq!(run(arguments).code, Some(2), "{arguments:?}");
    }
    for (command, words) in
        [("export", "goes on where it ended"), ("import", "--verify-only"), ("migrate", "must be stopped")]
    {
        let help = run(&[command, "--help"]);
        assert!(help.code == Some(0) && help.stdout.contains(words), "{}", help.stdout);
    }
}

#[test]
fn each_refusal_says_what_to_do() {
    let (first, second, out) = (filled(2_000), home(), home());
    let to = out.path().join("vault");
    refused(&["import", "--data", text(first.path()), "--from", text(&to)], "no export in this folder");
    export(first.path(), &to);
    refused(&["export", "--data", text(first.path()), "--to", text(&to)], "finished export");
    refused(
        &["export", "--data", text(second.path()), "--to", text(&to)],
        "there is no store in this folder",
    );
    let home_of_second = second.path();
    refused(&["import", "--data", text(home_of_second), "--from", text(&to)], "copy the key");

    // Another root key: no store is made.
    fs::write(home_of_second.join("key"), "77".repeat(32)).unwrap();
    fs::set_permissions(home_of_second.join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    refused(
        &["import", "--data", text(home_of_second), "--from", text(&to)],
        "this root key does not belong to this export: the export's keys are under root",
    );
    assert!(!home_of_second.join("data").exists());

    // The vault of a live node never comes out of a sandbox's.
    let live = Live::new();
    live.write("coffer.toml", &live.config(), 0o600);
    let config = live.path("coffer.toml");
    refused(&["import", "--config", text(&config), "--from", text(&to)], "another environment");

    // A part that was changed.
    with_key_of(first.path(), home_of_second);
    let part = to.join("part-000001.cfx");
    let whole = fs::read(&part).unwrap();
    let mut bent = whole.clone();
    bent[500] ^= 1;
    fs::write(&part, bent).unwrap();
    refused(
        &["import", "--data", text(home_of_second), "--from", text(&to)],
        "part-000001.cfx of the export was changed",
    );
    fs::write(&part, whole).unwrap();
    assert_eq!(import(home_of_second, &to, &[]).code, Some(0));
    assert_eq!(import(home_of_second, &to, &["--verify-only"]).code, Some(0));

    // A node uses the target; then it is another vault than the export.
    let node = Node::sandbox(home_of_second);
    refused(&["import", "--data", text(home_of_second), "--from", text(&to)], "another process is using");
    drop(node);
    refused(&["import", "--data", text(home_of_second), "--from", text(&to)], "the target is not empty");
    let said = import(home_of_second, &to, &["--verify-only"]);
    assert_eq!(said.code, Some(1), "its start is in the audit log");
    assert!(said.stdout.contains("NOT EQUAL") && said.stdout.contains("extra in audit"), "{}", said.stdout);
}

#[test]
fn half_a_vault_is_served_by_nobody() {
    let (first, second, out) = (filled(30_000), home(), home());
    let to = out.path().join("vault");
    let manifest = export(first.path(), &to);
    with_key_of(first.path(), second.path());
    begun(second.path(), manifest["export"].as_str().expect("an id"));
    let said = refusal(sandbox(&free_address().to_string(), second.path()));
    assert!(said.contains("import into this store was not finished"), "{said}");
    refused(
        &["export", "--data", text(second.path()), "--to", text(&out.path().join("other"))],
        "import into this store was not finished",
    );
    assert_eq!(import(second.path(), &to, &[]).code, Some(0));
    drop(Node::sandbox(second.path()));
}

#[test]
fn a_store_of_this_version_needs_no_migration() {
    let home = filled(10);
    let said = run(&["migrate", "--data", text(home.path())]);
    assert_eq!((said.code, said.stdout.contains("nothing to migrate")), (Some(0), true), "{}", said.stderr);
    let none = crate::support::home();
    refused(&["migrate", "--data", text(none.path())], "there is no store in this folder");
}
