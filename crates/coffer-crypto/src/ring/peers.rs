//! What a ring gives to the rings of other nodes and takes in of theirs.

use std::fmt;

use coffer_types::Timestamp;

use super::slot::{Content, OfferMark};
use super::{Ring, RingError, SadKeyVersion};
use crate::digest::is_same_mac;
use crate::entropy::Entropy;
use crate::key::KeyBytes;

/// A key of the ring in the clear, on its way from one ring to another. It is wiped, and neither printed nor
/// copied.
pub struct SharedRingKey(pub(super) KeyBytes);

/// A key that was offered to others, and what its offers are recognised by: of the process before, and of this one.
pub(super) struct Proposal {
    pub(super) version: SadKeyVersion,
    pub(super) key: KeyBytes,
    pub(super) marks: Vec<OfferMark>,
}

/// Offers of one key that are remembered: that of the process before, and this one's last.
const OFFERS: usize = 2;

impl fmt::Debug for SharedRingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SharedRingKey(..)")
    }
}

impl Ring {
    /// The half minute to seal SAD in now. Refused as [`Ring::current`] is.
    pub fn slot(&self, now: Timestamp) -> Result<SadKeyVersion, RingError> {
        self.slot_of(now)
    }

    /// Whether the ring holds the key of a half minute.
    pub fn holds(&self, version: SadKeyVersion) -> bool {
        self.read_live()[version.index()].as_ref().is_some_and(|(held, _)| *held == version)
    }

    /// A new key for the half minute of now, or the one that was proposed for it before. It is not in the ring: other
    /// nodes must know it before it is used ([`Ring::take_in`]).
    pub fn propose(
        &self,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(SadKeyVersion, SharedRingKey), RingError> {
        let version = self.slot_of(now)?;
        let before = self.lock_proposals().iter().find(|proposal| proposal.version == version).map(copy);
        let key = before.map_or_else(|| KeyBytes::generate(entropy), Ok)?;
        Ok((version, SharedRingKey(key)))
    }

    /// Writes down that a key of [`Ring::propose`] is about to be offered; on disk when this returns. A process that
    /// ends before it knows whether its offer was taken leaves it to the next one with this ring, which finds that out
    /// by the mark ([`Ring::proposals`]). Nothing is sealed under it until then.
    pub fn note_offer(
        &self,
        version: SadKeyVersion,
        key: &SharedRingKey,
        mark: OfferMark,
        entropy: &dyn Entropy,
    ) -> Result<(), RingError> {
        let mut file = self.lock_file();
        // Ahead of it there is a key of a later half minute, or this one's.
        if self.read_live()[version.index()].as_ref().is_some_and(|(held, _)| *held >= version) {
            return Err(RingError::Other);
        }
        let sector = self.wrapping.wrap_proposal(self.environment, version, (&key.0, &mark), entropy)?;
        file.put(version, &sector)?;
        let mut proposals = self.lock_proposals();
        let at = proposals.iter().position(|proposal| {
            proposal.version == version && is_same_mac(proposal.key.expose(), key.0.expose())
        });
        let mut marks = at.map(|at| proposals.swap_remove(at).marks).unwrap_or_default();
        marks.push(mark);
        marks.drain(..marks.len().saturating_sub(OFFERS));
        proposals.retain(|proposal| proposal.version.index() != version.index());
        proposals.push(Proposal { version, key: KeyBytes::filled(|own| *own = *key.0.expose()), marks });
        Ok(())
    }

    /// The half minutes whose keys were offered, with the marks of the offers, and are not in the ring.
    pub fn proposals(&self) -> Vec<(SadKeyVersion, Vec<OfferMark>)> {
        self.lock_proposals().iter().map(|proposal| (proposal.version, proposal.marks.clone())).collect()
    }

    /// Takes in the key that was offered for a half minute: the offer was taken. As [`Ring::take_in`]; nothing happens
    /// where none was offered.
    pub fn confirm(
        &self,
        version: SadKeyVersion,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(), RingError> {
        let offered = self.lock_proposals().iter().find(|proposal| proposal.version == version).map(copy);
        offered.map_or(Ok(()), |key| self.take_in(version, &SharedRingKey(key), now, entropy))
    }

    /// Takes a key into its slot; on disk when this returns. A key that is held already is taken in by doing
    /// nothing. Refused are the key of a dead half minute, of one that starts more than a half minute after
    /// now, and another key than the one that is held.
    pub fn take_in(
        &self,
        version: SadKeyVersion,
        key: &SharedRingKey,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(), RingError> {
        let latest = self.observe(now);
        if latest >= version.dead_millis() {
            return Err(RingError::Dead);
        }
        if version.starts_too_late_for(latest) {
            return Err(RingError::Clock);
        }
        let mut file = self.lock_file();
        if self.holds(version) {
            return match self.wrapping.unwrap(self.environment, version.index(), &file.slot(version.index())?)
            {
                Content::Key(held, bytes)
                    if held == version && is_same_mac(bytes.expose(), key.0.expose()) =>
                {
                    Ok(())
                }
                _ => Err(RingError::Other),
            };
        }
        // What is written and not held was cut off, or is dead; what is held and lives longer stays.
        let held = self.read_live()[version.index()].as_ref().map(|(held, _)| *held);
        if held.is_some_and(|held| latest < held.dead_millis()) {
            return Err(RingError::Clock);
        }
        self.put(&mut file, version, &key.0, entropy)
    }

    /// The half minutes whose keys are held and live, in no order.
    pub fn held(&self, now: Timestamp) -> Vec<SadKeyVersion> {
        let now = self.observe(now);
        let held = self.read_live();
        held.iter()
            .flatten()
            .map(|(version, _)| *version)
            .filter(|version| now < version.dead_millis())
            .collect()
    }

    /// The key of a half minute, to be sealed for a node that lacks it. None when it is not held or dead.
    pub fn share(&self, version: SadKeyVersion, now: Timestamp) -> Result<Option<SharedRingKey>, RingError> {
        let file = self.lock_file();
        if !self.holds(version) || self.observe(now) >= version.dead_millis() {
            return Ok(None);
        }
        match self.wrapping.unwrap(self.environment, version.index(), &file.slot(version.index())?) {
            Content::Key(held, key) if held == version => Ok(Some(SharedRingKey(key))),
            _ => Ok(None),
        }
    }
}

fn copy(proposal: &Proposal) -> KeyBytes {
    KeyBytes::filled(|own| *own = *proposal.key.expose())
}
