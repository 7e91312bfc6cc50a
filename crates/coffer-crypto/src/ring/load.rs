//! What a restart finds in the ring's file, and what of it may live.

use std::array;

use super::RingError;
use super::file::RingFile;
use super::peers::Proposal;
use super::slot::{Content, RingKey, SLOTS, SadKeyVersion};
use crate::Environment;
use crate::primitives::DerivingKey;

/// The live keys by their place in the ring.
pub(super) type Slots = [Option<(SadKeyVersion, DerivingKey)>; SLOTS];

/// What was found when a ring was opened, for one line in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// The ring was begun anew.
    pub created: bool,
    /// Keys that are still alive.
    pub live: usize,
    /// Keys that were over age, or so far ahead that a clock must have been wrong; wiped.
    pub expired: usize,
    /// Keys that were offered to other nodes when the process before ended
    /// ([`Ring::proposals`](super::Ring::proposals)).
    pub proposed: usize,
    /// Slots that did not authenticate; wiped. No SAD was sealed under a key whose write was cut off.
    pub torn: usize,
}

/// What stands in a file: keys, keys that were offered, and slots that must be wiped.
pub(super) struct Loaded {
    pub(super) live: Slots,
    pub(super) proposals: Vec<Proposal>,
    pub(super) wipe: Vec<usize>,
}

impl Loaded {
    pub(super) fn read(
        file: &RingFile,
        wrapping: &RingKey,
        environment: Environment,
    ) -> Result<Self, RingError> {
        let mut loaded = Self { live: array::from_fn(|_| None), proposals: Vec::new(), wipe: Vec::new() };
        for index in 0..SLOTS {
            match wrapping.unwrap(environment, index, &file.slot(index)?) {
                Content::Empty => {}
                Content::Torn => loaded.wipe.push(index),
                Content::Key(version, key) => {
                    loaded.live[index] = Some((version, DerivingKey::new(key.expose())));
                }
                Content::Proposal(version, key, mark) => {
                    loaded.proposals.push(Proposal { version, key, marks: vec![mark] });
                }
            }
        }
        Ok(loaded)
    }

    /// The latest time the file proves: a key is made when its half minute has begun. Without those that only
    /// a wrong clock can have made.
    pub(super) fn latest(&self, now: i64) -> i64 {
        let offered = self.proposals.iter().map(|proposal| proposal.version);
        let versions = self.live.iter().flatten().map(|(version, _)| *version).chain(offered);
        let believable = versions.filter(|version| !version.is_far_ahead_of(now));
        believable.map(SadKeyVersion::start_millis).fold(now, i64::max)
    }

    /// Moves keys that may not live at `latest` to the slots to wipe; says how many.
    pub(super) fn expire(&mut self, now: i64, latest: i64) -> usize {
        let torn = self.wipe.len();
        let over = |version: SadKeyVersion| latest >= version.dead_millis() || version.is_far_ahead_of(now);
        let gone = self.proposals.extract_if(.., |proposal| over(proposal.version));
        self.wipe.extend(gone.map(|proposal| proposal.version.index()));
        let mut expired = self.wipe.len() - torn;
        for (index, slot) in self.live.iter_mut().enumerate() {
            if slot.take_if(|(version, _)| over(*version)).is_some() {
                self.wipe.push(index);
                expired += 1;
            }
        }
        expired
    }
}
