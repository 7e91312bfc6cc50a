//! A real PKCS#11 token for the tests: SoftHSM with a folder of its own. No part of the product.
//!
//! SoftHSM finds its configuration by the variable `SOFTHSM2_CONF` of the process that loads it, and no test changes
//! the environment of a running process. So there are two ways: a program that is started is given the variable
//! ([`Devices::configure`]), and a test that loads the module itself runs in a process of its own ([`alone`]).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "for tests only, and a test stops at the first surprise"
)]

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Where Debian's packages put the module.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// The variable by which SoftHSM finds its configuration.
const CONFIGURATION: &str = "SOFTHSM2_CONF";

/// Names the folder to a test's own process.
const FOLDER: &str = "COFFER_TEST_DEVICES";

/// The user's PIN of every token here.
pub const PIN: &str = "31415926";
/// The security officer's.
pub const OFFICER_PIN: &str = "27182818";

/// A place where tokens are plugged in.
pub struct Devices {
    folder: PathBuf,
    _owned: Option<tempfile::TempDir>,
}

impl Devices {
    /// A place with nothing in it, which goes away with this.
    pub fn new() -> Self {
        let owned = tempfile::tempdir().expect("a folder");
        let folder = owned.path().to_owned();
        fs::create_dir(folder.join("tokens")).expect("a folder");
        let configuration = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n",
            folder.join("tokens").display()
        );
        fs::write(folder.join("softhsm2.conf"), configuration).expect("the configuration");
        Self { folder, _owned: Some(owned) }
    }

    /// The PKCS#11 module.
    pub fn module(&self) -> PathBuf {
        let found = MODULES.iter().map(PathBuf::from).find(|path| path.exists());
        found.expect("the tests need SoftHSM (Debian's package `softhsm2`)")
    }

    /// Lets a program that is started find these tokens.
    pub fn configure<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(CONFIGURATION, self.folder.join("softhsm2.conf"))
    }

    /// Makes a token with this label and [`PIN`].
    pub fn make_token(&self, label: &str) {
        let mut make = Command::new("softhsm2-util");
        make.args(["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", OFFICER_PIN]);
        let made = self.configure(&mut make).output().expect("softhsm2-util runs");
        assert!(made.status.success(), "no token: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Takes every token out.
    pub fn unplug(&self) {
        fs::rename(self.folder.join("tokens"), self.folder.join("unplugged")).expect("they were in");
        fs::create_dir(self.folder.join("tokens")).expect("an empty place");
    }

    /// Puts the tokens in again.
    pub fn plug_in(&self) {
        fs::remove_dir_all(self.folder.join("tokens")).expect("the empty place");
        fs::rename(self.folder.join("unplugged"), self.folder.join("tokens")).expect("they were out");
    }
}

impl Default for Devices {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs `body` in a process of its own, in which the module finds these tokens. `test` is the whole name of the test
/// that calls this, with its modules: the process is this same program, told to run that one test.
pub fn alone(test: &str, labels: &[&str], body: impl FnOnce(&Devices)) {
    if let Some(folder) = env::var_os(FOLDER) {
        return body(&Devices { folder: PathBuf::from(folder), _owned: None });
    }
    let devices = Devices::new();
    for label in labels {
        devices.make_token(label);
    }
    let mut own = Command::new(env::current_exe().expect("this program"));
    own.args(["--exact", test, "--nocapture", "--test-threads", "1"]).env(FOLDER, &devices.folder);
    let run = devices.configure(&mut own).stdin(Stdio::null()).output().expect("this program runs");
    let said = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(run.status.success(), "in its own process:\n{}\n{}", said[0], said[1]);
    assert!(said[0].contains("test result: ok. 1 passed"), "there is no test {test}:\n{}", said[0]);
}
