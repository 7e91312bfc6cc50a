//! A line between a client and a server that a test can cut, also exactly before or after a commit.

mod link;
mod protocol;

use std::{
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use link::Link;

use crate::{command::wait_until, ports};

/// How long a cut may take until all connections are closed.
const CUT: Duration = Duration::from_secs(10);

/// Where a line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The commit never reaches the server.
    Before,
    /// The server has committed, and its answer never reaches the client.
    After,
}

/// A proxy that speaks with clients at an address of its own and passes everything on, until it is told otherwise.
/// It can read what is not encrypted only: a commit inside TLS is not seen.
pub struct Proxy {
    address: SocketAddr,
    server: SocketAddr,
    common: Arc<Common>,
}

/// What all connections look at.
struct Common {
    state: Mutex<State>,
    /// Told of every change of the state.
    changed: Condvar,
    closed: AtomicBool,
}

#[derive(Default)]
struct State {
    refuse: bool,
    stall: bool,
    armed: Option<Armed>,
    fired: bool,
    links: Vec<Weak<Link>>,
}

/// What the next statement that is meant is cut by.
struct Armed {
    when: When,
    /// Words of the statement; none means a commit.
    words: Option<String>,
}

impl Proxy {
    /// A proxy before the server at this address.
    pub fn before(server: SocketAddr) -> Self {
        let listener = ports::listener();
        let address = listener.local_addr().expect("an address");
        let (state, changed) = (Mutex::new(State::default()), Condvar::new());
        let common = Arc::new(Common { state, changed, closed: AtomicBool::new(false) });
        let of_listener = Arc::clone(&common);
        thread::spawn(move || accept(&listener, server, &of_listener));
        Self { address, server, common }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a database of the server, by way of this proxy.
    pub fn url(&self, url: &str) -> String {
        let (server, own) = (self.server.to_string(), self.address.to_string());
        assert!(url.contains(&server), "{server} is not in the URL");
        url.replace(&server, &own)
    }

    /// Resets all connections, on both sides. New ones are taken.
    pub fn cut(&self) {
        let links = std::mem::take(&mut self.common.lock().links);
        for link in links.iter().filter_map(Weak::upgrade) {
            link.cut();
        }
        self.common.changed.notify_all();
        let gone = || links.iter().all(|link| link.strong_count() == 0);
        assert!(wait_until(CUT, gone), "a connection outlives its cut");
    }

    /// Closes new connections at once, or takes them again. The open ones stay.
    pub fn refuse(&self, refuse: bool) {
        self.common.lock().refuse = refuse;
    }

    /// Holds every byte back, or passes on what was held. Nothing is closed, and new connections are taken.
    pub fn stall(&self, stall: bool) {
        self.common.lock().stall = stall;
        self.common.changed.notify_all();
    }

    /// Cuts the connection on which the next `COMMIT` comes, once: a message of its own, or the last statement of a
    /// message, or a prepared one that is executed.
    pub fn cut_at_commit(&self, when: When) {
        self.arm(Armed { when, words: None });
    }

    /// The same at the next statement that contains these words, for one that commits by itself.
    pub fn cut_at(&self, words: &str, when: When) {
        self.arm(Armed { when, words: Some(words.to_owned()) });
    }

    /// Whether what [`Proxy::cut_at_commit`] or [`Proxy::cut_at`] waits for has happened, and the connection is cut.
    pub fn has_fired(&self) -> bool {
        self.common.lock().fired
    }

    /// Waits for [`Proxy::has_fired`]; false when it has not after this time.
    pub fn fires_within(&self, longest: Duration) -> bool {
        wait_until(longest, || self.has_fired())
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.common.lock().links.iter().filter(|link| link.strong_count() > 0).count()
    }

    fn arm(&self, armed: Armed) {
        let mut state = self.common.lock();
        (state.armed, state.fired) = (Some(armed), false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.common.closed.store(true, Ordering::SeqCst);
        // Wakes whoever waits for a connection.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(5));
        let links = std::mem::take(&mut self.common.lock().links);
        for link in links.iter().filter_map(Weak::upgrade) {
            link.cut();
        }
        self.common.changed.notify_all();
    }
}

impl Common {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this statement is the one that is waited for; then it is not waited for any more.
    fn takes(&self, statement: &str) -> Option<When> {
        let mut state = self.lock();
        let armed = state.armed.take_if(|armed| match &armed.words {
            Some(words) => statement.contains(words.as_str()),
            None => protocol::is_commit(statement),
        });
        armed.map(|armed| armed.when)
    }

    fn has_fired(&self) {
        self.lock().fired = true;
    }

    /// Waits while the line is stalled.
    fn wait_for_flow(&self, link: &Link) {
        let mut state = self.lock();
        while state.stall && !link.is_cut() {
            let waited = self.changed.wait_timeout(state, Duration::from_secs(1));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, common: &Arc<Common>) {
    for client in listener.incoming() {
        if common.closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        if common.lock().refuse {
            let _ = client.shutdown(Shutdown::Both);
            continue;
        }
        // A server that is not there closes the client's connection, as it would itself.
        let Ok(server) = TcpStream::connect_timeout(&server, Duration::from_secs(5)) else { continue };
        let link = Link::between(client, server);
        let mut state = common.lock();
        state.links.retain(|link| link.strong_count() > 0);
        state.links.push(Arc::downgrade(&link));
        drop(state);
        link::start(&link, common);
    }
}
