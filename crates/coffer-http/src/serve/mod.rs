//! The accept loop: hyper under our own limits.
//!
//! One task accepts and hands each connection to a worker in turn; a worker is a runtime of one thread, so that a
//! request stays on one core from its first byte to its answer. Half-sent heads and bodies, idle connections and
//! too many connections end by themselves (`reference/security.md` section 9).

mod aside;
mod connection;
mod framing;
mod limiter;
mod listeners;
mod patience;
mod pipeline;
mod stack;
mod tls;
mod validity;

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use coffer_types::limits;
use tokio::{net::TcpStream, runtime::Handle, sync::watch};

use crate::app::App;
pub(crate) use aside::Aside;
use connection::Door;
pub(crate) use connection::DoorKind;
use limiter::Limiter;
pub use listeners::Listeners;
pub(crate) use patience::{Patient, Phase};
pub(crate) use pipeline::Requests;
pub use tls::{ServerTls, TlsError, TlsFiles, tls_suites};

/// Why a node cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address is taken or not ours.
    #[error(
        "cannot listen on {address}: {source} (choose another address with --listen, or in the configuration)"
    )]
    Bind {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The admin socket cannot be made: its folder is missing, or another node has it.
    #[error("the admin socket {} cannot be made: {source}", path.display())]
    Socket {
        /// The path of the configuration.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A node with its doors, before it listens.
#[derive(Debug)]
pub struct Server {
    app: App,
}

/// A node that listens.
#[derive(Debug)]
pub struct Listening {
    app: Arc<App>,
    listeners: Listeners,
}

impl Server {
    /// Prepares to serve.
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// The same, and speaks TLS with clients. The operator's listeners do not: they are this machine's.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<Arc<ServerTls>>) -> Self {
        self.app.tls = tls;
        self
    }

    /// Listens where the node does already.
    pub fn on(mut self, listeners: Listeners) -> Listening {
        if self.app.settings.public_url.is_none() {
            let address = listeners.client_address().ok();
            self.app.follows_host = address.is_some_and(|address| address.ip().is_loopback());
            let scheme = self.app.scheme();
            self.app.settings.public_url = address.map(|address| format!("{scheme}://{address}"));
        }
        Listening { app: self.app.share(), listeners }
    }
}

impl Listening {
    /// Where clients reach the node.
    pub fn client_address(&self) -> io::Result<SocketAddr> {
        self.listeners.client_address()
    }

    /// Where the operator reaches it.
    pub fn operator_address(&self) -> io::Result<SocketAddr> {
        self.listeners.operator_address()
    }

    /// The node itself, for what is replaced while it serves.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app)
    }

    /// Serves until `stop` says true, then finishes what was accepted, for at most `limits::SHUTDOWN_SECONDS`.
    ///
    /// Connections of clients are spread over `workers`; the operator's stay on this runtime.
    pub async fn serve(self, workers: &[Handle], mut stop: watch::Receiver<bool>) {
        // Behind a proxy every client comes from one address.
        let per_address = if self.app.settings.behind_proxy {
            limits::CONNECTIONS
        } else {
            limits::CONNECTIONS_PER_ADDRESS
        };
        let limiter = || Limiter::new(limits::CONNECTIONS, per_address);
        // Each listener has its own: clients that take every place do not lock the operator out.
        let (client_places, operator_places) = (limiter(), limiter());
        let door = |kind: DoorKind| Door {
            app: Arc::clone(&self.app),
            kind,
            tls: self.app.tls.clone().filter(|_| kind == DoorKind::Clients),
            stop: stop.clone(),
            requests: pipeline::Requests::new(),
        };
        let (clients, operator) = (door(DoorKind::Clients), door(DoorKind::Operator));
        let mut turn = workers.iter().cycle();
        loop {
            tokio::select! {
                accepted = self.listeners.clients.accept() => {
                    let worker = turn.next().cloned().unwrap_or_else(Handle::current);
                    self.admit(accepted, &clients, &client_places, &worker).await;
                }
                accepted = self.listeners.operator.accept() => {
                    self.admit(accepted, &operator, &operator_places, &Handle::current()).await;
                }
                (stream, uid) = self.listeners.next_local() => {
                    let door = Door { kind: DoorKind::Socket(uid), ..operator.clone() };
                    tokio::spawn(connection::serve(stream, None, door));
                }
                _ = stop.changed() => break,
            }
        }
        drop(self.listeners);
        let longest = Duration::from_secs(limits::SHUTDOWN_SECONDS);
        let until = Instant::now() + longest;
        tokio::join!(client_places.wait_empty(longest), operator_places.wait_empty(longest));
        // Without a connection nothing new begins; what began may have lost its caller.
        self.app.underway.wait_empty(until).await;
    }

    async fn admit(
        &self,
        accepted: io::Result<(TcpStream, SocketAddr)>,
        door: &Door,
        limiter: &Limiter,
        worker: &Handle,
    ) {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: wait for connections to end instead of turning in a circle.
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                return;
            }
        };
        let Some(place) = limiter.take(peer.ip(), self.app.metrics.connections.clone()) else {
            self.app.metrics.connections_refused.inc();
            return;
        };
        // The socket moves to the worker's own event loop.
        let Ok(stream) = stream.into_std() else { return };
        let door = door.clone();
        worker.spawn(async move {
            if let Ok(stream) = TcpStream::from_std(stream) {
                // Answers are small and complete: waiting to fill a packet only costs time.
                let _ = stream.set_nodelay(true);
                connection::serve(stream, Some(peer.ip()), door).await;
            }
            drop(place);
        });
    }
}
