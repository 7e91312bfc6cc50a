//! What becomes of units when the database is killed, restarted, frozen, full of others, or cut off in the middle of a
//! commit: every one is answered in time, what was acknowledged is there, nothing is there twice, and the store goes on
//! by itself when the database is back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use coffer_core::store::{
    Outcome, Row, Store, StoreError,
    contract::{block_on, number, tenant, token, unique, unit, used},
};
use coffer_postgres_fixture::{Proxy, Server, Stop, When};
use coffer_store_postgres::PostgresStore;
use coffer_types::Generation;
use common::{IN_ORDER, Nodes, open, open_in_order, options};

/// What is promised: no call takes longer, whatever the database does.
const PROMISED: Duration = Duration::from_secs(5);

/// Waits until the store takes writes again, by itself.
fn until_it_goes_on(store: &PostgresStore) {
    let end = Instant::now() + Duration::from_mins(1);
    while !store.ready() {
        assert!(Instant::now() < end, "the store does not go on");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The outcome of a call, which came in time.
fn in_time<T>(call: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let outcome = block_on(call);
    assert!(began.elapsed() < PROMISED, "it took {:?}", began.elapsed());
    outcome
}

#[test]
fn a_commit_whose_connection_is_cut_before_or_after_it_is_made_once() {
    let server = Server::start(&[]);
    for when in [When::Before, When::After] {
        let url = server.database();
        let proxy = Proxy::before(server.address());
        let store = open_in_order(&proxy.url(&url));
        // Without expectations, with some, and one of each that loses.
        block_on(store.commit(unit(100).insert(token(1)).finish())).unwrap();
        for (id, insert) in [(101, true), (102, false)] {
            proxy.cut_at_commit(when);
            let unit = if insert {
                unit(id).insert(token(2))
            } else {
                unit(id)
                    .replace_token(Generation::FIRST, used(1, 5))
                    .insert(Row::Index { key: unique(1), holder: number(1) })
            };
            let outcome = in_time(store.commit(unit.finish()));
            assert!(proxy.has_fired(), "{when:?}: the connection was cut");
            assert!(matches!(outcome, Ok(Outcome::Done(_))), "{when:?} {id}: {outcome:?}");
        }
        let again = block_on(store.commit(unit(103).replace_token(Generation::FIRST, used(1, 6)).finish()));
        assert!(matches!(again, Ok(Outcome::Lost { .. })), "{when:?}: used once");
        assert_eq!(block_on(store.token(tenant(1), number(1))), Ok(Some(used(1, 5))));
        assert_eq!(block_on(store.token(tenant(1), number(2))), Ok(Some(token(2))));
        let frames = block_on(store.frames(None, 100)).unwrap();
        let lanes: std::collections::BTreeSet<_> = frames.iter().map(|frame| frame.lane).collect();
        assert_eq!(lanes.len(), 1, "{when:?}: a commit that is recognised stays in its lane");
        assert!(frames.iter().all(coffer_core::audit::Frame::is_intact));
        assert!(
            frames.windows(2).all(|pair| pair[1].previous == pair[0].hash),
            "{when:?}: the lane is whole"
        );
    }
}

#[test]
fn nodes_whose_connections_are_cut_at_commits_do_what_the_model_does() {
    let server = Server::start(IN_ORDER);
    for seed in 1..=4 {
        let url = server.database();
        let proxies: Vec<_> = (0..3).map(|_| Proxy::before(server.address())).collect();
        let nodes = Nodes::of(proxies.iter().map(|proxy| open(&proxy.url(&url))).collect());
        let (racing, fired) = (AtomicBool::new(true), AtomicBool::new(false));
        let answers = thread::scope(|scope| {
            scope.spawn(|| {
                for (count, proxy) in proxies.iter().cycle().enumerate() {
                    if !racing.load(Ordering::Relaxed) {
                        break;
                    }
                    fired.fetch_or(proxy.has_fired(), Ordering::Relaxed);
                    proxy.cut_at_commit(if count % 2 == 0 { When::Before } else { When::After });
                    thread::sleep(Duration::from_millis(40));
                    if count % 7 == 0 {
                        proxy.cut();
                    }
                }
            });
            let answers = nodes.race(seed, 300);
            racing.store(false, Ordering::Relaxed);
            answers
        });
        assert!(fired.into_inner(), "seed {seed}: connections were cut at commits");
        // A line that was armed at the end cuts once more.
        proxies.iter().for_each(Proxy::cut);
        nodes.0.iter().for_each(until_it_goes_on);
        nodes.check(&server, &url, seed, &answers);
    }
}

#[test]
fn nodes_whose_database_is_killed_and_restarted_do_what_the_model_does() {
    let server = Server::start(IN_ORDER);
    let url = server.database();
    let nodes = Nodes::of(vec![open(&url), open(&url), open(&url)]);
    let racing = AtomicBool::new(true);
    let answers = thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..3 {
                thread::sleep(Duration::from_millis(200));
                match round {
                    0 => server.kill(),
                    1 => server.stop(Stop::Fast),
                    _ => server.stop(Stop::Immediate),
                }
                // Once for longer than a unit waits: the shorter ones pass unnoticed.
                thread::sleep(Duration::from_millis(if round == 0 { 3_500 } else { 300 }));
                server.start_again();
            }
            racing.store(false, Ordering::Relaxed);
        });
        let answers = nodes.race(1, 4_000);
        assert!(answers.values().any(Result::is_err), "the database was away for some");

        answers
    });
    nodes.0.iter().for_each(until_it_goes_on);
    nodes.check(&server, &url, 1, &answers);
}

