//! The commands as a person gives them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use coffer_postgres_fixture::shared;

use crate::support::{self, Node, home};

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn coffer(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.args(arguments);
    command
}

pub(crate) fn ended(output: &Output) -> Ended {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

pub(crate) fn run(arguments: &[&str]) -> Ended {
    ended(&coffer(arguments).output().expect("the binary runs"))
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this test")
}

/// Where a sandbox keeps what moves: in its folder, or in a database beside it.
pub(crate) struct Where {
    pub(crate) home: tempfile::TempDir,
    pub(crate) store: Option<String>,
}

impl Where {
    pub(crate) fn folder() -> Self {
        Self { home: home(), store: None }
    }

    pub(crate) fn database() -> Self {
        Self { home: home(), store: Some(shared().database()) }
    }

    /// `--data` and, for a database, `--store`.
    pub(crate) fn arguments(&self) -> Vec<&str> {
        let store = self.store.iter().flat_map(|url| ["--store", url.as_str()]);
        ["--data", text(self.home.path())].into_iter().chain(store).collect()
    }

    pub(crate) fn node(&self) -> Node {
        let store: Vec<_> = self.store.iter().flat_map(|url| ["--store", url.as_str()]).collect();
        Node::on_a_free_port(|| Node::try_sandbox_with(self.home.path(), &store))
    }

    pub(crate) fn export(&self, to: &Path) -> Command {
        coffer(&[&["export", "--to", text(to), "--json"], self.arguments().as_slice()].concat())
    }

    pub(crate) fn import(&self, from: &Path) -> Command {
        coffer(&[&["import", "--from", text(from), "--json"], self.arguments().as_slice()].concat())
    }
}

/// Runs a command that must succeed, and gives the JSON that it said.
pub(crate) fn json_of(mut command: Command) -> serde_json::Value {
    let said = ended(&command.output().expect("the binary runs"));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    serde_json::from_str(&said.stdout).expect("JSON")
}

/// Exports a sandbox, which must be possible.
pub(crate) fn export(home: &Path, to: &Path) -> serde_json::Value {
    let said = run(&["export", "--data", text(home), "--to", text(to), "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    serde_json::from_str(&said.stdout).expect("JSON")
}

/// Imports into a sandbox.
pub(crate) fn import(home: &Path, from: &Path, more: &[&str]) -> Ended {
    run(&[&["import", "--data", text(home), "--from", text(from)], more].concat())
}

/// Gives a new sandbox the key of another.
pub(crate) fn with_key_of(home: &Path, other: &Path) {
    support::own_folder(other);
    fs::copy(home.join("key"), other.join("key")).expect("a copy");
}
