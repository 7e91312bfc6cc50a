//! `coffer fsck`: every record of a store, stopped or running, held against its keys.

mod report;
mod walk;

use std::{io::Write, process::ExitCode};

use tokio::runtime::Builder;

use self::walk::Walk;
pub(crate) use self::walk::key_rows;
use crate::{Place, logging, node::NodeError, place, progress::Bar};

/// How it ends where something is wrong with the store. 2 is for options that are wrong, as of every command.
const PROBLEMS: u8 = 3;

/// Checks a store and says what is wrong with it.
pub(crate) fn run(place: Place, json: bool) -> Result<ExitCode, NodeError> {
    logging::start("off");
    let store = place::find(place)?;
    let root = store.kek_source()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let source = store.open_source()?;
        let mut bar = Bar::new();
        let report = Walk::new(&*source, store.environment, &*root, &mut bar).all().await;
        bar.end();
        report.map_err(NodeError::from)
    })?;
    let text = if json { report.json() } else { report.to_string() };
    writeln!(std::io::stdout(), "{text}")?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(PROBLEMS) })
}
