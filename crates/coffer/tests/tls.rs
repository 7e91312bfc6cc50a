//! Clients over TLS: what is spoken, who is let in, and certificates that are replaced while the node serves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/live.rs"]
mod live;
mod support;

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use live::Live;
use support::{
    Client, Node, card,
    tls::{Authority, NAME, Pair, TlsConnection},
};
use tokio_rustls::rustls::{
    ProtocolVersion,
    version::{TLS12, TLS13},
};

const ALPHA_SECRET: (&str, &str) = ("REB-APIKEY", "sk_live_alpha_0001");

/// The longest that a change takes to be seen: some looks at the files.
const SEEN: Duration = Duration::from_secs(20);

/// A live node with a certificate.
struct Place {
    live: Live,
    authority: Authority,
    pair: Pair,
}

impl Place {
    fn new() -> Self {
        let authority = Authority::new();
        let place = Self { live: Live::new(), pair: authority.pair(NAME, 2035), authority };
        place.lay(&place.pair, &place.pair);
        place
    }

    /// Puts the certificate of one pair and the key of another where the node reads them.
    fn lay(&self, certificate: &Pair, key: &Pair) {
        self.live.write("key.pem", &key.key_pem(), 0o600);
        self.live.write("chain.pem", &certificate.certificate_pem(), 0o644);
    }

    fn config(&self, more: &str) -> String {
        format!(
            "{}[tls]\ncertificate = \"chain.pem\"\nkey = {{ file = \"key.pem\" }}\n{more}\n",
            self.live.config()
        )
    }

    fn start(&self, more: &str) -> Node {
        self.live.write("coffer.toml", &self.config(more), 0o644);
        let (clients, operator) = (self.live.clients, self.live.operator);
        Node::serve_tls(&self.live.path("coffer.toml"), clients, operator).expect("it starts")
    }

    fn connect(&self, node: &Node) -> TlsConnection {
        self.authority.plain_client().connect(node.clients).expect("a handshake")
    }
}

/// Waits until something is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SEEN;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_token_over_each_version_with_the_header_and_a_link_that_say_https() {
    let place = Place::new();
    let node = place.start("");
    for (version, spoken) in [(&TLS13, ProtocolVersion::TLSv1_3), (&TLS12, ProtocolVersion::TLSv1_2)] {
        let mut client = place.authority.client(None, &[version]);
        client.0.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut connection = client.connect(node.clients).unwrap();
        assert_eq!(connection.0.conn.protocol_version(), Some(spoken));
        assert_eq!(connection.0.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        let suite = format!("{:?}", connection.0.conn.negotiated_cipher_suite().unwrap().suite());
        assert!(suite.contains("GCM") || suite.contains("POLY1305"), "{suite}");
        let body = card().to_string();
        let answer = connection.call("POST", "/rebilly/tokens", &[ALPHA_SECRET], body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
        let link = answer.header("location").unwrap().to_owned();
        assert!(link.starts_with(&format!("https://{}/", node.clients)), "{link}");
        let again = connection.call("GET", "/livez", &[], b"");
        assert_eq!(again.status, 200, "the connection goes on");
    }
    let mut h2 = place.authority.plain_client();
    h2.0.alpn_protocols = vec![b"h2".to_vec()];
    assert!(h2.connect(node.clients).is_err(), "no other protocol");
    // The operator's listener stays in the clear, on loopback.
    let answer = Client::new(node.operator).call("GET", "/metrics", &[], b"");
    assert_eq!(answer.header("strict-transport-security"), None);
    let left = metric(&answer.text(), "coffer_tls_certificate_seconds{listener=\"clients\"}");
    let years = left / 31_557_600;
    assert!((0..=10).contains(&years) && left > 0, "{left}");
    assert!(metric(&answer.text(), "coffer_tls_handshakes_refused_total") >= 1);
}

fn metric(page: &str, name: &str) -> i64 {
    let line =
        page.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {page}"));
    line.trim().parse().unwrap()
}

#[test]
fn old_versions_plain_http_and_silence_come_to_nothing() {
    let place = Place::new();
    let node = place.start("");
    // A greeting of TLS 1.1 as `openssl s_client -tls1_1` sends it: version 3.2, one suite of that time.
    let mut random = vec![3, 2];
    random.extend([7; 32]);
    random.extend([0, 0, 2, 0xC0, 0x14, 1, 0]);
    let mut hello = vec![1, 0, 0, u8::try_from(random.len()).unwrap()];
    hello.extend(random);
    let mut record = vec![0x16, 3, 1, 0, u8::try_from(hello.len()).unwrap()];
    record.extend(hello);
    let mut stream = TcpStream::connect(node.clients).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&record).unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert_eq!(said.first(), Some(&0x15), "an alert and nothing else: {said:?}");
    // Plain HTTP gets no HTTP.
    let mut stream = TcpStream::connect(node.clients).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    // Silence, and half a greeting, end by themselves.
    for begun in [&b""[..], &record[..7]] {
        let mut stream = TcpStream::connect(node.clients).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(begun).unwrap();
        let mut byte = [0];
        let ended = stream.read(&mut byte);
        assert!(
            matches!(ended, Ok(0))
                || ended.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset),
            "{ended:?}"
        );
    }
    assert_eq!(place.connect(&node).call("GET", "/livez", &[], b"").status, 200);
}

