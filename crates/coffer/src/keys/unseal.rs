//! `coffer keys unseal`: one custodian brings one share.

use std::{io::Write, process::ExitCode};

use serde::Deserialize;

use super::{Place, prompt, server, status::Status};
use crate::node::NodeError;

pub(super) const EXAMPLES: &str = "Example:
  coffer keys unseal --config coffer.toml            asks for the share
  coffer keys unseal --config coffer.toml < share    without a terminal

Ends with 0 when the share was taken, 1 when it was refused, none is needed or the vault did not open, 2 when the
options are wrong.";

#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    place: Place,
    /// Print what became of it as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Deserialize)]
struct Progress {
    sealed: bool,
    have: u8,
    need: Option<u8>,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, NodeError> {
    let server = options.place.running()?;
    // Nobody types a share for nothing.
    let status: Status = server.ask("GET", "/admin/keys", b"")?;
    if !status.sealed {
        return Err("the vault is open: no share is needed".into());
    }
    let share = prompt::secret("Share")?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"- ".contains(&byte);
    if !share.bytes().all(is_plain) {
        return Err("a share has letters, digits and hyphens".into());
    }
    let body = server::secret_body("{\"share\":\"", &share, "\"}");
    let answer = server.call("POST", "/admin/keys/unseal", &body)?;
    if answer.status != 200 {
        return Err(answer.words().into());
    }
    if options.json {
        std::io::stdout().write_all(&answer.body)?;
        writeln!(std::io::stdout())?;
    }
    let progress: Progress = serde_json::from_slice(&answer.body)?;
    if !options.json {
        let of = progress.need.map_or_else(String::new, |need| format!(" of {need}"));
        let more = if progress.sealed { "" } else { ": the vault is open" };
        writeln!(std::io::stdout(), "{}{of}{more}", progress.have)?;
    }
    Ok(ExitCode::SUCCESS)
}
