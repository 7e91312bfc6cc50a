//! A cluster that fails over by itself: two servers, each under a Patroni, and an etcd in which they agree on who
//! leads.
//!
//! Commits wait for the other server (`synchronous_mode_strict`), so that what was acknowledged outlives the leader;
//! the price is that nothing is committed while only one of them is there. Debian's packages are `patroni` and
//! `etcd-server`. A start takes some ten seconds, a failover up to half a minute: this is for the long tests.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    account::Account,
    cluster::{SUPERUSER, new_folder},
    command::{run, wait_until},
    ports, programs, tree,
    watcher::Watcher,
};

/// How long each step of a start may take.
const START: Duration = Duration::from_mins(2);

/// How long a statement may take: it waits for a standby that is not there.
const STATEMENT: Duration = Duration::from_mins(1);

/// How much of a log a failure shows, in bytes.
const TAIL: usize = 4_000;

/// One of the servers, by its place: 0 or 1.
pub type Place = usize;

/// The cluster. Dropping it kills everything and removes its folder.
pub struct Patroni {
    _watcher: Watcher,
    _etcd: Running,
    members: [Member; 2],
    folder: PathBuf,
    programs: PathBuf,
    account: Account,
}

/// One server and its Patroni.
struct Member {
    folder: PathBuf,
    server: SocketAddr,
    api: SocketAddr,
    running: Option<Running>,
}

/// A process that is waited for when it has ended.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Patroni {
    /// Starts all of it; when this returns, one server leads and the other confirms its commits.
    pub fn start() -> Self {
        let (folder, programs, account) = (new_folder(), programs::folder(), Account::of_server());
        let watcher = Watcher::of(&folder);
        account.owns(&folder);
        let (clients, peers) = (ports::free_address(), ports::free_address());
        let etcd = start_etcd(account, &folder.join("etcd"), clients, peers);
        let member = |place: Place| Member {
            folder: folder.join(format!("member{place}")),
            server: ports::free_address(),
            api: ports::free_address(),
            running: None,
        };
        let members = [member(0), member(1)];
        let mut cluster = Self { _watcher: watcher, _etcd: etcd, members, folder, programs, account };
        for place in 0..cluster.members.len() {
            let member = &cluster.members[place];
            make_folder(account, &member.folder);
            let settings = settings(place, member, clients, &cluster.programs);
            fs::write(member.folder.join("patroni.yml"), settings).expect("a configuration");
            cluster.start_again(place);
            // The first one alone makes the cluster, the other copies it.
            cluster.wait_for_leader(START);
        }
        cluster.wait_for_standby(START);
        cluster
    }

    /// The server that takes writes, if one does.
    pub fn leader(&self) -> Option<Place> {
        (0..self.members.len()).find(|place| self.says(*place, "/primary"))
    }

    /// Waits until one leads. Panics when none does after this time.
    pub fn wait_for_leader(&self, longest: Duration) -> Place {
        let mut leader = None;
        wait_calmly(longest, || {
            leader = self.leader();
            leader.is_some()
        });
        leader.unwrap_or_else(|| panic!("nobody leads after {longest:?}: {}", self.log_tail()))
    }

    /// Waits until the leader's commits are confirmed by the other server, and are taken.
    pub fn wait_for_standby(&self, longest: Duration) {
        let confirms = || (0..self.members.len()).any(|place| self.says(place, "/synchronous"));
        assert!(wait_calmly(longest, confirms), "no standby after {longest:?}: {}", self.log_tail());
    }

    /// Kills the leader's Patroni, postmaster and all children at once, and says which server it was.
    pub fn kill_leader(&mut self) -> Place {
        let leader = self.leader().unwrap_or_else(|| panic!("nobody leads: {}", self.log_tail()));
        self.kill(leader);
        leader
    }

    /// The same of any server.
    pub fn kill(&mut self, place: Place) {
        let member = &mut self.members[place];
        assert!(tree::kill(&member.folder), "{place} outlives a kill");
        member.running = None;
    }

    /// Lets a server and its Patroni hang, as when its machine stands still.
    pub fn freeze(&self, place: Place) {
        assert!(tree::freeze(&self.members[place].folder), "{place} does not stand still");
    }

    /// Lets it go on.
    pub fn thaw(&self, place: Place) {
        tree::thaw(&self.members[place].folder);
    }

    /// Starts a server that was killed; it becomes what the other one lets it be.
    pub fn start_again(&mut self, place: Place) {
        let member = &mut self.members[place];
        assert!(member.running.is_none(), "{place} runs");
        let mut patroni = Command::new("patroni");
        patroni.arg("patroni.yml").current_dir(&member.folder);
        member.running = Some(start(self.account, patroni, &member.folder, "patroni"));
    }

    /// The URL of a database that names both servers, for a client that takes the one that may be written.
    pub fn urls(&self, database: &str) -> String {
        let [one, other] = &self.members;
        format!(
            "postgres://{SUPERUSER}@{},{}/{database}?target_session_attrs=read-write",
            one.server, other.server
        )
    }

    /// The URL of a database of one server.
    pub fn url(&self, place: Place, database: &str) -> String {
        format!("postgres://{SUPERUSER}@{}/{database}", self.members[place].server)
    }

    /// Runs a statement on the leader by `psql`, and gives the rows, or what went wrong.
    pub fn try_sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password"]);
        psql.args(["--set", "ON_ERROR_STOP=1", "--dbname", &self.urls(database), "--command", statement]);
        psql.env("PGCONNECT_TIMEOUT", "5");
        run(&mut psql, STATEMENT).map(|rows| rows.trim_end().to_owned())
    }

    /// The ends of all logs, for a test that fails.
    pub fn log_tail(&self) -> String {
        let logs = self.members.iter().map(|member| member.folder.join("log"));
        let logs = logs.chain([self.folder.join("etcd/log")]);
        logs.map(|log| [&log.display().to_string(), " ends with\n", &tail(&log), "\n"].concat()).collect()
    }

    /// Whether a Patroni says so: it answers 200 where its server is what the path asks for.
    fn says(&self, place: Place, path: &str) -> bool {
        status(self.members[place].api, path) == Some(200)
    }
}

