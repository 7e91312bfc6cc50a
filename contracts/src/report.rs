//! What came out for one dialect, as text for the terminal.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{Answer, BadDocument, Contract, Difference, Found, Known, known::shown};

/// All answers of one dialect against one document.
#[derive(Debug, Default)]
pub struct Report {
    /// Answers by operation and status.
    counts: BTreeMap<(Found, u16), usize>,
    unknown: BTreeMap<Difference, usize>,
    /// Operations of the document that nothing was recorded for.
    silent: Vec<String>,
    met: Vec<String>,
    unmet: Vec<String>,
}

impl Report {
    /// Holds the answers of the document's dialect against it; answers of others are not looked at.
    pub fn of(contract: &Contract, answers: &[Answer], mut known: Known) -> Result<Self, BadDocument> {
        let mut report = Self::default();
        let mut heard = BTreeSet::new();
        for answer in answers {
            let Some(verdict) = contract.check(answer)? else { continue };
            if let Found::Operation(operation) = &verdict.found {
                heard.insert(operation.clone());
            }
            *report.counts.entry((verdict.found, answer.status)).or_default() += 1;
            for difference in verdict.differences {
                if !known.meets(&difference) {
                    *report.unknown.entry(difference).or_default() += 1;
                }
            }
        }
        report.silent = contract.operations().into_iter().filter(|name| !heard.contains(name)).collect();
        report.met = known.met();
        if report.checked() > 0 {
            report.unmet = known.unmet();
        }
        Ok(report)
    }

    /// How many answers belong to an operation of the document.
    pub fn checked(&self) -> usize {
        let of_operations = self.counts.iter().filter(|((found, _), _)| matches!(found, Found::Operation(_)));
        of_operations.map(|(_, count)| count).sum()
    }

    /// Whether every difference is known, and every known difference was met.
    pub fn is_good(&self) -> bool {
        self.unknown.is_empty() && self.unmet.is_empty()
    }

    /// The report, a line for each thing.
    pub fn text(&self, name: &str) -> String {
        if self.counts.is_empty() {
            return format!(
                "{name}: no answers recorded, {} operations in the document\n",
                self.silent.len()
            );
        }
        let mut text = format!("{name}: {} answers checked\n", self.checked());
        for ((found, status), count) in &self.counts {
            let operation = match found {
                Found::Operation(operation) => operation,
                Found::Nothing => "not in the document",
            };
            let _ = writeln!(text, "  {operation} {status}: {count}");
        }
        for operation in &self.silent {
            let _ = writeln!(text, "  {operation}: no answer recorded");
        }
        for known in &self.met {
            let _ = writeln!(text, "  known: {known}");
        }
        for (difference, count) in &self.unknown {
            let Difference { operation, status, pointer, rule, said } = difference;
            let _ = writeln!(
                text,
                "  DIFFERENT, {count} times: {}: {said}",
                shown(operation, *status, pointer, rule)
            );
        }
        for unmet in &self.unmet {
            let _ = writeln!(text, "  NO LONGER SO, take it off the list of known differences: {unmet}");
        }
        text
    }
}
