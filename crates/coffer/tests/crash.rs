//! `kill -9` at random moments under load: what was acknowledged is there, what was used stays used, and the node is
//! back within a second.
//!
//! `COFFER_CRASH_CYCLES` sets the number of kills, `COFFER_CRASH_SEED` repeats the choices of a run; the moments of
//! the kills then fall on the same milliseconds, though not on the same instructions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "crash/book.rs"]
mod book;
#[path = "crash/check.rs"]
mod check;
#[path = "crash/dice.rs"]
mod dice;
#[path = "crash/load.rs"]
mod load;
mod support;

use std::{
    hash::{BuildHasher, RandomState},
    io::Write,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use book::{Book, Token};
use dice::Dice;
use load::Harvest;
use support::{Node, log::Log};

const CYCLES: usize = 200;
const CLIENTS: usize = 8;
/// The load runs this long before the kill, in milliseconds.
const LOAD_MILLIS: std::ops::Range<usize> = 5..61;
/// Tokens of earlier cycles that each cycle uses, and that each cycle looks at.
const DRAWN: usize = 24;
const LOOKED_AT: usize = 40;
/// A start after a crash.
const START: Duration = Duration::from_secs(1);
/// A machine may stall: a start counts as slow when so many in a row were.
const START_ATTEMPTS: usize = 3;

#[test]
fn nothing_acknowledged_is_lost_and_nothing_used_revives() {
    let cycles = number_from("COFFER_CRASH_CYCLES").map_or(CYCLES, |cycles| usize::try_from(cycles).unwrap());
    let seed = number_from("COFFER_CRASH_SEED").unwrap_or_else(|| RandomState::new().hash_one(cycles));
    say(&format!("crash: {cycles} kills, COFFER_CRASH_SEED={seed}"));
    let guard = SaysSeed(seed);
    let home = support::home();
    let mut book = Book::default();
    let (mut node, mut slowest) = (ready(home.path(), &mut book), Duration::ZERO);
    for cycle in 0..cycles {
        let mut dice = Dice::of(seed, cycle, CLIENTS);
        let mut last = load_and_kill(node, &mut book, seed, cycle, &mut dice);
        if dice.below(8) == 0 {
            false_start(home.path(), &mut dice);
            book.false_starts += 1;
        }
        node = ready(home.path(), &mut book);
        slowest = slowest.max(node.started_in);
        check::settle(node.clients, &mut last);
        check::still_hold(node.clients, book.sample(LOOKED_AT, &mut dice));
        book.tokens.append(&mut last);
    }
    check::still_hold(node.clients, book.tokens.iter().collect());
    node.kill();
    check::audit(&Log::of(home.path()), &book);
    let (tokens, fates, doubts) = (book.tokens.len(), book.summary(), book.creates_in_doubt);
    assert!(tokens > cycles && fates.len() > 2, "this was no load: {tokens} tokens, {fates:?}");
    say(&format!("crash: {tokens} tokens {fates:?}, {doubts} creates in doubt, slowest start {slowest:?}"));
    drop(guard);
}

/// Clients work until the process is killed under their hands; gives what they know of the tokens they touched.
fn load_and_kill(node: Node, book: &mut Book, seed: u64, cycle: usize, dice: &mut Dice) -> Vec<Token> {
    let mut drawn = book.draw(DRAWN, dice);
    let address = node.clients;
    let moment = Duration::from_millis((LOAD_MILLIS.start + dice.below(LOAD_MILLIS.len())) as u64);
    let harvests: Vec<Harvest> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let usable = drawn.split_off(drawn.len() - drawn.len() / (CLIENTS - client));
                let dice = Dice::of(seed, cycle, client);
                scope.spawn(move || load::run(address, dice, format!("cus-{client}"), usable))
            })
            .collect();
        thread::sleep(moment);
        node.kill();
        clients.into_iter().map(|client| client.join().expect("a client was surprised")).collect()
    });
    book.creates_in_doubt += harvests.iter().map(|harvest| harvest.creates_in_doubt).sum::<u64>();
    harvests.into_iter().flat_map(|harvest| harvest.tokens).collect()
}

/// A node that was ready within a second. A slow start is killed and tried again at once: only a node that is slow
/// every time is slow, and not the machine.
fn ready(home: &Path, book: &mut Book) -> Node {
    let mut starts = Vec::new();
    for _ in 0..START_ATTEMPTS {
        let node = Node::sandbox(home);
        book.starts += 1;
        if node.started_in <= START {
            return node;
        }
        starts.push(node.started_in);
        node.kill();
    }
    panic!("not one start after a crash within {START:?}: {starts:?}");
}

/// A start that is killed while it recovers from the last kill.
fn false_start(home: &Path, dice: &mut Dice) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.args(["sandbox", "--listen", &support::free_address().to_string()]);
    command.args(support::store::options(home)).arg("--data").arg(home);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(dice.below(60) as u64));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Tells how to repeat a run that failed.
struct SaysSeed(u64);

impl Drop for SaysSeed {
    fn drop(&mut self) {
        if thread::panicking() {
            say(&format!("crash: failed; repeat with COFFER_CRASH_SEED={}", self.0));
        }
    }
}

/// Past the test harness, which would keep it back.
fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the test chooses its length and its seed")]
fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}
