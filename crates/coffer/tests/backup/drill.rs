//! The drill: a backup is taken while a vault serves, and restored on another machine.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use coffer_crypto::{
    Environment, OsEntropy, RootKey,
    custody::{Scheme, Share, combine, split},
};

use super::{
    assert_clean,
    commands::{Where, ended, json_of, with_key_of},
    held::{look, make, make_another},
};
use crate::support::{self, Node, SECRET, card, create, exchange, redeem};

/// Makes instruments until it is told to stop; their ids, in the order in which they were made.
fn load(node: &Node, stop: &AtomicBool) -> Vec<String> {
    let mut made = Vec::new();
    while !stop.load(Ordering::Relaxed) || made.len() < 3 {
        made.push(make_another(node));
    }
    made
}

fn drill(first: &Where, second: &Where, bring: fn(&Path, &Path)) {
    let out = crate::support::home();
    let backup = out.path().join("backup");
    let node = first.node();
    let held = make(&node);
    look(&node, &held);
    let before = make_another(&node);
    let mut client = node.client();
    let [open, used] = [(); 2].map(|()| create(&mut client, &card()));
    assert_eq!(redeem(&mut client, &used).status, 200);

    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let loads = [(); 2].map(|()| scope.spawn(|| load(&node, &stop)));
        let manifest = json_of(first.export(&backup));
        assert_eq!(manifest["format"], 2);
        for _ in 0..2 {
            assert_clean(&first.arguments());
        }
        stop.store(true, Ordering::Relaxed);
        for load in loads {
            assert!(load.join().expect("nobody is disturbed").len() >= 3);
        }
    });
    let more = create(&mut client, &card());
    assert_eq!(redeem(&mut client, &more).status, 200, "the vault that is backed up goes on");
    drop(node);

    // Another machine: another folder, and so another ring, and the root as its custody brings it.
    bring(first.home.path(), second.home.path());
    let mut import = second.import(&backup);
    let said = ended(&import.arg("--allow-unquiet").output().expect("the binary runs"));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_clean(&second.arguments());
    let mut node = second.node();
    look(&node, &held);
    let mut client = node.client();
    let path = format!("/rebilly/payment-instruments/{before}");
    assert_eq!(client.call("GET", &path, &[SECRET], b"").status, 200);
    for token in [&open, &used] {
        assert_eq!(redeem(&mut client, token).status, 404, "single-use tokens of before are unknown");
        assert_ne!(exchange(&mut client, token, "customer-1").status, 201);
    }
    let fresh = create(&mut client, &card());
    assert_eq!(redeem(&mut client, &fresh).status, 200, "those of now are not void");
    let report = assert_clean(&second.arguments());
    assert!(report["tables"]["tokens"].as_u64() >= Some(1), "{report}");
    assert!(node.stop(), "it ends");
    assert_clean(&second.arguments());
}

/// Of five custodians the first, the third and the last come.
fn by_shares(home: &Path, other: &Path) {
    let root = RootKey::parse_hex(&fs::read_to_string(home.join("key")).expect("a key")).expect("a root key");
    let scheme = Scheme::new(3, 5).expect("a scheme");
    let shares = split(&root, Environment::Sandbox, scheme, &OsEntropy).expect("shares");
    let brought = [0, 2, 4].map(|custodian: usize| {
        let written = shares[custodian].to_text();
        Share::parse(&written).expect("a share")
    });
    let root = combine(&brought).expect("they make the root");
    support::own_folder(other);
    fs::write(other.join("key"), root.to_hex().as_str()).expect("a key");
    fs::set_permissions(other.join("key"), fs::Permissions::from_mode(0o600)).expect("a mode");
}

#[test]
fn a_backup_of_a_serving_vault_is_restored_on_another_machine() {
    drill(&Where::folder(), &Where::folder(), by_shares);
}

#[test]
fn a_backup_of_a_folder_is_restored_into_a_database() {
    drill(&Where::folder(), &Where::database(), with_key_of);
}

#[test]
fn a_backup_of_a_database_is_restored_into_a_folder() {
    drill(&Where::database(), &Where::folder(), with_key_of);
}
