//! `coffer keys status`.

use std::{collections::BTreeMap, fmt::Write as _, io::Write as _, process::ExitCode};

use serde::Deserialize;
use serde_json::Value;

use super::{Place, dates, left::Waits};
use crate::{
    config::Config,
    custody::{Custody, KeyFile},
    node::{self, NodeError, Opening},
    sandbox,
};

pub(super) const EXAMPLES: &str = "Example:
  coffer keys status --config coffer.toml
  coffer keys status --data coffer-sandbox --json

\"erased by\" is the day at whose end what was erased under these keys is erased everywhere, backups and archives
included (keys.data_backup_days, keys.key_backup_days).
Ends with 0, 1 on an error, 2 when the options are wrong.";

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// One line for each key.
    #[arg(long)]
    all: bool,
    /// Print all as one JSON object; times are milliseconds since 1970.
    #[arg(long)]
    pub(super) json: bool,
}

/// What the node tells.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "as the node tells it")]
pub(super) struct Status {
    pub(super) sealed: bool,
    /// Of a sealed node: how many custodians have come, and how many are needed.
    have: Option<u8>,
    need: Option<u8>,
    #[serde(default)]
    pub(super) custody: String,
    #[serde(default)]
    pub(super) environment: String,
    pub(super) root: Option<String>,
    #[serde(default)]
    revision: u64,
    #[serde(default)]
    behind: bool,
    #[serde(default)]
    met: bool,
    #[serde(default)]
    nodes: Vec<Value>,
    #[serde(default)]
    pub(super) keys: Vec<Key>,
    #[serde(default)]
    pub(super) renewing: bool,
    #[serde(default)]
    pub(super) paused: bool,
    pub(super) walk: Option<Walk>,
    #[serde(default)]
    now: i64,
    device_away_since: Option<i64>,
}

/// How far the renewal has come.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Walk {
    pub(super) looked_at: u64,
    pub(super) renewed: u64,
    pub(super) stuck: u64,
    pub(super) pass: u16,
    #[serde(default)]
    pub(super) table: u8,
}

