//! A line that is cut, refused, stalled, and cut exactly around a commit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use coffer_postgres_fixture::{Proxy, When, shared};

const LONG: Duration = Duration::from_secs(20);

/// A database with an empty table, the name of that database, and a proxy before its server.
fn table() -> (String, String, Proxy) {
    let url = shared().database();
    let name = url.rsplit('/').next().unwrap().to_owned();
    shared().sql(&name, "CREATE TABLE kept (a int)");
    let proxy = Proxy::before(shared().address());
    (proxy.url(&url), name, proxy)
}

fn rows(name: &str) -> String {
    shared().sql(name, "SELECT count(*) FROM kept")
}

const TRANSACTION: &str = "BEGIN; INSERT INTO kept VALUES (1); COMMIT";

#[test]
fn a_line_that_nobody_touches_passes_everything_on() {
    let (url, name, proxy) = table();
    shared().try_sql_at(&url, TRANSACTION).unwrap();
    assert_eq!(rows(&name), "1");
    let long = "SELECT length(string_agg(repeat('x', 1000), '')) FROM generate_series(1, 3000)";
    assert_eq!(shared().try_sql_at(&url, long).unwrap(), "3000000");
    let wide = shared().try_sql_at(&url, "SELECT repeat('x', 3000000)").unwrap();
    assert_eq!(wide.len(), 3_000_000);
    assert!(!proxy.has_fired());
}

#[test]
fn a_line_cut_before_the_commit_has_committed_nothing() {
    let (url, name, proxy) = table();
    proxy.cut_at_commit(When::Before);
    let said = shared().try_sql_at(&url, TRANSACTION).unwrap_err();
    assert!(said.contains("server closed the connection") || said.contains("reset by peer"), "{said}");
    assert!(proxy.has_fired());
    assert_eq!(rows(&name), "0");
    shared().try_sql_at(&url, TRANSACTION).expect("armed for once");
    assert_eq!(rows(&name), "1");
}

#[test]
fn a_line_cut_after_the_commit_has_committed_and_the_client_does_not_know() {
    let (url, name, proxy) = table();
    proxy.cut_at_commit(When::After);
    shared().try_sql_at(&url, "SELECT 1").expect("nothing but a commit is waited for");
    assert!(!proxy.has_fired());
    let said = shared().try_sql_at(&url, TRANSACTION).unwrap_err();
    assert!(said.contains("server closed the connection") || said.contains("reset by peer"), "{said}");
    assert!(proxy.fires_within(LONG));
    assert_eq!(rows(&name), "1");
}

#[test]
fn a_statement_that_commits_by_itself_is_known_by_its_words() {
    for (when, expected) in [(When::Before, "0"), (When::After, "1")] {
        let (url, name, proxy) = table();
        proxy.cut_at("INTO kept", when);
        assert!(shared().try_sql_at(&url, "INSERT INTO kept VALUES (1)").is_err());
        assert!(proxy.fires_within(LONG));
        assert_eq!(rows(&name), expected);
    }
}

#[test]
fn a_refused_connection_is_closed_and_a_stalled_one_waits() {
    let (url, _, proxy) = table();
    proxy.refuse(true);
    assert!(shared().try_sql_at(&url, "SELECT 1").is_err());
    proxy.refuse(false);
    proxy.stall(true);
    let said = shared().try_sql_at(&url, "SELECT 1").unwrap_err();
    assert!(said.contains("timeout expired"), "{said}");
    let waiting = thread::spawn({
        let url = url.clone();
        move || shared().try_sql_at(&url, "SELECT 1")
    });
    proxy.stall(false);
    assert_eq!(waiting.join().unwrap().unwrap(), "1");
    assert_eq!(shared().try_sql_at(&url, "SELECT 1").unwrap(), "1");
}

/// By plain sockets, which tell a reset from a close.
#[test]
fn a_cut_resets_both_sides_stalled_or_not() {
    for is_stalled in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::before(listener.local_addr().unwrap());
        let mut client = TcpStream::connect(proxy.address()).unwrap();
        let mut server = listener.accept().unwrap().0;
        for stream in [&client, &server] {
            stream.set_read_timeout(Some(LONG)).unwrap();
        }
        proxy.stall(is_stalled);
        client.write_all(&[0, 0, 0, 8, 0, 3, 0, 0]).unwrap();
        let mut message = [0; 8];
        if !is_stalled {
            server.read_exact(&mut message).unwrap();
        }
        let deadline = Instant::now() + LONG;
        while proxy.connections() == 0 {
            assert!(Instant::now() < deadline, "the proxy does not take the connection");
            thread::sleep(Duration::from_millis(2));
        }
        proxy.cut();
        assert_eq!(proxy.connections(), 0);
        for stream in [&mut client, &mut server] {
            assert_eq!(stream.read(&mut message).unwrap_err().kind(), ErrorKind::ConnectionReset);
        }
    }
}
