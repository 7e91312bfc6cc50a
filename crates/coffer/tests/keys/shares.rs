//! A root that custodians hold: the node is sealed until enough of them have come.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    command::{Ran, in_use, keys, typed},
    support::{Answer, Client, card, free_address, home},
};

const SHOP: (&str, &str) = ("REB-APIKEY", "sk_custodians_0001");

/// A vault of custodians: its folder, and where it is reached.
pub(crate) struct Vault {
    folder: TempDir,
    pub(crate) clients: SocketAddr,
    pub(crate) operator: SocketAddr,
    said: Arc<Mutex<String>>,
}

pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Vault {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// One with more in its configuration.
    pub(crate) fn with(more: &str) -> Self {
        let vault =
            Self { folder: home(), clients: free_address(), operator: free_address(), said: Arc::default() };
        fs::write(vault.path("shop"), SHOP.1).unwrap();
        fs::set_permissions(vault.path("shop"), fs::Permissions::from_mode(0o600)).unwrap();
        let config = format!(
            "listen = \"{}\"\nadmin_listen = \"{}\"\n{}ring = \"ring\"\nadmin_socket = \"run/coffer.sock\"\n\
             [custody]\nkind = \"shares\"\n[[tenants]]\nnumber = 1\norganization = \"org\"\n[[credentials]]\n\
             name = \"shop\"\nkind = \"rebilly-secret\"\norganizations = [\"org\"]\nsecret = {{ file = \"shop\" }}\n\
             {more}",
            vault.clients,
            vault.operator,
            crate::support::store::line(vault.folder.path()),
        );
        fs::write(vault.path("coffer.toml"), config).unwrap();
        vault
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn keys(&self, words: &[&str]) -> Command {
        let mut command = keys(words);
        command.arg("--config").arg(self.path("coffer.toml"));
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.keys(words).output().unwrap())
    }

    /// Makes a root: the shares, as they are shown.
    pub(crate) fn init(&self) -> Vec<String> {
        shown(&self.run(&["init", "--json"]).ends(0).out)
    }

    /// Starts the node, which then answers.
    pub(crate) fn start(&self) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["serve", "--config"]).arg(self.path("coffer.toml"));
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (said, mut lines) = (Arc::clone(&self.said), BufReader::new(child.stderr.take().unwrap()));
        thread::spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|count| count > 0) {
                said.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        while Client::try_new(self.clients).is_none() {
            assert!(
                Instant::now() < deadline && child.try_wait().unwrap().is_none(),
                "{}",
                self.said.lock().unwrap()
            );
            thread::sleep(Duration::from_millis(5));
        }
        Running(child)
    }

    fn unseal(&self, share: &str) -> Ran {
        typed(self.keys(&["unseal"]), &format!("{share}\n"))
    }

    pub(crate) fn unsealed(&self, shares: &[String], some: &[usize]) {
        for (at, index) in some.iter().enumerate() {
            let ran = self.unseal(&shares[*index]).ends(0);
            assert!(ran.out.starts_with(&format!("{} of 3", at + 1)), "{}", ran.out);
        }
        assert_eq!(self.get("/readyz").status, 200);
    }

    fn get(&self, path: &str) -> Answer {
        Client::new(self.clients).call("GET", path, &[], b"")
    }

    fn create(&self) -> Answer {
        let (body, head) = (card().to_string(), format!("{}: {}", SHOP.0, SHOP.1));
        let mut client = Client::new(self.clients);
        // Not held against the document: a sealed node serves none.
        let request = format!(
            "POST /rebilly/tokens HTTP/1.1\r\nHost: {}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}",
            self.clients,
            body.len()
        );
        client.send(request.as_bytes()).expect("sent");
        client.answer().expect("an answer")
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        self.run(&["status", "--json"]).ends(0).json()
    }

    /// Nothing of the shares is in what the node said, nor in its folder.
    fn tells_nothing(&self, shares: &[String]) {
        let said = self.said.lock().unwrap();
        for share in shares {
            for part in [share.as_str(), &share[45..]] {
                assert!(!said.contains(part), "a share is in the log");
            }
            assert!(
                !crate::support::store::holds(self.folder.path(), &share.as_bytes()[..40]),
                "a share is in a file"
            );
        }
    }
}

fn shown(out: &str) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(out).unwrap_or_else(|_| panic!("{out}"));
    let share = |share: &serde_json::Value| share["share"].as_str().unwrap().to_owned();
    report["shares"].as_array().unwrap().iter().map(share).collect()
}

