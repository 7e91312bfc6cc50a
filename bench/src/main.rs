//! Measures Coffer against an echo server, in one run on one machine.
//!
//! `coffer-bench run` starts the real binary and the yardstick, loads both and prints what it saw; it gives no
//! verdict. `coffer-bench echo` is the yardstick: it runs as a process of its own, so that the load generator
//! never shares a scheduler with what it measures.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark talks to the person at the terminal"
)]

mod cell;
mod connection;
mod echo;
mod failure;
mod histogram;
mod options;
mod perf;
mod report;
mod request;
mod run;
mod server;
mod workload;

use failure::Failure;
use options::Mode;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match options::parse(&arguments) {
        Ok(Mode::Help) => {
            print!("{}", options::HELP);
            Ok(())
        }
        Ok(Mode::Echo(address)) => echo::serve(address),
        Ok(Mode::Run(options)) => run::run(&options),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("coffer-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
