//! The one test command: whatever the tests need, then all of them, then those of the program once more on its other
//! store, then one line that counts them all.

use crate::{Failure, cargo, preflight};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// What the `test result:` lines of all test binaries add up to.
#[derive(Debug, Default, PartialEq)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// What failed tests said, to be said once more at the end: between them and there lie thousands of lines.
#[derive(Debug, Default, PartialEq)]
struct Failures {
    lines: Vec<String>,
    /// Lines that may still be kept of the failure that is being read; none outside of one.
    left: usize,
}

/// Lines of one failure that are said again: what was wrong comes first.
const FAILURE_LINES: usize = 12;
/// Lines of all of them.
const ALL_FAILURE_LINES: usize = 240;
/// Characters of one line.
const FAILURE_WIDTH: usize = 600;

impl Failures {
    /// Takes a line, if it belongs to what a failed test said: from `---- its name stdout ----` on.
    fn add(&mut self, line: &str) {
        if line.starts_with("---- ") && line.trim_end().ends_with(" stdout ----") {
            self.left = FAILURE_LINES;
        }
        if line.starts_with("failures:") {
            self.left = 0;
        }
        if self.left > 0 && self.lines.len() < ALL_FAILURE_LINES && !line.trim().is_empty() {
            self.left -= 1;
            self.lines.push(line.trim_end().chars().take(FAILURE_WIDTH).collect());
        }
    }
}

/// Names the store on which the program's tests run, `postgres` or `sqlite`: what the tests themselves read.
const STORE_VARIABLE: &str = "COFFER_TEST_STORE";

/// The tests of the crate `coffer` that run on PostgreSQL as well: what callers of every door see, what the audit log
/// says, what crashes, crowds and ends leave behind, and what lies where in the clear. Left out is what is about files
/// of the embedded store and their flushes (`fsync`, `erasure`, `kept_code_erasure`, `payroc_erasure`), about
/// configurations and folders (`serve`), and about documents and SDKs (`sdk`, `payroc_sdk`, `*_contract`), which see no
/// difference between stores.
const ON_POSTGRES: &[&str] = &[
    "audit",
    "crash",
    "kept_code",
    "leak",
    "limits",
    "native",
    "no_codes",
    "payroc",
    "payroc_forward",
    "payroc_once",
    "rebilly",
    "shutdown",
    "worldpay",
];

/// One run of cargo: what it is called when something is wrong, and the command.
struct Pass {
    name: &'static str,
    command: Command,
}

/// Runs everything, doctests included. What failed is said again at the end, and the last line printed is
/// `N passed, N failed`.
///
/// With arguments there is one pass, which they choose; `COFFER_TEST_STORE=postgres` lets that run on the other store.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    preflight::check()?;
    let (mut sum, mut complaints, mut failures) = (Totals::default(), 0, Failures::default());
    for pass in passes(arguments) {
        let Pass { name, command } = pass;
        let (totals, complaint) = run_pass(command, &mut failures)?;
        if let Some(complaint) = complaint {
            eprintln!("cargo xtask test: {name}: {complaint}");
            complaints += 1;
        }
        sum.passed += totals.passed;
        sum.failed += totals.failed;
        sum.ignored += totals.ignored;
    }
    for line in &failures.lines {
        println!("{line}");
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    if complaints > 0 { Err(Failure::Said) } else { Ok(()) }
}

/// The runs of cargo, in their order.
fn passes(arguments: &[String]) -> Vec<Pass> {
    let test = |these: &[&str]| {
        let mut command = cargo::cargo();
        command.args(["test", "--locked", "--no-fail-fast"]).args(these);
        command
    };
    let mut all = test(&["--workspace"]);
    if !arguments.is_empty() {
        all.args(arguments);
        return vec![Pass { name: "the tests that were asked for", command: all }];
    }
    all.env_remove(STORE_VARIABLE);
    let mut on_postgres = test(&["--package", "coffer"]);
    for name in ON_POSTGRES {
        on_postgres.args(["--test", name]);
    }
    on_postgres.env(STORE_VARIABLE, "postgres");
    vec![
        Pass { name: "all tests", command: all },
        Pass { name: "the tests on PostgreSQL", command: on_postgres },
    ]
}

/// Runs cargo to its end: what was counted, and why it is no success, if it is none.
fn run_pass(mut command: Command, failures: &mut Failures) -> Result<(Totals, Option<String>), Failure> {
    let unable = |error: std::io::Error| Failure::because(format!("cannot run cargo test: {error}"));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(unable)?;
    let mut totals = Totals::default();
    if let Some(output) = child.stdout.take() {
        totals = count(BufReader::new(output), std::io::stdout(), failures).map_err(unable)?;
    }
    let status = child.wait().map_err(unable)?;
    let complaint = complaint(&totals, status.success());
    let complaint = complaint.map(|complaint| format!("{complaint} (cargo ended with {status})"));
    Ok((totals, complaint))
}

