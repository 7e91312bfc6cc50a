//! The real binary under test, and a small HTTP client to talk to it. Nothing here is a stand-in.

#![allow(dead_code, unreachable_pub, reason = "each test crate uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod client;
mod contract;
pub mod log;
pub mod store;
pub mod tls;

use std::{
    fs::{File, Permissions},
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

pub use client::{Answer, Client};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub const SECRET: (&str, &str) = ("REB-APIKEY", "sk_sandbox_coffer");
pub const PUBLISHABLE: (&str, &str) = ("Authorization", "pk_sandbox_coffer");
pub const REDEEM: (&str, &str) = ("Authorization", "Bearer ck_sandbox_redeem");
pub const ADMIN: (&str, &str) = ("Authorization", "Bearer ck_sandbox_admin");

/// A running node. Dropping it kills the process.
pub struct Node {
    child: Child,
    pub clients: SocketAddr,
    pub operator: SocketAddr,
    /// Everything the process wrote to standard output and error.
    pub output: Arc<Mutex<Vec<u8>>>,
    pub started_in: Duration,
}

/// Makes a folder that is its owner's alone, and those above it, as a node wants it.
pub fn own_folder(path: &Path) {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700).create(path).expect("a folder");
}

/// A folder for a sandbox, kept over restarts, and with it the sandbox's database where it has one. It lies on a real
/// disk: fsync must cost what it costs.
pub fn home() -> TempDir {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let own = Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(own).tempdir_in(target).expect("a folder")
}

/// A port that was free a moment ago, and that this process gives out once. Below the range from which the system draws
/// ports for clients, and begun at a place of the process's own, so that nobody else takes it before a node does: a
/// test that reaches another test's node would judge the wrong one.
pub fn free_address() -> SocketAddr {
    const PORTS: std::ops::Range<u32> = 10_000..32_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(97);
    loop {
        let place = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
        let port = u16::try_from(PORTS.start + place).expect("a port");
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener.local_addr().expect("an address");
        }
    }
}

impl Node {
    /// A sandbox in this folder, ready to serve.
    pub fn sandbox(home: &Path) -> Self {
        Self::on_a_free_port(|| Self::try_sandbox(home))
    }

    /// The same, with the limits of a live node.
    pub fn limited_sandbox(home: &Path) -> Self {
        Self::on_a_free_port(|| Self::try_sandbox_with(home, &["--limits"]))
    }

    /// A node, ready to serve. Only a port that somebody took meanwhile is a reason to try again.
    pub fn on_a_free_port(start: impl Fn() -> Result<Self, String>) -> Self {
        loop {
            match start() {
                Ok(node) => return node,
                Err(said) if said.contains("Address already in use") => {}
                Err(said) => panic!("the node does not start: {said}"),
            }
        }
    }

    /// A sandbox, or what it said instead of starting.
    pub fn try_sandbox(home: &Path) -> Result<Self, String> {
        Self::try_sandbox_with(home, &[])
    }

    /// A sandbox in this folder that shares this database with others.
    pub fn sandbox_on(home: &Path, url: &str) -> Self {
        let store = ["--store".to_owned(), url.to_owned()];
        Self::on_a_free_port(|| Self::try_sandbox_of(home, &[], &store))
    }

    /// The same with more options.
    pub fn try_sandbox_with(home: &Path, options: &[&str]) -> Result<Self, String> {
        let mut store = store::options(home);
        if !store.is_empty() {
            store.extend(["--patience".to_owned(), "4".to_owned()]);
        }
        Self::try_sandbox_of(home, options, &store)
    }

