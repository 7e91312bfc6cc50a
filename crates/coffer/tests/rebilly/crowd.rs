//! Many calls at the same moment.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use crate::support::{Answer, Client, Node};

pub(crate) type Call = Box<dyn FnOnce(&mut Client) -> Answer + Send>;

/// Makes each call on a connection of its own; a barrier lets all go at once.
pub(crate) fn at_once(node: &Node, calls: Vec<Call>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let run = |call: Call| {
        let (barrier, mut client) = (Arc::clone(&barrier), node.client());
        thread::spawn(move || {
            // The connection is open and known to a worker before the race begins.
            assert_eq!(client.call("GET", "/livez", &[], b"").status, 200);
            barrier.wait();
            call(&mut client)
        })
    };
    let threads: Vec<_> = calls.into_iter().map(run).collect();
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

pub(crate) fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
