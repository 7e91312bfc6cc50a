//! Three nodes, a database of their own, and callers that ask all of them at once.

use std::{sync::Barrier, thread};

use coffer_postgres_fixture::shared;
use tempfile::TempDir;

use crate::support::{self, Client, Node, log::Log};

/// How many nodes share the database.
pub(crate) const NODES: usize = 3;

/// Nodes of one folder on one database. The folder has the root key, as all of them need the same.
pub(crate) struct Cluster {
    pub(crate) home: TempDir,
    pub(crate) url: String,
    pub(crate) nodes: Vec<Node>,
}

impl Cluster {
    /// All of them start at the same moment, on an empty database and in an empty folder.
    pub(crate) fn start() -> Self {
        let (home, url) = (support::home(), shared().database());
        let barrier = Barrier::new(NODES);
        let nodes = thread::scope(|scope| {
            let starts: Vec<_> = (0..NODES)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        Node::sandbox_on(home.path(), &url)
                    })
                })
                .collect();
            starts.into_iter().map(|start| start.join().expect("a node that starts")).collect()
        });
        Self { home, url, nodes }
    }

    /// One more node.
    pub(crate) fn join(&mut self) -> &Node {
        self.nodes.push(Node::sandbox_on(self.home.path(), &self.url));
        self.nodes.last().expect("it was pushed")
    }

    /// A connection to each node.
    pub(crate) fn clients(&self) -> Vec<Client> {
        self.nodes.iter().map(Node::client).collect()
    }

    /// What a statement finds in the database.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let (_, name) = self.url.rsplit_once('/').expect("the URL of a database");
        shared().sql(name, statement)
    }

    /// Lets all nodes finish, and reads what they wrote down.
    pub(crate) fn log(mut self) -> Log {
        for node in &mut self.nodes {
            assert!(node.stop(), "it ends with success: {}", node.said());
        }
        Log::of_database(&self.url)
    }
}

/// Asks all nodes in turn by so many callers at the same moment, each by a connection of its own; the answers are in
/// the callers' order.
pub(crate) fn together<T: Send>(
    cluster: &Cluster,
    callers: usize,
    ask: impl Fn(usize, &Node) -> T + Sync,
) -> Vec<T> {
    let barrier = Barrier::new(callers);
    thread::scope(|scope| {
        let asked: Vec<_> = (0..callers)
            .map(|caller| {
                let (barrier, ask) = (&barrier, &ask);
                let node = &cluster.nodes[caller % cluster.nodes.len()];
                scope.spawn(move || {
                    barrier.wait();
                    ask(caller, node)
                })
            })
            .collect();
        asked.into_iter().map(|caller| caller.join().expect("a caller was surprised")).collect()
    })
}
