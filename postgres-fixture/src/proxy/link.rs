//! One connection through a proxy: a thread for each direction.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::net::sockopt::set_socket_linger;

use super::{
    Common, When,
    protocol::{self, Client},
};

/// How long a peer that takes nothing is waited for, before the line is looked at again.
const WRITE: Duration = Duration::from_millis(50);

/// Both sides of a connection. They are closed when the last thread lets go of it.
pub(super) struct Link {
    client: TcpStream,
    server: TcpStream,
    cut: AtomicBool,
    talk: Mutex<Talk>,
}

/// What was asked and answered so far.
#[derive(Default)]
struct Talk {
    /// How many times the server will say that it is ready, for what it was sent, and how many times it has.
    awaited: u64,
    ready: u64,
    /// Single bytes that the server still has to answer with.
    bytes: u64,
    /// TLS has begun, and nobody reads along.
    encrypted: bool,
    /// Nothing of the server is passed on any more, and the line is cut when it has said so often that it is ready.
    cut_at: Option<u64>,
}

impl Link {
    pub(super) fn between(client: TcpStream, server: TcpStream) -> Arc<Self> {
        for stream in [&client, &server] {
            let _ = stream.set_nodelay(true);
            let _ = stream.set_write_timeout(Some(WRITE));
        }
        Arc::new(Self { client, server, cut: AtomicBool::new(false), talk: Mutex::default() })
    }

    /// Lets both threads go, and the close that follows be a reset.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        for stream in [&self.client, &self.server] {
            let _ = set_socket_linger(stream, Some(Duration::ZERO));
            // Says nothing to the peer, and wakes the thread that reads.
            let _ = stream.shutdown(Shutdown::Read);
        }
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts both directions.
pub(super) fn start(link: &Arc<Link>, common: &Arc<Common>) {
    let of = |link: &Arc<Link>, common: &Arc<Common>| (Arc::clone(link), Arc::clone(common));
    let (link_in, common_in) = of(link, common);
    thread::spawn(move || {
        let mut client = Client::default();
        pump(&link_in, &common_in, &link_in.client, &link_in.server, |bytes| {
            from_client(&link_in, &common_in, &mut client, bytes)
        });
    });
    let (link_out, common_out) = of(link, common);
    thread::spawn(move || {
        pump(&link_out, &common_out, &link_out.server, &link_out.client, |bytes| {
            from_server(&link_out, &common_out, bytes)
        });
    });
}

/// Takes from the front of what has arrived, and gives what may be passed on.
type Taken = Vec<u8>;

/// Passes on from one side to the other, until one of them ends.
fn pump(
    link: &Link,
    common: &Common,
    mut from: &TcpStream,
    to: &TcpStream,
    mut take: impl FnMut(&mut Vec<u8>) -> Taken,
) {
    let (mut arrived, mut chunk) = (Vec::new(), vec![0; 65_536]);
    loop {
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => arrived.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => {
                // One side was reset: so is the other.
                link.cut();
                break;
            }
        }
        common.wait_for_flow(link);
        // What was held back when the line was cut never arrives.
        if link.is_cut() {
            return;
        }
        let passed = take(&mut arrived);
        if !write(link, to, &passed) {
            link.cut();
        }
        if link.is_cut() {
            return;
        }
    }
    common.wait_for_flow(link);
    if !link.is_cut() {
        let _ = to.shutdown(Shutdown::Write);
    }
}

/// False when the other side takes nothing more.
fn write(link: &Link, mut to: &TcpStream, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(count) if count > 0 => bytes = &bytes[count..],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if link.is_cut() {
                    return false;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return false,
        }
    }
    true
}

/// The whole messages of a client, up to the statement before which the line is cut.
fn from_client(link: &Link, common: &Common, client: &mut Client, arrived: &mut Vec<u8>) -> Taken {
    let mut passed = Vec::new();
    let mut talk = link.talk();
    while !talk.encrypted
        && let Some(length) = client.length(arrived)
    {
        let message: Vec<u8> = arrived.drain(..length).collect();
        let meaning = client.read(&message);
        match meaning.runs.as_deref().and_then(|statement| common.takes(statement)) {
            Some(When::Before) => {
                // What came before is passed on: the server may have begun with it.
                drop(talk);
                write(link, &link.server, &passed);
                link.cut();
                common.has_fired();
                return Vec::new();
            }
            // The next time that the server is ready after all that it was sent, it has committed.
            Some(When::After) => talk.cut_at = Some(talk.awaited + 1),
            None => {}
        }
        talk.awaited += u64::from(meaning.awaits_ready);
        talk.bytes += u64::from(meaning.awaits_byte);
        passed.extend(message);
    }
    if talk.encrypted {
        passed.append(arrived);
    }
    passed
}

/// The whole messages of a server; none once the line is to be cut after one of them.
fn from_server(link: &Link, common: &Common, arrived: &mut Vec<u8>) -> Taken {
    let mut passed = Vec::new();
    let mut talk = link.talk();
    while !arrived.is_empty() && !talk.encrypted {
        if talk.bytes > 0 {
            // `N`: no encryption. Anything else is the beginning of one, or an error, after which nothing is read.
            talk.bytes -= 1;
            talk.encrypted = arrived[0] != b'N';
            passed.push(arrived.remove(0));
            continue;
        }
        let Some(length) = protocol::server_length(arrived) else { break };
        let message: Vec<u8> = arrived.drain(..length).collect();
        talk.ready += u64::from(protocol::is_ready(&message));
        match talk.cut_at {
            Some(at) if talk.ready >= at => {
                link.cut();
                common.has_fired();
                return Vec::new();
            }
            Some(_) => {}
            None => passed.extend(message),
        }
    }
    if talk.encrypted {
        passed.append(arrived);
    }
    passed
}
