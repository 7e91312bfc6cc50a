//! `coffer serve`: what a configuration may say, what it refuses, and a live node at work.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "support/live.rs"]
mod live;

use std::{
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use data_encoding::BASE64URL_NOPAD;
use live::{ALPHA, BETA, Live, SECRETS, refusal, sandbox};
use serde_json::{Value, json};
use support::{Answer, Client, Node, SECRET, card, create, free_address, home};

const ALPHA_SECRET: (&str, &str) = ("REB-APIKEY", "sk_live_alpha_0001");
const BETA_SECRET: (&str, &str) = ("REB-APIKEY", "sk_live_beta_0001");

/// A refusal that says where to look and shows no secret.
fn assert_refused(live: &Live, config: &str, parts: &[&str]) {
    let said = live.refusal(config);
    assert_names(&said, parts);
}

fn assert_names(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    let root = ["5a5a5a5a", "a5a5a5a5"];
    for secret in SECRETS.iter().map(|(_, secret)| *secret).chain(root) {
        assert!(!said.contains(secret), "a secret is in: {said}");
    }
}

fn post(client: &mut Client, path: &str, caller: (&str, &str), body: &Value) -> Answer {
    client.call("POST", path, &[caller], body.to_string().as_bytes())
}

fn token_by(client: &mut Client, caller: (&str, &str)) -> String {
    let answer = post(client, "/rebilly/tokens", caller, &card());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_root_key_must_be_out_of_reach() {
    let live = Live::new();
    let config = live.config();
    let root = live.path("root.key").display().to_string();
    for mode in [0o644, 0o640, 0o604, 0o660, 0o666] {
        live.write("root.key", &"5a".repeat(32), mode);
        assert_refused(&live, &config, &["root_key", &root, "0600"]);
    }
    std::fs::remove_file(live.path("root.key")).unwrap();
    assert_refused(&live, &config, &["the root key file", &root, "is missing: put its copy back"]);
    for wrong in
        ["5a".repeat(31), "5a".repeat(33), format!("{}zz", "5a".repeat(31)), "a5".repeat(16), String::new()]
    {
        live.write("root.key", &wrong, 0o600);
        assert_refused(&live, &config, &["key"]);
    }
    assert!(!live.path("data").join("coffer.db").exists(), "no store was made");
}

#[test]
fn a_root_key_does_not_lie_in_the_data_folder() {
    let live = Live::new();
    std::fs::create_dir_all(live.path("data/deep")).unwrap();
    std::fs::set_permissions(live.path("data"), std::fs::Permissions::from_mode(0o700)).unwrap();
    live.write("data/deep/root.key", &"5a".repeat(32), 0o600);
    symlink(live.path("data/deep/root.key"), live.path("link.key")).unwrap();
    for name in ["data/deep/root.key", "link.key", "data/../data/deep/root.key"] {
        let config = live.config().replace("/root.key\"", &format!("/{name}\""));
        assert_refused(&live, &config, &["root_key", name, "data folder"]);
    }
}

#[test]
fn a_root_key_can_come_from_the_environment() {
    let live = Live::new();
    let path = live.path("root.key").display().to_string();
    let config = live.config().replace(&format!("file = \"{path}\""), "env = \"COFFER_TEST_ROOT_KEY\"");
    assert!(config.contains("COFFER_TEST_ROOT_KEY"));
    assert_refused(&live, &config, &["root_key", "environment variable", "not set"]);
    let start = |key: &str| {
        let mut command = live.command(&config);
        command.env("COFFER_TEST_ROOT_KEY", key);
        Node::start(command, live.clients, Some(live.operator))
    };
    let node = start(&"5a".repeat(32)).expect("it starts");
    let token = token_by(&mut node.client(), ALPHA_SECRET);
    node.kill();
    // The same key from a file opens the same store.
    let node = live.start();
    let read = node.client().call("GET", &format!("/rebilly/tokens/{token}"), &[ALPHA_SECRET], b"");
    assert_eq!(read.status, 200);
    drop(node);
    let both = config.replace("env = \"COFFER_TEST_ROOT_KEY\"", &format!("env = \"X\", file = \"{path}\""));
    assert_refused(&live, &both, &["coffer.toml", "line 5", "one of the two"]);
}

#[test]
fn another_root_key_does_not_open_a_store() {
    let live = Live::new();
    let token = {
        let node = live.start();
        token_by(&mut node.client(), ALPHA_SECRET)
    };
    live.write("root.key", &"a5".repeat(32), 0o600);
    assert_refused(&live, &live.config(), &["root key", "store"]);
    live.write("root.key", &"5a".repeat(32), 0o600);
    let node = live.start();
    let read = node.client().call("GET", &format!("/rebilly/tokens/{token}"), &[ALPHA_SECRET], b"");
    assert_eq!(read.status, 200, "the attempt changed nothing");
}

#[test]
fn every_mistake_in_a_configuration_is_named() {
    let live = Live::new();
    let good = live.config();
    let clients = live.clients.to_string();
    let change = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let folder = live.path("").display().to_string();
    let cases: [(String, &[&str]); 16] = [
        (format!("surprise = 1\n{good}"), &["surprise"]),
        (good.replacen("[[tenants]]", "[[tenants]]\ncolour = \"red\"", 1), &["colour"]),
        (good.replacen("[[credentials]]", "[[credentials]]\nscope = \"all\"", 1), &["scope"]),
        (change("number = 2", "number = 1"), &["tenant 1", BETA, "twice"]),
        (
            change(&format!("organization = \"{BETA}\""), &format!("organization = \"{ALPHA}\"")),
            &[ALPHA, "twice"],
        ),
        (change("number = 2", "number = 0"), &["tenant 0"]),
        (change("number = 2", "number = 16777216"), &["tenant 16777216"]),
        (change("/beta-secret\"", "/alpha-secret\""), &["beta-secret", "same secret"]),
        (
            change(
                &format!("\"{BETA}\"]\nsecret = {{ file = \"{folder}beta-secret"),
                &format!("\"org_x\"]\nsecret = {{ file = \"{folder}beta-secret"),
            ),
            &["beta-secret", "org_x"],
        ),
        (
            change("kind = \"native-admin\"", "kind = \"native-god\""),
            &["line", "unknown value", "native-redeem"],
        ),
        (
            change(&format!("{folder}data"), &format!("{folder}data\"\nnode = 1024\nlog = \"info")),
            &["1024", "1023"],
        ),
        (change(&clients, "0.0.0.0:0"), &["0.0.0.0:0", "[tls]", "behind_tls_proxy", "plaintext"]),
        (change(&clients, "[::]:0"), &["[::]:0", "behind_tls_proxy", "plaintext"]),
        (change(&live.operator.to_string(), "0.0.0.0:0"), &["admin_listen", "0.0.0.0:0"]),
        (change(&format!("{folder}ring"), &format!("{folder}data/ring")), &["ring", "data folder"]),
        (good.replace("listen = ", "listen_ = "), &["listen_"]),
    ];
    for (config, parts) in &cases {
        assert_refused(&live, config, parts);
    }
    let missing = live.command(&good);
    std::fs::remove_file(live.path("coffer.toml")).unwrap();
    assert_names(&refusal(missing), &["coffer.toml"]);
    assert!(!live.path("data").join("coffer.db").exists(), "no store was made");
    drop(live.start());
}

#[test]
fn a_secret_is_long_enough_and_its_owners_alone() {
    let live = Live::new();
    let config = live.config();
    for short in ["short", "elevenchars"] {
        live.write("alpha-secret", short, 0o600);
        let said = live.refusal(&config);
        assert!(said.contains("alpha-secret") && said.contains("12") && !said.contains(short), "{said}");
    }
    live.write("alpha-secret", "", 0o600);
    assert_refused(&live, &config, &["alpha-secret", "empty"]);
    live.write("alpha-secret", "sk_live_alpha_0001", 0o644);
    assert_refused(&live, &config, &["alpha-secret", "0600"]);
    std::fs::remove_file(live.path("alpha-secret")).unwrap();
    assert_refused(&live, &config, &["alpha-secret"]);
    // A secret that stands in the file itself is an error, and is not repeated.
    for inline in [
        "\"sk_live_inline_0001\"",
        "[\"sk_live_inline_0001\"]",
        "{ value = \"sk_live_inline_0001\" }",
        "sk_live_inline_0001",
    ] {
        let said =
            live.refusal(&config.replacen("secret = { file", &format!("secret = {inline} # {{ file"), 1));
        assert!(said.contains("coffer.toml") && said.contains("line "), "{said}");
        assert!(!said.contains("sk_live_inline_0001"), "the secret is repeated: {said}");
    }
}

#[test]
fn sandbox_and_live_share_no_data() {
    let live = Live::new();
    drop(live.start());
    // The sandbox's folder would be the live one's.
    std::fs::copy(live.path("root.key"), live.path("key")).unwrap();
    let said = refusal(sandbox("127.0.0.1:0", &live.path("")));
    assert_names(&said, &["live", "sandbox", "environment"]);
    // And the other way round.
    let folder = home();
    drop(Node::sandbox(folder.path()));
    let config = live.config();
    let (own, other) = (live.path("").display().to_string(), folder.path().display().to_string());
    let config = config.replace(&format!("data = \"{own}data\""), &format!("data = \"{other}/data\""));
    let config = config.replace(&format!("{own}root.key"), &format!("{other}/key"));
    assert!(config.contains(&other));
    assert_names(&live.refusal(&config), &["live", "sandbox", "environment"]);
    drop(Node::sandbox(folder.path()));
}

#[test]
fn one_process_has_a_folder_at_a_time() {
    let live = Live::new();
    let node = live.start();
    let token = token_by(&mut node.client(), ALPHA_SECRET);
    let (clients, operator) = (free_address(), free_address());
    let config = live.config().replace(&live.clients.to_string(), &clients.to_string());
    let config = config.replace(&live.operator.to_string(), &operator.to_string());
    assert_refused(&live, &config, &["another process"]);
    let read = node.client().call("GET", &format!("/rebilly/tokens/{token}"), &[ALPHA_SECRET], b"");
    assert_eq!(read.status, 200, "the first one goes on");
    let folder = home();
    let _first = Node::sandbox(folder.path());
    assert_names(&refusal(sandbox("127.0.0.1:0", folder.path())), &["another process"]);
}

#[test]
fn a_sandbox_listens_on_loopback_only() {
    let folder = home();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let said = refusal(sandbox(listen, folder.path()));
        assert_names(&said, &["loopback"]);
    }
    // An address that is taken is found out before anything is made.
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let said = refusal(sandbox(&taken.local_addr().unwrap().to_string(), folder.path()));
    assert_names(&said, &["cannot listen on", "--listen"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_sandbox_makes_its_key_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let token = create(&mut node.client(), &card());
    let (path, said) = (folder.path().join("key"), node.said());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read_to_string(&path).unwrap();
    assert!(key.trim().len() == 64 && !said.contains(key.trim()), "the key stays in its file");
    let jwt = format!("sandbox-jwt --data {} --customer", folder.path().display());
    for part in [&node.clients.to_string(), &node.operator.to_string(), "NOT for real cards", "sandbox", &jwt]
    {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    node.kill();
    let node = Node::sandbox(folder.path());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
    let read = node.client().call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"");
    assert_eq!(read.status, 200);
    drop(node);
    std::fs::remove_file(&path).unwrap();
    assert_names(&refusal(sandbox("127.0.0.1:0", folder.path())), &["key"]);
    assert!(!path.exists(), "a new key would open nothing");
}

#[test]
fn a_token_for_a_sandbox_is_one_line() {
    let folder = home();
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coffer"));
        command
            .args(["sandbox-jwt", "--data"])
            .arg(folder.path())
            .args(more)
            .output()
            .expect("the binary runs")
    };
    let token = |more: &[&str]| {
        let output = run(more);
        assert!(output.status.success() && output.stderr.is_empty(), "{more:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        let payload = said.strip_suffix('\n').and_then(|token| token.split('.').nth(1)).unwrap();
        assert!(said.lines().count() == 1 && said.split('.').count() == 3, "{said}");
        serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
    };
    // Nothing is made for a folder that holds no sandbox, and nothing is printed that no sandbox takes.
    let output = run(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains("there is no sandbox in") && said.contains("start one first"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no key was made");
    drop(Node::sandbox(folder.path()));
    let plain = token(&[]);
    assert_eq!((&plain["iss"], &plain["aud"]), (&json!("coffer-sandbox"), &json!("coffer")));
    assert_eq!(plain["exp"].as_i64().unwrap() - plain["nbf"].as_i64().unwrap(), 3_600);
    assert!(plain.get("customerId").is_none() && plain.get("organizationId").is_none());
    let full = token(&["--customer", "cus_1", "--organization", "org_sandbox", "--seconds", "60"]);
    assert_eq!((&full["customerId"], &full["organizationId"]), (&json!("cus_1"), &json!("org_sandbox")));
    assert_ne!(full["iss"], plain["iss"], "a customer's token is from another issuer");
    assert_eq!(full["exp"].as_i64().unwrap() - full["nbf"].as_i64().unwrap(), 60);
    for wrong in [["--customer", "a\"b"], ["--customer", ""], ["--organization", "a b"], ["--seconds", "0"]] {
        let output = run(&wrong);
        assert!(!output.status.success() && output.stdout.is_empty(), "{wrong:?}");
    }
    // The sandbox finds the key and keeps it.
    let path = folder.path().join("jwt-key");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let key = std::fs::read_to_string(&path).unwrap();
    drop(Node::sandbox(folder.path()));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), key);
}

/// Status and body, without what names the request.
fn seen(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json())
}

#[test]
fn two_organizations_do_not_see_each_other() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let (token, spent) = (token_by(&mut client, ALPHA_SECRET), token_by(&mut client, ALPHA_SECRET));
    let instruments = "/rebilly/payment-instruments";
    let made = post(&mut client, instruments, ALPHA_SECRET, &json!({"token": spent, "customerId": "cus_1"}));
    assert_eq!(made.status, 201, "{}", made.text());
    let instrument = made.json()["id"].as_str().unwrap().to_owned();
    for (foreign, unknown) in [
        (format!("/rebilly/tokens/{token}"), "/rebilly/tokens/unknown".to_owned()),
        (format!("{instruments}/{instrument}"), format!("{instruments}/inst_UNKNOWN")),
        (
            format!("/rebilly/organizations/{BETA}/tokens/{token}"),
            format!("/rebilly/organizations/{BETA}/tokens/unknown"),
        ),
    ] {
        let foreign = client.call("GET", &foreign, &[BETA_SECRET], b"");
        let unknown = client.call("GET", &unknown, &[BETA_SECRET], b"");
        assert_eq!(foreign.status, 404);
        assert_eq!(seen(&foreign), seen(&unknown));
    }
    let foreign =
        post(&mut client, instruments, BETA_SECRET, &json!({"token": token, "customerId": "cus_1"}));
    let unknown =
        post(&mut client, instruments, BETA_SECRET, &json!({"token": "unknown", "customerId": "cus_1"}));
    assert_eq!(foreign.status, 422);
    assert_eq!(seen(&foreign), seen(&unknown));
    // The same card of the same customer name is another instrument elsewhere, under another fingerprint.
    let own = token_by(&mut client, BETA_SECRET);
    let elsewhere =
        post(&mut client, instruments, BETA_SECRET, &json!({"token": own, "customerId": "cus_1"}));
    assert_eq!(elsewhere.status, 201);
    assert_ne!(elsewhere.json()["id"], made.json()["id"]);
    assert_ne!(elsewhere.json()["fingerprint"], made.json()["fingerprint"]);
    let used = post(&mut client, instruments, ALPHA_SECRET, &json!({"token": token, "customerId": "cus_1"}));
    assert_eq!(used.status, 303, "the owner can still use the token");
}

#[test]
fn a_live_node_at_work() {
    let live = Live::new();
    let config = format!("public_url = \"https://vault.example\"\n{}", live.config());
    let node = live.try_start(&config).expect("it starts");
    let mut client = node.client();
    let answer = post(&mut client, &format!("/rebilly/organizations/{ALPHA}/tokens"), ALPHA_SECRET, &card());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let (made, id) = (answer.json(), answer.json()["id"].as_str().unwrap().to_owned());
    let base = format!("https://vault.example/rebilly/organizations/{ALPHA}");
    assert_eq!(answer.header("location"), Some(format!("{base}/tokens/{id}").as_str()));
    let body = json!({"token": token_by(&mut client, ALPHA_SECRET), "customerId": "cus_1"});
    let instrument = post(&mut client, "/rebilly/payment-instruments", ALPHA_SECRET, &body).json();
    // What belongs to a sandbox is not here.
    for (method, path) in [("GET", "/sandbox/clock"), ("POST", "/sandbox/clock"), ("GET", "/sandbox")] {
        let body: &[u8] = if method == "POST" { b"{\"advanceSeconds\":1800}" } else { b"" };
        assert_eq!(client.call(method, path, &[ALPHA_SECRET], body).status, 404, "{method} {path}");
    }
    let fixed = post(&mut client, "/rebilly/tokens", SECRET, &card());
    assert_eq!(fixed.status, 401, "the sandbox's keys open nothing");
    // Health on both doors, metrics on the operator's alone.
    for path in ["/livez", "/readyz"] {
        assert_eq!(client.call("GET", path, &[], b"").status, 200);
        assert_eq!(Client::new(node.operator).call("GET", path, &[], b"").status, 200);
    }
    assert_eq!(client.call("GET", "/metrics", &[], b"").status, 404);
    assert_eq!(
        Client::new(node.operator).call("POST", "/rebilly/tokens", &[ALPHA_SECRET], b"{}").status,
        404
    );
    let metrics = node.metrics();
    for line in [
        "coffer_requests_total{route=\"/rebilly/tokens\",status=\"2xx\"} 1",
        "coffer_store_ready 1",
        "coffer_connections ",
    ] {
        assert!(metrics.contains(line), "{line} is not in: {metrics}");
    }
    assert!(!metrics.contains(&id) && !metrics.contains(ALPHA), "no value of a request is a label");
    // Everything is there after a restart.
    node.kill();
    let node = live.try_start(&config).expect("it starts again");
    let mut client = node.client();
    let read =
        client.call("GET", &format!("/rebilly/organizations/{ALPHA}/tokens/{id}"), &[ALPHA_SECRET], b"");
    assert_eq!(seen(&read), (200, made));
    let path = format!("/rebilly/payment-instruments/{}", instrument["id"].as_str().unwrap());
    assert_eq!(seen(&client.call("GET", &path, &[ALPHA_SECRET], b"")), (200, instrument));
    let redeem = format!("/coffer/v1/tokens/{id}/redeem");
    let key = ("Authorization", "Bearer ck_live_alpha_redeem_0001");
    let clear = client.call("POST", &redeem, &[key], b"");
    assert_eq!((clear.status, &clear.json()["card"]["cvv"]), (200, &json!("123")), "the ring kept its key");
}
