//! `coffer keys rotate`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::ValueEnum;
use coffer_crypto::custody::Scheme;
use serde_json::{Value, json};

use super::{
    Place, Usage, WAITS, ceremony, left, root_file, root_shares,
    server::{SEALED, Server},
    status::Status,
    wait,
};
use crate::node::NodeError;

pub(super) const EXAMPLES: &str = "Example:
  coffer keys rotate --config coffer.toml                      every level
  coffer keys rotate --config coffer.toml --level data --wait  new data keys, until every record lies under them
  coffer keys rotate --data coffer-sandbox --json

Levels: root (what wraps the kek), kek (what wraps all others), data (what seals records, of each tenant), fingerprint
(by which a card is known again: merchants see other fingerprints afterwards), locator (by which tokens are named; old
ones stay good). Where the root is in a file, the next one is made beside it and takes its place: keep a copy of the new
file at once, and the old copy as long as key records from before. On several hosts copy the file to each before its
node is started again, then run this with --level root --finish.

Where custodians hold the root, --json prints the new shares first, as an object and a line of their own.

With --wait each retired key that is still there is told with its reason; --json has them as \"left\", then.
Ends with 0 when all was rotated, 3 when a level has to wait, 1 on an error, 2 when the options are wrong.";

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
    /// Of a root in shares: how many shares the new one has, 2 to 16; 5 unless it is said.
    #[arg(long)]
    shares: Option<u8>,
    /// Of a root in shares: how many of them are needed, at least 2; 3 unless it is said.
    #[arg(long)]
    threshold: Option<u8>,
    /// Show all new shares at once.
    #[arg(long)]
    pub(super) all: bool,
    /// Print the report as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

impl Options {
    /// How the new root is split.
    pub(super) fn scheme(&self) -> Result<Scheme, NodeError> {
        let usual = Scheme::default();
        ceremony::scheme(self.threshold.unwrap_or(usual.threshold()), self.shares.unwrap_or(usual.count()))
    }

    /// Whether something is said of new shares.
    const fn is_of_shares(&self) -> bool {
        self.shares.is_some() || self.threshold.is_some() || self.all
    }

    /// What can be seen before the node is asked.
    fn check(&self) -> Result<(), NodeError> {
        let splits = !self.finish && self.level.contains(&RotateLevel::Root);
        if self.is_of_shares() && !splits {
            let said = "--shares, --threshold and --all are of a new root in shares: they need --level root";
            return Err(Usage(said.to_owned()).into());
        }
        self.scheme().map(drop)
    }
}

/// What became of the levels.
#[derive(Default)]
pub(super) struct Report {
    pub(super) rotated: Vec<Value>,
    pub(super) waiting: Vec<Value>,
    /// Levels that need the custodians, and were not asked for.
    custodians: Vec<&'static str>,
    /// The file of the root, where it has another root now.
    pub(super) root_file: Option<PathBuf>,
}

impl Report {
    pub(super) fn waits(&mut self, level: &str, reason: &str) {
        self.waiting.push(json!({"level": level, "reason": reason}));
    }

    /// What is to be kept now.
    fn to_keep(&self) -> Option<String> {
        let file = self.root_file.as_ref()?.display();
        Some(format!(
            "{file} has changed: it holds another root key. Keep a copy of the new file now, under lock. Key records \
             that were backed up before open with the old root alone: keep its copy as long as such a backup is kept."
        ))
    }

    fn say_what_to_keep(&self) -> std::io::Result<()> {
        self.to_keep().map_or(Ok(()), |said| writeln!(std::io::stderr(), "{said}"))
    }
}

pub(super) fn run(options: &Options) -> Result<ExitCode, NodeError> {
    options.check()?;
    let server = options.place.running()?;
    let mut report = Report::default();
    let ended = match rotate(options, &server, &mut report) {
        Ok(()) => told(options, &server, &report),
        Err(error) => {
            // What was done before it is done.
            if !options.json {
                std::io::stdout().write_all(text(&report).as_bytes())?;
            }
            Err(error)
        }
    };
    report.say_what_to_keep()?;
    ended
}

fn rotate(options: &Options, server: &Server, report: &mut Report) -> Result<(), NodeError> {
    let status: Status = server.ask("GET", "/admin/keys", b"")?;
    if status.sealed {
        return Err(SEALED.into());
    }
    if options.is_of_shares() && status.custody != "shares" {
        return Err(Usage(
            "--shares, --threshold and --all are of a root in shares: this one is in none".to_owned(),
        )
        .into());
    }
    if options.finish {
        return root_file::finish(&options.place, server, report);
    }
    let asked = if options.level.is_empty() { RotateLevel::ALL.to_vec() } else { options.level.clone() };
    let mut below: Vec<RotateLevel> = asked.into_iter().filter(|level| *level != RotateLevel::Root).collect();
    let explicit = !options.level.is_empty();
    let root = !explicit || options.level.contains(&RotateLevel::Root);
    match status.custody.as_str() {
        "key file" if root => root_file::rotate(&options.place, server, &status, report)?,
        "key file" if below.contains(&RotateLevel::Kek) => root_file::check(&options.place)?,
        "environment variable" if root => {
            report.waits("root", "it is in a variable, which cannot change while the node runs");
        }
        "shares" if explicit => {
            let kek = below.contains(&RotateLevel::Kek);
            if root || kek {
                root_shares::rotate(options, server, &status, (root, kek), report)?;
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
    rotate_below(server, &below, report)
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
    if !options.json {
        out.write_all(text(report).as_bytes())?;
    }
    if options.wait {
        // Also to who does not wait for the end.
        report.say_what_to_keep()?;
    }
    let waited = options.wait.then(|| waited(server));
    if options.json {
        let mut told = json!({
            "rotated": report.rotated,
            "waiting": report.waiting,
            "custodians": report.custodians,
        });
        if let (Some(told), Some(Ok((_, left)))) = (told.as_object_mut(), &waited) {
            told.insert("left".to_owned(), left.clone().into());
        }
        if let (Some(told), Some(file), Some(note)) =
            (told.as_object_mut(), &report.root_file, report.to_keep())
        {
            let file = json!({"path": file.display().to_string(), "note": note});
            told.insert("rootFile".to_owned(), file);
        }
        writeln!(out, "{told}")?;
    }
    let mut renewed = true;
    if let Some(waited) = waited {
        let (status, _) = waited?;
        renewed = !status.paused;
        if !options.json {
            let retired = status.keys.iter().filter(|key| key.state == "decrypt-only");
            out.write_all(left::lines(retired, status.walk.as_ref(), status.paused).as_bytes())?;
        }
    }
    let all = report.waiting.is_empty() && renewed;
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::from(WAITS) })
}

/// Waits for the renewal. Gives how it was at its end, and the retired keys that are still there, as the node tells
/// them.
fn waited(server: &Server) -> Result<(Status, Vec<Value>), NodeError> {
    let told = wait::renewed(server)?;
    let keys = told.get("keys").and_then(Value::as_array);
    let is_left = |key: &&Value| key.get("state").and_then(Value::as_str) == Some("decrypt-only");
    let left = keys.into_iter().flatten().filter(is_left).cloned().collect();
    Ok((serde_json::from_value(told)?, left))
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
