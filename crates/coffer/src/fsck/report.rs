//! What a check came to, for people and for machines.

use std::{collections::BTreeMap, fmt};

use coffer_core::fsck::Problem;
use coffer_export::Erased;
use coffer_types::limits;
use serde::Serialize;

/// A store as it was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Rows of each table that were looked at.
    tables: BTreeMap<&'static str, u64>,
    /// Fields that are sealed under keys of the ring, which cannot be opened here.
    sealed_under_the_ring: u64,
    /// Rows that nothing opens any more, by design.
    erased: Vec<Erased>,
    /// How many problems there are.
    problems: u64,
    /// The first of them.
    found: Vec<Problem>,
}

impl Report {
    pub(super) fn looked_at(&mut self, table: &'static str, rows: usize) {
        *self.tables.entry(table).or_default() += rows as u64;
    }

    pub(super) fn sealed_under_the_ring(&mut self) {
        self.sealed_under_the_ring += 1;
    }

    pub(super) fn erased(&mut self, table: &'static str, tenant: u32, epoch: u32) {
        let same = |found: &&mut Erased| (found.table, found.tenant, found.epoch) == (table, tenant, epoch);
        match self.erased.iter_mut().find(same) {
            Some(found) => found.rows += 1,
            None => self.erased.push(Erased { table, tenant, epoch, rows: 1 }),
        }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems += 1;
        if self.found.len() < limits::FSCK_PROBLEMS {
            self.found.push(problem);
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.problems == 0
    }

    /// One JSON object.
    pub(super) fn json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a> {
            clean: bool,
            #[serde(flatten)]
            report: &'a Report,
        }
        serde_json::to_string(&Whole { clean: self.is_clean(), report: self }).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, rows) in &self.tables {
            writeln!(out, "{table:<18} {rows:>14}")?;
        }
        if self.sealed_under_the_ring > 0 {
            let count = self.sealed_under_the_ring;
            writeln!(out, "{count} fields are sealed under keys of the ring: counted, not opened")?;
        }
        for erased in &self.erased {
            writeln!(out, "{erased}")?;
        }
        for Problem { table, record, tenant, what } in &self.found {
            let record = record.map_or_else(String::new, |number| format!(" record {number}"));
            let tenant = tenant.map_or_else(String::new, |number| format!(" of tenant {number}"));
            writeln!(out, "{table}{record}{tenant}: {what}")?;
        }
        let more = self.problems - self.found.len() as u64;
        if more > 0 {
            writeln!(out, "and {more} more")?;
        }
        match self.problems {
            0 => write!(out, "clean"),
            1 => write!(out, "1 PROBLEM"),
            count => write!(out, "{count} PROBLEMS"),
        }
    }
}
