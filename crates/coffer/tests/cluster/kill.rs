//! A node that is killed under load takes nothing with it.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    nodes::{Cluster, NODES},
    support::{Client, REDEEM, SECRET, card, log::Log, redeem},
};

/// Nodes that are killed, one after the other, and what happens before each.
const KILLS: usize = 4;
const LOAD: Duration = Duration::from_millis(300);

/// What all callers know: the tokens that nobody has tried to use, and those that somebody has, by their numbers of
/// acknowledged uses and of uses that were not answered.
#[derive(Default)]
struct Known {
    unused: Vec<String>,
    tried: BTreeMap<String, (usize, usize)>,
    requests: Vec<String>,
}

/// Makes tokens at one node and uses those of all, until the node is gone or nobody wants more.
fn work(address: std::net::SocketAddr, known: &Mutex<Known>, stop: &AtomicBool) {
    let Some(mut client) = Client::try_new(address) else { return };
    let body = card().to_string();
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if turn % 2 == 0 {
            let made = client.try_call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes());
            let Some(made) = made else { return };
            assert_eq!(made.status, 201, "{}", made.text());
            let id = made.json()["id"].as_str().expect("an id").to_owned();
            let mut known = known.lock().unwrap();
            known.requests.push(made.header("x-request-id").expect("an id").to_owned());
            known.unused.push(id);
        } else {
            let Some(token) = take(&mut known.lock().unwrap()) else { continue };
            let path = format!("/coffer/v1/tokens/{token}/redeem");
            let used = client.try_call("POST", &path, &[REDEEM], b"");
            let mut known = known.lock().unwrap();
            let entry = known.tried.entry(token).or_default();
            let Some(used) = used else {
                entry.1 += 1;
                return;
            };
            assert_eq!(used.status, 200, "{}", used.text());
            entry.0 += 1;
        }
    }
}

/// A token that nobody has tried, mostly an old one: some stay unused.
fn take(known: &mut Known) -> Option<String> {
    (known.unused.len() > 20).then(|| known.unused.remove(0))
}

#[test]
fn a_node_that_is_killed_under_load_takes_nothing_acknowledged_with_it() {
    let mut cluster = Cluster::start();
    let known = Mutex::new(Known::default());
    for _ in 0..KILLS {
        let stop = AtomicBool::new(false);
        let victim = cluster.nodes.remove(0);
        thread::scope(|scope| {
            for node in cluster.nodes.iter().chain([&victim]) {
                let (address, known, stop) = (node.clients, &known, &stop);
                scope.spawn(move || work(address, known, stop));
                scope.spawn(move || work(address, known, stop));
            }
            thread::sleep(LOAD);
            victim.signal(rustix::process::Signal::KILL);
            thread::sleep(LOAD);
            stop.store(true, Ordering::Relaxed);
        });
        drop(victim);
        cluster.join();
    }
    assert_eq!(cluster.nodes.len(), NODES);
    let mut known = known.into_inner().unwrap();
    settle(&cluster, &mut known);
    let Cluster { url, .. } = &cluster;
    let url = url.clone();
    drop(cluster);
    check_log(&Log::of_database(&url), &known);
}

/// Uses everything up, at all nodes in turn: what was used gives nothing, what was not gives its card once.
fn settle(cluster: &Cluster, known: &mut Known) {
    let mut clients = cluster.clients();
    let all: Vec<String> = known.unused.drain(..).chain(known.tried.keys().cloned()).collect();
    for (at, token) in all.into_iter().enumerate() {
        let client = &mut clients[at % NODES];
        let read = client.call("GET", &format!("/rebilly/tokens/{token}"), &[SECRET], b"");
        assert_eq!(read.status, 200, "token {token} is lost");
        let (acknowledged, unanswered) = known.tried.entry(token.clone()).or_default();
        let answer = redeem(client, &token);
        match (*acknowledged, *unanswered, answer.status) {
            (1, 0, 404) | (0, 1, 404) => assert_eq!(read.json()["isUsed"], true),
            (0, _, 200) => {
                assert_eq!(answer.json()["card"]["cvv"], "123", "a code of a node that was killed");
                *acknowledged += 1;
            }
            other => panic!("token {token}: {other:?}: {}", answer.text()),
        }
        assert_eq!(redeem(&mut clients[(at + 1) % NODES], &token).status, 404, "used once");
    }
}

fn check_log(log: &Log, known: &Known) {
    let mut uses = BTreeMap::<u64, usize>::new();
    for fact in log.of_action("token.redeem") {
        *uses.entry(fact["object"].as_u64().expect("a number")).or_default() += 1;
    }
    assert!(uses.values().all(|count| *count == 1), "a token with two uses");
    assert_eq!(uses.len(), known.tried.len(), "all are used up");
    let made: Vec<&str> =
        log.of_action("token.create").iter().filter_map(|fact| fact["request"].as_str()).collect();
    for request in &known.requests {
        assert_eq!(made.iter().filter(|made| *made == request).count(), 1, "{request}");
    }
    assert!(known.requests.len() > 40, "this was no load: {} tokens", known.requests.len());
}
