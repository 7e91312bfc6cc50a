//! How a key of the ring reaches the rings of other nodes (`docs/FORMAT.md` 5.1, 5.2).
//!
//! A node announces the public half of a key pair whose private half is in memory alone, and is gone eleven
//! minutes after it was made. Others seal keys of the ring for that pair. So whatever lies in a store, in its
//! log or in a backup opens nowhere once the pair is gone; and what is derived of the ring key goes into both
//! the announcement and the share, so that nobody without the vault's keys can announce a pair of their own,
//! or has anything of whoever breaks the key agreement.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coffer_types::{Timestamp, limits};

use super::{RingKey, SadKeyVersion, ShareError, SharedRingKey};
use crate::Environment;
use crate::aad::Frame;
use crate::digest::{is_same_mac, sha256};
use crate::entropy::Entropy;
use crate::key::KeyBytes;
use crate::primitives::{
    AeadKey, AgreementKey, DerivingKey, KEY_LEN, MacKey, NONCE_LEN, Refused, TAG_LEN, first_bytes,
};

const FORMAT: u8 = 1;
const MAC_LEN: usize = 32;
const ID_LEN: usize = 8;
/// Bytes of the name of a process.
const LEASE_LEN: usize = 16;
const ANNOUNCEMENT_LEN: usize = 1 + KEY_LEN + MAC_LEN;
const SHARE_LEN: usize = 1 + ID_LEN + KEY_LEN + KEY_LEN + TAG_LEN;
const _: () =
    assert!(ANNOUNCEMENT_LEN <= limits::ANNOUNCED_KEY_BYTES && SHARE_LEN <= limits::RING_SHARE_BYTES);

/// Milliseconds after which a pair is replaced.
const REPLACED_MILLIS: i64 = 600_000;
/// Milliseconds after which a pair is gone: a minute later, for what is under way.
const GONE_MILLIS: i64 = 660_000;

/// What is derived of the ring key.
pub(super) struct ExchangeKeys {
    announcing: MacKey,
    sharing: KeyBytes,
}

impl ExchangeKeys {
    pub(super) fn of(ring_key: &DerivingKey) -> Result<Self, Refused> {
        let announcing = Frame::new(b"coffer exchange announcing").bytes();
        let announcing = KeyBytes::derived(ring_key, &announcing)?;
        let sharing = KeyBytes::derived(ring_key, &Frame::new(b"coffer exchange sharing").bytes())?;
        Ok(Self { announcing: MacKey::new(announcing.expose()), sharing })
    }
}

/// The key pairs of this process, and what it seals for others and opens of theirs.
///
/// [`Exchange::wipe`] must be called at least every ten seconds: a pair is gone then at its time.
pub struct Exchange {
    ring_key: Arc<RingKey>,
    environment: Environment,
    pairs: Mutex<Pairs>,
}

/// The pair that is announced, and the one before it.
#[derive(Default)]
struct Pairs {
    current: Option<Pair>,
    previous: Option<Pair>,
}

struct Pair {
    key: AgreementKey,
    made_at: i64,
}

impl Pair {
    fn new(now: i64, entropy: &dyn Entropy) -> Result<Self, ShareError> {
        let key = AgreementKey::new(KeyBytes::generate(entropy)?.expose()).map_err(|_| ShareError::Key)?;
        Ok(Self { key, made_at: now })
    }

    fn is_older_than(&self, millis: i64, now: i64) -> bool {
        now >= self.made_at.saturating_add(millis)
    }
}

impl Pairs {
    /// Puts away what was announced for long enough, and drops what nothing is under way for any more.
    fn age(&mut self, now: i64) {
        if let Some(over) = self.current.take_if(|pair| pair.is_older_than(REPLACED_MILLIS, now)) {
            self.previous = Some(over);
        }
        self.previous.take_if(|pair| pair.is_older_than(GONE_MILLIS, now));
    }
}