#[test]
fn three_custodians_open_a_vault_and_two_do_not() {
    let vault = Vault::new();
    let shares = vault.init();
    assert_eq!(shares.len(), 5);
    let node = vault.start();
    let mode = |path: &str| fs::metadata(vault.path(path)).unwrap().mode() & 0o777;
    assert_eq!((mode("run"), mode("run/coffer.sock")), (0o700, 0o600));
    assert_eq!(vault.get("/livez").status, 200);
    let ready = vault.get("/readyz");
    assert_eq!((ready.status, ready.text().as_str()), (503, "sealed: no custodian has come\n"));
    let refused = vault.create();
    assert_eq!(refused.status, 503);
    assert!(
        refused.text().contains("sealed") && refused.header("retry-after").is_some(),
        "{}",
        refused.text()
    );
    let metrics = Client::new(vault.operator).call("GET", "/metrics", &[], b"").text();
    assert!(metrics.contains("coffer_sealed 1"), "{metrics}");
    for address in [vault.clients, vault.operator] {
        let body = format!("{{\"share\":\"{}\"}}", shares[0]);
        let refused = Client::new(address).call("POST", "/admin/keys/unseal", &[], body.as_bytes());
        assert_eq!(refused.status, 503, "shares come over the socket alone");
    }
    vault.unseal(&shares[0]).ends(0);
    let twice = vault.unseal(&shares[0]).ends(1);
    assert!(twice.err.contains("share 1 is there already"), "{}", twice.err);
    let mistyped = format!("{}a{}", &shares[1][..50], &shares[1][51..]);
    let mistyped =
        if mistyped == shares[1] { format!("{}b{}", &shares[1][..50], &shares[1][51..]) } else { mistyped };
    let wrong = vault.unseal(&mistyped).ends(1);
    assert!(wrong.err.contains("mistyped"), "{}", wrong.err);
    let foreign = Vault::new().init();
    let wrong = vault.unseal(&foreign[1]).ends(1);
    assert!(wrong.err.contains("another root"), "{}", wrong.err);
    vault.unseal(&shares[3]).ends(0);
    assert_eq!(vault.get("/readyz").text(), "sealed: 2 of 3 custodians have come\n");
    assert_eq!(vault.create().status, 503, "two open nothing");
    let opened = vault.unseal(&shares[4]).ends(0);
    assert_eq!(opened.out, "3 of 3: the vault is open\n");
    let token = vault.create();
    assert_eq!(token.status, 201, "{}", token.text());
    let open = vault.unseal(&shares[1]).ends(1);
    assert!(open.err.contains("the vault is open"), "{}", open.err);
    drop(node);
    // It is sealed again, and now the store says which root it wants.
    let _node = vault.start();
    let wrong = vault.unseal(&foreign[0]).ends(1);
    assert!(wrong.err.contains("does not open this store"), "{}", wrong.err);
    vault.unsealed(&shares, &[1, 0, 2]);
    let id = token.json()["id"].as_str().unwrap().to_owned();
    let read = Client::new(vault.clients).call("GET", &format!("/rebilly/tokens/{id}"), &[SHOP], b"");
    assert_eq!(read.status, 200, "{}", read.text());
    vault.tells_nothing(&shares);
    vault.tells_nothing(&foreign);
}

/// Whoever asks all the time gets an answer each time, a refusal or a success.
#[test]
fn no_connection_is_cut_when_the_vault_opens() {
    let vault = Vault::new();
    let shares = vault.init();
    let _node = vault.start();
    let clients = vault.clients;
    let caller = thread::spawn(move || {
        let (mut sealed, deadline) = (0, Instant::now() + Duration::from_secs(30));
        loop {
            let mut client = Client::new(clients);
            let answer = client.try_call("GET", "/readyz", &[], b"").expect("an answer");
            match answer.status {
                503 => sealed += 1,
                200 => return sealed,
                other => panic!("{other}"),
            }
            assert!(Instant::now() < deadline, "it does not open");
        }
    });
    vault.unsealed(&shares, &[0, 1, 2]);
    assert!(caller.join().unwrap() > 0);
}

#[test]
fn custodians_change_the_root_and_the_shares_before_are_void() {
    let vault = Vault::new();
    let old = vault.init();
    let node = vault.start();
    vault.unsealed(&old, &[0, 1, 2]);
    let token = vault.create().json()["id"].as_str().unwrap().to_owned();
    // Below the root all goes without them.
    let below = vault.run(&["rotate"]).ends(0);
    assert!(below.out.contains("root and kek need the custodians"), "{}", below.out);
    let before = vault.status();
    assert_eq!((in_use(&before, "kek"), in_use(&before, "data, durable")), (1, 2));
    let mut ceremony =
        vault.keys(&["rotate", "--level", "root,kek", "--shares", "4", "--threshold", "2", "--all"]);
    ceremony.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = ceremony.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for share in [&old[4], &old[2], &old[0]] {
        writeln!(stdin, "{share}").unwrap();
    }
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut new = Vec::new();
    while new.len() < 4 {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "shares are shown");
        if let Some(share) = line.strip_prefix("  ") {
            new.push(share.trim().to_owned());
        }
    }
    assert_eq!(
        vault.status()["root"],
        before["root"],
        "nothing has changed before they brought the new ones"
    );
    for share in [&new[3], &new[1]] {
        writeln!(stdin, "{share}").unwrap();
    }
    drop(stdin);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}\n{err}");
    assert!(rest.contains("root ") && rest.contains("kek          1 -> 2"), "{rest}");
    assert!(err.contains("are void: destroy them"), "{err}");
    let after = vault.status();
    assert_ne!(after["root"], before["root"]);
    drop(node);
    let _node = vault.start();
    let void = vault.unseal(&old[0]).ends(1);
    assert!(void.err.contains("does not open this store"), "{}", void.err);
    vault.unseal(&new[0]).ends(0);
    vault.unseal(&new[2]).ends(0);
    let read = Client::new(vault.clients).call("GET", &format!("/rebilly/tokens/{token}"), &[SHOP], b"");
    assert_eq!(read.status, 200, "{}", read.text());
    vault.tells_nothing(&old);
    vault.tells_nothing(&new);
}
