//! The project's tasks. `cargo xtask` without arguments lists them.
//!
//! Standard library only: a task must start within seconds on a machine that has Rust and nothing else.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person at the terminal")]

mod bench;
mod cargo;
mod contracts;
mod deps;
mod faults;
mod preflight;
mod source;
mod test;
mod test_numbers;
mod tidy;

use std::process::ExitCode;

/// One task: its name, what may follow it, and what it does.
struct Task {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

/// Every task, in the order in which a newcomer meets them.
const TASKS: &[Task] = &[
    Task {
        name: "test",
        arguments: "[arguments of cargo test]",
        about: "all tests and what they need; ends with the line `N passed, N failed`",
        run: test::run,
    },
    Task {
        name: "preflight",
        arguments: "",
        about: "only the first step of `test`: finds or installs what the tests need",
        run: preflight::run,
    },
    Task {
        name: "tidy",
        arguments: "",
        about: "the house rules that the compiler does not know: sizes, links, arrows, SQL, logs, card numbers",
        run: tidy::run,
    },
    Task {
        name: "contracts",
        arguments: "DIR",
        about: "the answers of the dialects' tests against the companies' own OpenAPI documents, DIR/NAME.openapi.yaml",
        run: contracts::run,
    },
    Task {
        name: "deps",
        arguments: "",
        about: "licences, sources and bans of every dependency, by cargo-deny and deny.toml",
        run: deps::run,
    },
    Task {
        name: "bench",
        arguments: "[--seconds N] [--connections 1,16,64,256] [--json FILE]",
        about: "requests a second, latency, memory and start time of the release build, against an echo server",
        run: bench::run,
    },
    Task {
        name: "faults",
        arguments: "[crash|database]",
        about: "the long faults: COFFER_CRASH_CYCLES kills under load (10000 unless set); a database that fails over",
        run: faults::run,
    },
];

/// Why a task ended badly.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Everything was said already, and nothing may follow it.
    Said,
    /// Said by `main`, on the last line of the error output.
    Because(String),
}

impl Failure {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self::Because(reason.into())
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        print!("{}", help());
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprint!("there is no task named {name}\n\n{}", help());
        return ExitCode::from(2);
    };
    match (task.run)(&arguments.collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Said) => ExitCode::FAILURE,
        Err(Failure::Because(reason)) => {
            eprintln!("cargo xtask {name}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = String::from("cargo xtask TASK\n\n");
    for task in TASKS {
        text += format!("  {} {}", task.name, task.arguments).trim_end();
        text += &["\n      ", task.about, "\n"].concat();
    }
    text
}

/// Refuses arguments for a task that takes none.
pub(crate) fn no_arguments(arguments: &[String]) -> Result<(), Failure> {
    match arguments.first() {
        None => Ok(()),
        Some(argument) => Err(Failure::because(format!("this task takes no arguments, got {argument}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_task_once_a_line() {
        let help = help();
        for task in TASKS {
            let lines = help.lines().filter(|line| line.split_whitespace().next() == Some(task.name));
            assert_eq!(lines.count(), 1, "{}", task.name);
        }
    }

    #[test]
    fn a_task_without_arguments_refuses_them() {
        assert!(no_arguments(&[]).is_ok());
        assert!(no_arguments(&["--fast".to_owned()]).is_err());
    }
}
