//! A connection to the upstream, as far as nothing of a request has left: look up, check, connect, handshake.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use coffer_types::limits;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{
    client::TlsStream,
    rustls::{self, CertificateError, pki_types::ServerName},
};

use super::{NotSent, Upstream, place::Host};

/// Connects to an address that was checked, and to no other: the name is looked up once.
pub(super) async fn connect(upstream: &Upstream) -> Result<TlsStream<TcpStream>, NotSent> {
    let addresses = addresses(upstream).await?;
    let stream = dial(&addresses, upstream.time / 2).await?;
    // A request is small and complete: waiting to fill a packet only costs time.
    let _ = stream.set_nodelay(true);
    let name = server_name(&upstream.place.host)?;
    upstream.tls.connect(name, stream).await.map_err(|error| handshake_fault(&error))
}

/// The host's addresses that are allowed, the first `limits::UPSTREAM_ADDRESSES`.
async fn addresses(upstream: &Upstream) -> Result<Vec<SocketAddr>, NotSent> {
    let port = upstream.place.port;
    let found: Vec<IpAddr> = match &upstream.place.host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => {
            let found = lookup_host((name.as_str(), port)).await.map_err(|_| NotSent::Resolve)?;
            found.map(|address| address.ip().to_canonical()).collect()
        }
    };
    if found.is_empty() {
        return Err(NotSent::Resolve);
    }
    let mut allowed: Vec<SocketAddr> = Vec::with_capacity(limits::UPSTREAM_ADDRESSES);
    for address in found.into_iter().filter(|address| upstream.networks.allow(*address)) {
        let address = SocketAddr::new(address, port);
        if allowed.len() < limits::UPSTREAM_ADDRESSES && !allowed.contains(&address) {
            allowed.push(address);
        }
    }
    if allowed.is_empty() { Err(NotSent::Address) } else { Ok(allowed) }
}

/// The first connection that is taken. Each address has an equal share of the time, so that one that never answers
/// does not hide the others.
async fn dial(addresses: &[SocketAddr], time: Duration) -> Result<TcpStream, NotSent> {
    let share = time / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(share, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(NotSent::Connect)
}

fn server_name(host: &Host) -> Result<ServerName<'static>, NotSent> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| NotSent::WrongName),
        Host::Address(address) => Ok(ServerName::from(*address)),
    }
}

fn handshake_fault(error: &io::Error) -> NotSent {
    use CertificateError as C;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(fault)) = inner else {
        return NotSent::Handshake;
    };
    match fault {
        C::UnknownIssuer => NotSent::UnknownAuthority,
        C::NotValidForName | C::NotValidForNameContext { .. } => NotSent::WrongName,
        C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. } => {
            NotSent::OutOfDate
        }
        _ => NotSent::Certificate,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_that_takes_no_connection_does_not_hide_the_next() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (there, nowhere) = (taken.local_addr().unwrap(), gone.local_addr().unwrap());
        drop(gone);
        let stream = dial(&[nowhere, there], Duration::from_secs(30)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), there);
        assert_eq!(dial(&[nowhere], Duration::from_secs(30)).await.unwrap_err(), NotSent::Connect);
    }
}