impl Exchange {
    /// An exchange with a first pair.
    pub fn new(
        ring_key: Arc<RingKey>,
        environment: Environment,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<Self, ShareError> {
        let current = Some(Pair::new(now.millis(), entropy)?);
        Ok(Self { ring_key, environment, pairs: Mutex::new(Pairs { current, previous: None }) })
    }

    /// What this process announces; with a new pair when it is time for one.
    pub fn announcement(
        &self,
        lease: &[u8; LEASE_LEN],
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, ShareError> {
        let mut pairs = self.lock();
        pairs.age(now.millis());
        let pair = match pairs.current.take() {
            Some(pair) => pair,
            None => Pair::new(now.millis(), entropy)?,
        };
        let public = *pairs.current.insert(pair).key.public();
        Ok([[FORMAT].as_slice(), &public, &self.announcing_mac(lease, &public)].concat())
    }

    /// Drops the private halves whose time is over.
    pub fn wipe(&self, now: Timestamp) {
        self.lock().age(now.millis());
    }

    /// Seals a key of the ring for the process that announced this.
    pub fn seal_for(
        &self,
        lease: &[u8; LEASE_LEN],
        announced: &[u8],
        version: SadKeyVersion,
        key: &SharedRingKey,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, ShareError> {
        let theirs = self.announced(lease, announced).ok_or(ShareError::Announcement)?;
        let own = AgreementKey::new(KeyBytes::generate(entropy)?.expose()).map_err(|_| ShareError::Key)?;
        let bound = self.bound(own.public(), &theirs, lease, version);
        let sealing = self.sealing_key(&own, &theirs, &bound).ok_or(ShareError::Announcement)?;
        let mut share = vec![0; SHARE_LEN];
        let (head, sealed) = share.split_at_mut(1 + ID_LEN + KEY_LEN);
        head[0] = FORMAT;
        head[1..=ID_LEN].copy_from_slice(&id_of(&theirs));
        head[1 + ID_LEN..].copy_from_slice(own.public());
        // The sealing key seals nothing else: its nonce is zero.
        let done = sealing.seal([0; NONCE_LEN], &bound, key.0.expose(), sealed);
        done.map_err(|_| ShareError::Key)?;
        Ok(share)
    }

    /// Opens what was sealed for this process and half minute.
    pub fn open(
        &self,
        lease: &[u8; LEASE_LEN],
        version: SadKeyVersion,
        share: &[u8],
        now: Timestamp,
    ) -> Result<SharedRingKey, ShareError> {
        let mut pairs = self.lock();
        pairs.age(now.millis());
        self.opened(&pairs, lease, version, share).ok_or(ShareError::Share)
    }

    fn opened(
        &self,
        pairs: &Pairs,
        lease: &[u8; LEASE_LEN],
        version: SadKeyVersion,
        share: &[u8],
    ) -> Option<SharedRingKey> {
        let (format, rest) = share.split_first()?;
        let (id, rest) = rest.split_first_chunk::<ID_LEN>()?;
        let (theirs, sealed) = rest.split_first_chunk::<KEY_LEN>()?;
        if *format != FORMAT || sealed.len() != KEY_LEN + TAG_LEN {
            return None;
        }
        let mut own = [&pairs.current, &pairs.previous].into_iter().flatten();
        let own = &own.find(|pair| id_of(pair.key.public()) == *id)?.key;
        let bound = self.bound(theirs, own.public(), lease, version);
        let clear = self.sealing_key(own, theirs, &bound)?.open([0; NONCE_LEN], &bound, sealed)?;
        KeyBytes::from_opened(&clear).map(SharedRingKey)
    }

    /// The public key that a process of this vault announced.
    fn announced(&self, lease: &[u8; LEASE_LEN], announced: &[u8]) -> Option<[u8; KEY_LEN]> {
        let (format, rest) = announced.split_first()?;
        let (public, mac) = rest.split_first_chunk::<KEY_LEN>()?;
        let is_own = *format == FORMAT && is_same_mac(mac, &self.announcing_mac(lease, public));
        is_own.then_some(*public)
    }

    fn announcing_mac(&self, lease: &[u8; LEASE_LEN], public: &[u8; KEY_LEN]) -> [u8; MAC_LEN] {
        let frame = Frame::new(b"coffer exchange announcement")
            .part(&[FORMAT])
            .part(&[self.environment.code()])
            .part(lease)
            .part(public)
            .bytes();
        self.ring_key.exchange.announcing.mac(&[&frame])
    }

    /// What a share is bound to: the info of its key, and its associated data.
    fn bound(
        &self,
        sender: &[u8; KEY_LEN],
        recipient: &[u8; KEY_LEN],
        lease: &[u8; LEASE_LEN],
        version: SadKeyVersion,
    ) -> Vec<u8> {
        Frame::new(b"coffer ring share")
            .part(&[FORMAT])
            .part(&[self.environment.code()])
            .part(sender)
            .part(recipient)
            .part(lease)
            .part(&version.get().to_be_bytes())
            .bytes()
    }

    fn sealing_key(&self, own: &AgreementKey, theirs: &[u8; KEY_LEN], bound: &[u8]) -> Option<AeadKey> {
        let sharing = self.ring_key.exchange.sharing.expose();
        let both = own.agree(theirs, |secret| DerivingKey::extract(sharing, secret)).ok()?;
        AeadKey::gcm(KeyBytes::derived(&both, bound).ok()?.expose()).ok()
    }

    fn lock(&self) -> MutexGuard<'_, Pairs> {
        // Every change is one assignment: a poisoned lock guards nothing half done.
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By which a process finds the private half that a share was sealed for.
fn id_of(public: &[u8; KEY_LEN]) -> [u8; ID_LEN] {
    first_bytes(&sha256(public))
}

impl fmt::Debug for Exchange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Exchange(..)")
    }
}
