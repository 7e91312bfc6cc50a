//! Finds what the tests need, installs it from Debian packages where that is allowed, and otherwise says what is
//! missing. Nothing is ever skipped.

mod postgres;

use crate::{Failure, cargo, no_arguments};
use std::io::Write;
use std::process::{Command, Stdio};

/// Something outside Rust that the tests need.
struct Need {
    what: &'static str,
    why: &'static str,
    packages: &'static [&'static str],
    found: fn() -> bool,
}

/// Everything that the tests need. A new outside program gets a line here and nowhere else.
const NEEDS: &[Need] = &[
    Need {
        what: "a C compiler (cc) with the headers of the C library",
        why: "SQLite and the cryptographic library are compiled from their sources",
        packages: &["gcc", "libc6-dev"],
        found: c_compiler,
    },
    Need {
        what: "strace, and leave to trace a process (ptrace)",
        why: "a test sees in the system calls that every answer waits for its fsync",
        packages: &["strace"],
        found: tracer,
    },
    Need {
        what: "PostgreSQL, version 15 or later, the server and its programs",
        why: "a vault may keep its rows there: the tests of the program run on both stores",
        packages: &["postgresql"],
        found: postgres::server,
    },
    Need {
        what: "SoftHSM 2, its PKCS#11 module and softhsm2-util",
        why: "a device may keep the key encryption key: the tests use that one, and unplug it",
        packages: &["softhsm2"],
        found: softhsm,
    },
    Need {
        what: "node, version 18 or later",
        why: "Rebilly's own SDK is JavaScript, and a test lets it drive the program",
        packages: &["nodejs"],
        found: node,
    },
    Need {
        what: "npm",
        why: "it gets that SDK, pinned by a lock file, from its package registry",
        packages: &["npm"],
        found: npm,
    },
];

/// What the long faults of the database need besides.
const NEEDS_OF_FAULTS: &[Need] = &[
    Need {
        what: "Patroni",
        why: "a PostgreSQL server is killed under load, and another takes over from it",
        packages: &["patroni"],
        found: patroni,
    },
    Need {
        what: "etcd",
        why: "the servers agree there on who leads",
        packages: &["etcd-server"],
        found: etcd,
    },
];

/// What is to be done about the missing needs.
#[derive(Debug, PartialEq)]
enum Plan {
    Ready,
    Install(Vec<&'static str>),
    Refuse(String),
}

/// The task: nothing but the check.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    no_arguments(arguments)?;
    check()?;
    println!("everything that the tests need is here");
    Ok(())
}

/// Makes sure that everything is there, or fails with a message that says what is not.
pub(crate) fn check() -> Result<(), Failure> {
    provide(&NEEDS.iter().collect::<Vec<_>>())
}

/// The same for the long faults of the database.
pub(crate) fn check_for_faults() -> Result<(), Failure> {
    provide(&NEEDS.iter().chain(NEEDS_OF_FAULTS).collect::<Vec<_>>())
}

fn provide(needs: &[&'static Need]) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::because("the tests need Linux: they kill processes and read /proc"));
    }
    match plan(&missing(needs), may_install()) {
        Plan::Ready => Ok(()),
        Plan::Refuse(message) => Err(Failure::because(message)),
        Plan::Install(packages) => {
            println!("preflight: installing from Debian packages: {}", packages.join(" "));
            install(&packages)?;
            match plan(&missing(needs), false) {
                Plan::Ready => Ok(()),
                Plan::Install(_) => Err(Failure::because("still missing after the installation")),
                Plan::Refuse(message) => Err(Failure::because(format!("even after installing: {message}"))),
            }
        }
    }
}

