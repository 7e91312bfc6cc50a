//! `coffer keys rotate`.

use std::{io::Write, process::ExitCode};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{Place, WAITS, root_file, root_shares, server::Server, status::Status, wait};
use crate::node::NodeError;

pub(super) const EXAMPLES: &str = "Example:
  coffer keys rotate --config coffer.toml                      every level
  coffer keys rotate --config coffer.toml --level data --wait  new data keys, until every record lies under them
  coffer keys rotate --data coffer-sandbox --json

Levels: root (what wraps the kek), kek (what wraps all others), data (what seals records, of each tenant), fingerprint
(by which a card is known again: merchants see other fingerprints afterwards), locator (by which tokens are named; old
ones stay good). Where the root is in a file, the next one is made beside it and takes its place. On several hosts copy
the
file to each before its node is started again, then run this with --level root --finish.

Ends with 0 when all was rotated, 3 when a level has to wait, 1 on an error.";

/// A level of the hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum RotateLevel {
    Root,
    Kek,
    Data,
    Fingerprint,
    Locator,
}

impl RotateLevel {
    const ALL: [Self; 5] = [Self::Root, Self::Kek, Self::Data, Self::Fingerprint, Self::Locator];

    const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Kek => "kek",
            Self::Data => "data",
            Self::Fingerprint => "fingerprint",
            Self::Locator => "locator",
        }
    }
}

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct Options {
    #[command(flatten)]
    pub(super) place: Place,
    /// Which levels, with commas between them.
    #[arg(long, value_delimiter = ',', value_name = "LEVELS")]
    level: Vec<RotateLevel>,
    /// Only bring a change of the root to its end that was begun before.
    #[arg(long)]
    finish: bool,
    /// Wait until every record lies under the new keys, and old fingerprint keys are retired. A saved answer about a
    /// card with a code is renewed when the code is dead, half an hour later.
    #[arg(long)]
    wait: bool,
    /// Of a root in shares: how many shares the new one has.
    #[arg(long, default_value_t = 5)]
    pub(super) shares: u8,
    /// Of a root in shares: how many of them are needed.
    #[arg(long, default_value_t = 3)]
    pub(super) threshold: u8,
    /// Show all new shares at once.
    #[arg(long)]
    pub(super) all: bool,
    /// Print the report as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

/// What became of the levels.
#[derive(Default)]
pub(super) struct Report {
    pub(super) rotated: Vec<Value>,
    pub(super) waiting: Vec<Value>,
    /// Levels that need the custodians, and were not asked for.
    custodians: Vec<&'static str>,
}

impl Report {
    pub(super) fn waits(&mut self, level: &str, reason: &str) {
        self.waiting.push(json!({"level": level, "reason": reason}));
    }
}

pub(super) fn run(options: &Options) -> Result<ExitCode, NodeError> {
    let server = options.place.running()?;
    let status: Status = server.ask("GET", "/admin/keys", b"")?;
    if status.sealed {
        return Err("the vault is sealed: custodians open it first (coffer keys unseal)".into());
    }
    let mut report = Report::default();
    if options.finish {
        root_file::finish(&server, &mut report)?;
        return told(options, &server, &report);
    }
    let asked = if options.level.is_empty() { RotateLevel::ALL.to_vec() } else { options.level.clone() };
    let mut below: Vec<RotateLevel> = asked.into_iter().filter(|level| *level != RotateLevel::Root).collect();
    let explicit = !options.level.is_empty();
    let root = !explicit || options.level.contains(&RotateLevel::Root);
    match status.custody.as_str() {
        "key file" if root => root_file::rotate(&options.place, &server, &status, &mut report)?,
        "environment variable" if root => {
            report.waits("root", "it is in a variable, which cannot change while the node runs");
        }
        "shares" if explicit => {
            let kek = below.contains(&RotateLevel::Kek);
            if root || kek {
                root_shares::rotate(options, &server, &status, (root, kek), &mut report)?;
                below.retain(|level| *level != RotateLevel::Kek);
            }
        }
        "shares" => {
            report.custodians = vec!["root", "kek"];
            below.retain(|level| *level != RotateLevel::Kek);
        }
        "device" if root && explicit => {
            return Err("there is no root to rotate: the key-encryption key lies in a device".into());
        }
        _ => {}
    }
    rotate_below(&server, &below, &mut report)?;
    told(options, &server, &report)
}

fn rotate_below(server: &Server, levels: &[RotateLevel], report: &mut Report) -> Result<(), NodeError> {
    if levels.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
    let body = json!({"levels": names}).to_string();
    let below: Value = server.ask("POST", "/admin/keys/rotate", body.as_bytes())?;
    let list = |name: &str| below.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    report.rotated.extend(list("rotated"));
    report.waiting.extend(list("waiting"));
    Ok(())
}

fn told(options: &Options, server: &Server, report: &Report) -> Result<ExitCode, NodeError> {
    let mut out = std::io::stdout();
    if options.json {
        let told = json!({
            "rotated": report.rotated,
            "waiting": report.waiting,
            "custodians": report.custodians,
        });
        writeln!(out, "{told}")?;
    } else {
        out.write_all(text(report).as_bytes())?;
    }
    let renewed = !options.wait || wait::renewed(server)?;
    let all = report.waiting.is_empty() && renewed;
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(WAITS) })
}

fn text(report: &Report) -> String {
    let word = |value: &Value, name: &str| match value.get(name) {
        Some(Value::String(word)) => word.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let rotated = report.rotated.iter().map(|level| {
        let keys = level.get("keys").map_or_else(String::new, |keys| format!("   keys: {keys}"));
        format!("{:<12} {} -> {}{keys}\n", word(level, "level"), word(level, "from"), word(level, "to"))
    });
    let waiting = report.waiting.iter();
    let waiting =
        waiting.map(|level| format!("{:<12} waits: {}\n", word(level, "level"), word(level, "reason")));
    let mut text: String = rotated.chain(waiting).collect();
    if !report.custodians.is_empty() {
        let levels = report.custodians.join(" and ");
        text.push_str(&levels);
        text.push_str(" need the custodians: coffer keys rotate --level root,kek\n");
    }
    text
}
