//! A KEK in a device (SoftHSM): the device goes away and comes back, and a node does not start without it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use coffer_device_fixture::{Devices, PIN};

use crate::{
    command::{Ran, in_use, keys},
    sealed,
    support::{Client, Node, card, free_address, home},
};

const SHOP: (&str, &str) = ("REB-APIKEY", "sk_device_shop_0001");

/// A vault with a token: its folder, and where it is reached.
struct Vault {
    folder: tempfile::TempDir,
    devices: Devices,
    clients: std::net::SocketAddr,
    operator: std::net::SocketAddr,
}

impl Vault {
    fn new(grace_hours: u32) -> Self {
        let devices = Devices::new();
        devices.make_token("vault");
        let vault = Self { folder: home(), devices, clients: free_address(), operator: free_address() };
        for (name, secret) in [("shop", SHOP.1), ("pin", PIN)] {
            let path = vault.folder.path().join(name);
            fs::write(&path, secret).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let config = format!(
            "listen = \"{}\"\nadmin_listen = \"{}\"\n{}ring = \"ring\"\nadmin_socket = \"run/coffer.sock\"\n\
             [custody]\nkind = \"pkcs11\"\nmodule = \"{}\"\ntoken = \"vault\"\npin = {{ file = \"pin\" }}\n\
             grace_hours = {grace_hours}\n[[tenants]]\nnumber = 1\norganization = \"org\"\n[[credentials]]\n\
             name = \"shop\"\nkind = \"rebilly-secret\"\norganizations = [\"org\"]\nsecret = {{ file = \"shop\" }}\n",
            vault.clients,
            vault.operator,
            crate::support::store::line(vault.folder.path()),
            vault.devices.module().display(),
        );
        fs::write(vault.folder.path().join("coffer.toml"), config).unwrap();
        vault
    }

    fn run(&self, words: &[&str]) -> Ran {
        let mut command = keys(words);
        command.arg("--config").arg(self.folder.path().join("coffer.toml"));
        Ran::of(self.devices.configure(&mut command).output().unwrap())
    }

    fn start(&self) -> Result<Node, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command.args(["serve", "--config"]).arg(self.folder.path().join("coffer.toml"));
        self.devices.configure(&mut command);
        Node::start(command, self.clients, Some(self.operator))
    }

    fn create(&self) -> u16 {
        let (body, head) = (card().to_string(), format!("{}: {}", SHOP.0, SHOP.1));
        let mut client = Client::new(self.clients);
        // Not held against the document: a sealed node serves none.
        let request = format!(
            "POST /rebilly/tokens HTTP/1.1\r\nHost: {}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}",
            self.clients,
            body.len()
        );
        client.send(request.as_bytes()).expect("sent");
        client.answer().expect("an answer").status
    }

    /// Waits until every key lies under this version of the KEK.
    fn wait_all_under(&self, kek: u64) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let status = self.run(&["status", "--json"]).ends(0).json();
            let keys = status["keys"].as_array().expect("a list").iter();
            let mut below = keys.filter(|key| {
                key["state"] != "destroyed" && !key["purpose"].as_str().unwrap().starts_with("kek")
            });
            if in_use(&status, "kek") == kek && below.all(|key| key["under"] == kek) {
                return;
            }
            assert!(Instant::now() < deadline, "{status:#}");
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Waits until `/readyz` says this.
    fn wait_ready(&self, status: u16, part: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let ready = Client::new(self.clients).call("GET", "/readyz", &[], b"");
            if ready.status == status && ready.text().contains(part) {
                return;
            }
            assert!(Instant::now() < deadline, "not {status} {part}: {} {}", ready.status, ready.text());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn a_node_serves_on_while_its_device_is_away_and_does_not_start_without_it() {
    let vault = Vault::new(24);
    let refused = vault.start().err().expect("there is no KEK yet");
    assert!(refused.contains("does not belong to this store") || refused.contains("key device"), "{refused}");
    let made = vault.run(&["init"]).ends(0);
    assert!(made.out.contains("coffer-kek-v1") && made.out.contains("never extractable"), "{}", made.out);
    let again = vault.run(&["init"]).ends(1);
    assert!(again.err.contains("already"), "{}", again.err);
    let mut node = vault.start().expect("it starts");
    assert_eq!(vault.create(), 201);
    vault.run(&["rotate"]).ends(0);
    let status = vault.run(&["status", "--json"]).ends(0).json();
    assert_eq!((in_use(&status, "kek"), in_use(&status, "data, durable")), (2, 2), "{status:#}");
    assert_eq!(status["custody"], "device");
    let none = vault.run(&["rotate", "--level", "root"]).ends(1);
    assert!(none.err.contains("no root to rotate"), "{}", none.err);
    vault.devices.unplug();
    vault.wait_ready(200, "ready, degraded: the key device does not answer since 20");
    assert_eq!(vault.create(), 201, "it serves on");
    assert!(node.metrics().contains("coffer_key_device_up 0"));
    vault.devices.plug_in();
    vault.wait_ready(200, "ready\n");
    assert!(node.metrics().contains("coffer_key_device_up 1"));
    // KEKs of before stay in the device for the key records of before. No key stays under one.
    for version in 3..=4 {
        vault.run(&["rotate", "--level", "kek"]).ends(0);
        vault.wait_all_under(version);
    }
    assert!(node.stop(), "{}", node.said());
    let said = node.said();
    assert!(said.contains("the key device does not answer") && said.contains("answers again"), "{said}");
    assert!(!said.contains(PIN), "the PIN is in the log");
    vault.devices.unplug();
    let refused = vault.start().err().expect("the device is away");
    assert!(refused.contains("custody: "), "{refused}");
    vault.devices.plug_in();
    let _node = vault.start().expect("it starts");
    assert_eq!(vault.create(), 201);
}

#[test]
fn a_node_without_grace_is_sealed_until_the_device_is_back() {
    let vault = Vault::new(0);
    vault.run(&["init"]).ends(0);
    let node = vault.start().expect("it starts");
    assert_eq!(vault.create(), 201);
    vault.devices.unplug();
    vault.wait_ready(503, "sealed: the key device has not answered since 20");
    sealed::in_the_words_of_each_dialect(|call| call.plain(vault.clients));
    assert!(node.metrics().contains("coffer_sealed 1"));
    vault.devices.plug_in();
    vault.wait_ready(200, "ready\n");
    assert_eq!(vault.create(), 201);
}
