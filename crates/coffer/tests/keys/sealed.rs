//! What a sealed vault answers: each client in the words of its own dialect, as an open one that cannot serve.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    shares::Vault,
    support::{
        Answer, Client,
        tls::{Authority, NAME},
    },
};

const DETAIL: &str = "The vault is sealed. Nothing was done; try again.";
const PROBLEM: &str = "application/problem+json";

/// One request, as any client of the dialect sends it.
pub(crate) struct Call {
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
}

impl Call {
    fn post(path: &'static str) -> Self {
        Self { method: "POST", path, headers: &[("Content-Type", "application/json")] }
    }

    /// Asks without TLS, and holds the answer against no document: a sealed node serves none.
    pub(crate) fn plain(&self, address: SocketAddr) -> Answer {
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: String = headers.collect();
        let request = format!(
            "{} {} HTTP/1.1\r\nHost: {address}\r\n{headers}Content-Length: 2\r\n\r\n{{}}",
            self.method, self.path
        );
        let mut client = Client::new(address);
        client.send(request.as_bytes()).expect("sent");
        client.answer().expect("an answer")
    }
}

fn is(answer: &Answer, call: &Call, content_type: &str, body: &Value) {
    let (path, text) = (call.path, answer.text());
    assert_eq!((answer.status, answer.header("content-type")), (503, Some(content_type)), "{path}: {text}");
    assert_eq!(&answer.json(), body, "{path}");
    let waits: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "retry-after").collect();
    assert_eq!(waits, [&("retry-after".to_owned(), "30".to_owned())], "{path}");
    for (name, value) in [("connection", "close"), ("cache-control", "no-store")] {
        assert_eq!(answer.header(name), Some(value), "{path}");
    }
    assert!(answer.header("x-request-id").is_some(), "{path}");
}

fn rebilly() -> Value {
    json!({ "status": 503, "type": "about:blank", "title": "Service Unavailable", "detail": DETAIL })
}

fn payroc() -> Value {
    let kind = "https://docs.payroc.com/api/errors#api-error";
    json!({ "type": kind, "title": "Api error", "status": 503, "detail": DETAIL })
}

fn worldpay() -> Value {
    json!({ "errorName": "serviceUnavailable", "message": DETAIL })
}

/// Operations that exist.
pub(crate) fn in_the_words_of_each_dialect(ask: impl Fn(&Call) -> Answer) {
    let native = rebilly();
    for (path, content_type, body) in [
        ("/rebilly/tokens", "application/json", &rebilly()),
        ("/rebilly/organizations/org/tokens/", "application/json", &rebilly()),
        ("/payroc/v1/payments", PROBLEM, &payroc()),
        ("/coffer/v1/tokens/tok/redeem", PROBLEM, &native),
    ] {
        let call = Call::post(path);
        is(&ask(&call), &call, content_type, body);
    }
    let version = |name: &str| format!("application/vnd.worldpay.{name}.hal+json");
    for (path, headers, named) in [
        ("/worldpay/tokens", &[("WP-CorrelationId", "own-id")] as &[_], "tokens-v3"),
        ("/worldpay/tokens", &[("Accept", "application/vnd.worldpay.tokens-v2.hal+json")], "tokens-v2"),
        (
            "/worldpay/sessions/card",
            &[("Content-Type", "application/vnd.worldpay.sessions-v1.hal+json")],
            "sessions-v1",
        ),
        (
            "/worldpay/verifiedTokens/oneTime",
            &[("Accept", "application/vnd.worldpay.verified-tokens-v3.hal+json")],
            "verified-tokens-v3",
        ),
    ] {
        let call = Call { method: "POST", path, headers };
        let answer = ask(&call);
        is(&answer, &call, &version(named), &worldpay());
        let correlation = answer.header("wp-correlationid").expect("every answer has one");
        assert_eq!(correlation == "own-id", headers[0].1 == "own-id", "{correlation}");
    }
}

/// Paths that are no operation: who asks cannot know before the vault is open.
fn also_where_there_is_nothing(ask: impl Fn(&Call) -> Answer) {
    let nobodys = json!({ "type": "about:blank", "title": "sealed", "status": 503,
        "detail": "The vault is sealed: nothing was done." });
    for (path, content_type, body) in [
        ("/rebilly", "application/json", &rebilly()),
        ("/rebilly/nothing", "application/json", &rebilly()),
        ("/worldpay/nothing", "application/vnd.worldpay.tokens-v3.hal+json", &worldpay()),
        ("/payroc/nothing", PROBLEM, &payroc()),
        ("/coffer/v1", PROBLEM, &rebilly()),
        ("/", PROBLEM, &nobodys),
        ("/rebillyy/tokens", PROBLEM, &nobodys),
        ("/coffer/v2/tokens", PROBLEM, &nobodys),
        ("/admin/keys/unseal", PROBLEM, &nobodys),
        ("/sandbox/clock", PROBLEM, &nobodys),
    ] {
        let call = Call::post(path);
        is(&ask(&call), &call, content_type, body);
    }
    for (path, status, said) in
        [("/livez", 200, "live\n"), ("/readyz", 503, "sealed: no custodian has come\n")]
    {
        let answer = ask(&Call { method: "GET", path, headers: &[] });
        assert_eq!((answer.status, answer.text().as_str()), (status, said));
    }
}

#[test]
fn a_sealed_node_speaks_each_dialect() {
    let vault = Vault::new();
    let _node = vault.start();
    in_the_words_of_each_dialect(|call| call.plain(vault.clients));
    also_where_there_is_nothing(|call| call.plain(vault.clients));
    // The operator speaks none.
    let answer = Call::post("/rebilly/tokens").plain(vault.operator);
    assert_eq!((answer.status, answer.json()["title"].as_str()), (503, Some("sealed")));
}

#[test]
fn a_sealed_node_speaks_each_dialect_over_tls() {
    let vault = Vault::with("[tls]\ncertificate = \"chain.pem\"\nkey = { file = \"key.pem\" }\n");
    let authority = Authority::new();
    let pair = authority.pair(NAME, 2035);
    for (name, pem, mode) in
        [("chain.pem", pair.certificate_pem(), 0o644), ("key.pem", pair.key_pem(), 0o600)]
    {
        fs::write(vault.path(name), pem).unwrap();
        fs::set_permissions(vault.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let _node = vault.start();
    let ask = |call: &Call| {
        let mut connection = authority.plain_client().connect(vault.clients).expect("a handshake");
        connection.call(call.method, call.path, call.headers, b"{}")
    };
    in_the_words_of_each_dialect(ask);
    also_where_there_is_nothing(ask);
    // Its certificate is replaced while it is sealed.
    let shown = || authority.plain_client().connect(vault.clients).expect("a handshake").shown();
    assert_eq!(shown(), pair.certificate);
    let next = authority.pair(NAME, 2036);
    fs::write(vault.path("chain.pem"), next.certificate_pem()).unwrap();
    fs::write(vault.path("key.pem"), next.key_pem()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while shown() != next.certificate {
        assert!(Instant::now() < deadline, "the new certificate is not shown");
        thread::sleep(Duration::from_millis(20));
    }
    let ready = ask(&Call { method: "GET", path: "/readyz", headers: &[] });
    assert_eq!(ready.text(), "sealed: no custodian has come\n");
}
