//! A root or a share that is not the vault's is told at once, with both ids, by every command that takes one, and never
//! as a problem of the store.

use std::{fs, process::Command};

use crate::{
    command::{Ran, typed},
    shares::Vault,
    support::{Node, home},
};

fn on(vault: &Vault, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.args(words).arg("--config").arg(vault.path("coffer.toml"));
    command
}

fn lines(shares: &[String]) -> String {
    shares.join("\n") + "\n"
}

/// Refused by the first share, before any is counted.
fn refused(ran: Ran, said: &str) {
    let ran = ran.ends(1);
    assert!(ran.err.contains(said), "{said}: {}", ran.err);
    assert!(!ran.err.contains("of 3") && !ran.out.contains("PROBLEM"), "{}{}", ran.out, ran.err);
}

#[test]
fn foreign_shares_are_refused_at_once_by_every_command_that_opens_a_vault() {
    let (vault, other) = (Vault::new(), Vault::new());
    let (own, foreign) = (vault.init(), other.init());
    let node = vault.start();
    vault.unsealed(&own, &[0, 1, 2]);
    let root = vault.status()["root"].as_str().unwrap().to_owned();
    drop(node);
    let to = vault.path("out");
    let to = to.to_str().unwrap();
    let apart = vault.path("apart");
    let apart = apart.to_str().unwrap();
    let is_the_stores = format!("which does not open this store: the store's is {root}");
    let commands: [&[&str]; 3] =
        [&["fsck"], &["export", "--to", apart, "--keys-only"], &["export", "--to", to]];
    for words in commands {
        refused(typed(on(&vault, words), &lines(&foreign[..3])), &is_the_stores);
        typed(on(&vault, words), &lines(&own[1..4])).ends(0);
    }
    assert!(!vault.path("out").join("lock").exists() && !vault.path("apart").join("lock").exists());
    // An import asks for the shares of what was exported, whatever the place where it goes.
    let is_the_exports = format!("the export's keys are under root {root}");
    let import = || on(&other, &["import", "--from", to]);
    refused(typed(import(), &lines(&foreign[..3])), &is_the_exports);
    fs::remove_file(vault.path("out").join("keys.cfx")).unwrap();
    refused(typed(import(), &lines(&own[..3])), "--keys FILE");
    let keys = vault.path("apart").join("keys.cfx");
    let import = || on(&other, &["import", "--from", to, "--keys", keys.to_str().unwrap()]);
    refused(typed(import(), &lines(&foreign[..3])), &is_the_exports);
    typed(import(), &lines(&own[2..])).ends(0);
    typed(on(&other, &["fsck"]), &lines(&own[..3])).ends(0);
}

#[test]
fn a_foreign_key_file_is_no_problem_of_the_store() {
    let (folder, other) = (home(), home());
    for folder in [&folder, &other] {
        assert!(Node::sandbox(folder.path()).stop(), "it ends");
    }
    let fsck = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        Ran::of(command.args(["fsck", "--data"]).arg(folder.path()).output().unwrap())
    };
    fsck().ends(0);
    let key = folder.path().join("key");
    let own = fs::read(&key).unwrap();
    fs::write(&key, fs::read(other.path().join("key")).unwrap()).unwrap();
    let said = "this root key does not belong to this store: it is root ";
    refused(fsck(), said);
    let start = Node::try_sandbox(folder.path()).err().expect("it does not start");
    assert!(start.contains(said) && start.contains(", the store's is "), "{start}");
    fs::write(&key, own).unwrap();
    fsck().ends(0);
}
