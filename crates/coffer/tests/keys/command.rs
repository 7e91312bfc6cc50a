//! Runs `coffer keys`.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// What a command said, and how it ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let code = output.status.code().unwrap_or(-1);
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// It must have ended so.
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {}\n{}", self.out, self.err))
    }
}

/// `coffer keys` with these words.
pub(crate) fn keys(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.arg("keys").args(words).stdin(Stdio::null());
    command
}

/// The same for the sandbox of a folder, run to its end.
pub(crate) fn on(home: &Path, words: &[&str]) -> Ran {
    Ran::of(keys(words).arg("--data").arg(home).output().expect("it runs"))
}

/// Run to its end with this on standard input.
pub(crate) fn typed(mut command: Command, text: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    // It may end without reading.
    let _ = child.stdin.take().expect("a pipe").write_all(text.as_bytes());
    Ran::of(child.wait_with_output().expect("output"))
}

pub(crate) fn status(home: &Path) -> Value {
    on(home, &["status", "--json"]).ends(0).json()
}

/// Waits until the status is so.
pub(crate) fn wait_until(home: &Path, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_mins(5);
    loop {
        let status = status(home);
        if is(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "not {what}: {status:#}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The keys of a purpose in a state.
pub(crate) fn of<'s>(status: &'s Value, purpose: &str, state: &str) -> Vec<&'s Value> {
    let keys = status["keys"].as_array().expect("keys");
    keys.iter().filter(|key| key["purpose"] == purpose && key["state"] == state).collect()
}

/// The version of a purpose that is in use, the highest of all tenants.
pub(crate) fn in_use(status: &Value, purpose: &str) -> u64 {
    let versions = of(status, purpose, "active").into_iter().filter_map(|key| key["version"].as_u64());
    versions.max().unwrap_or(0)
}
