//! A server that is started, broken and started again, and that is gone when its test is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use coffer_postgres_fixture::{Server, Stop, shared};

/// The name at the end of a URL.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

fn is_gone(folder: &Path, port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let gone = !folder.exists() && TcpStream::connect(("127.0.0.1", port)).is_err();
        if gone || Instant::now() > deadline {
            return gone;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_database_is_empty_and_its_own() {
    let (one, other) = (shared().database(), shared().database());
    assert_ne!(one, other);
    shared().sql(name(&one), "CREATE TABLE here (a int)");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(shared().sql(name(&one), tables), "1");
    assert_eq!(shared().sql(name(&other), tables), "0");
    assert_eq!(shared().try_sql_at(&one, "SELECT 1, 2; SELECT 3").unwrap(), "1|2\n3");
    let said = shared().try_sql(name(&one), "CREATE TABLE there (a int); SELECT wrong").unwrap_err();
    assert!(said.contains("column \"wrong\" does not exist"), "{said}");
    assert_eq!(shared().sql(name(&one), tables), "2", "each statement is committed by itself");
    shared().sql(name(&one), "INSERT INTO here VALUES (47110815)");
    assert!(shared().rows(&one).contains("47110815") && !shared().rows(&other).contains("47110815"));
}

#[test]
fn what_is_acknowledged_is_flushed_and_a_setting_can_be_changed() {
    let server = Server::start(&[("max_connections", "30"), ("application_name", "'of the test'")]);
    let shown = |setting: &str| server.sql("postgres", &format!("SHOW {setting}"));
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("max_connections", "30"),
        ("port", &server.port().to_string()),
    ] {
        assert_eq!(shown(setting), value, "{setting}");
    }
    server.set("statement_timeout", "'1234ms'");
    assert_eq!(shown("statement_timeout"), "1234ms");
}

#[test]
fn committed_rows_outlive_a_kill_and_both_stops() {
    let server = Server::start(&[]);
    let database = server.database();
    let database = name(&database);
    server.sql(database, "CREATE TABLE kept (a int)");
    let ends: [&dyn Fn(); 3] =
        [&|| server.kill(), &|| server.stop(Stop::Immediate), &|| server.stop(Stop::Fast)];
    for (times, end) in (1..).zip(ends) {
        server.sql(database, "INSERT INTO kept VALUES (1)");
        end();
        assert!(server.try_sql(database, "SELECT 1").is_err(), "it runs");
        server.start_again();
        assert_eq!(server.sql(database, "SELECT count(*) FROM kept"), times.to_string());
    }
}

#[test]
fn a_frozen_server_answers_nobody_and_goes_on_as_if_nothing_had_been() {
    let server = Server::start(&[]);
    assert_eq!(server.sql("postgres", "SELECT 1"), "1");
    server.freeze();
    let said = server.try_sql("postgres", "SELECT 1").unwrap_err();
    assert!(said.contains("timeout expired"), "{said}");
    server.thaw();
    assert_eq!(server.sql("postgres", "SELECT 1"), "1");
    // One that stands still can be killed as well.
    server.freeze();
    server.kill();
    server.start_again();
    assert_eq!(server.sql("postgres", "SELECT 1"), "1");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let refused = thread::spawn(|| Server::start(&[("no_such_setting", "1")])).join();
    let said = refused.err().expect("a refusal").downcast::<String>().unwrap();
    assert!(said.contains("unrecognized configuration parameter \"no_such_setting\""), "{said}");
}

#[test]
fn a_server_that_is_dropped_is_gone_running_or_not() {
    for is_running in [true, false] {
        let server = Server::start(&[]);
        let (folder, port) = (server.folder().to_owned(), server.port());
        if !is_running {
            server.kill();
        }
        drop(server);
        assert!(!folder.exists() && TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}

#[test]
fn a_server_is_gone_after_its_test_was_killed() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coffer-postgres-fixture"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let folder = lines.next().unwrap().unwrap();
    let folder = Path::new(folder.strip_prefix("folder ").unwrap());
    let port = url.rsplit_once('/').unwrap().0.rsplit_once(':').unwrap().1.parse().unwrap();
    assert!(folder.exists() && TcpStream::connect(("127.0.0.1", port)).is_ok());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_gone(folder, port), "{}", folder.display());
}
