//! `coffer export` and `coffer import`.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use coffer_core::{Clock, moving::Movable};
use coffer_crypto::OsEntropy;
use coffer_export::{Export, Import, MoveError, Report};
use tokio::runtime::Builder;

use crate::{Place, logging, node::NodeError, place, progress::Bar};

/// How an export is taken in.
pub(crate) struct Options {
    /// Its folder.
    pub(crate) from: PathBuf,
    /// Records of keys that were kept apart.
    pub(crate) keys: Option<PathBuf>,
    pub(crate) verify_only: bool,
    pub(crate) allow_unquiet: bool,
    pub(crate) allow_erased: bool,
}

/// Carries a vault into a folder.
pub(crate) fn export(place: Place, to: &Path, json: bool) -> Result<(), NodeError> {
    let manifest = carried(place, to, async |plan| {
        let mut bar = Bar::new();
        let manifest = coffer_export::export(plan, &mut bar).await;
        bar.end();
        manifest
    })?;
    say(&if json { manifest.json() } else { manifest.to_string() })
}

/// Writes the records of a vault's keys into a folder.
pub(crate) fn export_keys(place: Place, to: &Path, json: bool) -> Result<(), NodeError> {
    let keys = carried(place, to, async |plan| coffer_export::export_keys(plan).await)?;
    say(&if json { format!("{{\"keys\":{keys}}}") } else { format!("{keys} records of keys") })
}

/// Opens the store that is carried out, beside whatever serves from it.
fn carried<T>(
    place: Place,
    to: &Path,
    carry: impl AsyncFnOnce(&Export<'_>) -> Result<T, MoveError>,
) -> Result<T, NodeError> {
    logging::start("warn");
    let store = place::find(place)?;
    let root = store.kek_source()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let source = store.open_source()?;
        let plan = Export {
            source: &*source,
            environment: store.environment,
            root: &*root,
            folder: to,
            clock: &Clock::system(),
            entropy: &OsEntropy,
        };
        carry(&plan).await.map_err(NodeError::from)
    })
}

/// Carries an export into a store, or only compares the two. An error where they are not equal.
pub(crate) fn import(place: Place, options: &Options, json: bool) -> Result<(), NodeError> {
    logging::start("warn");
    let store = place::find(place)?;
    let roots = coffer_export::roots(&options.from, options.keys.as_deref(), store.environment)?;
    let root = store.kek_source_of_export(roots)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let report: Report = runtime.block_on(async {
        // Looked at first: an export that cannot be taken in makes no store.
        coffer_export::Opened::open(&options.from, options.keys.as_deref(), store.environment, &*root)?;
        let target: Arc<dyn Movable> =
            if options.verify_only { store.open_source()? } else { store.open_target()? };
        let plan = Import {
            target: &*target,
            environment: store.environment,
            root: &*root,
            folder: &options.from,
            keys: options.keys.as_deref(),
            allow_unquiet: options.allow_unquiet,
            allow_erased: options.allow_erased,
            now: Clock::system().now(),
        };
        let mut bar = Bar::new();
        let report = if options.verify_only {
            coffer_export::verify(&plan, &mut bar).await
        } else {
            coffer_export::import(&plan, &mut bar).await
        };
        bar.end();
        report.map_err(NodeError::from)
    })?;
    say(&if json { report.json() } else { report.to_string() })?;
    if report.equal { Ok(()) } else { Err("the store is not equal to the export".into()) }
}

fn say(text: &str) -> Result<(), NodeError> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
