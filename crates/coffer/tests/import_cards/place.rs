//! A sandbox's folder with an identity and files of cards in it.

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use coffer_crypto::age::{AgeIdentities, encrypt};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{self, Node, log::Log, store};

/// Identities that were made for tests.
pub(crate) const IDENTITY: &str =
    "AGE-SECRET-KEY-10JAMEMJLFP68K2575MJA6YV0J8NS4X9NWEA8L8FJZ0R087LE2GNQCP3CSD";
pub(crate) const OTHER_IDENTITY: &str =
    "AGE-SECRET-KEY-1UZAGTGCHHKFY60G9DPZ9GM6MHSNTCK6FZCUXCF90JEQD6PY0QWTS028CKD";

/// The options of each dialect in a sandbox.
pub(crate) const WORLDPAY: [&str; 4] = ["--into", "worldpay", "--organization", "worldpay_sandbox"];
pub(crate) const PAYROC: [&str; 6] =
    ["--into", "payroc", "--organization", "payroc_sandbox", "--terminal", "1234001"];
pub(crate) const REBILLY: [&str; 4] = ["--into", "rebilly", "--organization", "org_sandbox"];

pub(crate) struct Place {
    pub(crate) home: TempDir,
    /// Where the files of cards lie.
    pub(crate) work: TempDir,
}

/// What a run said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{} {}", self.out, self.err))
    }

    /// The counts: made, matched, skipped, refused.
    pub(crate) fn counts(&self) -> [u64; 4] {
        let json = self.json();
        ["made", "matched", "skipped", "refused"].map(|name| json[name].as_u64().unwrap())
    }
}

impl Place {
    /// A folder in which a sandbox was started once.
    pub(crate) fn new() -> Self {
        let place = Self { home: support::home(), work: support::home() };
        assert!(Node::sandbox(place.home.path()).stop());
        place.secret("import.key", IDENTITY);
        place.secret("other.key", OTHER_IDENTITY);
        place
    }

    fn secret(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, format!("# made for tests\n{text}\n")).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    /// Encrypts a file.
    pub(crate) fn file(&self, name: &str, clear: &str) -> PathBuf {
        let sealed = encrypt(&AgeIdentities::parse(IDENTITY).unwrap(), clear.as_bytes()).unwrap();
        fs::write(self.path(name), sealed).unwrap();
        self.path(name)
    }

    pub(crate) fn command(&self, dialect: &[&str], more: &[&str], file: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["import-cards", "--json", "--data"]).arg(self.home.path());
        command.args(store::options(self.home.path())).args(dialect).args(more);
        if !more.contains(&"--identity") {
            command.arg("--identity").arg(self.path("import.key"));
        }
        command.arg(file).current_dir(self.work.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, dialect: &[&str], more: &[&str], file: &Path) -> Said {
        Said::of(self.command(dialect, more, file).output().unwrap())
    }

    /// The lines of the map of a file, without the header, by their fields.
    pub(crate) fn map(file: &Path) -> Vec<Vec<String>> {
        let text = fs::read_to_string(map_of(file)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    /// The records that were made or changed by an action, each once.
    pub(crate) fn objects(&self, action: &str) -> BTreeSet<u64> {
        let log = Log::of(self.home.path());
        let own = log.of_action(action).into_iter().filter(|fact| fact["actor"] == "import-cards");
        own.map(|fact| fact["object"].as_u64().unwrap_or_else(|| panic!("{fact}"))).collect()
    }

    /// Everything that is kept, to be compared.
    pub(crate) fn kept(&self) -> Vec<u8> {
        // A dump of a database says a word of its own that is another each time.
        let rows = |rows: Vec<u8>| {
            let lines = rows.split_inclusive(|byte| *byte == b'\n');
            let kept =
                lines.filter(|line| !line.starts_with(b"\\restrict") && !line.starts_with(b"\\unrestrict"));
            kept.flatten().copied().collect()
        };
        store::rows(self.home.path()).map_or_else(
            || {
                let mut files = support::files(&self.home.path().join("data"));
                // Beside the pages and the log written ahead there is the engine's own memory, shared by processes.
                files.retain(|file| !file.to_string_lossy().ends_with("-shm"));
                files.sort();
                files.iter().flat_map(|file| support::bytes(file)).collect()
            },
            rows,
        )
    }
}

pub(crate) fn map_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".map.csv");
    name.into()
}

/// So many card numbers of a range that is published for testing (Visa's 400000), with right check digits.
pub(crate) fn numbers(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|place| {
        let body = format!("400000{place:09}");
        let check = (0..10).find(|check| coffer_types::passes_luhn(&format!("{body}{check}"))).unwrap();
        format!("{body}{check}")
    })
}

/// So many cards as CSV, good for every dialect.
pub(crate) fn csv(count: usize) -> String {
    let rows = numbers(count).enumerate();
    rows.fold("pan,reference,expiry,name\n".to_owned(), |text, (place, pan)| {
        format!("{text}{pan},ref-{place},12/2035,Ada Lovelace\n")
    })
}
