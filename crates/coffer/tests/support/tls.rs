//! Certificates of a test's own, and a client that speaks TLS with a node.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use data_encoding::BASE64;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    version::{TLS12, TLS13},
};

use super::{Answer, client};

/// The name of every node.
pub const NAME: &str = "vault.example";

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as DER.
#[derive(Clone)]
pub struct Pair {
    pub certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Authority {
    pub fn new() -> Self {
        let mut wanted = CertificateParams::new(Vec::new()).expect("parameters");
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(wanted, key).expect("an authority"))
    }

    /// A certificate for a name, which ends with this year.
    pub fn pair(&self, name: &str, ends: i32) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let mut wanted = CertificateParams::new([name.to_owned()]).expect("parameters");
        wanted.not_after = rcgen::date_time_ymd(ends, 12, 31);
        let made = wanted.signed_by(&key, &self.0).expect("a certificate");
        Pair { certificate: made.der().to_vec(), key: key.serialize_der() }
    }

    pub fn pem(&self) -> String {
        pem("CERTIFICATE", self.0.der())
    }

    /// A client that believes this authority.
    pub fn client(&self, own: Option<&Pair>, versions: &[&'static SupportedProtocolVersion]) -> TlsClient {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.0.der().to_vec())).expect("an authority");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots);
        let config = match own {
            None => config.with_no_client_auth(),
            Some(pair) => {
                let key = PrivateKeyDer::try_from(pair.key.clone()).expect("a key");
                let chain = vec![CertificateDer::from(pair.certificate.clone())];
                config.with_client_auth_cert(chain, key).expect("a pair")
            }
        };
        TlsClient(config)
    }

    /// The same without a certificate of its own, with both versions.
    pub fn plain_client(&self) -> TlsClient {
        self.client(None, &[&TLS13, &TLS12])
    }
}

impl Pair {
    pub fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(der))
}

/// How a client speaks.
pub struct TlsClient(pub ClientConfig);

/// A connection that is used for one call after the other.
pub struct TlsConnection(pub StreamOwned<ClientConnection, TcpStream>);

impl TlsClient {
    /// A connection after its handshake, or why there is none.
    pub fn connect(&self, address: SocketAddr) -> Result<TlsConnection, String> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))
            .map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(|error| error.to_string())?;
        let name = ServerName::try_from(NAME).expect("a name");
        let connection =
            ClientConnection::new(Arc::new(self.0.clone()), name).map_err(|error| error.to_string())?;
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).map_err(|error| error.to_string())?;
        }
        Ok(TlsConnection(stream))
    }
}

impl TlsConnection {
    /// Sends a request and reads the answer; what went wrong, where there is none.
    pub fn try_call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, String> {
        let headers: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let length = body.len();
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: {NAME}\r\n{headers}Content-Length: {length}\r\n\r\n")
                .into_bytes();
        request.extend_from_slice(body);
        self.0.write_all(&request).map_err(|error| error.to_string())?;
        let mut received = Vec::new();
        loop {
            if let Some(answer) = client::parse(&received) {
                return Ok(answer);
            }
            let mut chunk = [0; 16_384];
            match self.0.read(&mut chunk) {
                Ok(0) => return Err("the node closed".to_owned()),
                Ok(count) => received.extend_from_slice(&chunk[..count]),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    pub fn call(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_call(method, path, headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The certificate that the node showed.
    pub fn shown(&self) -> Vec<u8> {
        self.0.conn.peer_certificates().expect("a certificate")[0].to_vec()
    }
}
