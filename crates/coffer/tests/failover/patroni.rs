//! The primary is killed, and the next one stands still: each time the other server takes over with everything that
//! was acknowledged, and the old one follows it.

use std::time::{Duration, Instant};

use coffer_postgres_fixture::{Patroni, Place};

use crate::{
    NODES, addresses,
    book::Book,
    calls::{self, KEY},
    check,
    load::{say, under_load, until_written},
    stop,
    support::{self, Node, log::Log},
};

const LONG: Duration = Duration::from_mins(2);
const DATABASE: &str = "coffer";

/// What was written between two moments counts as going on.
const SOME: usize = 100;

#[test]
fn what_was_acknowledged_outlives_the_primary() {
    let (mut cluster, home) = (Patroni::start(), support::home());
    cluster.try_sql("postgres", &format!("CREATE DATABASE {DATABASE}")).unwrap();
    let url = cluster.urls(DATABASE);
    let mut nodes: Vec<Node> = (0..NODES).map(|_| Node::sandbox_on(home.path(), &url)).collect();
    let (book, bearer) = (Book::default(), calls::bearer(&nodes[0], KEY));
    under_load(&addresses(&nodes), &bearer, &book, |watch| {
        let (killed, began) = (cluster.kill_leader(), Instant::now());
        let leads = takes_over(&cluster, killed);
        // Commits wait for a second server.
        cluster.start_again(killed);
        cluster.wait_for_standby(LONG);
        until_written(&book, SOME);
        watch.until_all(true);
        say(&format!(
            "failover: {killed} killed, {leads} leads, {SOME} written after {:.1?}",
            began.elapsed()
        ));

        let began = Instant::now();
        cluster.freeze(leads);
        let next = takes_over(&cluster, leads);
        cluster.thaw(leads);
        cluster.wait_for_standby(LONG);
        until_written(&book, SOME);
        watch.until_all(true);
        say(&format!("failover: {leads} frozen, {next} leads, {SOME} written after {:.1?}", began.elapsed()));
    });
    let mut pages = book.into_pages();
    check::settle(&addresses(&nodes), &bearer, &mut pages);
    stop(&mut nodes);
    check::audit(&Log::of_database(&url), &pages);
    say(&format!("failover: {}; 0 lost", pages.figures()));
}

/// Waits until the other server leads.
fn takes_over(cluster: &Patroni, from: Place) -> Place {
    let began = Instant::now();
    loop {
        let leads = cluster.wait_for_leader(LONG);
        if leads != from {
            return leads;
        }
        assert!(began.elapsed() < LONG, "{from} still leads: {}", cluster.log_tail());
    }
}
