//! What is typed: a secret without being shown, and answers.

use std::{
    io::{self, BufRead, IsTerminal, Read, Write, stderr, stdin},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use coffer_types::limits;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};
use zeroize::Zeroizing;

use crate::node::NodeError;

/// What signals need to know.
static TERMINAL: Mutex<Terminal> = Mutex::new(Terminal { before: None, is_guarded: false });

struct Terminal {
    /// Its modes as they were, while it does not show what is typed.
    before: Option<Termios>,
    /// Whether a thread waits for signals.
    is_guarded: bool,
}

impl Terminal {
    fn lock() -> MutexGuard<'static, Self> {
        TERMINAL.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hide(&mut self) -> io::Result<()> {
        let before = tcgetattr(stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        // Not stopped by Ctrl-Z: a shell that goes on with a stopped command leaves the terminal showing.
        hidden.special_codes[SpecialCodeIndex::VSUSP] = 0;
        tcsetattr(stdin(), OptionalActions::Flush, &hidden)?;
        self.before = Some(before);
        Ok(())
    }

    fn show(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
        }
    }

    /// Lets no signal end the process before the terminal shows what is typed. The exit code is then the one that
    /// shells use for the signal: 128 and its number.
    fn guard(&mut self) -> io::Result<()> {
        if self.is_guarded {
            return Ok(());
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let (mut hang_up, mut interrupt) = (signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?);
        let (mut quit, mut terminate) = (signal(SignalKind::quit())?, signal(SignalKind::terminate())?);
        drop(entered);
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let ended_by = runtime.block_on(async {
                tokio::select! {
                    _ = hang_up.recv() => SignalKind::hangup(),
                    _ = interrupt.recv() => SignalKind::interrupt(),
                    _ = quit.recv() => SignalKind::quit(),
                    _ = terminate.recv() => SignalKind::terminate(),
                }
            });
            // Held to the end: nothing is hidden again.
            let mut terminal = Self::lock();
            terminal.show();
            std::process::exit(128 + ended_by.as_raw_value());
        })?;
        self.is_guarded = true;
        Ok(())
    }
}

/// A terminal that shows what is typed again when this is dropped.
struct Hidden;

impl Hidden {
    fn begin() -> io::Result<Self> {
        let mut terminal = Terminal::lock();
        terminal.guard()?;
        terminal.hide()?;
        Ok(Self)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        Terminal::lock().show();
    }
}

/// Whether somebody sits there.
pub(super) fn is_terminal() -> bool {
    stdin().is_terminal()
}

/// Asks for one line that is not shown. Without a terminal the next line of standard input is taken.
pub(super) fn secret(question: &str) -> Result<Zeroizing<String>, NodeError> {
    let _hidden = if is_terminal() {
        let hidden = Hidden::begin().map_err(|error| format!("the terminal: {error}"))?;
        write!(stderr(), "{question}: ")?;
        Some(hidden)
    } else {
        None
    };
    let line = line()?;
    if line.is_empty() { Err("nothing was typed".into()) } else { Ok(line) }
}

/// One line of standard input, byte by byte: nothing stays in a buffer that nobody wipes.
fn line() -> Result<Zeroizing<String>, NodeError> {
    let mut line = Zeroizing::new(Vec::with_capacity(limits::SHARE_BODY_BYTES));
    let mut byte = Zeroizing::new([0]);
    while rustix::io::read(stdin(), byte.as_mut_slice())? == 1 && *byte != *b"\n" {
        if line.len() == limits::SHARE_BODY_BYTES {
            return Err("the line is too long".into());
        }
        line.extend_from_slice(byte.as_slice());
    }
    let text = std::str::from_utf8(&line).map_err(|_| "what was typed is no text")?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Waits for Enter.
pub(super) fn enter(question: &str) -> Result<(), NodeError> {
    write!(stderr(), "{question}")?;
    let mut typed = [0];
    while stdin().lock().read(&mut typed)? == 1 && typed != *b"\n" {}
    Ok(())
}

/// Whether `yes` is typed.
pub(super) fn yes(question: &str) -> Result<bool, NodeError> {
    write!(stderr(), "{question} Type yes to go on: ")?;
    let mut typed = String::new();
    stdin().lock().take(64).read_line(&mut typed)?;
    Ok(typed.trim() == "yes")
}
