//! What every engine must do for nodes that share it, as plain functions. A store crate's tests call [`all`] with a way
//! to open an empty store.

#![allow(clippy::expect_used, clippy::panic, reason = "this is test code that other crates' tests call")]
#![allow(
    clippy::missing_panics_doc,
    reason = "the suite panics where an engine differs; that is what it is for"
)]

use std::{collections::BTreeSet, sync::Arc, thread};

use coffer_types::limits;

use super::{Announcement, Beat, LeaseId, Peer, Peers, RingShare};
use crate::store::contract::block_on;

/// An empty store, and a way to let time pass for it.
pub struct Opened {
    /// What is judged.
    pub peers: Arc<dyn Peers>,
    /// Makes every lease look as if it had been renewed so many seconds earlier than it was.
    pub age: Box<dyn Fn(i64)>,
}

/// Runs the whole suite, each part on an empty store of its own. Panics at the first difference.
pub fn all(open: &dyn Fn() -> Opened) {
    let parts: [fn(&Opened); 10] = [
        gives_many_at_once_a_number_each,
        gives_a_process_that_asks_again_the_same_number,
        gives_a_number_again_after_its_rest_alone,
        tells_who_lives_and_what_they_say,
        gives_no_beat_for_a_number_that_is_anothers,
        lets_a_node_leave,
        lets_one_of_many_offers_win,
        overwrites_no_share,
        gives_each_its_own_shares,
        forgets_in_bounded_steps,
    ];
    for part in parts {
        part(&open());
    }
}

/// The name of a process.
fn lease(value: u16) -> LeaseId {
    let mut id = [7; 16];
    id[..2].copy_from_slice(&value.to_be_bytes());
    LeaseId(id)
}

fn share(of: u16, byte: u8) -> RingShare {
    RingShare { lease: lease(of), sealed: vec![byte; 89] }
}

fn join(peers: &dyn Peers, value: u16) -> Option<u16> {
    block_on(peers.join(lease(value))).expect("an engine gives numbers")
}

fn joined(peers: &dyn Peers, value: u16) -> u16 {
    join(peers, value).expect("there is a number")
}

fn says(value: u8) -> Announcement {
    Announcement {
        exchange: vec![value; 65],
        clock_offset: u64::from(value),
        key_revision: 1_000 + u64::from(value),
        root: vec![value; 8],
    }
}

fn beat(peers: &dyn Peers, node: u16, value: u16, says: Announcement) -> Option<Beat> {
    block_on(peers.beat(node, lease(value), says)).expect("an engine answers")
}

fn shares(peers: &dyn Peers, of: u16, from: u32) -> Vec<(u32, Vec<u8>)> {
    block_on(peers.shares(lease(of), from)).expect("an engine answers")
}

fn offer(peers: &dyn Peers, slot: u32, shares: Vec<RingShare>) -> bool {
    block_on(peers.offer(slot, shares)).expect("an engine answers")
}

fn gives_many_at_once_a_number_each(Opened { peers, .. }: &Opened) {
    let numbers: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u16)
            .map(|thread| {
                scope.spawn(move || (0..8).map(|at| joined(&**peers, thread * 8 + at)).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no thread panics")).collect()
    });
    let distinct: BTreeSet<_> = numbers.iter().collect();
    assert_eq!((numbers.len(), distinct.len()), (64, 64), "no number twice");
    assert!(numbers.iter().all(|number| *number < limits::NODES));
}

fn gives_a_process_that_asks_again_the_same_number(Opened { peers, .. }: &Opened) {
    let (one, two) = (joined(&**peers, 1), joined(&**peers, 2));
    assert_ne!(one, two);
    assert_eq!((joined(&**peers, 1), joined(&**peers, 2)), (one, two));
}

fn gives_a_number_again_after_its_rest_alone(Opened { peers, age }: &Opened) {
    let all: BTreeSet<u16> = (0..limits::NODES).map(|value| joined(&**peers, value)).collect();
    assert_eq!(all.len(), usize::from(limits::NODES));
    assert_eq!(join(&**peers, 5_000), None, "all are in use");
    let (first, second) = (joined(&**peers, 1), joined(&**peers, 2));
    block_on(peers.leave(first, lease(1))).expect("a node leaves");
    assert_eq!(join(&**peers, 5_000), None, "it rests");
    age(limits::NODE_REST_SECONDS - 60);
    assert_eq!(join(&**peers, 5_000), None, "it rests still");
    assert!(beat(&**peers, second, 2, says(1)).is_some());
    age(120);
    let again = (0..limits::NODES).map_while(|value| join(&**peers, 5_000 + value));
    let again: BTreeSet<u16> = again.collect();
    assert_eq!(again.len(), usize::from(limits::NODES) - 1);
    assert!(!again.contains(&second), "one was in use meanwhile");
}

