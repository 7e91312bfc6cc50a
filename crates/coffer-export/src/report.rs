//! What a comparison came to, for people and for machines.

use std::fmt::{self, Write};

use coffer_core::moving::{RowKey, Table};
use coffer_types::Tenant;
use serde::Serialize;

use crate::erased::Erased;

/// A store held against an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The export's id.
    pub export: String,
    /// Whether nothing was committed while it was made.
    pub quiet: bool,
    /// How many commits were.
    pub commits_meanwhile: u64,
    /// Whether every table is equal.
    pub equal: bool,
    /// Every table.
    pub tables: Vec<TableReport>,
    /// The first rows that differ; at most [`coffer_types::limits::MOVE_DIFFERENCES`].
    pub differences: Vec<Difference>,
    /// Rows that nothing opens any more, by design.
    pub erased: Vec<Erased>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// Its name.
    pub table: &'static str,
    /// Rows in the manifest.
    pub rows: u64,
    /// Of these, what an import leaves behind: unique keys whose holders did not come along, and the restore epoch.
    pub dropped: u64,
    /// Rows in the store.
    pub found: u64,
    /// The digest of the store's rows.
    pub digest: String,
    /// Whether count and digest are what they should be.
    pub equal: bool,
}

/// One row that differs, by its key; nothing of what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its table.
    pub table: &'static str,
    /// Its key, in numbers.
    pub key: String,
    /// `missing` in the store, `extra` there, or `different`.
    pub what: &'static str,
}

/// How a row was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Equal,
    Missing,
    Extra,
    Different,
}

impl Difference {
    /// None of a row that is equal.
    pub(crate) fn new(table: Table, key: RowKey, found: Found) -> Option<Self> {
        let what = match found {
            Found::Equal => return None,
            Found::Missing => "missing",
            Found::Extra => "extra",
            Found::Different => "different",
        };
        Some(Self { table: table.name(), key: shown(key), what })
    }
}

/// A key in numbers. Of a unique key the value stays out: a keyed hash helps nobody.
pub(crate) fn shown(key: RowKey) -> String {
    match key {
        RowKey::Key { tenant, purpose, version } => {
            format!("tenant {} purpose {purpose} version {version}", tenant.map_or(0, Tenant::get))
        }
        RowKey::Counter(key) => format!("kind {}", key.kind.code()),
        RowKey::Unique(key) => format!("tenant {} kind {}", key.tenant.get(), key.kind.code()),
        RowKey::Number(number) => number.get().to_string(),
        RowKey::Frame(place) => format!("lane {} frame {}", place.lane, place.number),
    }
}

impl Report {
    /// One JSON object.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<18} {:>14} {:>14}  equal", "table", "in the export", "in the store")?;
        for table in &self.tables {
            let equal = if table.equal { "yes" } else { "NO" };
            let mut line = format!("{:<18} {:>14} {:>14}  {equal}", table.table, table.rows, table.found);
            if table.dropped > 0 {
                write!(line, " ({} were left out)", table.dropped)?;
            }
            writeln!(out, "{line}")?;
        }
        for difference in &self.differences {
            writeln!(out, "{} in {}: {}", difference.what, difference.table, difference.key)?;
        }
        for erased in &self.erased {
            writeln!(out, "{erased}")?;
        }
        if !self.quiet {
            writeln!(out, "{} commits were made while the export was taken", self.commits_meanwhile)?;
        }
        write!(out, "{}", if self.equal { "equal" } else { "NOT EQUAL" })
    }
}
