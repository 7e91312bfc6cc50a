//! What an operator's load balancer sees of every node.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU16, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{load::PROMISED, support::Client};

/// How long a node may take until it is known to be away, and until it is back.
const LONGEST: Duration = Duration::from_secs(90);

/// What `/readyz` of each node said last.
pub(crate) struct Watch(Vec<(SocketAddr, AtomicU16)>);

impl Watch {
    pub(crate) fn of(nodes: &[SocketAddr]) -> Self {
        Self(nodes.iter().map(|node| (*node, AtomicU16::new(0))).collect())
    }

    /// Asks every node now and then, each by a connection that stays.
    pub(crate) fn start<'s>(&'s self, scope: &'s thread::Scope<'s, '_>, stop: &'s AtomicBool) {
        for (address, said) in &self.0 {
            scope.spawn(move || {
                let mut client = Client::new(*address);
                while !stop.load(Ordering::SeqCst) {
                    let ready = ask(&mut client, *address, "/readyz");
                    assert!([200, 503].contains(&ready), "{address}: /readyz {ready}");
                    said.store(ready, Ordering::SeqCst);
                    assert_eq!(ask(&mut client, *address, "/livez"), 200, "{address}: it lives");
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
    }

    /// Waits until every node says that it is ready, or that it is not; how long that took.
    pub(crate) fn until_all(&self, are_ready: bool) -> Duration {
        let (wanted, began) = (if are_ready { 200 } else { 503 }, Instant::now());
        for (address, said) in &self.0 {
            while said.load(Ordering::SeqCst) != wanted {
                assert!(began.elapsed() < LONGEST, "{address}: ready {are_ready} does not come");
                thread::sleep(Duration::from_millis(10));
            }
        }
        began.elapsed()
    }
}

fn ask(client: &mut Client, address: SocketAddr, path: &str) -> u16 {
    let began = Instant::now();
    let answer = client.try_call("GET", path, &[], b"");
    let took = began.elapsed();
    let status = answer.map(|answer| answer.status);
    assert!(took < PROMISED, "{address}: {path} took {took:?}");
    status.unwrap_or_else(|| panic!("{address}: no answer to {path} after {took:?}"))
}
