//! What is told of an import: counts, kinds of problems, and the first ones by their places. Never a value.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Write as _,
    time::{Duration, Instant},
};

use coffer_http::import::{Column, Taken, Wrong};
use coffer_types::limits;
use serde::Serialize;

use super::Options;
use crate::node::NodeError;

/// What is said of a reference that stood above.
pub(super) const TWICE: &str = "Stands in a row above as well.";

/// How often progress is told.
const TOLD_EVERY: Duration = Duration::from_secs(2);

/// Of what a report tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Pass {
    /// The file was read, and nothing was written.
    Checked,
    /// It ended before the file did.
    CutOff,
    /// The whole file was gone through.
    Imported,
}

/// The counts.
#[derive(Default)]
pub(super) struct Report {
    pub(super) rows: u64,
    pub(super) made: u64,
    pub(super) matched: u64,
    /// Of the matched, those whose token says other things of the card than the file.
    differing: u64,
    pub(super) skipped: u64,
    pub(super) refused: u64,
    kinds: BTreeMap<(&'static str, String), u64>,
    first: Vec<Problem>,
}

/// A problem at its place.
#[derive(Serialize)]
struct Problem {
    line: u64,
    column: &'static str,
    #[serde(rename = "problem")]
    rule: String,
}

impl Report {
    /// Notes a problem of a column, or of the whole row.
    pub(super) fn problem(&mut self, line: u64, column: Option<Column>, problem: &str) {
        let column = column.map_or("row", Column::as_str);
        *self.kinds.entry((column, problem.to_owned())).or_default() += 1;
        if self.first.len() < limits::IMPORT_PROBLEMS {
            self.first.push(Problem { line, column, rule: problem.to_owned() });
        }
    }

    /// Notes a row that is left out, with all that is wrong with it.
    pub(super) fn refuse(&mut self, line: u64, wrong: &[Wrong]) {
        self.refused += 1;
        for Wrong { column, message } in wrong {
            self.problem(line, Some(*column), message);
        }
    }

    /// Notes a card that was kept.
    pub(super) fn took(&mut self, taken: &Taken) {
        *(if taken.made { &mut self.made } else { &mut self.matched }) += 1;
        self.differing += u64::from(taken.differs);
    }

    pub(super) fn has_problems(&self) -> bool {
        self.refused > 0
    }

    /// Whether every row became one thing.
    pub(super) fn adds_up(&self) -> Result<(), NodeError> {
        if self.rows == self.made + self.matched + self.skipped + self.refused {
            return Ok(());
        }
        Err("the counts do not add up: this is a fault of the program".into())
    }

    /// For people.
    pub(super) fn text(&self, pass: Pass, options: &Options) -> String {
        let (made, matched) = match pass {
            Pass::Checked => ("would be made", "would match"),
            Pass::CutOff | Pass::Imported => ("made", "matched"),
        };
        let mut text = match pass {
            Pass::Checked => "checked: nothing was written\n".to_owned(),
            Pass::CutOff => "cut off before the end of the file\n".to_owned(),
            Pass::Imported => format!("imported; the map is {}\n", options.map().display()),
        };
        let good = self.rows - self.refused.min(self.rows);
        for (count, what) in [
            (self.rows, "rows"),
            (good, "good"),
            (self.made, made),
            (self.matched, matched),
            (self.skipped, "skipped: in the map already"),
            (self.refused, "refused"),
        ] {
            let _ = writeln!(text, "{count:>10}  {what}");
        }
        if self.differing > 0 {
            let what = "matched a token that says other things of the card, and goes on to";
            let _ = writeln!(text, "{:>10}  {what}", self.differing);
        }
        if !self.kinds.is_empty() {
            text.push_str("problems\n");
        }
        for ((column, problem), count) in &self.kinds {
            let _ = writeln!(text, "{count:>10}  {column}: {problem}");
        }
        if !self.first.is_empty() {
            let _ = writeln!(text, "the first {}", self.first.len());
        }
        for Problem { line, column, rule } in &self.first {
            let _ = writeln!(text, "  line {line}, {column}: {rule}");
        }
        text
    }

    /// For machines: one line.
    pub(super) fn json(&self, pass: Pass, options: &Options) -> Result<String, NodeError> {
        #[derive(Serialize)]
        struct Kind<'r> {
            column: &'static str,
            problem: &'r str,
            rows: u64,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'r> {
            state: Pass,
            into: &'static str,
            organization: &'r str,
            rows: u64,
            good: u64,
            made: u64,
            matched: u64,
            differing: u64,
            skipped: u64,
            refused: u64,
            problems: Vec<Kind<'r>>,
            first: &'r [Problem],
        }
        let kinds = self.kinds.iter();
        let body = Body {
            state: pass,
            into: options.into.company(),
            organization: &options.organization,
            rows: self.rows,
            good: self.rows - self.refused.min(self.rows),
            made: self.made,
            matched: self.matched,
            differing: self.differing,
            skipped: self.skipped,
            refused: self.refused,
            problems: kinds.map(|((column, problem), rows)| Kind { column, problem, rows: *rows }).collect(),
            first: &self.first,
        };
        Ok(serde_json::to_string(&body)? + "\n")
    }
}

/// Rows so far, on standard error.
pub(super) struct Progress {
    what: &'static str,
    rows: u64,
    told: Instant,
}

impl Progress {
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, rows: 0, told: Instant::now() }
    }

    pub(super) fn row(&mut self) {
        self.rows += 1;
        if self.rows.is_multiple_of(1_000) && self.told.elapsed() >= TOLD_EVERY {
            self.told = Instant::now();
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(std::io::stderr(), "{} {} rows", self.what, self.rows);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let _ = writeln!(std::io::stderr(), "{} {} rows", self.what, self.rows);
    }
}