#[test]
fn with_client_authorities_nobody_is_heard_without_a_certificate_of_theirs() {
    let place = Place::new();
    let clients = Authority::new();
    place.live.write("clients.pem", &clients.pem(), 0o644);
    let node = place.start("client_authorities = \"clients.pem\"");
    let both = [&TLS13, &TLS12];
    let reach = |own: Option<&Pair>, version| -> Result<u16, String> {
        let mut connection = place.authority.client(own, &[version]).connect(node.clients)?;
        // With TLS 1.3 the refusal comes after the client's part of the handshake.
        connection.try_call("GET", "/livez", &[], b"").map(|answer| answer.status)
    };
    let (own, foreign) = (clients.pair("shop", 2035), Authority::new().pair("shop", 2035));
    for version in both {
        assert_eq!(reach(Some(&own), version), Ok(200));
        assert!(reach(None, version).is_err(), "{version:?}");
        assert!(reach(Some(&foreign), version).is_err(), "{version:?}");
    }
    // Another authority in their place: who was let in is not, and the other way round.
    let next = Authority::new();
    let next_own = next.pair("shop", 2035);
    place.live.write("clients.pem", &next.pem(), 0o644);
    until("the new authority is in use", || reach(Some(&next_own), &TLS13).is_ok());
    assert!(reach(Some(&own), &TLS13).is_err());
}

#[test]
fn a_certificate_is_replaced_while_a_connection_goes_on_and_a_wrong_one_is_not() {
    let place = Place::new();
    let node = place.start("");
    let mut kept = place.connect(&node);
    let shown = || place.connect(&node).shown();
    assert_eq!(shown(), place.pair.certificate);
    // Of two files one is there first: half a change is no change.
    let next = place.authority.pair(NAME, 2036);
    place.live.write("chain.pem", &next.certificate_pem(), 0o644);
    node.wait_until_said(&["the certificate was not replaced", "does not belong"]);
    assert_eq!(shown(), place.pair.certificate, "the old one serves on");
    place.live.write("key.pem", &next.key_pem(), 0o600);
    until("the new certificate is shown", || shown() == next.certificate);
    assert_eq!(kept.call("GET", "/livez", &[], b"").status, 200, "what was open goes on");
    // What does not read changes nothing, and is told with its file.
    for (content, mode, told) in
        [("garbage", 0o600, "no private key"), (&*next.key_pem(), 0o640, "key.pem can be read or written")]
    {
        place.live.write("key.pem", content, mode);
        node.wait_until_said(&[told]);
        assert_eq!(shown(), next.certificate);
    }
    let _ = fs::remove_file(place.live.path("key.pem"));
    node.wait_until_said(&["No such file"]);
    assert_eq!(shown(), next.certificate);
    place.lay(&place.pair, &place.pair);
    until("back again", || shown() == place.pair.certificate);
    let said = node.said();
    assert!(!said.contains("PRIVATE KEY") && !said.contains("garbage"), "{said}");
}

#[test]
fn a_pair_that_does_not_work_or_is_open_refuses_the_start() {
    let place = Place::new();
    let other = place.authority.pair(NAME, 2035);
    let refused = |parts: &[&str]| {
        let said = place.live.refusal(&place.config(""));
        assert!(parts.iter().all(|part| said.contains(part)), "{parts:?} not in: {said}");
    };
    place.lay(&other, &place.pair);
    refused(&["tls", "does not belong"]);
    place.lay(&place.pair, &place.pair);
    place.live.write("key.pem", &place.pair.key_pem(), 0o640);
    refused(&["tls: key", "key.pem", "0600"]);
    place.lay(&place.pair, &place.pair);
    place.live.write("chain.pem", &place.pair.certificate_pem(), 0o666);
    refused(&["tls", "chain.pem", "written by others"]);
    place.live.write("chain.pem", "", 0o644);
    refused(&["tls", "no certificate"]);
    place.lay(&place.pair, &place.pair);
    // A certificate and a word for plain text contradict each other.
    let said = place.live.refusal(&format!("plaintext = \"accepted\"\n{}", place.config("")));
    assert!(said.contains("plaintext") && said.contains("[tls]"), "{said}");
    // With a certificate any address may be listened on.
    let everywhere = format!("0.0.0.0:{}", place.live.clients.port());
    place.live.write(
        "coffer.toml",
        &place.config("").replace(&place.live.clients.to_string(), &everywhere),
        0o644,
    );
    let (clients, operator) = (place.live.clients, place.live.operator);
    let node = Node::serve_tls(&place.live.path("coffer.toml"), clients, operator).expect("it starts");
    assert_eq!(place.connect(&node).call("GET", "/livez", &[], b"").status, 200);
}
