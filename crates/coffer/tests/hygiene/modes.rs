//! What others can open is refused at the start, whatever it is: named, with what to do, and left as it was.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use super::{
    live::{Live, refusal, sandbox},
    support::{Node, home, store::is_postgres},
};

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// Opens each of these to others, and to another owner, and looks at what is said instead of a start.
fn refused_while_open(paths: &[(&Path, u32)], refusal: impl Fn() -> String, start: impl Fn() -> Node) {
    for (path, good) in paths {
        assert_eq!(mode(path), *good, "{} as it was made", path.display());
        for bit in [0o040, 0o004, 0o020, 0o010] {
            set(path, good | bit);
            let said = refusal();
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(said.contains(name) && said.contains(&format!("0{good:o}")), "{bit:o}: {said}");
            assert_eq!(mode(path), good | bit, "left as it was found");
        }
        set(path, *good);
        chown(path, Some(65_534), None).expect("root gives it away");
        let said = refusal();
        assert!(said.contains("65534") && said.contains("or to root"), "{said}");
        chown(path, Some(0), None).expect("and takes it back");
    }
    drop(start());
}

#[test]
fn a_live_node_refuses_open_folders_and_files() {
    let live = Live::new();
    drop(live.start());
    let config = live.config();
    let path = |name: &str| live.path(name);
    let (ring, key, secret) = (path("ring"), path("root.key"), path("beta-secret"));
    let (data, database) = (path("data"), path("data/coffer.db"));
    let mut paths: Vec<(&Path, u32)> = vec![(&ring, 0o600), (&key, 0o600), (&secret, 0o600)];
    if !is_postgres() {
        paths.extend([(&*data, 0o700), (&*database, 0o600)]);
    }
    refused_while_open(&paths, || live.refusal(&config), || live.start());
    // The ring in a folder of its own, as it should be.
    let folder = path("apart");
    fs::create_dir(&folder).unwrap();
    set(&folder, 0o700);
    let config = config.replace("/ring\"", "/apart/ring\"");
    live.write("coffer.toml", &config, 0o644);
    let start = || live.try_start(&config).expect("the node starts");
    drop(start());
    let (ring, seen) = (folder.join("ring"), folder.join("ring.seen"));
    let mut paths: Vec<(&Path, u32)> = vec![(&folder, 0o700), (&ring, 0o600)];
    if !is_postgres() {
        paths.push((&seen, 0o600));
    }
    refused_while_open(&paths, || live.refusal(&config), start);
    // The file that says who may call is read by whom it may, and written by nobody else.
    let command = live.command(&config);
    set(&path("coffer.toml"), 0o664);
    let said = refusal(command);
    assert!(said.contains("coffer.toml") && said.contains("written by others"), "{said}");
}

#[test]
fn a_sandbox_refuses_open_folders_and_files() {
    let folder = home();
    drop(Node::sandbox(folder.path()));
    let home = folder.path();
    let (ring, key, data, run) = (home.join("ring"), home.join("key"), home.join("data"), home.join("run"));
    let mut paths: Vec<(&Path, u32)> = vec![(home, 0o700), (&ring, 0o600), (&key, 0o600), (&run, 0o700)];
    if !is_postgres() {
        paths.push((&data, 0o700));
    }
    refused_while_open(&paths, || refusal(sandbox("127.0.0.1:0", home)), || Node::sandbox(home));
}

#[test]
fn an_empty_folder_that_is_open_becomes_the_nodes_own() {
    let folder = home();
    let fresh = folder.path().join("fresh");
    fs::create_dir(&fresh).unwrap();
    set(&fresh, 0o755);
    drop(Node::sandbox(&fresh));
    assert_eq!(mode(&fresh), 0o700);
}
