//! The `coffer` command: reads its arguments, puts the parts together, serves. No logic of the vault is here.

mod banner;
mod config;
mod folder;
mod logging;
mod node;
mod process;
mod sandbox;
mod secret;
mod serve;

use std::{io::Write, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// A request allocates and frees small things on one thread, which this allocator does without locks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A self-hosted vault for card details: tokens go out, and they are worthless to a thief.
#[derive(Parser)]
#[command(name = "coffer", version, about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve with fixed test credentials, a folder of its own and a clock that can be moved. Loopback only.
    Sandbox {
        /// Where clients reach it; a loopback address.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// The folder for its key, its ring and its store.
        #[arg(long, default_value = "coffer-sandbox")]
        data: PathBuf,
    },
    /// Serve as the configuration says.
    Serve {
        /// The configuration file (docs/OPERATING.md describes it).
        #[arg(long, default_value = "coffer.toml")]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    process::harden();
    let arguments = Arguments::parse();
    let ended = match arguments.command {
        Command::Sandbox { listen, data } => sandbox::run(listen, &data),
        Command::Serve { config } => serve::run(&config),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(std::io::stderr(), "coffer: {error}");
            ExitCode::FAILURE
        }
    }
}
