//! Waits until every record lies under the keys in use.

use std::{
    io::{IsTerminal, Write, stderr},
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize as _;
use serde_json::Value;

use super::{
    server::Server,
    status::{Status, Walk},
};
use crate::node::NodeError;

const ASKS_EVERY: Duration = Duration::from_millis(500);
/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// How it was at the end: where it is paused, not every record does.
pub(super) fn renewed(server: &Server) -> Result<Value, NodeError> {
    let bar = stderr().is_terminal().then(ProgressBar::new_spinner);
    if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template("{spinner} {msg}")) {
        bar.set_style(style);
        bar.enable_steady_tick(ASKS_EVERY);
    }
    let mut last_line = Instant::now();
    loop {
        let answer: Value = server.ask("GET", "/admin/keys", b"")?;
        let status = Status::deserialize(&answer)?;
        let told = status.walk.as_ref().map_or_else(|| " waits for the nodes".to_owned(), Walk::told);
        if let Some(bar) = &bar {
            bar.set_message(format!("renewal of records{told}"));
        } else if last_line.elapsed() >= LINE_EVERY {
            last_line = Instant::now();
            writeln!(stderr(), "renewal of records{told}")?;
        }
        if !status.renewing || status.paused {
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            let said =
                if status.paused { "the renewal stands still (coffer keys resume)" } else { "renewed" };
            writeln!(stderr(), "{said}")?;
            return Ok(answer);
        }
        thread::sleep(ASKS_EVERY);
    }
}
