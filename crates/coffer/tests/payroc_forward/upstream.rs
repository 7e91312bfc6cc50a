//! The other side of a payment: a TLS server that keeps what arrives and says what a test wants.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::aws_lc_rs, pki_types::PrivateKeyDer,
};

use super::bodies;

/// What the identity service gives out, with the number of the request behind it.
pub(crate) const BEARER: &str = "up-bearer-";

/// The longest that a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What the upstream does about a request.
pub(crate) enum Say {
    /// Status and JSON.
    Json(u16, Value),
    /// The approval of what was asked for, with the request itself in every place that takes a text.
    Echo,
    /// Bytes as they are, and then the connection ends.
    Bytes(Vec<u8>),
    /// Nothing before the gate opens, and then that.
    After(Gate, Box<Self>),
}

/// Holds an answer back.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

/// A running server. It ends with the process.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// The authority that vouches for it, as PEM.
    pub(crate) authority: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What arrived at the identity service, and elsewhere.
    asked: Mutex<Vec<Arrived>>,
    arrived: Mutex<Vec<Arrived>>,
    changed: Condvar,
    /// What is said next; an approval, where there is nothing.
    next: Mutex<VecDeque<Say>>,
    /// What the identity service says; a token for an hour, where there is nothing.
    identity: Mutex<VecDeque<Say>>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let (config, authority) = certified();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let (config, own) = (Arc::new(config), Arc::clone(&shared));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, shared) = (Arc::clone(&config), Arc::clone(&own));
                // A client that refuses the certificate, or ends early, is no business of the test.
                thread::spawn(move || serve(stream.ok()?, config, &shared));
            }
        });
        Self { address, authority, shared }
    }

    /// What is said to the next payment for which nothing was said yet.
    pub(crate) fn says(&self, say: Say) {
        self.shared.next.lock().unwrap().push_back(say);
    }

    /// The same of the identity service.
    pub(crate) fn identity_says(&self, say: Say) {
        self.shared.identity.lock().unwrap().push_back(say);
    }

    /// Every payment that arrived, in order.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.arrived.lock().unwrap().clone()
    }

    /// Every request to the identity service.
    pub(crate) fn asked(&self) -> Vec<Arrived> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Waits until so many payments arrived.
    pub(crate) fn wait_for(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        let mut arrived = self.shared.arrived.lock().unwrap();
        while arrived.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{} of {count} arrived", arrived.len());
            arrived = self.shared.changed.wait_timeout(arrived, left).unwrap().0;
        }
    }

    /// The only payment that arrived.
    #[track_caller]
    pub(crate) fn only(&self) -> Arrived {
        let mut arrived = self.arrived();
        assert_eq!(arrived.len(), 1, "sent once: {arrived:?}");
        arrived.remove(0)
    }
}

impl Arrived {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = found.next();
        assert!(found.next().is_none(), "{name} stands twice");
        value.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_timeout_while(open, 2 * PATIENCE, |open| !*open).unwrap());
    }
}

/// Settings of a server on this machine, and who vouches for it.
fn certified() -> (ServerConfig, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let base64 = data_encoding::BASE64.encode(authority.der());
    (config, format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n"))
}

/// One connection: one request and its answer.
fn serve(stream: TcpStream, config: Arc<ServerConfig>, shared: &Shared) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let request = read(&mut stream)?;
    let is_identity = request.line.ends_with("/authorize");
    let place = if is_identity { &shared.asked } else { &shared.arrived };
    let number = {
        let mut place = place.lock().unwrap();
        place.push(request.clone());
        place.len()
    };
    let next = if is_identity { &shared.identity } else { &shared.next };
    let said = next.lock().unwrap().pop_front();
    shared.changed.notify_all();
    let said = said.unwrap_or_else(|| {
        let token = json!({"access_token": format!("{BEARER}{number}"), "expires_in": 3600,
            "token_type": "Bearer"});
        Say::Json(
            if is_identity { 200 } else { 201 },
            if is_identity { token } else { bodies::approval(&request) },
        )
    });
    say(&mut stream, said, &request)
}

fn say(stream: &mut impl Write, said: Say, request: &Arrived) -> Option<()> {
    match said {
        Say::Json(status, body) => say(stream, Say::Bytes(http(status, &body.to_string())), request),
        Say::Echo => say(stream, Say::Json(201, bodies::echo(request)), request),
        Say::After(gate, then) => {
            gate.pass();
            say(stream, *then, request)
        }
        Say::Bytes(bytes) => {
            stream.write_all(&bytes).ok()?;
            stream.flush().ok()
        }
    }
}

/// An answer on the wire.
pub(crate) fn http(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn read(stream: &mut impl Read) -> Option<Arrived> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<_> = lines.filter_map(header).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(Arrived { line, headers, body })
}
