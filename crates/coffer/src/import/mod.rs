//! `coffer import-cards`: a file of cards of another provider becomes tokens (docs/OPERATING.md).
//!
//! The file is read twice. The first time everything is checked and nothing is written; so a file that is damaged or
//! cut off anywhere is refused before its first card is imported. The second time cards are kept in batches, and the
//! map gets the names of a batch when the batch is durable. Whatever is cut off in between is found again by the
//! dialect's own rules, so that no card gets a second token.

mod carry;
mod check;
mod csv;
mod json;
mod map;
mod options;
mod place;
mod report;
mod row;
mod seen;
mod source;

use std::{io::Write, sync::Arc};

use coffer_core::{SadPolicy, Vault};
use coffer_http::import::{Importer, Target};
use tokio::{runtime::Builder, sync::watch};

use self::{
    map::Map,
    options::Dialect,
    report::{Pass, Report},
    source::Source,
};
pub(crate) use self::{
    options::{HELP, LEFT_OUT, Options},
    place::Place,
};
use crate::{
    logging,
    node::{self, NodeError, Opening},
};

/// What the audit log calls whoever imports.
const ACTOR: &str = "import-cards";

/// How an import ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every row is good, and imported where that was asked for.
    Whole,
    /// Rows were left out.
    LeftOut,
}

/// Imports, or looks what would become of it.
pub(crate) fn run(options: &Options) -> Result<Ended, NodeError> {
    logging::start("warn");
    let mut source = Source::open(&options.input, &options.identity)?;
    let place = Place::of(options)?;
    let target = place.target(options)?;
    // The vault's work beside the rows: beats, where nodes share the store.
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(import(options, &mut source, place, target))
}

async fn import(
    options: &Options,
    source: &mut Source,
    place: Place,
    target: Target,
) -> Result<Ended, NodeError> {
    let tenant = place.tenant(&options.organization)?;
    let opening = Opening {
        environment: place.environment,
        kept: &place.kept,
        organizations: &place.organizations,
        // No code is imported: a ring in memory is enough, and a node's own is left alone.
        rings: Vec::new(),
        sad: SadPolicy::default(),
        is_written: !options.dry_run,
    };
    let vault = Arc::new(Box::pin(node::open_vault(opening, place.root)).await?);
    let (stop, stopping) = watch::channel(false);
    let beater = tokio::spawn(node::beat(Arc::clone(&vault), place.beat_millis, stopping));
    let outside = (place.tables, place.public_url);
    let ended = match Importer::new(Arc::clone(&vault), tenant, ACTOR, outside, target) {
        Ok(importer) => both_passes(options, source, Arc::new(importer)).await,
        Err(refused) => Err(refused.into()),
    };
    let _ = stop.send(true);
    beater.await?;
    close(&vault, options.dry_run).await;
    ended
}

/// A store that nothing was written to has nothing to finish.
async fn close(vault: &Vault, dry_run: bool) {
    if !dry_run {
        vault.close().await;
    }
}

async fn both_passes(
    options: &Options,
    source: &mut Source,
    importer: Arc<Importer>,
) -> Result<Ended, NodeError> {
    let id = import_id(options, source)?;
    let mut map = Map::read(&options.map(), importer.names(), &id, options.dry_run)?;
    let report = check::run(source, &importer, options, &map).await?;
    if options.dry_run || (report.has_problems() && !options.skip_bad) {
        return told(&report, options, Pass::Checked);
    }
    map.begin()?;
    let mut report = Report::default();
    let carried = carry::run(source, importer, options, &mut map, &mut report).await;
    if let Err(error) = carried {
        told(&report, options, Pass::CutOff)?;
        return Err(format!("{error}; the same command goes on from here").into());
    }
    report.adds_up()?;
    told(&report, options, Pass::Imported)
}

fn told(report: &Report, options: &Options, pass: Pass) -> Result<Ended, NodeError> {
    let text = if options.json { report.json(pass, options)? } else { report.text(pass, options) };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if report.has_problems() { Ended::LeftOut } else { Ended::Whole })
}

/// Names an import by all that decides what its map says: the file as it lies there, and where its cards go.
fn import_id(options: &Options, source: &mut Source) -> Result<String, NodeError> {
    let file = source.digest()?;
    let parts = [
        options.into.company(),
        &options.organization,
        options.namespace.as_deref().unwrap_or_default(),
        options.terminal.as_deref().unwrap_or_default(),
    ];
    let mut digest = coffer_crypto::Sha256::new();
    digest.update(&file);
    for part in parts {
        digest.update(&part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    Ok(data_encoding::HEXLOWER.encode(&digest.finish()[..8]))
}