/// Passes the output on line by line and adds up what it says.
fn count(mut from: impl BufRead, mut to: impl Write, failures: &mut Failures) -> std::io::Result<Totals> {
    let mut totals = Totals::default();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        let text = String::from_utf8_lossy(&line);
        totals.add(&text);
        failures.add(&text);
        line.clear();
    }
    Ok(totals)
}

impl Totals {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; …`; other lines count nothing.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
        for part in counts.split(';') {
            let Some((number, word)) = part.trim().split_once(' ') else { continue };
            let number: u64 = number.parse().unwrap_or(0);
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Why this run is no success, if it is none.
fn complaint(totals: &Totals, cargo_succeeded: bool) -> Option<&'static str> {
    if totals.failed > 0 {
        Some("there are failed tests")
    } else if !cargo_succeeded {
        Some("something did not build or a test program died")
    } else if totals.ignored > 0 {
        Some("there are ignored tests, and no test may be skipped")
    } else if totals.passed == 0 {
        Some("no test ran")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "running 2 tests\ntest a ... ok\n\n\
        test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
        test result: ok. 40 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 1.00s\n";
    const BAD: &str =
        "test result: FAILED. 5 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";

    fn totals(passed: u64, failed: u64, ignored: u64) -> Totals {
        Totals { passed, failed, ignored }
    }

    #[test]
    fn results_are_added_up_and_every_byte_is_passed_on() {
        let mut shown = Vec::new();
        let input = [GOOD.as_bytes(), b"\xff not text\n", BAD.as_bytes()].concat();
        assert_eq!(count(&*input, &mut shown, &mut Failures::default()).unwrap(), totals(47, 3, 1));
        assert_eq!(shown, input);
    }

    #[test]
    fn lines_that_only_mention_a_result_count_nothing() {
        let text = "note: test result: ok. 9 passed; 9 failed\ntest result: none\n9 passed; 9 failed\n";
        assert_eq!(count(text.as_bytes(), Vec::new(), &mut Failures::default()).unwrap(), Totals::default());
    }

    #[test]
    fn what_failed_tests_said_is_kept_and_nothing_else() {
        let trace = "  at some place\n".repeat(40);
        let text = format!(
            "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\n\nthread 'a' panicked at a.rs:1:2:\nwrong\n{trace}\n\
            ---- b stdout ----\nonly this\n\nfailures:\n    a\n    b\n\n{BAD}---- no heading\n"
        );
        let mut failures = Failures::default();
        count(text.as_bytes(), Vec::new(), &mut failures).unwrap();
        let first = ["---- a stdout ----", "thread 'a' panicked at a.rs:1:2:", "wrong"];
        assert_eq!(failures.lines[..3], first);
        assert_eq!(failures.lines.len(), FAILURE_LINES + 2);
        assert_eq!(failures.lines[FAILURE_LINES..], ["---- b stdout ----", "only this"]);
        count(text.repeat(50).as_bytes(), Vec::new(), &mut failures).unwrap();
        assert_eq!(failures.lines.len(), ALL_FAILURE_LINES);
    }

    /// The store that a pass sets, `unset` where it takes the variable away; none where the environment decides.
    fn store_of(pass: &Pass) -> Option<&str> {
        let (_, value) = pass.command.get_envs().find(|(name, _)| *name == STORE_VARIABLE)?;
        Some(value.map_or("unset", |value| value.to_str().unwrap()))
    }

    #[test]
    fn everything_runs_on_the_first_store_and_the_programs_tests_on_the_other() {
        let passes = passes(&[]);
        let [all, on_postgres] = passes.as_slice() else { panic!("two passes") };
        assert!(cargo::shown(&all.command).ends_with("test --locked --no-fail-fast --workspace"));
        assert_eq!(store_of(all), Some("unset"), "whatever the environment says");
        let shown = cargo::shown(&on_postgres.command);
        assert!(shown.contains("--package coffer --test audit") && !shown.contains("fsync"), "{shown}");
        assert_eq!(store_of(on_postgres), Some("postgres"));
    }

    #[test]
    fn who_asks_for_some_tests_gets_them_once_and_on_the_store_that_the_environment_names() {
        let passes = passes(&["--test".to_owned(), "rebilly".to_owned()]);
        let [asked] = passes.as_slice() else { panic!("one pass") };
        assert!(cargo::shown(&asked.command).ends_with("--workspace --test rebilly"));
        assert_eq!(store_of(asked), None);
    }

    #[test]
    fn the_tests_on_postgresql_exist() {
        for name in ON_POSTGRES {
            assert!(cargo::root().join(format!("crates/coffer/tests/{name}.rs")).exists(), "{name}");
        }
    }

    #[test]
    fn only_a_full_and_clean_run_is_a_success() {
        assert_eq!(complaint(&totals(1, 0, 0), true), None);
        assert!(complaint(&totals(1, 1, 0), true).is_some());
        assert!(complaint(&totals(1, 0, 1), true).is_some());
        assert!(complaint(&totals(0, 0, 0), true).is_some());
        assert!(complaint(&totals(1, 0, 0), false).is_some());
    }
}
