//! Shares are shown once: one custodian after the other, each alone at the screen.

use std::io::{IsTerminal, Write, stdout};

use coffer_crypto::custody::Share;

use super::{Usage, prompt};
use crate::node::NodeError;

/// Clears the screen and what was scrolled out of it.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Shares go to a file or a pipe only when that is said. To be asked before there are any.
pub(super) fn check(all: bool, json: bool) -> Result<(), NodeError> {
    if all || json || is_watched() {
        return Ok(());
    }
    let said = "without a terminal shares are shown at once: say --all (or --json) if that is meant; nothing was done";
    Err(Usage(said.to_owned()).into())
}

/// Whether one custodian after the other can come to the screen.
fn is_watched() -> bool {
    stdout().is_terminal() && prompt::is_terminal()
}

/// Shows shares: all at once, as JSON, or on a terminal one after the other.
pub(super) fn shares(shares: &[Share], all: bool, json: bool) -> Result<(), NodeError> {
    if json {
        return as_json(shares);
    }
    check(all, json)?;
    let one_by_one = !all;
    for share in shares {
        let (index, count) = (share.index(), share.scheme().count());
        if one_by_one {
            prompt::enter(&format!(
                "Custodian {index} of {count}: come to the screen alone, and press Enter. "
            ))?;
        }
        print(&format!(
            "share {index} of {count}, {} needed, root {}\n  ",
            share.scheme().threshold(),
            share.root()
        ))?;
        print(&share.to_text())?;
        print("\n")?;
        if one_by_one {
            prompt::enter("Write it down, or put it into a safe. It is not shown again. Then press Enter. ")?;
            print(CLEAR)?;
        }
    }
    Ok(())
}

fn as_json(shares: &[Share]) -> Result<(), NodeError> {
    for (at, share) in shares.iter().enumerate() {
        let before = if at == 0 { "{\"shares\":[" } else { "," };
        print(&format!("{before}{{\"index\":{},\"share\":\"", share.index()))?;
        print(&share.to_text())?;
        print("\"}")?;
    }
    let (Some(root), Some(scheme)) = (shares.first().map(Share::root), shares.first().map(Share::scheme))
    else {
        return Err("there are no shares".into());
    };
    print(&format!("],\"root\":\"{root}\",\"threshold\":{}}}\n", scheme.threshold()))
}

/// Straight to standard output: what is in its buffer is not wiped, so it gets one line at a time and is emptied.
fn print(text: &str) -> Result<(), NodeError> {
    let mut out = stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
