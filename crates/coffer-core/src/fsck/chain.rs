//! The audit log: frames that are chained within their lanes.

use std::collections::BTreeSet;

use super::Problem;
use crate::{
    audit::Frame,
    moving::{LaneHead, Table},
    store::Position,
};

/// Lanes of the embedded store bear the position that the store had reached, those of a shared one the number of a
/// record, which is far above.
const POSITIONS_BELOW: u64 = 1 << 50;

/// Follows the frames of all lanes, which come in the order of their places.
#[derive(Debug, Default)]
pub struct Chain {
    before: Option<(u64, u64, [u8; 32], Position)>,
    /// Positions at which an embedded store's lanes begin, and that no frame has reached so far.
    unreached: BTreeSet<u64>,
}

impl Chain {
    /// Knows the lanes that there are.
    pub fn of(heads: &[LaneHead]) -> Self {
        let starts =
            heads.iter().map(|head| head.place.lane).filter(|lane| (1..POSITIONS_BELOW).contains(lane));
        Self { before: None, unreached: starts.collect() }
    }

    /// Takes the next frame.
    pub fn follow(&mut self, frame: &Frame) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut wrong = |what: &'static str| {
            found.push(
                Problem::of(Table::Audit.name(), format!("lane {}: {what}", frame.lane)).record(frame.number),
            );
        };
        if !frame.is_intact() {
            wrong("the frame's hash is not the hash of what it holds");
        }
        let same_lane = self.before.filter(|(lane, ..)| *lane == frame.lane);
        match same_lane {
            None if frame.number > 0 => wrong("the first frames of the lane are missing"),
            None if frame.previous != [0; 32] => wrong("the first frame of the lane names one before it"),
            Some((_, number, ..)) if number.checked_add(1) != Some(frame.number) => {
                wrong("frames before this one are missing");
            }
            Some((_, _, hash, _)) if hash != frame.previous => {
                wrong("the frame is not chained to the one before it");
            }
            Some((.., last)) if last >= frame.last => {
                wrong("the frame's position is not behind the one before it");
            }
            _ => {}
        }
        self.unreached.remove(&frame.last.0);
        self.before = Some((frame.lane, frame.number, frame.hash, frame.last));
        found
    }

    /// What was missing at the end.
    pub fn finish(self) -> Vec<Problem> {
        let missing = |lane: u64| {
            let what =
                format!("lane {lane} began at a position that no frame has: frames before it are missing");
            Problem::of(Table::Audit.name(), what)
        };
        self.unreached.into_iter().map(missing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{audit::Lane, moving::LaneHead};

    fn lane(start: u64, lasts: &[u64]) -> Vec<Frame> {
        let mut lane = Lane::start(Position(start));
        let frames = lasts.iter().map(|last| {
            let frame = lane.frame(Position(*last), vec![1, 2]);
            lane.advance(frame.hash);
            frame
        });
        frames.collect()
    }

    fn all() -> Vec<Frame> {
        [lane(0, &[1, 3, 4]), lane(4, &[5, 9]), lane(9, &[10])].concat()
    }

    fn problems(frames: &[Frame]) -> Vec<Problem> {
        let mut heads: Vec<LaneHead> = Vec::new();
        for frame in frames {
            heads.retain(|head| head.place.lane != frame.lane);
            heads.push(LaneHead { place: frame.place(), last: frame.last });
        }
        let mut chain = Chain::of(&heads);
        let mut found: Vec<_> = frames.iter().flat_map(|frame| chain.follow(frame)).collect();
        found.extend(chain.finish());
        found
    }

    #[test]
    fn a_whole_log_is_clean_and_every_cut_but_at_the_end_is_found() {
        assert_eq!(problems(&all()), []);
        for cut in 0..all().len() - 1 {
            let mut frames = all();
            frames.remove(cut);
            assert_eq!(problems(&frames).len(), 1, "frame {cut}: {:?}", problems(&frames));
        }
    }

    #[test]
    fn a_frame_that_was_changed_or_sealed_anew_is_found() {
        let mut frames = all();
        frames[1].records.push(0);
        assert_eq!(problems(&frames).len(), 1);
        let Frame { lane, number, last, previous, .. } = frames[1].clone();
        frames[1] = Frame::seal(lane, number, last, previous, vec![7]);
        assert_eq!(problems(&frames).len(), 1, "the next one is chained to what was there");
    }
}