    fn try_sandbox_of(home: &Path, options: &[&str], store: &[String]) -> Result<Self, String> {
        let clients = free_address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["sandbox", "--listen", &clients.to_string()]).args(options);
        command.args(store).arg("--data").arg(home);
        Self::start(command, clients, None)
    }

    /// A node of a configuration file that names these addresses.
    pub fn serve(config: &Path, clients: SocketAddr, operator: SocketAddr) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["serve", "--config"]).arg(config);
        Self::start(command, clients, Some(operator))
    }

    /// The same of a configuration with TLS: its readiness is the operator's to see.
    pub fn serve_tls(config: &Path, clients: SocketAddr, operator: SocketAddr) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["serve", "--config"]).arg(config);
        Self::start_by(command, clients, Some(operator), operator)
    }

    /// Runs a command until it serves: a sandbox says its operator's address on standard output.
    pub fn start(
        command: Command,
        clients: SocketAddr,
        operator: Option<SocketAddr>,
    ) -> Result<Self, String> {
        Self::start_by(command, clients, operator, clients)
    }

    /// The same, asking at `door` whether it serves.
    fn start_by(
        mut command: Command,
        clients: SocketAddr,
        operator: Option<SocketAddr>,
        door: SocketAddr,
    ) -> Result<Self, String> {
        let began = Instant::now();
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let output = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take().expect("a pipe"), &output);
        collect(child.stderr.take().expect("a pipe"), &output);
        let deadline = began + Duration::from_secs(20);
        loop {
            if child.try_wait().expect("a child").is_some() {
                thread::sleep(Duration::from_millis(50));
                return Err(text(&output));
            }
            let ready =
                Client::try_new(door).and_then(|mut client| client.try_call("GET", "/readyz", &[], b""));
            if ready.is_some_and(|answer| answer.status == 200) {
                let started_in = began.elapsed();
                if door == clients {
                    let documents = contract::learn(clients).len();
                    assert_eq!(
                        documents,
                        contract::documents(),
                        "the node serves a document for each dialect"
                    );
                }
                let operator = operator.or_else(|| announced(&output, began)).expect("an operator's address");
                return Ok(Self { child, clients, operator, output, started_in });
            }
            assert!(Instant::now() < deadline, "not ready after 20 s: {}", text(&output));
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// A fresh connection.
    pub fn client(&self) -> Client {
        Client::new(self.clients)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`: the process is gone when this returns.
    pub fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// SIGTERM, and waits for the end. True when it ended by itself with success.
    pub fn stop(&mut self) -> bool {
        self.signal(Signal::TERM);
        self.child.wait().expect("wait").success()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// What it wrote so far.
    pub fn said(&self) -> String {
        text(&self.output)
    }

    /// Waits until it wrote all of these: a line comes out of the pipe a moment after its answer.
    pub fn wait_until_said(&self, texts: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !texts.iter().all(|text| self.said().contains(text)) {
            assert!(Instant::now() < deadline, "the last line does not come: {}", self.said());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The metrics page.
    pub fn metrics(&self) -> String {
        let answer = Client::new(self.operator).call("GET", "/metrics", &[], b"");
        assert_eq!(answer.status, 200);
        String::from_utf8(answer.body).expect("text")
    }

    /// Moves the sandbox's clock.
    pub fn advance(&self, seconds: u64) {
        let body = format!("{{\"advanceSeconds\":{seconds}}}");
        let answer = self.client().call("POST", "/sandbox/clock", &[], body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Published test numbers, each another card.
pub const CARD_NUMBERS: [&str; 21] = [
    "4111111111111111",
    "4242424242424242",
    "4000000000000002",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "2221000000000009",
    "2720990000000007",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "6011000990139424",
    "30569309025904",
    "36227206271667",
    "38520000023237",
    "3530111333300000",
    "3566002020360505",
    "6253111111111114",
    "6243030000000001",
    "6759641111111119",
    "6771790000000018",
];

/// A card token of the published test number, as a body for `POST /tokens`.
pub fn card() -> serde_json::Value {
    serde_json::json!({
        "method": "payment-card",
        "paymentInstrument": {"pan": "4111111111111111", "cvv": "123", "expMonth": 12, "expYear": 2035},
        "billingAddress": {"firstName": "Benjamin", "lastName": "Franklin", "country": "GB"},
    })
}

/// Makes a token and gives its id.
pub fn create(client: &mut Client, body: &serde_json::Value) -> String {
    let answer = client.call("POST", "/rebilly/tokens", &[SECRET], body.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// Exchanges a token for a customer.
pub fn exchange(client: &mut Client, token: &str, customer: &str) -> Answer {
    let body = serde_json::json!({"token": token, "customerId": customer}).to_string();
    client.call("POST", "/rebilly/payment-instruments", &[SECRET], body.as_bytes())
}

/// Redeems a token by the native door.
pub fn redeem(client: &mut Client, token: &str) -> Answer {
    client.call("POST", &format!("/coffer/v1/tokens/{token}/redeem"), &[REDEEM], b"")
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// A file's bytes; empty for what cannot be read as a file (a socket).
pub fn bytes(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    if let Ok(mut file) = File::open(path) {
        let _ = file.read_to_end(&mut content);
    }
    content
}

fn collect(pipe: impl Read + Send + 'static, output: &Arc<Mutex<Vec<u8>>>) {
    let output = Arc::clone(output);
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(count) if count > 0) {
            output.lock().expect("no panic").append(&mut line);
        }
    });
}

fn announced(output: &Arc<Mutex<Vec<u8>>>, began: Instant) -> Option<SocketAddr> {
    while began.elapsed() < Duration::from_secs(20) {
        let text = text(output);
        if let Some(rest) = text.split("metrics   http://").nth(1)
            && let Some((address, _)) = rest.split_once("/metrics")
        {
            return address.parse().ok();
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

fn text(output: &Arc<Mutex<Vec<u8>>>) -> String {
    String::from_utf8_lossy(&output.lock().expect("no panic")).into_owned()
}

/// Seconds since 1970 of an ISO 8601 time in UTC, written to the second.
pub fn seconds(time: &serde_json::Value) -> i64 {
    let text = time.as_str().unwrap_or_else(|| panic!("no time: {time}"));
    let moment: jiff::Timestamp = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(text.len() == 20 && moment.to_string() == text, "in UTC, to the second: {text}");
    moment.as_second()
}
