//! `coffer keys`: custody and rotation. Each command asks the running node over its admin socket; only `init` and, of a
//! node that is stopped, `status` work without one.

pub(crate) mod ceremony;
mod dates;
mod init;
mod left;
mod orders;
mod place;
mod prompt;
mod root_file;
mod root_shares;
mod rotate;
mod server;
mod show;
mod status;
mod unseal;
mod wait;

use std::{io::Write, process::ExitCode};

use clap::Subcommand;

use crate::node::NodeError;
use place::Place;

/// Some of what was asked for has to wait.
pub(crate) const WAITS: u8 = 3;

/// The options are wrong, as clap ends then.
const USAGE: u8 = 2;

/// What is wrong with the options and only shows beside the others, or beside what there is.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// See the help of each.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a new root: shares for custodians, a key file, or a key in a device, as the configuration says.
    ///
    /// For a store that is empty still: a store that is there opens with its own root alone. Shares are shown once and
    /// written nowhere; every choice of as many as are needed was put together and compared before the first is shown.
    /// Have each custodian at hand, and nobody else at the screen.
    #[command(after_help = init::EXAMPLES)]
    Init(init::Options),
    /// Show every key: its state, its age, when it is due, and by when what it sealed is erased everywhere.
    ///
    /// Asks the running node; of one that is stopped it reads the store, where the root is in a file. Keys that are
    /// alike are counted together; --all shows each.
    #[command(after_help = status::EXAMPLES)]
    Status(status::Options),
    /// Bring one share to a sealed node. With the last one that is needed the vault opens.
    ///
    /// Each custodian runs it once, alone. The share is asked for and not shown; without a terminal it is read from
    /// standard input. It is never an argument, for others can read those. A share that is refused does not count, and
    /// after ten in a minute none is looked at. When nobody else comes for fifteen minutes, all have to come again.
    #[command(after_help = unseal::EXAMPLES)]
    Unseal(unseal::Options),
    /// Put new keys in the place of old ones while the node serves. Ends when every node uses them.
    ///
    /// Without --level every level that needs no custodians: also the root, where it is in a file. The file changes
    /// then, and a copy of the new one must be kept; merchants see other fingerprints. What is left is done by the
    /// nodes beside the load: records are sealed anew, and old keys are destroyed when nothing needs them. A command
    /// that was cut off goes on where it ended: run it again.
    #[command(after_help = rotate::EXAMPLES)]
    Rotate(rotate::Options),
    /// Stop the renewal of records, on all nodes and over restarts.
    #[command(after_help = orders::PAUSE_EXAMPLES)]
    Pause(orders::Options),
    /// Let the renewal of records go on.
    #[command(after_help = orders::PAUSE_EXAMPLES)]
    Resume(orders::Options),
    /// Destroy retired keys that no record needs.
    ///
    /// The nodes do that by themselves when no backup that is still kept needs a key (`keys.data_backup_days`). With
    /// --now those keys go as well, and backups from their time open no more: that ends the wait for an erasure, and
    /// cannot be undone.
    #[command(after_help = orders::DESTROY_EXAMPLES)]
    Destroy(orders::DestroyOptions),
}

/// Runs one.
pub(crate) fn run(command: &Command) -> Result<ExitCode, NodeError> {
    crate::logging::start("warn");
    let ended = match command {
        Command::Init(options) => init::run(options),
        Command::Status(options) => status::run(options),
        Command::Unseal(options) => unseal::run(options),
        Command::Rotate(options) => rotate::run(options),
        Command::Pause(options) => orders::pause(options, true),
        Command::Resume(options) => orders::pause(options, false),
        Command::Destroy(options) => orders::destroy(options),
    };
    if let (Err(error), true) = (&ended, is_json(command)) {
        writeln!(std::io::stdout(), "{}", serde_json::json!({"error": error.to_string()}))?;
    }
    match ended {
        Err(error) if error.is::<Usage>() => {
            writeln!(std::io::stderr(), "coffer: {error}")?;
            Ok(ExitCode::from(USAGE))
        }
        ended => ended,
    }
}

/// Whether machines read what comes of it, errors too.
const fn is_json(command: &Command) -> bool {
    match command {
        Command::Init(options) => options.json,
        Command::Status(options) => options.json,
        Command::Unseal(options) => options.json,
        Command::Rotate(options) => options.json,
        Command::Pause(options) | Command::Resume(options) => options.json,
        Command::Destroy(options) => options.json,
    }
}
