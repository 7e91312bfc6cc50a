//! TLS with clients: 1.3 and 1.2 with AEAD suites alone, by rustls on aws-lc-rs, and a certificate that is replaced
//! while the node serves (`reference/security.md` section 9).

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use coffer_types::Timestamp;
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs::{self, sign::any_supported_type},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};
use zeroize::{Zeroize, Zeroizing};

use super::validity;

/// The one protocol that is spoken: a client that insists on another is refused in the handshake.
const PROTOCOL: &[u8] = b"http/1.1";

/// What a node is known by, and whom it asks for a certificate. All of it is PEM.
pub struct TlsFiles {
    /// The node's certificate, and behind it those that lead to an authority.
    pub certificate: Vec<u8>,
    /// Its private key: PKCS#8, PKCS#1 or SEC1.
    pub key: Zeroizing<Vec<u8>>,
    /// Certificates of the authorities that vouch for clients. Some: every client must show a certificate of theirs.
    pub client_authorities: Option<Vec<u8>>,
}

/// Why certificate and key cannot be served with. Never says what is in the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// No certificate, or one that cannot be read.
    #[error(
        "the certificate file holds no certificate, or one that cannot be read (PEM, the node's own first)"
    )]
    Certificate,
    /// No private key, or one of a kind that is not known.
    #[error(
        "the key file holds no private key that can be used (PEM; RSA, ECDSA or Ed25519; without a passphrase)"
    )]
    Key,
    /// The key is another certificate's.
    #[error("the key does not belong to the first certificate of the certificate file")]
    Pair,
    /// No authority, or one that cannot be read.
    #[error("the file of client authorities holds no certificate, or one that cannot be read (PEM)")]
    Authorities,
    /// The TLS library refused what it should take.
    #[error("TLS could not be set up")]
    Setup,
}

/// How a node speaks TLS with clients. What is replaced counts for the handshakes after that.
pub struct ServerTls(RwLock<Current>);

#[derive(Clone)]
struct Current {
    config: Arc<ServerConfig>,
    ends: Option<Timestamp>,
}

impl ServerTls {
    /// Reads what it is known by.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self(RwLock::new(Current::of(files)?)))
    }

    /// Takes another certificate and other authorities into use. On an error all stays as it was.
    pub fn replace(&self, files: &TlsFiles) -> Result<(), TlsError> {
        let new = Current::of(files)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// When the certificate that is shown ends, if it says so in a way that can be read.
    pub fn ends(&self) -> Option<Timestamp> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ends
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).config)
    }
}

impl Current {
    fn of(files: &TlsFiles) -> Result<Self, TlsError> {
        let chain = certificates(&files.certificate).ok_or(TlsError::Certificate)?;
        let ends = chain.first().and_then(|own| validity::ends(own));
        let certified = certified(chain, &files.key)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|_| TlsError::Setup)?;
        let builder = match &files.client_authorities {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let roots = Arc::new(authorities(pem).ok_or(TlsError::Authorities)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|_| TlsError::Authorities)?)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // A resumed session is not checked against the client's certificate again, and its keys stay in memory.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), ends })
    }
}

/// The names of the suites that are spoken with clients, of TLS 1.3 and 1.2.
pub fn tls_suites() -> Vec<String> {
    let suites = aws_lc_rs::default_provider().cipher_suites;
    suites.iter().map(|suite| format!("{:?}", suite.suite())).collect()
}

/// The key, which is wiped where it was read, with the certificates that it must belong to.
fn certified(chain: Vec<CertificateDer<'static>>, key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let mut key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key)?;
    let signing = any_supported_type(&key);
    key.zeroize();
    let certified = CertifiedKey::new(chain, signing.map_err(|_| TlsError::Key)?);
    certified.keys_match().map_err(|_| TlsError::Pair)?;
    Ok(certified)
}

/// Every certificate of a file, at least one; none if one of them cannot be read.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    (!all.is_empty()).then_some(all)
}

fn authorities(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).ok()?;
    }
    Some(roots)
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ServerTls(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Certificate and key, as PEM.
    fn pair(name: &str) -> (String, String) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let pem = |label: &str, der: &[u8]| {
            let text = data_encoding::BASE64.encode(der);
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
        };
        (pem("CERTIFICATE", made.cert.der()), pem("PRIVATE KEY", &made.signing_key.serialize_der()))
    }

    fn files(certificate: &str, key: &str) -> TlsFiles {
        TlsFiles {
            certificate: certificate.as_bytes().to_vec(),
            key: Zeroizing::new(key.as_bytes().to_vec()),
            client_authorities: None,
        }
    }

    #[test]
    fn a_pair_that_does_not_fit_leaves_the_old_one() {
        let (first, second) = (pair("one.example"), pair("two.example"));
        let tls = ServerTls::new(&files(&first.0, &first.1)).unwrap();
        let before = tls.config();
        for (certificate, key, error) in [
            (&second.0, &first.1, TlsError::Pair),
            (&String::new(), &first.1, TlsError::Certificate),
            (&second.1, &second.1, TlsError::Certificate),
            (&second.0, &String::new(), TlsError::Key),
            (&second.0, &second.0, TlsError::Key),
        ] {
            assert_eq!(tls.replace(&files(certificate, key)), Err(error));
            assert!(Arc::ptr_eq(&before, &tls.config()), "{error}");
        }
        let mut wrong = files(&second.0, &second.1);
        wrong.client_authorities = Some(second.1.clone().into_bytes());
        assert_eq!(tls.replace(&wrong), Err(TlsError::Authorities));
        tls.replace(&files(&second.0, &second.1)).unwrap();
        assert!(!Arc::ptr_eq(&before, &tls.config()));
    }

    #[test]
    fn every_suite_is_an_aead_and_nothing_is_resumed() {
        let (certificate, key) = pair("one.example");
        let tls = ServerTls::new(&files(&certificate, &key)).unwrap();
        let config = tls.config();
        assert!(!config.crypto_provider().cipher_suites.is_empty());
        for suite in &config.crypto_provider().cipher_suites {
            let name = format!("{:?}", suite.suite());
            assert!(name.contains("GCM") || name.contains("POLY1305"), "{name}");
        }
        assert!(!config.session_storage.can_cache() && !config.ticketer.enabled());
        assert_eq!((config.send_tls13_tickets, config.max_early_data_size), (0, 0));
    }
}
