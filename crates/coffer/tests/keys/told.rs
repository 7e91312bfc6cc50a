//! What `coffer keys` tells whom: what is to be kept, who may give orders; and shares go to no pipe by themselves.

use std::{
    fs::{self, Permissions, set_permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use crate::{
    command::{Ran, on, typed},
    shares::Vault,
    support::{Node, home},
};

/// The user `nobody` and its group.
const NOBODY: &str = "65534";

const KEEP: &str = "has changed: it holds another root key. Keep a copy of the new file now";

#[test]
fn a_root_file_that_changed_is_to_be_kept() {
    let home = home();
    let node = Node::sandbox(home.path());
    let file = home.path().join("key").display().to_string();
    for words in [&["rotate"] as &[_], &["rotate", "--level", "root"]] {
        let before = fs::read(&file).unwrap();
        let ran = on(home.path(), words).ends(0);
        assert_ne!(fs::read(&file).unwrap(), before);
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(last.starts_with(&file) && last.contains(KEEP), "{}", ran.err);
        assert!(last.contains("open with the old root alone"), "{last}");
    }
    let report = on(home.path(), &["rotate", "--level", "root", "--json"]).ends(0);
    let told = report.json();
    assert_eq!(told["rootFile"]["path"], file, "{told}");
    assert!(told["rootFile"]["note"].as_str().unwrap().contains(KEEP), "{told}");
    assert!(report.err.contains(KEEP), "{}", report.err);
    // A file that has not changed is not spoken of.
    let report = on(home.path(), &["rotate", "--level", "locator", "--json"]).ends(0);
    assert!(report.json()["rootFile"].is_null() && report.err.is_empty(), "{}{}", report.out, report.err);
    drop(node);
}

fn as_nobody(home: &Path, words: &[&str]) -> Ran {
    let mut command = Command::new("setpriv");
    let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
    command.args([&user, &group]).args(["--clear-groups", env!("CARGO_BIN_EXE_coffer"), "keys"]);
    Ran::of(command.args(words).arg("--data").arg(home).output().expect("setpriv of util-linux, as root"))
}

#[test]
fn a_user_who_may_not_is_not_told_to_start_the_node() {
    let home = home();
    let _node = Node::sandbox(home.path());
    let mode = |path: &Path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let run = home.path().join("run");
    let sockets = fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().path());
    let socket = sockets.into_iter().find(|path| path.extension().is_some_and(|end| end == "sock")).unwrap();
    let refused = |said: &str| {
        for words in [&["status"] as &[_], &["rotate"], &["pause"]] {
            let ran = as_nobody(home.path(), words).ends(1);
            assert!(ran.err.contains(said), "{words:?}: {}", ran.err);
            assert!(ran.err.contains("Run this as the node's user or root"), "{words:?}: {}", ran.err);
            assert!(!ran.err.contains("start"), "{words:?}: {}", ran.err);
        }
    };
    refused("permission denied");
    mode(home.path(), 0o755);
    refused("permission denied");
    mode(&run, 0o755);
    refused("permission denied");
    mode(&socket, 0o666);
    refused("the node has turned this user away");
    on(home.path(), &["status"]).ends(0);
}

#[test]
fn shares_go_to_no_pipe_unless_that_is_said() {
    let vault = Vault::new();
    let refused = vault.run(&["init"]).ends(2);
    assert!(refused.out.is_empty() && refused.err.contains("--all"), "{}{}", refused.out, refused.err);
    let shown = vault.run(&["init", "--all", "--shares", "4", "--threshold", "2"]).ends(0).out;
    assert_eq!(shown.lines().filter(|line| line.starts_with("  ")).count(), 4);
    let last = shown.lines().last().unwrap();
    assert!(
        last.starts_with("root ") && last.ends_with("4 shares, any 2 open it; now start the node"),
        "{last}"
    );
    let shares = vault.init();
    let _node = vault.start();
    vault.unsealed(&shares, &[0, 1, 2]);
    let all = shares[..3].join("\n");
    let refused = typed(vault.keys(&["rotate", "--level", "root"]), &all).ends(2);
    assert!(refused.out.is_empty() && refused.err.contains("--all"), "{}{}", refused.out, refused.err);
}

#[test]
fn options_are_looked_at_before_anybody_types() {
    let vault = Vault::new();
    for (shares, threshold, said) in [
        ("2", "3", "3 shares cannot be needed where there are 2"),
        ("20", "3", "at most 16 shares"),
        ("5", "9", "9 shares cannot be needed where there are 5"),
        ("5", "1", "one share alone would be the root"),
    ] {
        for words in [&["init"] as &[_], &["rotate", "--level", "root"]] {
            let options = [words, &["--all", "--shares", shares, "--threshold", threshold]].concat();
            let refused = vault.run(&options).ends(2);
            assert!(refused.err.contains(said), "{options:?}: {}", refused.err);
        }
    }
    for words in [&["rotate", "--level", "data", "--shares", "7"] as &[_], &["rotate", "--all"]] {
        let refused = vault.run(words).ends(2);
        assert!(refused.err.contains("need --level root"), "{words:?}: {}", refused.err);
    }
    let home = home();
    let _node = Node::sandbox(home.path());
    let refused = on(home.path(), &["rotate", "--level", "root", "--shares", "7"]).ends(2);
    assert!(refused.err.contains("this one is in none"), "{}", refused.err);
    // Nobody is asked for a share that is not needed.
    let open = on(home.path(), &["unseal", "--json"]).ends(1);
    assert_eq!(open.json()["error"], "the vault is open: no share is needed");
}

#[test]
fn a_sealed_node_says_so_to_every_order() {
    let vault = Vault::new();
    vault.init();
    let _node = vault.start();
    for words in [&["pause"] as &[_], &["resume"], &["destroy"], &["rotate"]] {
        let json = [words, &["--json"]].concat();
        let refused = vault.run(&json).ends(1);
        let said = "the vault is sealed: custodians open it first (coffer keys unseal)";
        assert_eq!(refused.json()["error"], said, "{words:?}");
        assert!(refused.err.contains(said), "{words:?}: {}", refused.err);
    }
}

#[test]
fn a_key_file_that_cannot_be_read_is_named_before_the_kek_changes() {
    let home = home();
    let _node = Node::sandbox(home.path());
    let file = home.path().join("key");
    set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let refused = on(home.path(), &["rotate", "--level", "kek"]).ends(1);
    assert!(
        refused.err.contains(&file.display().to_string()) && refused.err.contains("0600"),
        "{}",
        refused.err
    );
    fs::rename(&file, home.path().join("elsewhere")).unwrap();
    let refused = on(home.path(), &["rotate", "--level", "kek"]).ends(1);
    assert!(refused.err.contains("is missing: put its copy back"), "{}", refused.err);
}