#[test]
fn a_frozen_database_holds_nobody_up_for_longer_than_is_promised() {
    let server = Server::start(&[]);
    let url = server.database();
    let store = open(&url);
    block_on(store.commit(unit(100).insert(token(1)).finish())).unwrap();
    server.freeze();

    assert_eq!(in_time(store.commit(unit(101).insert(token(2)).finish())), Err(StoreError::Unavailable));
    assert!(!store.ready());
    let began = Instant::now();
    assert_eq!(in_time(store.token(tenant(1), number(1))), Err(StoreError::Unavailable));
    assert!(began.elapsed() < Duration::from_secs(1), "known to be away, it is not asked");
    server.thaw();
    until_it_goes_on(&store);
    assert_eq!(block_on(store.token(tenant(1), number(1))), Ok(Some(token(1))));
    assert!(matches!(block_on(store.commit(unit(102).insert(token(3)).finish())), Ok(Outcome::Done(_))));
    // Whether the one in between was made is not known; it was not made twice, and a read in between is answered too.
    server.freeze();
    assert_eq!(in_time(store.token(tenant(1), number(1))), Err(StoreError::Unavailable));
    server.thaw();
    until_it_goes_on(&store);
}

#[test]
fn a_database_without_a_free_connection_serves_those_who_have_one() {
    let server = Server::start(&[("max_connections", "12"), ("superuser_reserved_connections", "0")]);
    let url = server.database();
    let store = open(&url);
    block_on(store.commit(unit(100).insert(token(1)).finish())).unwrap();
    let mut others = Vec::new();
    let refused = loop {
        match PostgresStore::open(&options(&url)) {
            Ok(store) => others.push(store),
            Err(error) => break error.to_string(),
        }
        assert!(others.len() < 12, "at some point there is none left");
    };
    assert!(refused.contains("53300"), "{refused}");
    assert!(matches!(in_time(store.commit(unit(101).insert(token(2)).finish())), Ok(Outcome::Done(_))));
    drop(others);
    until_it_goes_on(&store);
    assert_eq!(block_on(store.token(tenant(1), number(2))), Ok(Some(token(2))));
}

