//! Three nodes whose ways to one database a test can cut, and what every fault must leave behind.

use std::{net::SocketAddr, thread, time::Duration};

use coffer_postgres_fixture::{Proxy, Server};
use tempfile::TempDir;

use crate::{
    book::Book,
    calls::{self, KEY},
    check,
    load::{say, under_load, until_written},
    support::{self, Node, log::Log},
};

const NODES: usize = 3;

/// How long a fault lasts once every node has seen it: longer than a request waits for the database.
const LASTS: Duration = Duration::from_secs(3);

/// A server, and nodes of it.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) url: String,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) nodes: Vec<Node>,
    _home: TempDir,
}

impl Site {
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let (server, home) = (Server::start(settings), support::home());
        let url = server.database();
        let proxies: Vec<Proxy> = (0..NODES).map(|_| Proxy::before(server.address())).collect();
        let nodes = proxies.iter().map(|proxy| Node::sandbox_on(home.path(), &proxy.url(&url))).collect();
        Self { server, url, proxies, nodes, _home: home }
    }

    /// Lets the database be away under load, and looks at everything that is promised.
    pub(crate) fn suffers(mut self, name: &str, breaks: impl FnOnce(&Self), mends: impl FnOnce(&Self)) {
        let (book, bearer) = (Book::default(), calls::bearer(&self.nodes[0], KEY));
        let (seen, back) = under_load(&self.addresses(), &bearer, &book, |watch| {
            breaks(&self);
            let seen = watch.until_all(false);
            thread::sleep(LASTS);
            mends(&self);
            let back = watch.until_all(true);
            until_written(&book, 60);
            (seen, back)
        });
        self.holds(name, book, &bearer, &format!("known after {seen:.1?}, back after {back:.1?}"));
    }

    /// Does something to the nodes' connections under load; whether a node sees that the database is away is open.
    pub(crate) fn goes_on_while(mut self, name: &str, meanwhile: impl FnOnce(&Self, &Book)) {
        let (book, bearer) = (Book::default(), calls::bearer(&self.nodes[0], KEY));
        under_load(&self.addresses(), &bearer, &book, |watch| {
            meanwhile(&self, &book);
            watch.until_all(true);
            until_written(&book, 60);
        });
        self.holds(name, book, &bearer, "");
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.clients).collect()
    }

    /// Nothing is lost and nothing is there twice. The nodes are those from before.
    fn holds(&mut self, name: &str, book: Book, bearer: &str, said: &str) {
        let mut pages = book.into_pages();
        say(&format!("outage: {name}: {} {said}", pages.figures()));
        check::settle(&self.addresses(), bearer, &mut pages);
        for node in &mut self.nodes {
            assert!(node.stop(), "it ends with success: {}", node.said());
        }
        check::audit(&Log::of_database(&self.url), &pages);
    }
}
