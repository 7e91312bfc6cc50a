//! `coffer keys pause`, `resume` and `destroy`.

use std::{io::Write, process::ExitCode};

use serde::Deserialize;
use serde_json::Value;

use super::{
    Place, Usage, WAITS, dates, left, prompt,
    status::{Key, Status, Walk},
};
use crate::node::NodeError;

pub(super) const PAUSE_EXAMPLES: &str = "Example:
  coffer keys pause --config coffer.toml     nothing is renewed until
  coffer keys resume --config coffer.toml

Ends with 0, 1 when the node did not take the order, 2 when the options are wrong.";

pub(super) const DESTROY_EXAMPLES: &str = "Example:
  coffer keys destroy --config coffer.toml          those whose time has come
  coffer keys destroy --config coffer.toml --now    also those that backups need

Each key that stays is told with its reason; --json has it as \"waits\".
--now asks first; --yes, which --json needs, answers that.
Ends with 0 when no retired key is left, 3 when some stay, 1 on an error, 2 when the options are wrong.";

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// Print the answer as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(clap::Args)]
pub(crate) struct DestroyOptions {
    #[command(flatten)]
    place: Place,
    /// Also keys that no record needs and a backup may: it opens no more.
    #[arg(long)]
    now: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print the answer as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Deserialize)]
struct Done {
    destroyed: Vec<Key>,
    left: Vec<Key>,
    paused: bool,
    walk: Option<Walk>,
}

pub(super) fn pause(options: &Options, paused: bool) -> Result<ExitCode, NodeError> {
    let path = if paused { "/admin/keys/pause" } else { "/admin/keys/resume" };
    let answer: Value = options.place.running()?.ask("POST", path, b"")?;
    let mut out = std::io::stdout();
    if options.json {
        writeln!(out, "{answer}")?;
    } else if paused {
        writeln!(out, "the renewal of records stands still")?;
    } else {
        writeln!(out, "the renewal of records goes on")?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn destroy(options: &DestroyOptions) -> Result<ExitCode, NodeError> {
    let asks = options.now && !options.yes;
    if asks && options.json {
        return Err(Usage(
            "with --json nothing is asked: destroy --now needs --yes; nothing was destroyed".to_owned(),
        )
        .into());
    }
    let server = options.place.running()?;
    if asks {
        let status: Status = server.ask("GET", "/admin/keys", b"")?;
        if !prompt::yes(&warning(&status))? {
            return Err("nothing was destroyed: type yes, or give --yes".into());
        }
    }
    let body: &[u8] = if options.now { b"{\"now\":true}" } else { b"{}" };
    let answer: Value = server.ask("POST", "/admin/keys/destroy", body)?;
    let done: Done = serde_json::from_value(answer.clone())?;
    let mut out = std::io::stdout();
    if options.json {
        writeln!(out, "{answer}")?;
    } else {
        writeln!(out, "{} keys destroyed, {} retired keys left", done.destroyed.len(), done.left.len())?;
        out.write_all(left::lines(&done.left, done.walk.as_ref(), done.paused).as_bytes())?;
        if done.paused {
            writeln!(out, "the renewal of records stands still (coffer keys resume): keys wait for it")?;
        }
    }
    Ok(if done.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(WAITS) })
}

/// Which backups open no more.
fn warning(status: &Status) -> String {
    let retired = status.keys.iter().filter(|key| key.state == "decrypt-only" && key.unneeded.is_some());
    match retired.map(|key| key.changed_at).max() {
        Some(until) => format!(
            "Records in backups of the data from before {} open no more, once these keys are destroyed. This cannot be \
             undone.",
            dates::day_after(until)
        ),
        None => "No retired key waits for backups.".to_owned(),
    }
}
