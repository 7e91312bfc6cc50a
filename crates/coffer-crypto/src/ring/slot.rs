//! One slot of the ring: which half minute it is for, how long its key lives, and its 512 bytes
//! (`docs/FORMAT.md` 5).

use std::fmt;

use coffer_types::{Timestamp, limits};
use zeroize::Zeroizing;

use super::exchange::ExchangeKeys;
use crate::Environment;
use crate::aad::Frame;
use crate::entropy::Entropy;
use crate::key::{KeyBytes, KeyVersion};
use crate::primitives::{AeadKey, DerivingKey, KEY_LEN, NONCE_LEN, Refused, TAG_LEN, first_bytes};
use crate::wrap::WrapError;

/// Seconds of creation that share one SAD key. A key lives 30 minutes longer than its slot and is dead 30
/// minutes and 30 seconds after the first creation under it, half a minute inside the promise of 31 minutes
/// (`docs/decisions/0002-half-minute-sad-keys.md`).
pub const SLOT_SECONDS: u16 = 30;
/// How long a key lives after the end of its slot: the longest life of a single-use token.
const LIFE_SECONDS: i64 = limits::SINGLE_USE_SECONDS;
const SLOT_MILLIS: i64 = SLOT_SECONDS as i64 * 1000;
const LIFE_MILLIS: i64 = LIFE_SECONDS * 1000;
/// Slots in the ring. A slot is needed again after 32 minutes, when its last key has been dead for a while.
pub(super) const SLOTS: usize = SLOT_COUNT as usize;
const SLOT_COUNT: u16 = 64;
const _: () = assert!(SLOT_COUNT as i64 * SLOT_MILLIS >= SLOT_MILLIS + LIFE_MILLIS);

/// Bytes of a slot and of the header: one sector of a disk, so that one write cannot tear another slot.
pub(super) const SECTOR: usize = 512;
/// One sector.
pub(super) type Sector = [u8; SECTOR];

const FORMAT: u8 = 1;
const ALGORITHM: u8 = 1;
const SLOT_MAGIC: [u8; 4] = *b"CfSl";
const PROPOSAL_MAGIC: [u8; 4] = *b"CfPr";
const HEADER_MAGIC: [u8; 8] = *b"CofferRn";
const SLOT_PREFIX_LEN: usize = 16;
const SLOT_LEN: usize = SLOT_PREFIX_LEN + NONCE_LEN + KEY_LEN + TAG_LEN;
/// Bytes of an [`OfferMark`].
pub const OFFER_MARK_LEN: usize = 48;
const PROPOSAL_LEN: usize = SLOT_LEN + OFFER_MARK_LEN;
const HEADER_PREFIX_LEN: usize = 16;
const HEADER_LEN: usize = HEADER_PREFIX_LEN + NONCE_LEN + TAG_LEN;

/// By what its maker recognises the offer of a proposed key again: bytes of the maker's own choice.
pub type OfferMark = [u8; OFFER_MARK_LEN];

/// The half minute whose key sealed a piece of SAD, counted from 1970: the key version in its blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SadKeyVersion(u32);

impl SadKeyVersion {
    /// A version by its slot number.
    pub const fn new(slot: u32) -> Self {
        Self(slot)
    }

    /// The slot number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The lowest version whose key lives at this time.
    pub fn lowest_live_at(now: Timestamp) -> Self {
        let slot = now.millis().saturating_sub(SLOT_MILLIS + LIFE_MILLIS).div_euclid(SLOT_MILLIS) + 1;
        Self(u32::try_from(slot.max(0)).unwrap_or(u32::MAX))
    }

    /// The slot of a time in milliseconds; `None` before 1970 and after the year 6000.
    pub(super) fn at(millis: i64) -> Option<Self> {
        let slot = millis.div_euclid(SLOT_MILLIS);
        u32::try_from(slot).ok().map(Self)
    }

    /// Where its half minute starts, in milliseconds since 1970.
    pub fn start_millis(self) -> i64 {
        i64::from(self.0) * SLOT_MILLIS
    }

