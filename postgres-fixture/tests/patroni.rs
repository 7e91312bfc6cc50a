//! The leader is killed: the other server takes over with everything that was acknowledged, and the killed one follows
//! it. Not among the tests of every day: `cargo test -p coffer-postgres-fixture --test patroni`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    thread,
    time::{Duration, Instant},
};

use coffer_postgres_fixture::Patroni;

const LONG: Duration = Duration::from_mins(2);

/// Writes as soon as somebody takes it.
fn write(cluster: &Patroni, number: u32) {
    let deadline = Instant::now() + LONG;
    let statement = format!("INSERT INTO kept VALUES ({number})");
    while let Err(said) = cluster.try_sql("postgres", &statement) {
        assert!(Instant::now() < deadline, "{said}: {}", cluster.log_tail());
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_was_acknowledged_outlives_the_leader() {
    let mut cluster = Patroni::start();
    cluster.try_sql("postgres", "CREATE TABLE kept (a int)").unwrap();
    for round in 0..2 {
        write(&cluster, 2 * round);
        let killed = cluster.kill_leader();
        let leader = cluster.wait_for_leader(LONG);
        assert_ne!(leader, killed);
        cluster.start_again(killed);
        cluster.wait_for_standby(LONG);
        write(&cluster, 2 * round + 1);
    }
    let rows = cluster.try_sql("postgres", "SELECT DISTINCT a FROM kept ORDER BY a").unwrap();
    assert_eq!(rows.lines().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
}
