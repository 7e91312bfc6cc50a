//! A store against an export, record by record.

use std::cmp::Ordering;

use coffer_core::moving::{Movable, MovedRow, RowKey, Table};
use coffer_types::limits;

use crate::{
    Progress,
    digest::TableDigest,
    error::MoveError,
    import::{Import, held},
    manifest::TableEntry,
    reader::{Opened, Part},
    report::{Difference, Found, Report, TableReport},
    restored::is_epoch,
};

/// Holds a store against an export; neither is changed. It may be a store that serves, but only one that has not
/// committed anything since its import is equal.
pub async fn verify(plan: &Import<'_>, progress: &mut dyn Progress) -> Result<Report, MoveError> {
    let opened = Opened::open(plan.folder, plan.keys, plan.environment, plan.root)?;
    let erased = opened.erased()?;
    Ok(Report { erased, ..compare(plan.target, &opened, progress).await? })
}

/// Every table of a store by its digest; the first keys of those that differ.
pub(crate) async fn compare(
    target: &dyn Movable,
    opened: &Opened,
    progress: &mut dyn Progress,
) -> Result<Report, MoveError> {
    progress.stage("comparing", opened.manifest.rows());
    let (mut tables, mut differences) = (Vec::new(), Vec::new());
    for table in Table::ALL {
        let found = digest(target, table, progress).await?;
        let in_manifest = opened.manifest.table(table).cloned();
        let in_manifest = in_manifest.unwrap_or_else(|| TableEntry::new(table, &TableDigest::default()));
        let wanted = wanted(target, opened, table, &in_manifest).await?;
        let equal = (found.rows, found.hex()) == (wanted.rows, wanted.digest.clone());
        if !equal && differences.len() < limits::MOVE_DIFFERENCES {
            differences.extend(differing(target, opened, table).await?);
        }
        let dropped = in_manifest.rows - wanted.rows.min(in_manifest.rows);
        let (name, rows) = (table.name(), in_manifest.rows);
        tables.push(TableReport {
            table: name,
            rows,
            dropped,
            found: found.rows,
            digest: found.hex(),
            equal,
        });
    }
    differences.truncate(limits::MOVE_DIFFERENCES);
    Ok(Report {
        export: opened.manifest.export.clone(),
        quiet: opened.manifest.quiet,
        commits_meanwhile: opened.manifest.commits_meanwhile,
        equal: tables.iter().all(|table| table.equal),
        tables,
        differences,
        erased: Vec::new(),
    })
}

async fn digest(
    target: &dyn Movable,
    table: Table,
    progress: &mut dyn Progress,
) -> Result<TableDigest, MoveError> {
    let (mut digest, mut room, mut after) = (TableDigest::default(), Vec::new(), None);
    loop {
        let page = target.page(table, after, limits::MOVE_PART_ROWS).await?;
        let Some(last) = page.last() else { return Ok(digest) };
        after = Some(last.key());
        for row in page.iter().filter(|row| !is_epoch(row)) {
            digest.add(row, &mut room);
        }
        progress.add(page.len() as u64);
    }
}

/// What a table must come to: what the manifest says, without what an import leaves behind.
async fn wanted(
    target: &dyn Movable,
    opened: &Opened,
    table: Table,
    in_manifest: &TableEntry,
) -> Result<TableEntry, MoveError> {
    let (mut digest, mut room) = (TableDigest::default(), Vec::new());
    if table == Table::Keys && opened.keys_apart {
        for row in &opened.keys {
            digest.add(&MovedRow::Key(row.clone()), &mut room);
        }
        return Ok(TableEntry::new(table, &digest));
    }
    let left_behind = table == Table::Counters || (table == Table::UniqueKeys && !opened.manifest.quiet);
    if !left_behind {
        return Ok(in_manifest.clone());
    }
    for part in opened.rows(0, Some(table)) {
        for row in held(target, opened, part?.1).await? {
            digest.add(&row, &mut room);
        }
    }
    Ok(TableEntry::new(table, &digest))
}

/// The rows of a table as the export has them, in the order of their keys.
struct Exported<'a> {
    target: &'a dyn Movable,
    opened: &'a Opened,
    parts: std::sync::mpsc::Receiver<Result<Part, MoveError>>,
    rows: std::vec::IntoIter<MovedRow>,
}

impl Exported<'_> {
    async fn next(&mut self) -> Result<Option<MovedRow>, MoveError> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            let Ok(part) = self.parts.recv() else { return Ok(None) };
            self.rows = held(self.target, self.opened, part?.1).await?.into_iter();
        }
    }
}

/// The rows of a table as the store has them.
struct InStore<'a> {
    target: &'a dyn Movable,
    table: Table,
    after: Option<RowKey>,
    rows: std::vec::IntoIter<MovedRow>,
}

impl InStore<'_> {
    async fn next(&mut self) -> Result<Option<MovedRow>, MoveError> {
        loop {
            if let Some(row) = self.rows.find(|row| !is_epoch(row)) {
                return Ok(Some(row));
            }
            let page = self.target.page(self.table, self.after, limits::MOVE_PART_ROWS).await?;
            let Some(last) = page.last() else { return Ok(None) };
            self.after = Some(last.key());
            self.rows = page.into_iter();
        }
    }
}

/// The first rows of a table in which store and export differ.
async fn differing(
    target: &dyn Movable,
    opened: &Opened,
    table: Table,
) -> Result<Vec<Difference>, MoveError> {
    let keys = if table == Table::Keys { opened.keys.clone() } else { Vec::new() };
    let rows: Vec<_> = keys.into_iter().map(MovedRow::Key).collect();
    let mut exported =
        Exported { target, opened, parts: opened.rows(0, Some(table)), rows: rows.into_iter() };
    let mut stored = InStore { target, table, after: None, rows: Vec::new().into_iter() };
    let (mut wanted, mut found) = (exported.next().await?, stored.next().await?);
    let mut differences = Vec::new();
    while differences.len() < limits::MOVE_DIFFERENCES {
        let (order, key) = match (&wanted, &found) {
            (None, None) => break,
            (Some(wanted), None) => (Ordering::Less, wanted.key()),
            (None, Some(found)) => (Ordering::Greater, found.key()),
            (Some(wanted), Some(found)) => (wanted.key().cmp(&found.key()), wanted.key().min(found.key())),
        };
        let what = match order {
            Ordering::Less => Found::Missing,
            Ordering::Greater => Found::Extra,
            Ordering::Equal if wanted == found => Found::Equal,
            Ordering::Equal => Found::Different,
        };
        differences.extend(Difference::new(table, key, what));
        if order != Ordering::Greater {
            wanted = exported.next().await?;
        }
        if order != Ordering::Less {
            found = stored.next().await?;
        }
    }
    Ok(differences)
}
