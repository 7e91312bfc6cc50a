//! Requests to the one server that Coffer calls: the upstream that the configuration names (security reference 9).
//!
//! | question | where |
//! | --- | --- |
//! | which host, port and path are called | `place` |
//! | which addresses that host may have | `address` |
//! | who has to vouch for its certificate | `tls` |
//! | how a connection is made, before anything of a request leaves | `connect` |
//! | how one request and its answer cross it | `exchange` |
//! | what went wrong, and whether the request may have arrived | [`SendError`] |
//!
//! Nothing of a caller's request decides where a connection goes. A connection carries one request, and a request is
//! sent once: a caller who hears [`SendError::Unknown`] must not send it again, for a payment may have been made. A
//! redirect is an answer like any other.

mod address;
mod connect;
mod error;
mod exchange;
mod place;
#[cfg(test)]
mod tests;
mod tls;

use std::{fmt, sync::Arc, time::Duration};

use coffer_types::limits;
use hyper::{
    Method,
    header::{HeaderName, HeaderValue},
};
use ipnet::IpNet;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use address::Networks;
pub use error::{NotSent, SendError, Unanswered, UpstreamError};
use place::Place;
pub use tls::client_tls;

/// What the configuration says about the upstream.
pub struct UpstreamSettings {
    /// `https://HOST[:PORT][/BASE/PATH]` and nothing else: no user, no query, no fragment.
    pub url: String,
    /// The certificates of the authorities that may vouch for the upstream, as PEM. None: those of the system, which
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` of the environment may name.
    pub authorities: Option<Vec<u8>>,
    /// Networks that are not public and that the upstream may be in all the same, because the operator named them.
    pub private_networks: Vec<IpNet>,
    /// Seconds from the beginning of a request to the end of its answer, from 1 to `limits::UPSTREAM_SECONDS_MAX`. At
    /// most half of them go into the connection.
    pub seconds: u64,
}

/// The upstream, ready to be called.
pub struct Upstream {
    place: Place,
    networks: Networks,
    tls: TlsConnector,
    time: Duration,
    slots: Arc<Semaphore>,
}

/// The right to one request: one of `limits::UPSTREAM_REQUESTS`. It is given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// A request to the upstream.
pub struct UpstreamRequest {
    /// Any method but `CONNECT`.
    pub method: Method,
    /// What follows the base path: ours, never a caller's. It begins with `/` and has no query.
    pub path: String,
    /// Headers, those aside that belong to the connection: `Host`, `Content-Length`, `Connection` and their like are
    /// written here. The value of `Authorization` is marked as sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body. It is wiped when it is sent or given up.
    pub body: Zeroizing<Vec<u8>>,
}

/// What the upstream answered, whatever its status is.
pub struct UpstreamAnswer {
    /// From 200 to 999.
    pub status: u16,
    /// The value of `Content-Type`, if there is one of visible ASCII.
    pub content_type: Option<String>,
    /// The whole body, at most `limits::UPSTREAM_ANSWER_BYTES`. It is not compressed.
    pub body: Zeroizing<Vec<u8>>,
}

impl Upstream {
    /// Checks the settings and reads the authorities. Nothing is sent, and no name is looked up.
    pub fn new(settings: &UpstreamSettings) -> Result<Self, UpstreamError> {
        let place = Place::parse(&settings.url)?;
        let networks = Networks::new(&settings.private_networks)?;
        if place.address().is_some_and(|address| !networks.allow(address)) {
            return Err(UpstreamError::PrivateAddress);
        }
        if settings.seconds == 0 || settings.seconds > limits::UPSTREAM_SECONDS_MAX {
            return Err(UpstreamError::Seconds);
        }
        Ok(Self {
            place,
            networks,
            tls: tls::connector(settings.authorities.as_deref())?,
            time: Duration::from_secs(settings.seconds),
            slots: Arc::new(Semaphore::new(limits::UPSTREAM_REQUESTS)),
        })
    }

    /// Takes the right to one request, if one is left: before the act that cannot be taken back, so that a busy
    /// upstream costs no token.
    pub fn reserve(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        Some(Slot { _permit: permit })
    }

    /// Sends a request once and waits for its whole answer.
    ///
    /// The connection ends when the future is dropped, and nobody will know whether the request arrived: who needs to
    /// know lets this run in a task that outlives the caller's connection.
    pub async fn send(&self, request: UpstreamRequest) -> Result<UpstreamAnswer, SendError> {
        let slot = self.reserve().ok_or(NotSent::Busy)?;
        self.send_with(slot, request).await
    }

    /// Like [`Upstream::send`], with a right that was taken before.
    pub async fn send_with(&self, slot: Slot, request: UpstreamRequest) -> Result<UpstreamAnswer, SendError> {
        let began = Instant::now();
        let request = exchange::prepare(&self.place, request)?;
        // Who connects slowly has not sent anything yet, and time is left for who connects.
        let connected = timeout_at(began + self.time / 2, connect::connect(self)).await;
        let stream = connected.map_err(|_| NotSent::Deadline)??;
        let answered = timeout_at(began + self.time, exchange::exchange(stream, request)).await;
        drop(slot);
        Ok(answered.map_err(|_| Unanswered::Deadline)??)
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("host", &self.place.authority()).finish_non_exhaustive()
    }
}

impl fmt::Debug for UpstreamRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for UpstreamAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}
