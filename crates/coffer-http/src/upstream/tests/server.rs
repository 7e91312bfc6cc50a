//! The other side: an authority, certificates of its own, and a server that does what a test says.

use std::{net::SocketAddr, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        pki_types::PrivateKeyDer,
        version::{TLS12, TLS13},
    },
    server::TlsStream,
};

use crate::upstream::{Upstream, UpstreamSettings};

/// The years in which a certificate holds.
pub(super) const NOW: (i32, i32) = (2020, 2120);

/// Who signs the certificates of one test.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// How a server of a test deals with TLS.
pub(super) struct Manner<'a> {
    pub(super) name: &'a str,
    pub(super) years: (i32, i32),
    pub(super) versions: &'a [&'static SupportedProtocolVersion],
    pub(super) protocols: &'a [&'a str],
}

/// What everybody does.
pub(super) const USUAL: Manner<'static> =
    Manner { name: "localhost", years: NOW, versions: &[&TLS13, &TLS12], protocols: &["h2", "http/1.1"] };

/// A server that listens.
pub(super) struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

/// A request as it arrived.
pub(super) struct Arrived {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// A connection that a server took.
pub(super) struct Peer(pub(super) TlsStream<TcpStream>);

impl Authority {
    pub(super) fn new() -> Self {
        Self::named("an authority of the tests")
    }

    pub(super) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// The authority's own certificate.
    pub(super) fn pem(&self) -> Vec<u8> {
        let base64 = data_encoding::BASE64.encode(self.0.der());
        format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n").into_bytes()
    }

    /// Settings for a server on this machine, by its name.
    pub(super) fn settings(&self, port: u16) -> UpstreamSettings {
        UpstreamSettings {
            url: format!("https://localhost:{port}/base"),
            authorities: Some(self.pem()),
            private_networks: vec!["127.0.0.0/8".parse().unwrap()],
            seconds: 30,
        }
    }

    pub(super) fn upstream(&self, server: &Server) -> Upstream {
        Upstream::new(&self.settings(server.address().port())).unwrap()
    }

    fn acceptor(&self, manner: &Manner<'_>) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![manner.name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(manner.years.0, 1, 1);
        params.not_after = date_time_ymd(manner.years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(manner.versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = manner.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Server {
    pub(super) async fn start(authority: &Authority, manner: &Manner<'_>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, acceptor: authority.acceptor(manner) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The next connection, before TLS.
    pub(super) async fn tcp(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// The next connection, with TLS.
    pub(super) async fn accept(&self) -> Peer {
        let stream = self.tcp().await;
        Peer(self.acceptor.accept(stream).await.unwrap())
    }

    /// The next connection: whether its handshake was completed. A client that refuses the certificate ends it.
    pub(super) async fn shakes_hands(&self) -> bool {
        let stream = self.tcp().await;
        self.acceptor.accept(stream).await.is_ok()
    }

    /// Whether nobody else has connected: the next in the queue is who connects now.
    pub(super) async fn is_alone(&self) -> bool {
        let ours = TcpStream::connect(self.address()).await.unwrap();
        let (_, next) = self.listener.accept().await.unwrap();
        ours.local_addr().unwrap() == next
    }
}

impl Peer {
    /// Reads a request to the end that its `Content-Length` names.
    pub(super) async fn request(&mut self) -> Arrived {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        Arrived { head, body }
    }

    /// Writes something, which the client may refuse to take.
    pub(super) async fn says(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// Ends the connection as TLS wants it.
    pub(super) async fn ends(&mut self) {
        // The client may be gone.
        let _ = self.0.shutdown().await;
    }
}

impl Arrived {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// The value of the only header of this name.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut found = head.lines().filter_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then_some(value.trim())
    });
    let value = found.next();
    assert!(found.next().is_none(), "{name} stands twice");
    value
}
