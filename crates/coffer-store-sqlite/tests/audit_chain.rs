//! The audit log over several starts: nothing missing, nothing twice, every link holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::collections::BTreeMap;

use coffer_core::{
    audit::{Action, Fact, Frame, FramePlace},
    store::{
        Store,
        contract::{block_on, number, token, unit},
    },
};
use common::{folder, open};

fn position_of(line: &[u8]) -> u64 {
    let text = std::str::from_utf8(line).unwrap();
    let start = text.strip_prefix("{\"position\":").expect("a line begins with its position");
    start.split(',').next().unwrap().parse().unwrap()
}

#[test]
fn frames_chain_over_two_starts() {
    let folder = folder();
    let per_start = 300_u64;
    for start in 0..2 {
        let store = open(folder.path());
        let pending: Vec<_> = (1..=per_start)
            .map(|count| {
                let value = start * per_start + count;
                let fact = Fact::system(Action::Create).object(number(value));
                store.commit(unit(value).insert(token(value)).fact(fact).finish())
            })
            .collect();
        for pending in pending {
            block_on(pending).unwrap();
        }
    }
    let store = open(folder.path());
    let frames = block_on(store.frames(None, 10_000)).unwrap();
    let mut lanes: BTreeMap<u64, (u64, [u8; 32])> = BTreeMap::new();
    let (mut reached, mut told) = (0, Vec::new());
    for frame in &frames {
        assert!(frame.is_intact());
        let (next, previous) = lanes.entry(frame.lane).or_insert((0, [0; 32]));
        assert_eq!((frame.number, frame.previous), (*next, *previous));
        (*next, *previous) = (frame.number + 1, frame.hash);
        let positions: Vec<u64> = lines(frame).map(position_of).collect();
        assert_eq!(positions, (reached + 1..=frame.last.0).collect::<Vec<_>>());
        reached = frame.last.0;
        told.extend(positions);
    }
    assert_eq!(told, (1..=2 * per_start).collect::<Vec<_>>());
    assert_eq!(lanes.keys().copied().collect::<Vec<_>>(), [0, per_start], "a lane a start");
    let later = block_on(store.frames(Some(FramePlace { lane: per_start, number: 0 }), 10_000)).unwrap();
    assert!(later.iter().all(|frame| frame.lane == per_start));
    assert_eq!(later.len() as u64 + 1, lanes[&per_start].0, "behind its first frame");
}

fn lines(frame: &Frame) -> impl Iterator<Item = &[u8]> {
    frame.records.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

#[test]
fn a_lost_unit_leaves_neither_frame_nor_fact() {
    let folder = folder();
    let store = open(folder.path());
    common::done(&store, unit(1).insert(token(1)));
    let again = unit(2).insert(token(1)).fact(Fact::system(Action::Create));
    assert!(matches!(common::commit(&store, again), Ok(coffer_core::store::Outcome::Lost { .. })));
    common::done(&store, unit(3));
    let frames = block_on(store.frames(None, 10)).unwrap();
    assert_eq!(frames.iter().map(|frame| frame.last.0).collect::<Vec<_>>(), [1, 2]);
    assert!(frames.iter().all(|frame| frame.records.is_empty()));
    assert_eq!(store.gauges().batches, 2);
}
