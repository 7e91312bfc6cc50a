//! One test for each way in which a database can be away.

use std::{sync::Mutex, time::Duration};

use coffer_postgres_fixture::{Proxy, Stop, When};

use crate::{hog::Hog, load::until_written, site::Site};

#[test]
fn a_database_that_is_killed_and_comes_back() {
    let site = Site::start(&[]);
    site.suffers("killed", |site| site.server.kill(), |site| site.server.start_again());
}

#[test]
fn a_database_that_is_restarted() {
    let site = Site::start(&[]);
    site.suffers("stopped", |site| site.server.stop(Stop::Fast), |site| site.server.start_again());
}

#[test]
fn a_database_that_stands_still() {
    Site::start(&[]).suffers("frozen", |site| site.server.freeze(), |site| site.server.thaw());
}

#[test]
fn a_network_that_passes_nothing_on() {
    let stall = |site: &Site, stall| site.proxies.iter().for_each(|proxy| proxy.stall(stall));
    Site::start(&[]).suffers("stalled", |site| stall(site, true), |site| stall(site, false));
}

#[test]
fn a_network_that_is_cut() {
    Site::start(&[])
        .suffers("cut", cut_off, |site| site.proxies.iter().for_each(|proxy| proxy.refuse(false)));
}

/// Resets all connections of the nodes, and takes no new ones.
fn cut_off(site: &Site) {
    site.proxies.iter().for_each(|proxy| proxy.refuse(true));
    site.proxies.iter().for_each(Proxy::cut);
}

#[test]
fn a_database_whose_connections_others_have() {
    let hog = Mutex::new(None);
    let site = Site::start(&[("max_connections", "60"), ("superuser_reserved_connections", "0")]);
    site.suffers(
        "crowded",
        |site| {
            cut_off(site);
            *hog.lock().unwrap() = Some(Hog::take_all(&site.server));
            site.proxies.iter().for_each(|proxy| proxy.refuse(false));
        },
        |_| drop(hog.lock().unwrap().take()),
    );
}

#[test]
fn a_database_that_may_not_be_written_any_more() {
    let set = |site: &Site, value| {
        site.server.set("default_transaction_read_only", value);
        site.proxies.iter().for_each(Proxy::cut);
    };
    Site::start(&[]).suffers("read-only", |site| set(site, "on"), |site| set(site, "off"));
}

#[test]
fn commits_whose_connections_are_cut_before_and_after_them() {
    let site = Site::start(&[]);
    site.goes_on_while("commits cut", |site, book| {
        for round in 0..8 {
            let when = if round % 2 == 0 { When::Before } else { When::After };
            site.proxies.iter().for_each(|proxy| proxy.cut_at_commit(when));
            let fires = |proxy: &Proxy| proxy.fires_within(Duration::from_mins(1));
            assert!(site.proxies.iter().all(fires), "{when:?}: a commit of every node is cut");
            until_written(book, 20);
        }
    });
}
