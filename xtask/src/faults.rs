//! The long faults: the program is killed again and again, and its database fails over or has no room. The test command
//! runs short ones.

use crate::{Failure, cargo, preflight};
use std::process::Command;

/// How many times the program is killed unless the environment says otherwise: some hours on two cores.
const CYCLES: &str = "10000";
const CYCLES_VARIABLE: &str = "COFFER_CRASH_CYCLES";

/// One of the long tests.
struct Fault {
    name: &'static str,
    run: fn() -> Result<(), Failure>,
}

/// All of them, in the order in which they run: the shorter one first.
const FAULTS: &[Fault] = &[Fault { name: "database", run: database }, Fault { name: "crash", run: crash }];

/// Runs the one that is named, or all.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    for fault in chosen(arguments)? {
        (fault.run)()?;
    }
    Ok(())
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Fault>, Failure> {
    match arguments {
        [] => Ok(FAULTS.iter().collect()),
        [name] => {
            let found = FAULTS.iter().find(|fault| fault.name == name);
            let unknown = || Failure::because(format!("{name} is no fault: crash or database"));
            Ok(vec![found.ok_or_else(unknown)?])
        }
        _ => Err(Failure::because("this task takes one name at most: crash or database")),
    }
}

/// Kills the release build under load, again and again, and shows what the test says.
#[expect(
    clippy::disallowed_methods,
    reason = "a task has no configuration; the test reads the same variable"
)]
fn crash() -> Result<(), Failure> {
    let cycles = std::env::var(CYCLES_VARIABLE).unwrap_or_else(|_| CYCLES.to_owned());
    println!("faults: killing the release build {cycles} times ({CYCLES_VARIABLE} changes that)");
    cargo::succeed(test("crash").env(CYCLES_VARIABLE, &cycles))?;
    println!("faults: survived {cycles} kills");
    Ok(())
}

/// Lets the primary of a database fail, and its disk be full, under load on three nodes of the release build.
fn database() -> Result<(), Failure> {
    preflight::check_for_faults()?;
    println!("faults: a database that fails over, and one whose disk is full");
    // One after the other: each is about time.
    cargo::succeed(test("failover").arg("--test-threads=1"))?;
    println!("faults: nothing acknowledged was lost");
    Ok(())
}

fn test(name: &str) -> Command {
    let mut test = cargo::cargo();
    test.args(["test", "--release", "--locked", "--package", "coffer", "--test", name, "--", "--nocapture"]);
    test
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Option<Vec<&'static str>> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Some(chosen(&arguments).ok()?.into_iter().map(|fault| fault.name).collect())
    }

    #[test]
    fn a_name_chooses_one_fault_and_no_name_all() {
        assert_eq!(names(&[]), Some(vec!["database", "crash"]));
        assert_eq!(names(&["crash"]), Some(vec!["crash"]));
        assert_eq!(names(&["database"]), Some(vec!["database"]));
        assert_eq!(names(&["disk"]), None);
        assert_eq!(names(&["crash", "database"]), None);
    }
}
