//! The accept loop: hyper under our own limits.
//!
//! One task accepts and hands each connection to a worker in turn; a worker is a runtime of one thread, so that a
//! request stays on one core from its first byte to its answer. Half-sent heads and bodies, idle connections and
//! too many connections end by themselves (`reference/security.md` section 9).

mod connection;
mod framing;
mod limiter;
mod patience;
mod pipeline;

use std::{
    io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use coffer_types::limits;
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    runtime::Handle,
    sync::watch,
};

use crate::app::App;
use connection::Door;
use limiter::Limiter;

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
    clients: TcpListener,
    operator: TcpListener,
    socket: Option<(UnixListener, PathBuf)>,
}

impl Server {
    /// Prepares to serve.
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// Listens for clients, and for the operator on an address of its own and, if a path is given, on a Unix socket.
    pub async fn listen(
        mut self,
        clients: SocketAddr,
        operator: SocketAddr,
        socket: Option<&Path>,
    ) -> Result<Listening, ServeError> {
        let clients = bind(clients).await?;
        let operator = bind(operator).await?;
        let socket = socket.and_then(bind_socket);
        if self.app.settings.public_url.is_none() {
            let address = clients.local_addr().ok();
            self.app.follows_host = address.is_some_and(|address| address.ip().is_loopback());
            self.app.settings.public_url = address.map(|address| format!("http://{address}"));
        }
        Ok(Listening { app: self.app.share(), clients, operator, socket })
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })
}

/// Makes the admin socket, and clears away the sockets that processes which are gone have left in its folder. A path
/// that no socket can have (it is too long, say) costs the socket and not the start.
fn bind_socket(path: &Path) -> Option<(UnixListener, PathBuf)> {
    let left =
        path.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    for entry in left.filter(is_admin_socket) {
        let refused = std::os::unix::net::UnixStream::connect(entry.path())
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if refused {
            // Another start may have been quicker.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    let bound = UnixListener::bind(path).and_then(|listener| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok((listener, path.to_owned()))
    });
    bound.inspect_err(|error| tracing::warn!(error = %error, "there is no admin socket")).ok()
}

/// A socket whose name is a process id: one of ours. Anything else in the folder is somebody else's.
fn is_admin_socket(entry: &std::fs::DirEntry) -> bool {
    let name = entry.file_name();
    let id = name.to_str().and_then(|name| name.strip_suffix(".sock")).unwrap_or_default();
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id && entry.file_type().is_ok_and(|kind| kind.is_socket())
}

impl Listening {
    /// Where clients reach the node.
    pub fn client_address(&self) -> io::Result<SocketAddr> {
        self.clients.local_addr()
    }

    /// Where the operator reaches it.
    pub fn operator_address(&self) -> io::Result<SocketAddr> {
        self.operator.local_addr()
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
        let door = |operator: bool| Door {
            app: Arc::clone(&self.app),
            operator,
            stop: stop.clone(),
            requests: pipeline::Requests::new(),
        };
        let (clients, operator) = (door(false), door(true));
        let mut turn = workers.iter().cycle();
        loop {
            tokio::select! {
                accepted = self.clients.accept() => {
                    let worker = turn.next().cloned().unwrap_or_else(Handle::current);
                    self.admit(accepted, &clients, &client_places, &worker).await;
                }
                accepted = self.operator.accept() => {
                    self.admit(accepted, &operator, &operator_places, &Handle::current()).await;
                }
                Some(stream) = next_local(self.socket.as_ref()) => {
                    tokio::spawn(connection::serve(stream, None, operator.clone()));
                }
                _ = stop.changed() => break,
            }
        }
        drop((self.clients, self.operator));
        if let Some((_, path)) = &self.socket {
            // The next start would remove it anyway.
            let _ = std::fs::remove_file(path);
        }
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

async fn next_local(socket: Option<&(UnixListener, PathBuf)>) -> Option<tokio::net::UnixStream> {
    match socket {
        Some((listener, _)) => listener.accept().await.ok().map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}
