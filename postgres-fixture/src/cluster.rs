//! A cluster's folder: made once, served several times.

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    net::SocketAddr,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{account::Account, command};

/// The user whom everybody on the loopback is trusted to be.
pub(crate) const SUPERUSER: &str = "postgres";

/// A first start, and one that recovers from a crash.
const START: Duration = Duration::from_mins(1);
const INITDB: Duration = Duration::from_mins(2);

/// How much of the log a failure shows, in lines.
const TAIL: usize = 40;

/// What a test's server is like, unless the test says otherwise.
const SETTINGS: [(&str, &str); 9] = [
    ("listen_addresses", "'127.0.0.1'"),
    // What is acknowledged is flushed, as at an operator's.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    // Many nodes with several connections each.
    ("max_connections", "200"),
    ("shared_buffers", "'32MB'"),
    // In the folder, so that a server that was killed leaves nothing elsewhere.
    ("dynamic_shared_memory_type", "mmap"),
    ("log_timezone", "'UTC'"),
    ("timezone", "'UTC'"),
    ("lc_messages", "'C'"),
];

/// A cluster, and how its server is started.
pub(crate) struct Cluster {
    programs: PathBuf,
    account: Account,
    folder: PathBuf,
    address: SocketAddr,
}

/// Why a server is not there.
pub(crate) enum NotStarted {
    /// Somebody took the port meanwhile.
    PortTaken,
    /// With the end of the log.
    Failed(String),
}

impl Cluster {
    /// Makes a cluster in this folder.
    pub(crate) fn make(programs: &Path, folder: &Path, address: SocketAddr) -> Self {
        let account = Account::of_server();
        account.owns(folder);
        let cluster = Self { programs: programs.to_owned(), account, folder: folder.to_owned(), address };
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]);
        initdb.args(["--no-sync", "--pgdata"]).arg(cluster.data()).current_dir(folder);
        account.runs(&mut initdb);
        command::run(&mut initdb, INITDB).unwrap_or_else(|said| panic!("no cluster: {said}"));
        File::create(cluster.log()).expect("a log");
        account.owns(&cluster.log());
        cluster
    }

    /// Writes its settings into the configuration file, where `ALTER SYSTEM` goes before them.
    pub(crate) fn configure(&self, settings: &[(&str, &str)]) {
        let (port, folder) = (self.address.port().to_string(), format!("'{}'", self.folder.display()));
        let own = [("port", port.as_str()), ("unix_socket_directories", &folder)];
        let mut lines = String::from("\n");
        for (name, value) in SETTINGS.iter().chain(&own).chain(settings) {
            writeln!(lines, "{name} = {value}").expect("a text");
        }
        let file = self.data().join("postgresql.conf");
        let before = fs::read_to_string(&file).expect("the configuration that initdb made");
        fs::write(&file, before + &lines).expect("the configuration");
    }

    /// Where all its processes work.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts a server and waits until it takes connections.
    pub(crate) fn start(&self) -> Result<Child, NotStarted> {
        let before = self.log_length();
        let log = || OpenOptions::new().append(true).open(self.log()).expect("the log");
        let mut postgres = Command::new(self.programs.join("postgres"));
        postgres.arg("-D").arg(self.data()).current_dir(self.data());
        postgres.stdin(Stdio::null()).stdout(log()).stderr(log()).process_group(0);
        self.account.runs(&mut postgres);
        let mut child = postgres.spawn().expect("the server's program runs");
        let deadline = Instant::now() + START;
        while !self.is_ready(child.id()) {
            if let Some(status) = child.try_wait().expect("a child") {
                let said = fs::read(self.log()).expect("the log").split_off(before);
                if String::from_utf8_lossy(&said).contains("Address already in use") {
                    return Err(NotStarted::PortTaken);
                }
                return Err(NotStarted::Failed(format!("it ended with {status}: {}", self.log_tail())));
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                return Err(NotStarted::Failed(format!("not ready after {START:?}: {}", self.log_tail())));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(child)
    }

    /// What the postmaster says of itself in its file: its number in the first line, its state in the eighth.
    fn is_ready(&self, id: u32) -> bool {
        let said = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = said.lines().map(str::trim).collect();
        lines.first() == Some(&id.to_string().as_str()) && lines.get(7) == Some(&"ready")
    }

    /// The last lines that the server wrote.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        format!("the log ends with\n{}", lines[lines.len().saturating_sub(TAIL)..].join("\n"))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn log_length(&self) -> usize {
        fs::read(self.log()).expect("the log").len()
    }
}

/// A folder for a server, for others to walk through and not to look into.
pub(crate) fn new_folder() -> PathBuf {
    let made = tempfile::Builder::new().prefix("coffer-postgres-").tempdir().expect("a folder").keep();
    fs::set_permissions(&made, fs::Permissions::from_mode(0o711)).expect("a mode");
    // As the system names it where it says in which folder a process works.
    made.canonicalize().expect("a folder")
}
