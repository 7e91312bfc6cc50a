//! In: parts, one after the other, into a store that is empty or holds the beginning of the same export.

use std::path::Path;

use coffer_core::{
    KekSource,
    moving::{ImportState, Movable, MovedRow, Stored, Table},
    store::StoreError,
};
use coffer_crypto::Environment;
use coffer_types::{RecordNumber, Timestamp};

use crate::{Progress, error::MoveError, reader::Opened, report::Report, restored, verify::compare};

/// What is imported, and where to.
pub struct Import<'a> {
    /// The store, which is the caller's alone.
    pub target: &'a dyn Movable,
    /// Its environment.
    pub environment: Environment,
    /// What opens the KEK of the vault that was exported.
    pub root: &'a dyn KekSource,
    /// The folder of the export.
    pub folder: &'a Path,
    /// A file of keys that was kept apart; none means the export's own.
    pub keys: Option<&'a Path>,
    /// Whether to take in an export beside which units were committed.
    pub allow_unquiet: bool,
    /// Whether to take in rows that are sealed under keys that were destroyed since.
    pub allow_erased: bool,
    /// The time from which on single-use tokens count: what was made before is void.
    pub now: Timestamp,
}

/// Takes in an export and holds the store against it. The store can be served when the report says that all is equal,
/// and not before. What a call that was cut off has taken in stays, and the next one goes on behind it.
pub async fn import(plan: &Import<'_>, progress: &mut dyn Progress) -> Result<Report, MoveError> {
    let opened = Opened::open(plan.folder, plan.keys, plan.environment, plan.root)?;
    if !opened.manifest.quiet && !plan.allow_unquiet {
        return Err(MoveError::Unquiet { commits: opened.manifest.commits_meanwhile });
    }
    let begun = begun(plan.target, opened.id).await?;
    opened.check(progress)?;
    let erased = opened.erased()?;
    if !erased.is_empty() && !plan.allow_erased {
        return Err(MoveError::Erased { rows: erased.iter().map(|found| found.rows).sum() });
    }
    if begun.is_none() {
        plan.target.begin(opened.id).await?;
    }
    take_in(plan.target, &opened, begun.map_or(0, |state| state.parts), progress).await?;
    raise_epoch(plan, &opened).await?;
    let report = Report { erased, ..compare(plan.target, &opened, progress).await? };
    if report.equal {
        plan.target.finish().await?;
    }
    Ok(report)
}

/// How far the import of this export has come in the target, where it was begun. Refuses a target that holds anything
/// else.
async fn begun(target: &dyn Movable, id: [u8; 16]) -> Result<Option<ImportState>, MoveError> {
    match target.importing().await? {
        Some(state) if state.export == id => Ok(Some(state)),
        Some(_) => Err(MoveError::OtherImport),
        None if target.is_empty().await? => Ok(None),
        None => Err(MoveError::NotEmpty),
    }
}

async fn take_in(
    target: &dyn Movable,
    opened: &Opened,
    behind: u32,
    progress: &mut dyn Progress,
) -> Result<(), MoveError> {
    progress.stage("importing", opened.manifest.rows());
    if behind == 0 {
        let keys: Vec<_> = opened.keys.iter().cloned().map(MovedRow::Key).collect();
        put(target, keys, ImportState { export: opened.id, parts: 0 }).await?;
    }
    progress.add(opened.keys.len() as u64);
    let entries = opened.manifest.parts.iter().take(usize::try_from(behind).unwrap_or(usize::MAX));
    progress.add(entries.map(|entry| u64::from(entry.rows)).sum());
    for part in opened.rows(behind, None) {
        let (number, rows) = part?;
        let count = rows.len() as u64;
        let rows = held(target, opened, rows).await?;
        put(target, rows, ImportState { export: opened.id, parts: number }).await?;
        progress.add(count);
    }
    Ok(())
}

/// Beside the last part: a store in which the import has ended has its epoch.
async fn raise_epoch(plan: &Import<'_>, opened: &Opened) -> Result<(), MoveError> {
    let rows = restored::next(plan.target, opened, plan.now).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let parts = u32::try_from(opened.manifest.parts.len()).map_err(|_| MoveError::Failed)?;
    put(plan.target, rows, ImportState { export: opened.id, parts }).await
}

async fn put(target: &dyn Movable, rows: Vec<MovedRow>, state: ImportState) -> Result<(), MoveError> {
    match target.put(rows, state).await? {
        Stored::All => Ok(()),
        Stored::Differs { table, key } => Err(MoveError::Differs { table, key }),
    }
}

/// The rows of a part that are taken in. Not its restore epoch; nor, of an export beside which units were committed,
/// the unique keys whose holder did not come along: they would keep others from a name that leads nowhere.
pub(crate) async fn held(
    target: &dyn Movable,
    opened: &Opened,
    mut rows: Vec<MovedRow>,
) -> Result<Vec<MovedRow>, StoreError> {
    rows.retain(|row| !restored::is_epoch(row));
    if opened.manifest.quiet || rows.first().is_none_or(|row| row.table() != Table::UniqueKeys) {
        return Ok(rows);
    }
    let mut holders: Vec<RecordNumber> = rows.iter().filter_map(needed).collect();
    holders.sort_unstable();
    holders.dedup();
    let absent = target.absent(holders).await?;
    rows.retain(|row| needed(row).is_none_or(|holder| absent.binary_search(&holder).is_err()));
    Ok(rows)
}

/// The holder without which a unique key means nothing.
fn needed(row: &MovedRow) -> Option<RecordNumber> {
    match row {
        MovedRow::UniqueKey { key, holder } if !key.kind.outlives_its_holder() => Some(*holder),
        _ => None,
    }
}
