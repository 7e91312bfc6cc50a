//! The long form of the crash test. The test command runs a short one.

use crate::{Failure, cargo, no_arguments};

/// How many times the program is killed unless the environment says otherwise: some hours on two cores.
const CYCLES: &str = "10000";
const CYCLES_VARIABLE: &str = "COFFER_CRASH_CYCLES";

/// Kills the release build under load, again and again, and shows what the test says.
#[expect(
    clippy::disallowed_methods,
    reason = "a task has no configuration; the test reads the same variable"
)]
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    no_arguments(arguments)?;
    let cycles = std::env::var(CYCLES_VARIABLE).unwrap_or_else(|_| CYCLES.to_owned());
    println!("faults: killing the release build {cycles} times ({CYCLES_VARIABLE} changes that)");
    let mut test = cargo::cargo();
    test.args([
        "test",
        "--release",
        "--locked",
        "--package",
        "coffer",
        "--test",
        "crash",
        "--",
        "--nocapture",
    ]);
    cargo::succeed(test.env(CYCLES_VARIABLE, &cycles))?;
    println!("faults: survived {cycles} kills");
    Ok(())
}
