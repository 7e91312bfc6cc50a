//! The `coffer` command: reads its arguments, puts the parts together, serves. No logic of the vault is here.

mod banner;
mod config;
mod custody;
mod describe;
mod folder;
mod fsck;
mod import;
mod keeper;
mod kept;
mod keys;
mod logging;
mod migrate;
mod modes;
mod moving;
mod node;
mod place;
mod process;
mod progress;
mod reload;
mod restored;
mod sandbox;
mod sandbox_jwt;
mod sealed;
mod secret;
mod seen;
mod serve;

use std::{io::Write, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// A request allocates and frees small things on one thread, which mimalloc does without locks. What is freed is wiped
/// first, whoever freed it: libraries keep what they decrypted in memory of their own (decision 0044).
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> =
    zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);

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
        /// Keep everything in this PostgreSQL database instead (`postgres://USER@HOST/DATABASE`), which sandboxes can
        /// share. An empty one gets its tables. The folder then holds keys alone.
        #[arg(long, value_name = "URL")]
        store: Option<String>,
        #[command(flatten)]
        habits: sandbox::Habits,
    },
    /// Print a JWT that a sandbox takes (EdDSA): a merchant's, or with --customer one of that customer. A sandbox must
    /// have been started in the folder.
    SandboxJwt {
        /// The folder of the sandbox.
        #[arg(long, default_value = "coffer-sandbox")]
        data: PathBuf,
        /// The database of the sandbox, where it was started with one.
        #[arg(long, value_name = "URL")]
        store: Option<String>,
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
    /// Carry a whole vault out of its store into a folder of sealed files.
    ///
    /// The folder opens with the vault's root key alone and nothing else. Single-use tokens and codes stay behind: they
    /// live half an hour. A node may go on serving; what it commits meanwhile may be missing, and the export says so.
    /// To move a vault, stop its nodes first. A command that was cut off goes on where it ended: run it again.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        #[command(flatten)]
        place: Place,
        /// The folder that is written: missing, empty, or holding the beginning of this export.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// Write the records of keys alone (`keys.cfx`), over those in the folder: to be kept apart from the data, and
        /// not as long.
        #[arg(long)]
        keys_only: bool,
        /// Print the manifest as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Carry an export into an empty store, and hold the store against it.
    ///
    /// Every file of the export is checked before anything is written. The target's configuration names the root key of
    /// the vault that was exported: tokens and ids are the same afterwards. Nothing serves the store before all of it
    /// is there. A command that was cut off goes on where it ended: run it again. Ends with 0 when every record is
    /// equal.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        #[command(flatten)]
        place: Place,
        /// The folder that `coffer export` wrote.
        #[arg(long, value_name = "FOLDER")]
        from: PathBuf,
        /// Open it with these records of keys, which were kept apart, in place of its own.
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
        /// Write nothing: compare a store with the export, record by record, and name what differs.
        #[arg(long)]
        verify_only: bool,
        /// Take in an export beside which a node went on committing: it may lack what was written meanwhile.
        #[arg(long)]
        allow_unquiet: bool,
        /// Take in an export of which rows are sealed under keys that were destroyed since: nothing opens those.
        #[arg(long)]
        allow_erased: bool,
        /// Print the report as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Look at every record of a store, stopped or running: its form, its associated data and keys, its unique keys,
    /// what lies in the clear beside what is sealed, the keys themselves and the audit log.
    ///
    /// Nothing is written, and nothing that a record holds is shown. Ends with 0 when all is right, with 1 when the
    /// store could not be looked at, with 2 when the options are wrong, with 3 when something is wrong in the store:
    /// each such record is named.
    #[command(after_help = FSCK_EXAMPLES)]
    Fsck {
        #[command(flatten)]
        place: Place,
        /// Print the report as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Say in a store that it was put back from an earlier time, so that single-use tokens of then are void: they may
    /// have been used since.
    ///
    /// For every restore but `coffer import`, which does it by itself: a folder that was copied back, a base backup of
    /// PostgreSQL, a recovery to a point in time. Stop all nodes of the store first, and start them afterwards.
    Restored {
        #[command(flatten)]
        place: Place,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Bring the tables of a store to this program's version. Those of a database are made where they are missing, and
    /// nodes of the version before go on; the node of a folder must be stopped. Afterwards nodes of this version can
    /// start.
    Migrate {
        /// The configuration file.
        #[arg(long, default_value = "coffer.toml")]
        config: PathBuf,
        /// The folder of a sandbox, in place of a configuration.
        #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
        data: Option<PathBuf>,
        /// The database of that sandbox, where it was started with one.
        #[arg(long, value_name = "URL", requires = "data")]
        store: Option<String>,
        /// Also take away what only older versions need. Refused while nodes of an older version run.
        #[arg(long)]
        narrow: bool,
    },
    /// Make tokens of the cards in a file of another provider, encrypted with age. A node of the folder is stopped
    /// first; with a database this joins as one more node.
    #[command(after_long_help = import::HELP)]
    ImportCards(import::Options),
    /// Keys: custody, rotation, destruction, and what there is of them.
    #[command(subcommand)]
    Keys(keys::Command),
    /// The cryptographic architecture in words.
    #[command(subcommand)]
    Crypto(describe::Command),
    /// Serve as the configuration says.
    Serve {
        /// The configuration file (docs/OPERATING.md describes it).
        #[arg(long, default_value = "coffer.toml")]
        config: PathBuf,
    },
}

/// Which store: one of the two.
#[derive(clap::Args)]
struct Place {
    /// The configuration file of a node.
    #[arg(long, value_name = "FILE", required_unless_present = "data", conflicts_with = "data")]
    config: Option<PathBuf>,
    /// The folder of a sandbox.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// With --data: the database of the sandbox, where it has one.
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    store: Option<String>,
}

const EXPORT_EXAMPLES: &str = "Examples:
  coffer export --config coffer.toml --to vault.export     a node's vault
  coffer export --data coffer-sandbox --to vault.export    a sandbox
  coffer export --config coffer.toml --to vault.keys --keys-only    its records of keys, to be kept apart";

const IMPORT_EXAMPLES: &str = "Examples:
  coffer import --config new.toml --from vault.export                  into the store that new.toml names
  coffer import --config new.toml --from vault.export --verify-only    compare, before its first start
  coffer import --config new.toml --from vault.export --keys vault.keys/keys.cfx    with keys that were kept apart";

const FSCK_EXAMPLES: &str = "Examples:
  coffer fsck --config coffer.toml             a node's store, also while it runs
  coffer fsck --data coffer-sandbox --json     a sandbox's, for machines";

fn main() -> ExitCode {
    process::harden();
    let arguments = Arguments::parse();
    let ended = match arguments.command {
        Command::Sandbox { listen, data, store, habits } => {
            sandbox::run(listen, &data, store.as_deref(), habits)
        }
        Command::Export { place, to, keys_only: true, json } => moving::export_keys(place, &to, json),
        Command::Export { place, to, keys_only: false, json } => moving::export(place, &to, json),
        Command::Import { place, from, keys, verify_only, allow_unquiet, allow_erased, json } => {
            let options = moving::Options { from, keys, verify_only, allow_unquiet, allow_erased };
            moving::import(place, &options, json)
        }
        Command::Fsck { place, json } => match fsck::run(place, json) {
            Ok(ended) => return ended,
            Err(error) => Err(error),
        },
        Command::Restored { place, json } => restored::run(place, json),
        Command::SandboxJwt { data, store, customer, organization, seconds } => {
            let whose = sandbox_jwt::Whose { customer, organization, seconds };
            sandbox_jwt::run(&data, store.as_deref(), &whose)
        }
        Command::Migrate { config, data, store, narrow } => {
            migrate::run(&config, data.as_deref().map(|home| (home, store.as_deref())), narrow)
        }
        Command::ImportCards(options) => match import::run(&options) {
            Ok(import::Ended::Whole) => Ok(()),
            Ok(import::Ended::LeftOut) => return ExitCode::from(import::LEFT_OUT),
            Err(error) => Err(error),
        },
        Command::Keys(command) => match keys::run(&command) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Crypto(command) => match describe::run(&command) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
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