fn missing(needs: &[&'static Need]) -> Vec<&'static Need> {
    needs.iter().copied().filter(|need| !(need.found)()).collect()
}

fn plan(missing: &[&'static Need], may_install: bool) -> Plan {
    let packages: Vec<_> = missing.iter().flat_map(|need| need.packages).copied().collect();
    if missing.is_empty() {
        return Plan::Ready;
    }
    if may_install {
        return Plan::Install(packages);
    }
    let mut message = vec!["the tests cannot run here. Missing:".to_owned()];
    message.extend(missing.iter().map(|need| format!("  - {}: {}", need.what, need.why)));
    message.push(format!("On Debian, as root: apt-get install {}", packages.join(" ")));
    Plan::Refuse(message.join("\n"))
}

/// Root on a Debian with apt-get: then nobody needs to be asked.
fn may_install() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_root(&status)
        && std::path::Path::new("/etc/debian_version").exists()
        && runs("apt-get", &["--version"])
}

/// Whether the effective user of `/proc/self/status` is root: its second number (proc(5)).
fn is_root(status: &str) -> bool {
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}

fn install(packages: &[&str]) -> Result<(), Failure> {
    let mut update = Command::new("apt-get");
    cargo::succeed(update.args(["update", "-qq"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages);
    cargo::succeed(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let run = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

/// Compiles a line that needs a header: a compiler without the headers is no use.
fn c_compiler() -> bool {
    let mut compiler = Command::new("cc");
    compiler.args(["-x", "c", "-fsyntax-only", "-"]);
    let child = compiler.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    let written = child.stdin.take().is_some_and(|mut to| to.write_all(b"#include <stdlib.h>\n").is_ok());
    child.wait().is_ok_and(|status| status.success()) && written
}

/// Traces a program that does nothing: a strace that may not trace, as in some containers, is no use.
fn tracer() -> bool {
    runs("strace", &["-D", "-f", "-o", "/dev/null", "true"])
}

/// Where Debian's packages put the module of SoftHSM; `device-fixture` looks there.
const SOFTHSM: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

fn softhsm() -> bool {
    let module = SOFTHSM.iter().any(|path| std::path::Path::new(path).exists());
    module && runs("softhsm2-util", &["--version"])
}

/// The oldest node that the SDK's own parts accept.
const NODE_MIN: u32 = 18;

fn node() -> bool {
    let output = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    output.is_ok_and(|output| is_node(&String::from_utf8_lossy(&output.stdout)))
}

/// Whether this is what a node of at least [`NODE_MIN`] says of itself, as in `v18.20.4`.
fn is_node(version: &str) -> bool {
    let major = version.strip_prefix('v').and_then(|rest| rest.split('.').next());
    major.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= NODE_MIN)
}

fn npm() -> bool {
    runs("npm", &["--version"])
}

fn patroni() -> bool {
    runs("patroni", &["--version"])
}

fn etcd() -> bool {
    runs("etcd", &["--version"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need() -> &'static Need {
        &NEEDS[0]
    }

    #[test]
    fn nothing_missing_is_ready_whoever_we_are() {
        assert_eq!(plan(&[], true), Plan::Ready);
        assert_eq!(plan(&[], false), Plan::Ready);
    }

    #[test]
    fn root_installs_all_packages_of_what_is_missing() {
        assert_eq!(plan(&[need()], true), Plan::Install(vec!["gcc", "libc6-dev"]));
    }

    #[test]
    fn a_machine_without_anything_gets_everything_at_once() {
        let all: Vec<_> = NEEDS.iter().collect();
        assert_eq!(
            plan(&all, true),
            Plan::Install(vec!["gcc", "libc6-dev", "strace", "postgresql", "softhsm2", "nodejs", "npm"])
        );
    }

    #[test]
    fn only_the_long_faults_need_servers_that_fail_over() {
        let more: Vec<_> = NEEDS_OF_FAULTS.iter().collect();
        assert_eq!(plan(&more, true), Plan::Install(vec!["patroni", "etcd-server"]));
        assert!(NEEDS.iter().all(|need| !need.packages.contains(&"patroni")));
    }

    #[test]
    fn a_missing_strace_is_named_with_its_package_and_nothing_else() {
        let strace: Vec<_> = NEEDS.iter().filter(|need| need.packages.contains(&"strace")).collect();
        assert_eq!(plan(&strace, true), Plan::Install(vec!["strace"]));
        let Plan::Refuse(message) = plan(&strace, false) else { panic!("must refuse") };
        assert!(message.contains("strace, and leave to trace") && !message.contains("compiler"));
        assert!(message.ends_with("apt-get install strace"));
    }

    #[test]
    fn a_node_says_a_version_that_is_late_enough() {
        assert!(is_node("v18.0.0\n") && is_node("v100.1.0"));
        for version in ["v16.20.2", "v8.0.0", "18.0.0", "v", "", "vx.1"] {
            assert!(!is_node(version), "{version}");
        }
    }

    #[test]
    fn anybody_else_is_told_what_and_how() {
        let Plan::Refuse(message) = plan(&[need()], false) else { panic!("must refuse") };
        assert!(message.contains(need().what) && message.contains(need().why));
        assert!(message.ends_with("apt-get install gcc libc6-dev"));
    }

    #[test]
    fn the_effective_user_decides() {
        assert!(is_root("Name:\tx\nUid:\t1000\t0\t0\t0\n"));
        assert!(!is_root("Name:\tx\nUid:\t0\t1000\t0\t0\n"));
        assert!(!is_root(""));
    }

    #[test]
    fn a_program_that_does_not_exist_does_not_run() {
        assert!(runs("true", &["x"]));
        assert!(!runs("false", &[]));
        assert!(!runs("no-such-program-anywhere", &["--version"]));
    }
}