    /// When its key is dead, in milliseconds since 1970: at this moment and ever after it opens nothing.
    pub fn dead_millis(self) -> i64 {
        self.start_millis() + SLOT_MILLIS + LIFE_MILLIS
    }

    /// Whether its half minute starts further ahead of `millis` than any honest clock can have been.
    pub(super) fn is_far_ahead_of(self, millis: i64) -> bool {
        self.start_millis() > millis.saturating_add(LIFE_MILLIS)
    }

    /// Whether SAD that arrives at `millis` could be opened for longer than promised under this slot's key.
    pub(super) fn starts_too_late_for(self, millis: i64) -> bool {
        self.start_millis() > millis.saturating_add(SLOT_MILLIS)
    }

    /// Its place in the ring.
    pub(super) fn index(self) -> usize {
        self.0 as usize % SLOTS
    }
}

impl From<KeyVersion> for SadKeyVersion {
    fn from(version: KeyVersion) -> Self {
        Self(version.get())
    }
}

impl From<SadKeyVersion> for KeyVersion {
    fn from(version: SadKeyVersion) -> Self {
        Self::new(version.0)
    }
}

/// The key that wraps the keys in a ring, and what is derived of it for their way from node to node. It comes
/// out of the [`Keyring`](crate::Keyring).
pub struct RingKey {
    wrapping: AeadKey,
    pub(super) exchange: ExchangeKeys,
}

impl RingKey {
    pub(crate) fn new(key: &KeyBytes) -> Result<Self, Refused> {
        let exchange = ExchangeKeys::of(&DerivingKey::new(key.expose()))?;
        Ok(Self { wrapping: AeadKey::gcm(key.expose())?, exchange })
    }

    /// The first sector of a ring: says whose it is.
    pub(super) fn header(
        &self,
        environment: Environment,
        entropy: &dyn Entropy,
    ) -> Result<Sector, WrapError> {
        let prefix = header_prefix(environment);
        self.fill(&prefix, &header_aad(environment), &[], HEADER_LEN, entropy)
    }

    /// Whether this key and environment made the header.
    pub(super) fn owns(&self, header: &Sector, environment: Environment) -> bool {
        self.read(header, &header_prefix(environment), &header_aad(environment), HEADER_LEN).is_some()
    }

    /// The sector of a slot with its key.
    pub(super) fn wrap(
        &self,
        environment: Environment,
        version: SadKeyVersion,
        key: &KeyBytes,
        entropy: &dyn Entropy,
    ) -> Result<Sector, WrapError> {
        let aad = slot_aad(environment, version);
        self.fill(&prefix(SLOT_MAGIC, version), &aad, key.expose(), SLOT_LEN, entropy)
    }

    /// The sector of a slot with a key that is offered to others, and that counts as a key once they have it.
    pub(super) fn wrap_proposal(
        &self,
        environment: Environment,
        version: SadKeyVersion,
        (key, mark): (&KeyBytes, &OfferMark),
        entropy: &dyn Entropy,
    ) -> Result<Sector, WrapError> {
        let clear = Zeroizing::new([key.expose().as_slice(), mark].concat());
        let prefix = prefix(PROPOSAL_MAGIC, version);
        self.fill(&prefix, &proposal_aad(environment, version), &clear, PROPOSAL_LEN, entropy)
    }

    /// What the sector at `index` holds.
    pub(super) fn unwrap(&self, environment: Environment, index: usize, sector: &Sector) -> Content {
        if sector.iter().all(|byte| *byte == 0) {
            return Content::Empty;
        }
        let number = u64::from_be_bytes(first_bytes(&sector[8..16]));
        let Ok(version) = u32::try_from(number).map(SadKeyVersion) else { return Content::Torn };
        if version.index() != index {
            return Content::Torn;
        }
        if sector.starts_with(&PROPOSAL_MAGIC) {
            return self.unwrap_proposal(environment, version, sector).unwrap_or(Content::Torn);
        }
        let aad = slot_aad(environment, version);
        let opened = self.read(sector, &prefix(SLOT_MAGIC, version), &aad, SLOT_LEN);
        match opened.and_then(|key| KeyBytes::from_opened(&key)) {
            Some(key) => Content::Key(version, key),
            None => Content::Torn,
        }
    }

