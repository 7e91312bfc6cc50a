//! A live node of a configuration file, as an operator would write it: two organizations, and a key of every kind.

#![allow(dead_code, reason = "each test crate uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    fmt::Write as _,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::support::{Node, free_address, home, store};

/// The two organizations, in the order of their tenant numbers.
pub(crate) const ALPHA: &str = "org_alpha";
pub(crate) const BETA: &str = "org_beta";

/// Secrets of the test's own, by the names of their files.
pub(crate) const SECRETS: [(&str, &str); 7] = [
    ("alpha-secret", "sk_live_alpha_0001"),
    ("alpha-publishable", "pk_live_alpha_0001"),
    ("alpha-redeem", "ck_live_alpha_redeem_0001"),
    ("beta-secret", "sk_live_beta_0001"),
    ("beta-redeem", "ck_live_beta_redeem_0001"),
    ("admin", "ck_live_admin_0001"),
    ("both-secret", "sk_live_both_0001"),
];

/// The files of one node: a folder with its keys, its secrets and its data.
pub(crate) struct Live {
    folder: TempDir,
    pub(crate) clients: SocketAddr,
    pub(crate) operator: SocketAddr,
}

impl Live {
    /// A folder in which a node would start.
    pub(crate) fn new() -> Self {
        let live = Self { folder: home(), clients: free_address(), operator: free_address() };
        live.write("root.key", &"5a".repeat(32), 0o600);
        for (name, secret) in SECRETS {
            live.write(name, secret, 0o600);
        }
        live
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file with a mode.
    pub(crate) fn write(&self, name: &str, content: &str, mode: u32) {
        let path = self.path(name);
        fs::write(&path, content).expect("a file");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    }

    /// The configuration that works.
    pub(crate) fn config(&self) -> String {
        self.config_with(&store::line(self.folder.path()))
    }

    /// The same with this line for the store.
    pub(crate) fn config_with(&self, store: &str) -> String {
        let (folder, clients, operator) = (self.folder.path().display(), self.clients, self.operator);
        let mut text = format!(
            "listen = \"{clients}\"\nadmin_listen = \"{operator}\"\n{store}\
             ring = \"{folder}/ring\"\nroot_key = {{ file = \"{folder}/root.key\" }}\n\
             [[tenants]]\nnumber = 1\norganization = \"{ALPHA}\"\n\
             [[tenants]]\nnumber = 2\norganization = \"{BETA}\"\n"
        );
        for (name, kind, organizations) in [
            ("alpha-secret", "rebilly-secret", vec![ALPHA]),
            ("alpha-publishable", "rebilly-publishable", vec![ALPHA]),
            ("alpha-redeem", "native-redeem", vec![ALPHA]),
            ("beta-secret", "rebilly-secret", vec![BETA]),
            ("beta-redeem", "native-redeem", vec![BETA]),
            ("admin", "native-admin", vec![ALPHA, BETA]),
            ("both-secret", "rebilly-secret", vec![BETA, ALPHA]),
        ] {
            let _ = write!(
                text,
                "[[credentials]]\nname = \"{name}\"\nkind = \"{kind}\"\norganizations = {organizations:?}\n\
                 secret = {{ file = \"{folder}/{name}\" }}\n"
            );
        }
        text
    }

    /// Starts with this configuration.
    pub(crate) fn try_start(&self, config: &str) -> Result<Node, String> {
        self.write("coffer.toml", config, 0o644);
        Node::serve(&self.path("coffer.toml"), self.clients, self.operator)
    }

    /// Starts with the configuration that works.
    pub(crate) fn start(&self) -> Node {
        self.try_start(&self.config()).expect("the node starts")
    }

    /// The command that would start it with this configuration.
    pub(crate) fn command(&self, config: &str) -> Command {
        self.write("coffer.toml", config, 0o644);
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["serve", "--config"]).arg(self.path("coffer.toml"));
        command
    }

    /// What the node says when it does not start with this configuration: it ends by itself with exit code 1.
    pub(crate) fn refusal(&self, config: &str) -> String {
        refusal(self.command(config))
    }
}

/// Runs a command that must refuse to start, and gives what it said.
pub(crate) fn refusal(mut command: Command) -> String {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let deadline = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("kill");
            let output = child.wait_with_output().expect("output");
            panic!("it started: {}", String::from_utf8_lossy(&output.stderr));
        }
        thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("output");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "a refusal says nothing on standard output");
    said
}

/// `sandbox` with a listen address and a folder.
pub(crate) fn sandbox(listen: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
    command.args(["sandbox", "--listen", listen]).args(store::options(folder)).arg("--data").arg(folder);
    command
}
