//! The numbers, as a table and as JSON. No verdict in either.

use crate::Failure;
use crate::cell::Outcome;
use crate::options::Options;
use crate::perf::Instructions;
use crate::workload::Workload;
use serde_json::{Value, json};
use std::time::Duration;

/// One row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) workload: Workload,
    pub(crate) connections: usize,
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Against the mean of the echo before and after, at the same number of connections.
    pub(crate) ratio: f64,
    pub(crate) requests: u64,
    pub(crate) busy: u64,
    pub(crate) errors: u64,
    pub(crate) used_up: bool,
}

/// Instructions a request.
pub(crate) struct Cost {
    pub(crate) workload: Workload,
    pub(crate) connections: usize,
    pub(crate) instructions: Instructions,
}

/// Everything that a run learned.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) start: Option<Duration>,
    pub(crate) idle_kib: Option<u64>,
    pub(crate) rows: Vec<Row>,
    pub(crate) costs: Vec<Cost>,
}

impl Row {
    /// The ratio is filled in when the echo has been measured a second time.
    pub(crate) fn of(workload: Workload, connections: usize, outcome: &Outcome) -> Self {
        Self {
            workload,
            connections,
            per_second: outcome.rate(),
            p50: outcome.latencies.quantile(500),
            p99: outcome.latencies.quantile(990),
            ratio: 0.0,
            requests: outcome.latencies.count(),
            busy: outcome.busy,
            errors: outcome.error_count(),
            used_up: outcome.used_up,
        }
    }

    fn line(&self) -> String {
        let (name, connections, rate) = (self.workload.name(), self.connections, self.per_second);
        let (p50, p99) = (milliseconds(self.p50), milliseconds(self.p99));
        let mut line =
            format!("{name:<14} {connections:>5} {rate:>10.0} {p50:>9.3} {p99:>9.3} {:>7.2}", self.ratio);
        if self.busy > 0 {
            line += &["  busy (503): ", &self.busy.to_string()].concat();
        }
        if self.errors > 0 {
            line += &["  errors: ", &self.errors.to_string()].concat();
        }
        if self.used_up {
            line += "  tokens used up";
        }
        line
    }

    fn json(&self) -> Value {
        json!({
            "workload": self.workload.name(),
            "connections": self.connections,
            "requestsPerSecond": self.per_second,
            "p50Ms": milliseconds(self.p50),
            "p99Ms": milliseconds(self.p99),
            "ratioToEcho": self.ratio,
            "requests": self.requests,
            "busy": self.busy,
            "errors": self.errors,
            "usedUp": self.used_up,
        })
    }
}

pub(crate) const HEADING: &str = "workload       conns      req/s    p50 ms    p99 ms   ratio";

impl Report {
    pub(crate) fn lines(rows: &[Row]) -> String {
        rows.iter().map(Row::line).collect::<Vec<_>>().join("\n")
    }

    /// Start, memory and instructions, for below the table.
    pub(crate) fn summary(&self) -> String {
        let mut lines = Vec::new();
        if let (Some(start), Some(idle)) = (self.start, self.idle_kib) {
            lines.push(format!(
                "start {:.0} ms, idle memory {:.1} MiB",
                milliseconds(start),
                mebibytes(idle)
            ));
        }
        if self.costs.is_empty() {
            lines.push("instructions a request: not counted here".to_owned());
        }
        for cost in &self.costs {
            let (name, Instructions { user, kernel }) = (cost.workload.name(), cost.instructions);
            let connections = cost.connections;
            lines.push(format!(
                "instructions a request, {connections} connections, {name:<14} {user:>8} user {kernel:>8} kernel"
            ));
        }
        lines.join("\n")
    }

    pub(crate) fn json(&self, options: &Options) -> Value {
        let instructions = self.costs.iter().map(|cost| {
            json!({
                "workload": cost.workload.name(),
                "connections": cost.connections,
                "userPerRequest": cost.instructions.user,
                "kernelPerRequest": cost.instructions.kernel,
            })
        });
        json!({
            "secondsPerCell": options.window.as_secs_f64(),
            "startMs": self.start.map(milliseconds),
            "idleMemoryMiB": self.idle_kib.map(mebibytes),
            "cells": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "instructions": instructions.collect::<Vec<_>>(),
        })
    }

    /// Writes the JSON file, and the folders above it.
    pub(crate) fn write(&self, options: &Options) -> Result<(), Failure> {
        let unable = || format!("writing {}", options.json.display());
        if let Some(folder) = options.json.parent() {
            std::fs::create_dir_all(folder).map_err(Failure::while_doing(unable()))?;
        }
        let text = format!("{:#}\n", self.json(options));
        std::fs::write(&options.json, text).map_err(Failure::while_doing(unable()))
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn mebibytes(kibibytes: u64) -> f64 {
    f64::from(u32::try_from(kibibytes).unwrap_or(u32::MAX)) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            workload: Workload::Create,
            connections: 64,
            per_second: 12345.6,
            p50: Duration::from_micros(1500),
            p99: Duration::from_millis(20),
            ratio: 0.5,
            requests: 37037,
            busy: 0,
            errors: 0,
            used_up: false,
        }
    }

    #[test]
    fn a_row_stands_below_its_heading() {
        let line = row().line();
        assert_eq!(line.len(), HEADING.len());
        let cells: Vec<_> = line.split_whitespace().collect();
        assert_eq!(cells, ["create", "64", "12346", "1.500", "20.000", "0.50"]);
    }

    #[test]
    fn whatever_went_wrong_is_said_in_the_row() {
        let line = Row { busy: 3, errors: 2, used_up: true, ..row() }.line();
        assert!(line.ends_with("  busy (503): 3  errors: 2  tokens used up"), "{line}");
    }

    #[test]
    fn the_json_has_the_units_in_its_names() {
        let start = Some(Duration::from_millis(120));
        let report = Report { start, idle_kib: Some(2048), rows: vec![row()], costs: Vec::new() };
        let json = report.json(&Options::default());
        assert_eq!(json["startMs"], 120.0);
        assert_eq!(json["idleMemoryMiB"], 2.0);
        assert_eq!(json["cells"][0]["p50Ms"], 1.5);
        assert_eq!(json["cells"][0]["ratioToEcho"], 0.5);
        assert!(report.summary().contains("not counted here"));
    }
}
