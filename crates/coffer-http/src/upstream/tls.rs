//! TLS 1.3 and 1.2 by rustls on aws-lc-rs, and the authorities that may vouch for the upstream.

use std::sync::Arc;

use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, NamedGroup, RootCertStore,
        client::Resumption,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

use super::UpstreamError;

/// Bytes of the file of authorities. The largest lists, those of browsers, have a quarter of it.
pub(super) const AUTHORITIES_BYTES: usize = 1 << 20;

/// The one protocol that is offered: a server that wants another refuses the handshake.
const PROTOCOL: &[u8] = b"http/1.1";

/// What makes TLS connections to the upstream. `authorities` is PEM; none means the system's.
pub(super) fn connector(authorities: Option<&[u8]>) -> Result<TlsConnector, UpstreamError> {
    Ok(TlsConnector::from(Arc::new(client_tls(authorities, PROTOCOL)?)))
}

/// How a TLS connection to somebody else is made: 1.3 or 1.2, with certificates that `authorities` (PEM; none means the
/// system's) vouch for by the host's name, and one protocol offered.
pub fn client_tls(authorities: Option<&[u8]>, protocol: &[u8]) -> Result<ClientConfig, UpstreamError> {
    let roots = match authorities {
        Some(pem) => given(pem)?,
        None => of_the_system()?,
    };
    let mut provider = aws_lc_rs::default_provider();
    // Who records what we send today shall not read it once there are quantum computers. The order of the rest stays.
    provider.kx_groups.sort_by_key(|group| group.name() != NamedGroup::X25519MLKEM768);
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|_| UpstreamError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    // A resumed session is not checked against the certificate again, and its keys stay in memory.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Every certificate of the operator's file: one that cannot be read is a mistake that should be seen.
fn given(pem: &[u8]) -> Result<RootCertStore, UpstreamError> {
    if pem.len() > AUTHORITIES_BYTES {
        return Err(UpstreamError::AuthoritiesSize);
    }
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| UpstreamError::Authorities)?;
        roots.add(certificate).map_err(|_| UpstreamError::Authorities)?;
    }
    if roots.is_empty() { Err(UpstreamError::Authorities) } else { Ok(roots) }
}

/// What can be read of the system's certificates: nobody here can mend one that cannot.
fn of_the_system() -> Result<RootCertStore, UpstreamError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(UpstreamError::NoAuthorities) } else { Ok(roots) }
}
