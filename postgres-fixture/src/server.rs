//! One server: started, broken and started again.

use std::{
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    cluster::{Cluster, NotStarted, SUPERUSER, new_folder},
    command::{run, wait_until},
    ports, programs, tree,
    watcher::Watcher,
};

/// How long a server may take to stop, and a statement to run.
const STOP: Duration = Duration::from_mins(1);
const STATEMENT: Duration = Duration::from_mins(1);

/// How long `psql` waits for a server that does not answer, in seconds.
const CONNECT_SECONDS: &str = "5";

/// How often a port may be taken by somebody else before that is a failure.
const PORT_ATTEMPTS: usize = 10;

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Running transactions are given up and everything is written: a restart by the operator.
    Fast,
    /// At once; the next start recovers from the log.
    Immediate,
}

/// A PostgreSQL server. Dropping it kills it and removes its folder.
pub struct Server {
    /// Without the name of a database: `postgres://postgres@127.0.0.1:5500`.
    url: String,
    programs: PathBuf,
    own: Option<Own>,
}

/// What belongs to a server that this process started. The watcher goes first: it ends the process.
struct Own {
    _watcher: Watcher,
    running: Mutex<Running>,
    cluster: Cluster,
    folder: PathBuf,
    address: SocketAddr,
}

/// The postmaster, while there is one.
struct Running(Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Server {
    /// Makes a cluster and starts a server of it, with these settings besides those of all tests: lines of
    /// `postgresql.conf`, so that a text stands in quotes.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let programs = programs::folder();
        for _ in 0..PORT_ATTEMPTS {
            let (folder, address) = (new_folder(), ports::free_address());
            let watcher = Watcher::of(&folder);
            let cluster = Cluster::make(&programs, &folder, address);
            cluster.configure(settings);
            match cluster.start() {
                Ok(child) => {
                    let running = Mutex::new(Running(Some(child)));
                    let own = Some(Own { _watcher: watcher, running, cluster, folder, address });
                    return Self { url: format!("postgres://{SUPERUSER}@{address}"), programs, own };
                }
                Err(NotStarted::PortTaken) => {}
                Err(NotStarted::Failed(said)) => panic!("the server does not start: {said}"),
            }
        }
        panic!("{PORT_ATTEMPTS} ports, and somebody else took each of them");
    }

    /// A server that somebody else runs, `postgres://user@host:port/`: databases are made in it, and it is not touched
    /// otherwise.
    pub(crate) fn of_somebody(url: &str) -> Self {
        let url = url.trim_end_matches('/');
        let host = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let is_whole = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?']));
        assert!(is_whole, "a server is postgres://user@host:port/, without a database");
        Self { url: url.to_owned(), programs: programs::folder(), own: None }
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.url)
    }

    /// Makes an empty database with a name of its own, and gives its URL.
    pub fn database(&self) -> String {
        let name = format!("coffer_{:016x}", RandomState::new().hash_one(self.url.as_str()));
        self.sql("postgres", &format!("CREATE DATABASE {name} STRATEGY file_copy"));
        self.url(&name)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.own().address
    }

    /// The port of [`Server::address`].
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// The folder that goes away with the server: `data` is the cluster, `log` what the server says.
    pub fn folder(&self) -> &Path {
        &self.own().folder
    }

    /// Ends the postmaster and all its children at once, as when the machine loses its power. What the system has of
    /// its files stays, as it would not on such a machine: what was not flushed is not lost by that.
    pub fn kill(&self) {
        let own = self.own();
        let mut running = own.lock();
        assert!(running.0.is_some(), "a server that does not run cannot be killed");
        assert!(tree::kill(&own.cluster.data()), "the server outlives a kill: {}", own.cluster.log_tail());
        if let Some(mut child) = running.0.take() {
            child.wait().expect("a child that has ended");
        }
    }

    /// Stops it.
    pub fn stop(&self, how: Stop) {
        let own = self.own();
        let mut running = own.lock();
        let mut child = running.0.take().expect("a server that runs");
        let signal = match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        };
        kill_process(Pid::from_child(&child), signal).expect("a signal");
        let ended = wait_until(STOP, || child.try_wait().is_ok_and(|status| status.is_some()));
        if !ended {
            running.0 = Some(child);
            panic!("not stopped after {STOP:?}: {}", own.cluster.log_tail());
        }
    }

    /// Starts it again at the same address, after [`Server::kill`] or [`Server::stop`], and waits until it is ready.
    pub fn start_again(&self) {
        let own = self.own();
        let mut running = own.lock();
        assert!(running.0.is_none(), "it runs");
        running.0 = match own.cluster.start() {
            Ok(child) => Some(child),
            Err(NotStarted::PortTaken) => panic!("somebody took {} meanwhile", own.address),
            Err(NotStarted::Failed(said)) => panic!("the server does not start again: {said}"),
        };
    }

    /// Lets it hang: its connections stay open and nobody answers, as when the machine or its disk stands still.
    pub fn freeze(&self) {
        let own = self.own();
        let _running = own.lock();
        assert!(tree::freeze(&own.cluster.data()), "it does not stand still: {}", own.cluster.log_tail());
    }

    /// Lets it go on after [`Server::freeze`].
    pub fn thaw(&self) {
        let own = self.own();
        let _running = own.lock();
        tree::thaw(&own.cluster.data());
    }

    /// Runs statements in a database by `psql`, each committed by itself, and gives the rows: a line each, `|` between
    /// the columns.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.try_sql(database, statements).unwrap_or_else(|said| panic!("{said}; {}", self.log_tail()))
    }

    /// The same, or what went wrong.
    pub fn try_sql(&self, database: &str, statements: &str) -> Result<String, String> {
        self.try_sql_at(&self.url(database), statements)
    }

    /// The same in the database of a URL, which may be that of a [`Proxy`](crate::Proxy).
    pub fn try_sql_at(&self, url: &str, statements: &str) -> Result<String, String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password"]);
        psql.args(["--set", "ON_ERROR_STOP=1", "--dbname", url]).env("PGCONNECT_TIMEOUT", CONNECT_SECONDS);
        for statement in statements.split_inclusive(';').filter(|statement| !statement.trim().is_empty()) {
            psql.args(["--command", statement]);
        }
        run(&mut psql, STATEMENT).map(|rows| rows.trim_end().to_owned())
    }

    /// Every row of the database of a URL, as text: bytes are hexadecimal digits.
    pub fn rows(&self, url: &str) -> String {
        let mut dump = Command::new(self.programs.join("pg_dump"));
        dump.args(["--no-password", "--data-only", "--dbname", url]);
        run(&mut dump, STATEMENT).unwrap_or_else(|said| panic!("{said}; {}", self.log_tail()))
    }

    /// Changes a setting (`ALTER SYSTEM`), and waits until it holds for new connections. Some settings hold after a
    /// restart only.
    pub fn set(&self, name: &str, value: &str) {
        self.own();
        let loaded = || self.sql("postgres", "SELECT pg_conf_load_time()");
        let before = loaded();
        self.sql("postgres", &format!("ALTER SYSTEM SET {name} = {value}; SELECT pg_reload_conf()"));
        assert!(wait_until(STOP, || loaded() != before), "{name} is not read: {}", self.log_tail());
    }

    /// The last lines of its log, for a test that fails.
    pub fn log_tail(&self) -> String {
        self.own.as_ref().map_or_else(|| "its log is elsewhere".to_owned(), |own| own.cluster.log_tail())
    }

    /// What only a server of our own lets be done to it.
    fn own(&self) -> &Own {
        let why =
            "the server is somebody else's (COFFER_TEST_POSTGRES names it): it is neither killed nor changed";
        self.own.as_ref().unwrap_or_else(|| panic!("{why}"))
    }
}

impl Own {
    /// A test that failed while it held the lock is no reason for others to fail.
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_somebody_else_is_used_and_not_touched() {
        let server = Server::of_somebody("postgres://ann@db.example:5432/");
        assert_eq!(server.url("x"), "postgres://ann@db.example:5432/x");
        let refused = std::panic::catch_unwind(|| server.kill()).unwrap_err();
        assert!(refused.downcast_ref::<String>().unwrap().contains("COFFER_TEST_POSTGRES"));
    }

    #[test]
    fn a_server_is_named_without_a_database() {
        for url in
            ["", "db.example", "postgres://", "postgres://db.example/coffer", "postgres://db.example/?a=b"]
        {
            assert!(std::panic::catch_unwind(|| Server::of_somebody(url)).is_err(), "{url}");
        }
    }
}
