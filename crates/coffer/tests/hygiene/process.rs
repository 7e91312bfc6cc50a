//! The process leaves no core behind, and nobody of its own user looks into it.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    process::{Command, Output, Stdio},
};

use super::support::{Node, free_address, home};

/// The user `nobody` and its group.
const NOBODY: u32 = 65_534;

fn as_nobody(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    let id = NOBODY.to_string();
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups", program]);
    command
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A sandbox that runs as `nobody`, in a folder of that user's.
fn sandbox(folder: &Path) -> Node {
    chown(folder, Some(NOBODY), Some(NOBODY)).expect("root gives the folder away");
    // The binary and the folder may lie where only root can go.
    let program = folder.join("coffer");
    fs::copy(env!("CARGO_BIN_EXE_coffer"), &program).expect("a copy of the binary");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    Node::on_a_free_port(|| {
        let clients = free_address();
        let mut command = as_nobody(program.to_str().expect("a path"));
        command.args(["sandbox", "--listen", &clients.to_string(), "--data"]).arg(folder.join("home"));
        Node::start(command, clients, None)
    })
}

#[test]
fn a_process_of_the_same_user_reads_neither_memory_nor_environment() {
    assert!(rustix::process::geteuid().is_root(), "this test changes users");
    let folder = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in("/var/tmp")
        .expect("a folder that any user can reach");
    let node = sandbox(folder.path());
    let proc = Path::new("/proc").join(node.id().to_string());
    let status = fs::read_to_string(proc.join("status")).unwrap();
    assert!(status.contains(&format!("Uid:\t{NOBODY}\t{NOBODY}")), "it is nobody's: {status}");
    // What says that the process is not dumpable: these files are root's.
    for name in ["mem", "environ", "maps"] {
        assert_eq!(fs::metadata(proc.join(name)).unwrap().uid(), 0, "{name}");
        let read = as_nobody("head").args(["-c", "1"]).arg(proc.join(name)).output().unwrap();
        assert!(!read.status.success() && said(&read).contains("denied"), "{name}: {}", said(&read));
    }
    // And nobody attaches; to a process that is dumpable the same user can.
    let attach = |process: u32| {
        let mut command = as_nobody("timeout");
        command.args(["5", "strace", "-p", &process.to_string()]).output().expect("strace is installed")
    };
    let refused = attach(node.id());
    assert!(said(&refused).contains("not permitted"), "{}", said(&refused));
    let mut open = as_nobody("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
    let allowed = attach(open.id());
    let _ = open.kill();
    let _ = open.wait();
    assert!(said(&allowed).contains("attached"), "the test can tell the difference: {}", said(&allowed));
}

#[test]
fn there_is_no_room_for_a_core() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let limits = fs::read_to_string(format!("/proc/{}/limits", node.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
}
