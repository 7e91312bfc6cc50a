//! What is typed: a secret without being shown, and answers.

use std::io::{self, BufRead, IsTerminal, Read, Write, stderr, stdin};

use coffer_types::limits;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::node::NodeError;

/// A terminal that shows what is typed again when this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

/// Whether somebody sits there.
pub(super) fn is_terminal() -> bool {
    stdin().is_terminal()
}

/// Asks for one line that is not shown. Without a terminal the next line of standard input is taken.
pub(super) fn secret(question: &str) -> Result<Zeroizing<String>, NodeError> {
    let _hidden = if is_terminal() {
        write!(stderr(), "{question}: ")?;
        Some(Hidden::begin().map_err(|error| format!("the terminal: {error}"))?)
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
