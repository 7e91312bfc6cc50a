//! An answer leaves only after the flush of what it acknowledges. A killed process cannot show that, because the
//! system's page cache outlives it; the order of the system calls can.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;
#[path = "fsync/trace.rs"]
mod trace;

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Client, Node, REDEEM, SECRET, card, create, exchange, free_address, home, redeem};
use trace::Kind;

const CREATES: usize = 50;
const EXCHANGES: usize = 20;
const REDEEMS: usize = 10;
const REVEALS: usize = 5;
const READS: usize = 20;

/// `accept4` tells the client's descriptor, `pwrite64` is what the store writes with, the rest are flushes and answers.
const TRACED: &str = "trace=accept4,pwrite64,fsync,fdatasync,write,writev,sendto";

#[test]
fn every_answer_waits_for_its_flush() {
    let folder = home();
    let file = folder.path().join("strace.log");
    let mut node = traced(&folder.path().join("home"), &file);
    let mut client = node.client();
    let kinds = call_one_after_the_other(&mut client);
    let threads = threads(node.id());
    assert!(node.stop(), "{}", node.said());
    let calls = trace::read(&whole(&file, node.id()));

    let writer = named(&threads, "store-writer");
    assert_eq!(writer.len(), 1, "one thread writes: {threads:?}");
    let answers = trace::answers(&calls, &named(&threads, "serve-"));
    let early = |kind| trace::too_early(&calls, writer[0], &answers, &kinds, kind);
    assert_eq!(early(Kind::Change), [0; 0], "answers to changes, by number, that did not wait for a flush");
    assert_eq!(early(Kind::Read).len(), READS, "a read flushes nothing, and the log shows it");
}

/// A sandbox under strace, which is the tracer beside it and not its parent (`-D`): the node stays our child,
/// so that it is signalled and killed like every other, and strace ends with it.
fn traced(home: &Path, file: &Path) -> Node {
    let there = Command::new("strace").arg("--version").output();
    assert!(
        there.is_ok_and(|output| output.status.success()),
        "strace is missing, and without it nobody sees when a flush happens: run `cargo xtask preflight`, or \
         install the Debian package strace"
    );
    let clients = free_address();
    let mut command = Command::new("strace");
    command.args(["-D", "-q", "-f", "-s", "32", "-e", TRACED, "-o"]).arg(file);
    command.arg(env!("CARGO_BIN_EXE_coffer"));
    command.args(["sandbox", "--listen", &clients.to_string(), "--data"]).arg(home);
    Node::start(command, clients, None)
        .unwrap_or_else(|said| panic!("the traced sandbox does not start: {said}"))
}

/// Every call waits for the answer to the one before it. The kinds of the calls, in order.
fn call_one_after_the_other(client: &mut Client) -> Vec<Kind> {
    let tokens: Vec<String> = (0..CREATES).map(|_| create(client, &card())).collect();
    let (exchanged, rest) = tokens.split_at(EXCHANGES);
    let mut instruments = Vec::new();
    for (number, token) in exchanged.iter().enumerate() {
        let answer = exchange(client, token, &format!("cus_{number}"));
        assert_eq!(answer.status, 201, "{}", answer.text());
        instruments.push(answer.json()["id"].as_str().expect("an id").to_owned());
    }
    for token in &rest[..REDEEMS] {
        let answer = redeem(client, token);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    for id in &instruments[..REVEALS] {
        let answer = reveal(client, id, &json!({"reason": "a chargeback"}));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    for id in &instruments[..READS] {
        let answer = client.call("GET", &format!("/rebilly/payment-instruments/{id}"), &[SECRET], b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mut kinds = vec![Kind::Change; CREATES + EXCHANGES + REDEEMS + REVEALS];
    kinds.extend([Kind::Read; READS]);
    kinds
}

fn reveal(client: &mut Client, id: &str, body: &Value) -> support::Answer {
    let path = format!("/coffer/v1/instruments/{id}/reveal");
    client.call("POST", &path, &[REDEEM], body.to_string().as_bytes())
}

/// The threads of a running process, with their names (proc(5) cuts them at 15 bytes).
fn threads(process: u32) -> Vec<(u32, String)> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("a running process");
    let thread = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        Some((task.file_name().to_str()?.parse().ok()?, name.trim_end().to_owned()))
    };
    tasks.filter_map(|task| thread(task.expect("a thread"))).collect()
}

fn named(threads: &[(u32, String)], start: &str) -> Vec<u32> {
    threads.iter().filter(|(_, name)| name.starts_with(start)).map(|(id, _)| *id).collect()
}

/// The log, once strace has said in it that the process is gone: it may still write when the process has ended.
fn whole(file: &Path, process: u32) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let log = String::from_utf8_lossy(&support::bytes(file)).into_owned();
        let last = log.lines().next_back().filter(|_| log.ends_with('\n')).unwrap_or_default();
        if last.split_whitespace().eq([&process.to_string(), "+++", "exited", "with", "0", "+++"]) {
            return log;
        }
        assert!(Instant::now() < deadline, "strace does not finish its log; it ends with: {last}");
        thread::sleep(Duration::from_millis(2));
    }
}
