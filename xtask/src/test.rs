//! The one test command: whatever the tests need, then all of them, then one line that counts them.

use crate::{Failure, cargo, preflight};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

/// What the `test result:` lines of all test binaries add up to.
#[derive(Debug, Default, PartialEq)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Runs everything, doctests included. The last line printed is `N passed, N failed`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    preflight::check()?;
    let mut command = cargo::cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(arguments);
    let unable = |error: std::io::Error| Failure::because(format!("cannot run cargo test: {error}"));
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(unable)?;
    let mut totals = Totals::default();
    if let Some(output) = child.stdout.take() {
        totals = count(BufReader::new(output), std::io::stdout()).map_err(unable)?;
    }
    let status = child.wait().map_err(unable)?;
    let complaint = complaint(&totals, status.success());
    if let Some(complaint) = complaint {
        eprintln!("cargo xtask test: {complaint} (cargo ended with {status})");
    }
    println!("{} passed, {} failed", totals.passed, totals.failed);
    if complaint.is_some() { Err(Failure::Said) } else { Ok(()) }
}

/// Passes the output on line by line and adds up what it says.
fn count(mut from: impl BufRead, mut to: impl Write) -> std::io::Result<Totals> {
    let mut totals = Totals::default();
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        to.flush()?;
        totals.add(&String::from_utf8_lossy(&line));
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
        assert_eq!(count(&*input, &mut shown).unwrap(), totals(47, 3, 1));
        assert_eq!(shown, input);
    }

    #[test]
    fn lines_that_only_mention_a_result_count_nothing() {
        let text = "note: test result: ok. 9 passed; 9 failed\ntest result: none\n9 passed; 9 failed\n";
        assert_eq!(count(text.as_bytes(), Vec::new()).unwrap(), Totals::default());
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