fn tells_who_lives_and_what_they_say(Opened { peers, age }: &Opened) {
    let (one, two) = (joined(&**peers, 1), joined(&**peers, 2));
    let first = beat(&**peers, one, 1, says(1)).expect("it is its own number");
    assert!(
        first.peers.contains(&Peer { node: one, lease: lease(1), says: says(1) }),
        "the caller is one of them"
    );
    assert_eq!((first.clock_offset, first.key_revision), (0, 0));
    let second = beat(&**peers, two, 2, says(2)).expect("it is its own number");
    let of = |node, value: u8| Peer { node, lease: lease(u16::from(value)), says: says(value) };
    let mut found = second.peers;
    found.sort_by_key(|peer| peer.lease);
    assert_eq!(found, vec![of(one, 1), of(two, 2)]);
    assert!(second.now >= first.now);
    age(limits::PEER_LIVE_SECONDS + 1);
    let third = beat(&**peers, two, 2, says(2)).expect("it is its own number");
    assert_eq!(third.peers, vec![of(two, 2)], "who was not heard of is gone");
    let fourth = beat(&**peers, one, 1, says(1)).expect("and its number is still its own");
    assert_eq!(fourth.peers.len(), 2);
}

fn gives_no_beat_for_a_number_that_is_anothers(Opened { peers, age }: &Opened) {
    let one = joined(&**peers, 1);
    assert_eq!(beat(&**peers, one, 2, says(2)), None, "another process");
    assert_eq!(beat(&**peers, one ^ 1, 1, says(1)), None, "another number");
    age(limits::NODE_REST_SECONDS + 1);
    let others: BTreeSet<u16> = (0..limits::NODES).map(|value| joined(&**peers, 5_000 + value)).collect();
    assert!(others.contains(&one));
    assert_eq!(beat(&**peers, one, 1, says(1)), None);
    assert_eq!(join(&**peers, 1), None, "and all others are in use");
}

fn lets_a_node_leave(Opened { peers, .. }: &Opened) {
    let (one, two) = (joined(&**peers, 1), joined(&**peers, 2));
    beat(&**peers, one, 1, says(1)).expect("it is its own number");
    block_on(peers.leave(one, lease(2))).expect("nothing is left by another");
    assert_eq!(beat(&**peers, two, 2, says(2)).expect("its own").peers.len(), 2);
    block_on(peers.leave(one, lease(1))).expect("a node leaves");
    assert_eq!(beat(&**peers, two, 2, says(2)).expect("its own").peers.len(), 1, "nobody waits for it");
    assert_eq!(beat(&**peers, one, 1, says(1)), None);
    block_on(peers.leave(one, lease(1))).expect("twice does no harm");
    assert_ne!(joined(&**peers, 3), one, "its number rests");
}

fn lets_one_of_many_offers_win(Opened { peers, .. }: &Opened) {
    let won: Vec<u8> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16_u8)
            .map(|byte| {
                scope.spawn(move || {
                    let all = (0..16).map(|of| share(of, byte)).collect();
                    offer(&**peers, 7, all).then_some(byte)
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("no thread panics")).collect()
    });
    assert_eq!(won.len(), 1, "one offer wins");
    for of in 0..16 {
        assert_eq!(shares(&**peers, of, 0), vec![(7, vec![won[0]; 89])], "and all of its shares are written");
    }
    assert!(offer(&**peers, 8, vec![share(1, 1)]), "another half minute is another matter");
    assert!(!offer(&**peers, 8, vec![share(2, 2)]), "also for others than those who have a share");
    assert!(shares(&**peers, 2, 8).is_empty());
}

fn overwrites_no_share(Opened { peers, .. }: &Opened) {
    assert!(offer(&**peers, 7, vec![share(1, 1)]));
    block_on(peers.share(7, vec![share(1, 9), share(2, 2)])).expect("shares are added");
    assert_eq!(shares(&**peers, 1, 0), vec![(7, vec![1; 89])], "what is there stays");
    assert_eq!(shares(&**peers, 2, 0), vec![(7, vec![2; 89])], "and the rest is written");
    block_on(peers.share(7, Vec::new())).expect("nothing is added");
}

fn gives_each_its_own_shares(Opened { peers, .. }: &Opened) {
    let high = u32::try_from(i32::MAX).expect("it is positive") + 9;
    for slot in [9, high, 7, 8] {
        assert!(offer(&**peers, slot, vec![share(1, 1), share(2, 2)]));
    }
    assert!(offer(&**peers, 10, vec![share(2, 2)]));
    let slots = |of, from| shares(&**peers, of, from).into_iter().map(|(slot, _)| slot).collect::<Vec<_>>();
    assert_eq!(slots(1, 0), vec![7, 8, 9, high], "lowest first");
    assert_eq!(slots(1, 8), vec![8, 9, high]);
    assert_eq!(slots(2, 10), vec![10, high]);
    assert!(shares(&**peers, 2, 0).iter().all(|(_, sealed)| *sealed == vec![2; 89]), "none of another's");
    assert!(slots(3, 0).is_empty());
}

fn forgets_in_bounded_steps(Opened { peers, .. }: &Opened) {
    for slot in 1..=6 {
        assert!(offer(&**peers, slot, vec![share(1, 1), share(2, 2), share(3, 3)]));
    }
    let forget = |below, at_most| block_on(peers.forget(below, at_most)).expect("an engine forgets");
    assert_eq!(forget(1, 100), 0);
    assert_eq!(forget(5, 2), 2);
    let left = (1..=3).map(|of| shares(&**peers, of, 0).len()).sum::<usize>();
    assert!((16..18).contains(&left), "no more than the bound: {left} are left");
    while forget(5, 4) > 0 {}
    for of in 1..=3 {
        assert_eq!(shares(&**peers, of, 0).iter().map(|(slot, _)| *slot).collect::<Vec<_>>(), vec![5, 6]);
    }
    assert!(!offer(&**peers, 5, vec![share(4, 4)]), "what lives is still known");
}
