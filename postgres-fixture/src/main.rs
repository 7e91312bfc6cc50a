//! `coffer-postgres-fixture [NAME=VALUE …]`: a server for trying things by hand, with these settings. Prints the URL of
//! an empty database and serves until its input ends or it is killed; then nothing of it is left.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to the person at the terminal")]

use std::{io::Read, process::ExitCode};

use coffer_postgres_fixture::Server;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let settings: Vec<_> = arguments.iter().filter_map(|argument| argument.split_once('=')).collect();
    if settings.len() < arguments.len() {
        eprintln!("coffer-postgres-fixture [NAME=VALUE …]");
        return ExitCode::from(2);
    }
    let server = Server::start(&settings);
    println!("{}", server.database());
    println!("folder {}", server.folder().display());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    ExitCode::SUCCESS
}
