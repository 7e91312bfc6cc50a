//! The places where a node listens, before and after its vault is open.

use std::{
    fmt, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use coffer_types::limits;
use prometheus_client::metrics::gauge::Gauge;
use tokio::{
    net::{TcpListener, TcpSocket, UnixListener, UnixStream},
    sync::watch,
};

use super::{DoorKind, ServeError, ServerTls, limiter::Limiter, pipeline::Requests};
use crate::sealed::{self, Gate};

/// What a node listens on.
pub struct Listeners {
    pub(super) clients: TcpListener,
    pub(super) operator: TcpListener,
    pub(super) socket: Option<Socket>,
}

/// The admin socket.
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    /// The user whose it is.
    owner: u32,
}

impl Listeners {
    /// Listens for clients, for the operator on an address of its own, and on the admin socket if a path is given. A
    /// sandbox does without a socket where it cannot have one; `needs_socket` makes that an error. Called on the
    /// runtime that will take the connections.
    pub fn bind(
        clients: SocketAddr,
        operator: SocketAddr,
        socket: Option<&Path>,
        needs_socket: bool,
    ) -> Result<Self, ServeError> {
        // Before the clients: whoever reaches the node finds its socket.
        let socket = match socket.map(|path| (path, Socket::bind(path))) {
            Some((path, Err(source))) if needs_socket => {
                return Err(ServeError::Socket { path: path.to_owned(), source });
            }
            Some((_, Err(error))) => {
                tracing::warn!(error = %error, "there is no admin socket");
                None
            }
            Some((_, Ok(socket))) => Some(socket),
            None => None,
        };
        let operator = bind(operator)?;
        Ok(Self { clients: bind(clients)?, operator, socket })
    }

    /// Where clients reach the node.
    pub fn client_address(&self) -> io::Result<SocketAddr> {
        self.clients.local_addr()
    }

    /// Where the operator reaches it.
    pub fn operator_address(&self) -> io::Result<SocketAddr> {
        self.operator.local_addr()
    }

    /// Says to everybody that the vault is sealed, and takes shares on the socket, until `opened` is done or `stop`
    /// says true (`None`). Whoever is connected then is answered; who comes later finds the vault open.
    pub async fn sealed<T>(
        &self,
        gate: Arc<Gate>,
        tls: Option<Arc<ServerTls>>,
        opened: impl Future<Output = T>,
        mut stop: watch::Receiver<bool>,
    ) -> Option<T> {
        let places = Limiter::new(limits::CONNECTIONS, limits::CONNECTIONS_PER_ADDRESS);
        let operator_places = Limiter::new(limits::CONNECTIONS, limits::CONNECTIONS);
        let requests = Requests::new();
        let mut opened = std::pin::pin!(opened);
        let mut forget = std::pin::pin!(sealed::forget(&gate));
        loop {
            let (accepted, kind, places) = tokio::select! {
                accepted = self.clients.accept() => (accepted, DoorKind::Clients, &places),
                accepted = self.operator.accept() => (accepted, DoorKind::Operator, &operator_places),
                (stream, uid) = self.next_local() => {
                    let kind = DoorKind::Socket(uid);
                    tokio::spawn(sealed::serve(stream, kind, None, Arc::clone(&gate), requests.clone()));
                    continue;
                }
                opened = &mut opened => return Some(opened),
                () = &mut forget => continue,
                _ = stop.wait_for(|stopping| *stopping) => return None,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            let Some(place) = places.take(peer.ip(), Gauge::default()) else { continue };
            let tls = tls.clone().filter(|_| kind == DoorKind::Clients);
            let serving = sealed::serve(stream, kind, tls, Arc::clone(&gate), requests.clone());
            tokio::spawn(async move {
                serving.await;
                drop(place);
            });
        }
    }

    /// The next connection to the admin socket, and whose it is. Others than its owner and root are turned away.
    pub(super) async fn next_local(&self) -> (UnixStream, u32) {
        let Some(socket) = &self.socket else { return std::future::pending().await };
        loop {
            let Ok((stream, _)) = socket.listener.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            match stream.peer_cred().map(|peer| peer.uid()) {
                Ok(uid) if uid == socket.owner || uid == 0 => return (stream, uid),
                _ => tracing::warn!("another user was turned away from the admin socket"),
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The next start would remove it anyway.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Listeners(..)")
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let listener = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A node that starts again need not wait until the system has forgotten the connections of the one before.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(limits::WAITING_CONNECTIONS)
    };
    listener().map_err(|source| ServeError::Bind { address, source })
}

impl Socket {
    /// Makes the admin socket, and clears away the sockets that processes which are gone have left in its folder.
    fn bind(path: &Path) -> io::Result<Self> {
        let left =
            path.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
        for entry in left.filter(|entry| is_admin_socket(entry) || entry.path() == path) {
            let refused = std::os::unix::net::UnixStream::connect(entry.path())
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
            if refused {
                // Another start may have been quicker.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(path)?.uid();
        Ok(Self { listener, path: path.to_owned(), owner })
    }
}

/// A socket whose name is a process id: one of ours. Anything else in the folder is somebody else's.
fn is_admin_socket(entry: &std::fs::DirEntry) -> bool {
    let name = entry.file_name();
    let id = name.to_str().and_then(|name| name.strip_suffix(".sock")).unwrap_or_default();
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_id && entry.file_type().is_ok_and(|kind| kind.is_socket())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    /// So many clients that come at once before one of them is taken, or as many as this system lets wait.
    const AT_ONCE: usize = 1_000;

    #[tokio::test]
    async fn a_crowd_that_comes_at_once_waits_and_is_not_turned_away() {
        let system = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let crowd = AT_ONCE.min(system.trim().parse().unwrap());
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let longest = std::time::Duration::from_secs(10);
        let waiting: Result<Vec<_>, _> =
            (0..crowd).map(|_| TcpStream::connect_timeout(&address, longest)).collect();
        let waiting = waiting.unwrap();
        for client in &waiting {
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(
                peer,
                client.local_addr().unwrap(),
                "in the order in which they came, and none is missing"
            );
        }
    }
}
