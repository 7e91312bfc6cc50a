//! How far a long command has come: a bar where standard error is a terminal, a line every few seconds where it is not.

use std::{
    io::{IsTerminal, Write, stderr},
    time::{Duration, Instant},
};

use coffer_export::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

const TEMPLATE: &str = "{msg:>19} [{bar:40}] {human_pos}/{human_len} rows, {per_sec}, {eta} left";

/// What is shown of one command.
pub(crate) struct Bar {
    terminal: Option<ProgressBar>,
    stage: &'static str,
    rows: u64,
    done: u64,
    last_line: Instant,
}

impl Bar {
    pub(crate) fn new() -> Self {
        let terminal = stderr().is_terminal().then(|| ProgressBar::new(0));
        Self { terminal, stage: "", rows: 0, done: 0, last_line: Instant::now() }
    }

    /// Leaves a terminal as it was.
    pub(crate) fn end(self) {
        if let Some(bar) = self.terminal {
            bar.finish_and_clear();
        }
    }

    fn line(&mut self) {
        self.last_line = Instant::now();
        // Nobody is left to tell when standard error is gone.
        let _ = writeln!(stderr(), "{}: {} of about {} rows", self.stage, self.done, self.rows);
    }
}

impl Progress for Bar {
    fn stage(&mut self, name: &'static str, rows: u64) {
        (self.stage, self.rows, self.done) = (name, rows, 0);
        if let Some(bar) = &self.terminal {
            bar.reset();
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            bar.set_message(name);
            bar.set_length(rows);
        } else {
            self.line();
        }
    }

    fn add(&mut self, rows: u64) {
        self.done += rows;
        if let Some(bar) = &self.terminal {
            bar.set_position(self.done);
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.line();
        }
    }
}