#[test]
fn units_whose_record_is_held_by_another_hold_up_nobody_else() {
    let server = Server::start(&[]);
    let url = server.database();
    let store = open(&url);
    let tokens = (1..60).fold(unit(100), |unit, value| unit.insert(token(value)));
    block_on(store.commit(tokens.finish())).unwrap();
    // Somebody has locked the record for longer than a unit waits.
    let (_, name) = url.rsplit_once('/').unwrap();
    let held = thread::scope(|scope| {
        let hold = "BEGIN; SELECT 1 FROM tokens WHERE number = 1 FOR UPDATE; SELECT pg_sleep(4); COMMIT";
        let holder = scope.spawn(|| server.try_sql_at(&server.url(name), hold));
        thread::sleep(Duration::from_millis(300));
        let use_of = |id, value| unit(id).replace_token(Generation::FIRST, used(value, 5)).finish();
        let held: Vec<_> = (0..4).map(|at| store.commit(use_of(101 + at, 1))).collect();
        for value in 2..60 {
            let free = block_on(store.commit(use_of(200 + value, value)));
            assert!(matches!(free, Ok(Outcome::Done(_))), "{free:?}");
            let plain = block_on(store.commit(unit(300 + value).insert(token(100 + value)).finish()));
            assert!(matches!(plain, Ok(Outcome::Done(_))), "{plain:?}");
            assert!(store.ready(), "nobody takes the database for away");
        }
        let held: Vec<_> = held.into_iter().map(block_on).collect();
        holder.join().unwrap().unwrap();
        held
    });
    assert!(held.iter().all(|outcome| *outcome == Err(StoreError::Unavailable)), "{held:?}");
    assert!(store.ready());
    let after = block_on(store.commit(unit(400).replace_token(Generation::FIRST, used(1, 6)).finish()));
    assert!(matches!(after, Ok(Outcome::Done(_))), "it was not used, and can be: {after:?}");
}

#[test]
fn a_place_of_the_lane_that_is_taken_costs_the_lane_and_no_unit() {
    let server = Server::start(&[]);
    let url = server.database();
    let store = open_in_order(&url);
    block_on(store.commit(unit(100).insert(token(1)).finish())).unwrap();
    let (_, name) = url.rsplit_once('/').unwrap();
    server
        .sql(name, "INSERT INTO audit SELECT lane, number + 1, position, previous, records, hash FROM audit");
    for id in 101..104 {
        let outcome = block_on(store.commit(unit(id).insert(token(id)).finish()));
        assert!(matches!(outcome, Ok(Outcome::Done(_))), "{outcome:?}");
    }
    assert!(store.ready());
}

#[test]
fn a_database_that_refuses_every_write_is_not_ready_until_it_takes_one() {
    let server = Server::start(&[]);
    let url = server.database();
    let store = open(&url);
    let (_, name) = url.rsplit_once('/').unwrap();
    server.sql(name, "ALTER TABLE audit RENAME TO elsewhere");
    for id in 100..104 {
        let outcome = in_time(store.commit(unit(id).insert(token(id)).finish()));
        assert_eq!(outcome, Err(StoreError::Unavailable));
    }
    assert!(!store.ready());
    server.sql(name, "ALTER TABLE elsewhere RENAME TO audit");
    assert!(matches!(block_on(store.commit(unit(200).insert(token(1)).finish())), Ok(Outcome::Done(_))));
    assert!(store.ready());
}

#[test]
fn a_row_that_does_not_decode_fails_the_unit_that_needs_it_alone() {
    let server = Server::start(&[]);
    let url = server.database();
    let store = open(&url);
    block_on(store.commit(unit(100).insert(token(1)).insert(token(2)).finish())).unwrap();
    let (_, name) = url.rsplit_once('/').unwrap();
    server.sql(name, "UPDATE tokens SET tenant = -5 WHERE number = 1");
    let units = [
        unit(101).replace_token(Generation::FIRST, used(1, 5)),
        unit(102).replace_token(Generation::FIRST, used(2, 5)),
        unit(103).insert(token(3)),
    ];
    let outcomes: Vec<_> = units.map(|unit| store.commit(unit.finish())).into_iter().map(block_on).collect();
    assert!(matches!(outcomes[0], Err(StoreError::Corrupt { .. })), "{outcomes:?}");
    assert!(outcomes[1..].iter().all(|outcome| matches!(outcome, Ok(Outcome::Done(_)))), "{outcomes:?}");
    assert!(store.ready());
}