fn start_etcd(account: Account, folder: &Path, clients: SocketAddr, peers: SocketAddr) -> Running {
    make_folder(account, folder);
    let (of_clients, of_peers) = (format!("http://{clients}"), format!("http://{peers}"));
    let mut etcd = Command::new("etcd");
    etcd.args(["--name", "e1", "--data-dir", "data", "--initial-cluster", &format!("e1={of_peers}")]);
    etcd.args(["--listen-client-urls", &of_clients, "--advertise-client-urls", &of_clients]);
    etcd.args(["--listen-peer-urls", &of_peers, "--initial-advertise-peer-urls", &of_peers]);
    let running = start(account, etcd, folder, "etcd-server");
    let is_healthy = wait_calmly(START, || status(clients, "/health") == Some(200));
    assert!(is_healthy, "etcd does not start: {}", tail(&folder.join("log")));
    running
}

/// Starts a program in a folder, with a log there.
fn start(account: Account, mut command: Command, folder: &Path, package: &str) -> Running {
    let log = || OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("a log");
    command.current_dir(folder).env("HOME", folder).process_group(0);
    command.stdin(Stdio::null()).stdout(log()).stderr(log());
    account.runs(&mut command);
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.spawn();
    Running(child.unwrap_or_else(|error| panic!("{name} (Debian's package `{package}`): {error}")))
}

fn make_folder(account: Account, folder: &Path) {
    fs::create_dir(folder).expect("a folder");
    account.owns(folder);
}

/// What Patroni reads. Everybody on the loopback is trusted; a password is asked for and not looked at.
fn settings(place: Place, member: &Member, etcd: SocketAddr, programs: &Path) -> String {
    let Member { folder, server, api, .. } = member;
    let (folder, programs) = (folder.display(), programs.display());
    format!(
        "scope: coffer
name: member{place}
restapi: {{listen: '{api}', connect_address: '{api}'}}
etcd3: {{host: '{etcd}'}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {{wal_log_hints: 'on', max_connections: 200, shared_buffers: 32MB}}
  initdb: [{{encoding: UTF8}}, {{locale: C}}, {{auth: trust}}]
postgresql:
  listen: '{server}'
  connect_address: '{server}'
  data_dir: '{folder}/data'
  bin_dir: '{programs}'
  pgpass: '{folder}/pgpass'
  authentication:
    superuser: {{username: {SUPERUSER}, password: none}}
    replication: {{username: replicator, password: none}}
  parameters: {{unix_socket_directories: '{folder}', dynamic_shared_memory_type: mmap}}
  pg_hba:
  - host all all 127.0.0.1/32 trust
  - host replication all 127.0.0.1/32 trust
  - local all all trust
"
    )
}

/// The status of the answer to a request, if there is one.
fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
    // The whole answer: who hangs up before its end is complained of in the log.
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
}

/// Asks now and then: an answer takes another program some work.
fn wait_calmly(longest: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    wait_until(longest, || {
        let is_so = is_so();
        if !is_so {
            thread::sleep(Duration::from_millis(200));
        }
        is_so
    })
}

fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(TAIL)..]).into_owned()
}
