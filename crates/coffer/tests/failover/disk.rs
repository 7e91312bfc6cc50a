//! The disk of the tables is full: writes are refused, reads go on, and when there is room again so do the writes.

use std::{
    thread,
    time::{Duration, Instant},
};

use coffer_postgres_fixture::Server;

use crate::{
    NODES, addresses,
    book::{Book, Pages},
    calls::{self, KEY},
    check,
    load::{PROMISED, at_rest, say, under_load, until_written},
    small::SmallDisk,
    stop,
    support::{self, Node, SECRET, log::Log},
};

const DATABASE: &str = "coffer";

/// Refused writes in a row after which the disk is full for all.
const REFUSED: usize = 200;
const LONG: Duration = Duration::from_mins(2);

#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let (server, home) = (Server::start(&[]), support::home());
    let disk = SmallDisk::mount(&server.folder().join("data"));
    let space = format!("CREATE TABLESPACE small LOCATION '{}'", disk.folder().display());
    let database = format!("CREATE DATABASE {DATABASE} TABLESPACE small STRATEGY file_copy");
    server.sql("postgres", &format!("{space}; {database}"));
    let url = server.url(DATABASE);
    let mut nodes: Vec<Node> = (0..NODES).map(|_| Node::sandbox_on(home.path(), &url)).collect();
    let (book, bearer) = (Book::default(), calls::bearer(&nodes[0], KEY));
    let nodes_at = addresses(&nodes);
    under_load(&nodes_at, &bearer, &book, |watch| {
        disk.fill();
        until_nothing_goes(&book);
        watch.until_all(false);
        read_all(&nodes, &book.lock());
    });
    // Nobody sends a write to a node that says that it takes none: it finds out by itself.
    let back = at_rest(&nodes_at, |watch| {
        watch.until_all(false);
        disk.make_room();
        watch.until_all(true)
    });
    under_load(&nodes_at, &bearer, &book, |_| until_written(&book, 100));
    let mut pages = book.into_pages();
    say(&format!("disk: {}, back after {back:.1?}", pages.figures()));
    assert!(pages.refused > 0, "writes were refused");
    check::settle(&nodes_at, &bearer, &mut pages);
    stop(&mut nodes);
    check::audit(&Log::of_database(&url), &pages);
}

/// Waits until so many writes in a row were refused that none finds room any more.
fn until_nothing_goes(book: &Book) {
    let (began, mut since) = (Instant::now(), (usize::MAX, 0));
    loop {
        let (written, refused) = {
            let pages = book.lock();
            (pages.written, pages.refused)
        };
        if written != since.0 {
            since = (written, refused);
        } else if refused - since.1 >= REFUSED {
            return;
        }
        assert!(began.elapsed() < LONG, "there is still room: {}", book.lock().figures());
        thread::sleep(Duration::from_millis(5));
    }
}

/// Every node shows the tokens that are not being used, at once.
fn read_all(nodes: &[Node], pages: &Pages) {
    let mut read = 0;
    for node in nodes {
        let mut client = node.client();
        for token in pages.tokens.iter().filter(|token| token.made.is_some()).take(50) {
            let began = Instant::now();
            let answer = client.call("GET", &format!("/rebilly/tokens/{}", token.id), &[SECRET], b"");
            assert_eq!(answer.status, 200, "reads go on: {}", answer.text());
            assert!(began.elapsed() < PROMISED);
            read += 1;
        }
    }
    assert!(read >= nodes.len(), "there was something to read");
}