/// One version of a key.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub(super) tenant: Option<u32>,
    pub(super) purpose: String,
    pub(super) version: u32,
    pub(super) state: String,
    created_at: i64,
    pub(super) changed_at: i64,
    due_at: Option<i64>,
    pub(super) unneeded: Option<bool>,
    pub(super) waits: Option<Waits>,
    erased_by: Option<i64>,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, NodeError> {
    let told: Value = match options.place.server()? {
        Some(server) => server.ask("GET", "/admin/keys", b"")?,
        // Also where the configuration names no socket: a store that nobody has open can be read.
        None => stopped(&options.place)?,
    };
    let mut out = std::io::stdout();
    if options.json {
        writeln!(out, "{told}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let status: Status = serde_json::from_value(told)?;
    out.write_all(text(&status, options.all)?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The keys in the store of a node that is stopped.
fn stopped(place: &Place) -> Result<Value, NodeError> {
    let (environment, kept, custody, policy) = if let Some(home) = &place.data {
        let file = KeyFile::new(place.key_file()?, None)?;
        let custody = Custody::File(std::sync::Arc::new(file));
        (
            coffer_crypto::Environment::Sandbox,
            sandbox::kept(home, None)?,
            custody,
            coffer_core::KeyPolicy::default(),
        )
    } else {
        let config: Config = place.read()?;
        if config.root_key.is_none() {
            return Err("the node is stopped, and its root is in no file: start it first".into());
        }
        let policy = config.keys.policy();
        (coffer_crypto::Environment::Live, config.kept()?, config.open_custody()?, policy)
    };
    let organizations = std::collections::HashMap::new();
    let opening = Opening {
        environment,
        kept: &kept,
        organizations: &organizations,
        rings: Vec::new(),
        sad: coffer_core::SadPolicy::default(),
        is_written: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let opened = opening.open()?;
        let roots = coffer_core::roots_of(&*opened.opened.store).await?;
        if roots.is_empty() {
            return Err("there are no keys yet: the node makes them at its first start".into());
        }
        custody.settle(&roots);
        let vault = Box::pin(node::open_on(&opened, &opening, custody.source())).await?;
        let status = vault.key_status(&policy).await.map_err(|_| "the store could not be read")?;
        let mut told = serde_json::to_value(&status)?;
        if let Some(told) = told.as_object_mut() {
            told.insert("sealed".to_owned(), false.into());
            told.insert("running".to_owned(), false.into());
            told.insert("custody".to_owned(), custody.orders().kind().into());
            told.insert("now".to_owned(), vault.now().millis().into());
        }
        Ok(told)
    })
}

fn text(status: &Status, all: bool) -> Result<String, NodeError> {
    let mut text = String::new();
    if status.keys.is_empty() {
        let have = status.have.unwrap_or(0);
        match status.need {
            Some(need) => writeln!(text, "sealed: {have} of {need} custodians have come")?,
            None => writeln!(text, "sealed: no custodian has come")?,
        }
        return Ok(text);
    }
    head(&mut text, status)?;
    writeln!(
        text,
        "{:<28} {:>7}  {:<12} {:>6}  {:<10}  {:>5}  {:<10}  {:<8}  {:<10}",
        "key", "version", "state", "keys", "since", "days", "due", "needed", "erased by"
    )?;
    for ((purpose, version, state, tenant), keys) in groups(&status.keys, all) {
        // What only brought another key on its way is told when all is asked for.
        if !all && purpose.starts_with("kek, ") && state == "destroyed" {
            continue;
        }
        let Some(first) = keys.iter().min_by_key(|key| key.changed_at) else { continue };
        let oldest = keys.iter().map(|key| key.created_at).min().unwrap_or(first.created_at);
        let due = keys.iter().filter_map(|key| key.due_at).min();
        let erased = keys.iter().filter_map(|key| key.erased_by).max();
        let needed = keys.iter().filter(|key| key.unneeded == Some(false)).count();
        let is_told = keys.iter().any(|key| key.unneeded.is_some());
        let needed = match (is_told, needed) {
            (false, _) => "-".to_owned(),
            (true, 0) => "no".to_owned(),
            (true, some) if some == keys.len() => "yes".to_owned(),
            (true, some) => format!("by {some}"),
        };
        let whose = tenant.map_or_else(|| keys.len().to_string(), |tenant| format!("t{tenant}"));
        let date = |at: Option<i64>| at.map_or_else(|| "-".to_owned(), dates::day);
        let due = date(due) + if due.is_some_and(|at| at <= status.now) { "!" } else { "" };
        writeln!(
            text,
            "{purpose:<28} {version:>7}  {state:<12} {whose:>6}  {:<10}  {:>5}  {due:<10}  {needed:<8}  {:<10}",
            dates::day(first.changed_at),
            (status.now - oldest).max(0) / 86_400_000,
            erased.map_or_else(|| "-".to_owned(), dates::day_after),
        )?;
    }
    Ok(text)
}

fn head(text: &mut String, status: &Status) -> Result<(), NodeError> {
    let root = status.root.as_deref().map_or_else(String::new, |root| format!(", root {root}"));
    writeln!(text, "{} vault, custody: {}{root}", status.environment, status.custody)?;
    let met = if status.met { "every node works with them" } else { "not every node has them yet" };
    let nodes =
        if status.nodes.is_empty() { String::new() } else { format!(", {} nodes", status.nodes.len()) };
    writeln!(text, "keys of revision {}{nodes}: {met}", status.revision)?;
    if status.behind {
        writeln!(
            text,
            "the store has newer keys, and this node could not load them: this is what it knew before"
        )?;
    }
    if let Some(since) = status.device_away_since {
        writeln!(text, "the key device does not answer since {}", dates::day(since))?;
    }
    if status.renewing {
        let state = if status.paused { "stands still (coffer keys resume)" } else { "is under way" };
        writeln!(
            text,
            "renewal of records {state}{}",
            status.walk.as_ref().map_or_else(String::new, Walk::told)
        )?;
    } else if status.paused {
        writeln!(text, "renewal of records stands still (coffer keys resume); none is needed now")?;
    }
    Ok(())
}

impl Walk {
    pub(super) fn told(&self) -> String {
        let stuck = if self.stuck > 0 { format!(", {} do not open", self.stuck) } else { String::new() };
        let table = self.table + 1;
        format!(
            ": pass {}, table {table} of 4, {} looked at, {} renewed{stuck}",
            self.pass, self.looked_at, self.renewed
        )
    }
}

type Group<'k> = (&'k str, u32, &'k str, Option<u32>);

/// Keys that are alike, or each by itself.
fn groups(keys: &[Key], all: bool) -> BTreeMap<Group<'_>, Vec<&Key>> {
    let mut groups: BTreeMap<Group<'_>, Vec<&Key>> = BTreeMap::new();
    for key in keys {
        let tenant = key.tenant.filter(|_| all);
        groups.entry((&key.purpose, key.version, &key.state, tenant)).or_default().push(key);
    }
    groups
}
