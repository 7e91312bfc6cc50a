//! The `coffer` command: reads its arguments, puts the parts together, serves. No logic of the vault is here.

mod banner;
mod config;
mod folder;
mod logging;
mod node;
mod process;
mod sandbox;
mod sandbox_jwt;
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
        #[arg(long, default_value = "127.0.0.1:8080", value_parser = sandbox::address)]
        listen: SocketAddr,
        /// The folder for its key, its ring and its store.
        #[arg(long, default_value = "coffer-sandbox")]
        data: PathBuf,
        /// Limit what a caller may do, as a live node does.
        #[arg(long)]
        limits: bool,
    },
    /// Print a JWT that a sandbox takes (EdDSA): a merchant's, or with --customer one of that customer. A sandbox must
    /// have been started in the folder.
    SandboxJwt {
        /// The folder of the sandbox.
        #[arg(long, default_value = "coffer-sandbox")]
        data: PathBuf,
        /// Whose token it is (claim `customerId`).
        #[arg(long, value_parser = sandbox_jwt::customer)]
        customer: Option<String>,
        /// The only organization it is for (claim `organizationId`), for instance `org_sandbox`.
        #[arg(long, value_parser = sandbox_jwt::organization)]
        organization: Option<String>,
        /// How long it lives, in seconds, from now on by the sandbox's own clock.
        #[arg(long, default_value_t = 3_600, value_parser = sandbox_jwt::seconds())]
        seconds: u32,
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
        Command::Sandbox { listen, data, limits } => sandbox::run(listen, &data, limits),
        Command::SandboxJwt { data, customer, organization, seconds } => {
            sandbox_jwt::run(&data, customer.as_deref(), organization.as_deref(), seconds)
        }
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