    fn unwrap_proposal(
        &self,
        environment: Environment,
        version: SadKeyVersion,
        sector: &Sector,
    ) -> Option<Content> {
        let aad = proposal_aad(environment, version);
        let opened = self.read(sector, &prefix(PROPOSAL_MAGIC, version), &aad, PROPOSAL_LEN)?;
        let (key, mark) = opened.split_at_checked(KEY_LEN)?;
        let key = KeyBytes::from_opened(key)?;
        Some(Content::Proposal(version, key, mark.try_into().ok()?))
    }

    /// Prefix, nonce, sealed `clear`, and zeros to the end.
    fn fill(
        &self,
        prefix: &[u8; 16],
        aad: &[u8],
        clear: &[u8],
        used: usize,
        entropy: &dyn Entropy,
    ) -> Result<Sector, WrapError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce)?;
        let mut sector = [0; SECTOR];
        let (front, sealed) = sector[..used].split_at_mut(prefix.len() + NONCE_LEN);
        front[..prefix.len()].copy_from_slice(prefix);
        front[prefix.len()..].copy_from_slice(&nonce);
        self.wrapping.seal(nonce, aad, clear, sealed).map_err(|_| WrapError::Failed)?;
        Ok(sector)
    }

    /// The reverse of `fill`; `None` unless every bit is right.
    fn read(
        &self,
        sector: &Sector,
        prefix: &[u8; 16],
        aad: &[u8],
        used: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (used, rest) = sector.split_at_checked(used)?;
        let sealed = used.strip_prefix(prefix)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        if rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        self.wrapping.open(*nonce, aad, sealed)
    }
}

impl fmt::Debug for RingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RingKey(..)")
    }
}

/// What a slot's sector holds.
pub(super) enum Content {
    Empty,
    Key(SadKeyVersion, KeyBytes),
    /// A key that was offered, or was about to be: nothing was sealed under it here.
    Proposal(SadKeyVersion, KeyBytes, OfferMark),
    /// Neither empty nor a key of this ring at this place: a write that was cut off, or damage.
    Torn,
}

fn prefix(magic: [u8; 4], version: SadKeyVersion) -> [u8; SLOT_PREFIX_LEN] {
    let mut prefix = [0; SLOT_PREFIX_LEN];
    prefix[..4].copy_from_slice(&magic);
    prefix[4..6].copy_from_slice(&[FORMAT, ALGORITHM]);
    prefix[8..].copy_from_slice(&u64::from(version.0).to_be_bytes());
    prefix
}

fn slot_aad(environment: Environment, version: SadKeyVersion) -> Vec<u8> {
    aad(Frame::new(b"coffer ring slot"), environment, version)
}

fn proposal_aad(environment: Environment, version: SadKeyVersion) -> Vec<u8> {
    aad(Frame::new(b"coffer ring proposal"), environment, version)
}

fn aad(frame: Frame, environment: Environment, version: SadKeyVersion) -> Vec<u8> {
    frame
        .part(&[FORMAT])
        .part(&[ALGORITHM])
        .part(&[environment.code()])
        .part(&u64::from(version.0).to_be_bytes())
        .bytes()
}

fn header_prefix(environment: Environment) -> [u8; HEADER_PREFIX_LEN] {
    let mut prefix = [0; HEADER_PREFIX_LEN];
    prefix[..8].copy_from_slice(&HEADER_MAGIC);
    prefix[8..11].copy_from_slice(&[FORMAT, ALGORITHM, environment.code()]);
    prefix[12..14].copy_from_slice(&SLOT_COUNT.to_be_bytes());
    prefix[14..].copy_from_slice(&SLOT_SECONDS.to_be_bytes());
    prefix
}

fn header_aad(environment: Environment) -> Vec<u8> {
    Frame::new(b"coffer ring header").part(&header_prefix(environment)).bytes()
}
