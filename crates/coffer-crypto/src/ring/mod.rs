//! The ring: one key for every half minute in which sensitive authentication data (SAD) is taken in.
//!
//! A key lives from the start of its half minute to 30 minutes after its end. Then it is overwritten in
//! place, and what was sealed under it opens nowhere any more: not in a row that was left over, not in a log
//! of the store, not in a copy. The file lies outside the data folder and outside every backup.

mod error;
mod exchange;
mod file;
mod load;
mod peers;
mod slot;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};

pub use self::error::{RingError, ShareError};
pub use self::exchange::Exchange;
use self::file::RingFile;
pub use self::load::Opening;
use self::load::{Loaded, Slots};
use self::peers::Proposal;
pub use self::peers::SharedRingKey;
pub use self::slot::{OFFER_MARK_LEN, OfferMark, RingKey, SLOT_SECONDS, SadKeyVersion};
use self::slot::{SECTOR, SLOTS};
use crate::Environment;
use crate::aad::Context;
use crate::entropy::Entropy;
use crate::key::{Class, KeyBytes};
use crate::primitives::DerivingKey;
use crate::sealed::{OpenError, Opener, Salt, SealError, Sealer};

/// The live SAD keys of this process, and the file that carries them over a restart.
///
/// Time only goes forward in here: every call compares with the latest `now` that any call has brought, so a
/// clock that is set back never revives a key. [`Ring::sweep`] must be called at least every ten seconds.
pub struct Ring {
    environment: Environment,
    wrapping: Arc<RingKey>,
    /// The latest time seen, in milliseconds.
    latest: AtomicI64,
    live: RwLock<Slots>,
    /// Held by whoever changes the ring. Never taken while `live` is held.
    file: Mutex<RingFile>,
    /// Keys that were offered to other nodes and are no keys of the ring yet. Taken after `file`.
    proposals: Mutex<Vec<Proposal>>,
    opening: Opening,
}

impl Ring {
    /// Opens the ring at `path` for this process alone, or begins it (mode 0600). Live keys are loaded;
    /// over-age and torn slots are overwritten before this returns.
    pub fn open(
        path: &Path,
        wrapping: Arc<RingKey>,
        environment: Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, RingError> {
        Self::load(RingFile::at(path)?, wrapping, environment, now, entropy)
    }

    /// The same without a file: its keys end with the process.
    pub fn in_memory(
        wrapping: Arc<RingKey>,
        environment: Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, RingError> {
        Self::load(RingFile::in_memory(), wrapping, environment, now, entropy)
    }

    /// Overwrites every key in a ring's file, if there is one: nothing that was sealed under them opens again. It takes
    /// no key, and no other process may have the ring.
    pub fn erase(path: &Path) -> Result<(), RingError> {
        if !path.exists() {
            return Ok(());
        }
        let every: Vec<usize> = (0..SLOTS).collect();
        Ok(RingFile::at(path)?.wipe(&every)?)
    }

    /// What [`Ring::open`] found.
    pub fn opening(&self) -> Opening {
        self.opening
    }

    /// The key to seal SAD under now. The first caller of a half minute makes the key and waits until it is
    /// on disk; all others only look. Refused while `now` is more than a half minute behind the latest time:
    /// a key of that time would outlive its 31 minutes by as much.
    pub fn current(&self, now: Timestamp, entropy: &dyn Entropy) -> Result<SadKeyVersion, RingError> {
        let version = self.slot_of(now)?;
        if self.holds(version) { Ok(version) } else { self.make(now, entropy) }
    }

    /// A sealer for the SAD of one write of one record; `version` is from [`Ring::current`]. The salt may be
    /// the one of the row's other blobs: class and key differ.
    pub fn sealer(
        &self,
        version: SadKeyVersion,
        tenant: Tenant,
        record: RecordNumber,
        generation: Generation,
        salt: Salt,
        now: Timestamp,
    ) -> Result<Sealer, SealError> {
        let live = self.live_at(version, now).ok_or(SealError::KeyGone)?;
        let (_, key) = live[version.index()].as_ref().ok_or(SealError::KeyGone)?;
        Sealer::new(key, self.context(version, tenant, record, generation), salt)
    }

    /// An opener for the SAD of one record; `version` is the key version in the blob. Fails from
    /// [`SadKeyVersion::dead_millis`] on, also when the key has not been swept yet.
    pub fn opener(
        &self,
        version: SadKeyVersion,
        tenant: Tenant,
        record: RecordNumber,
        generation: Generation,
        salt: &Salt,
        now: Timestamp,
    ) -> Result<Opener, OpenError> {
        let live = self.live_at(version, now).ok_or(OpenError)?;
        let (_, key) = live[version.index()].as_ref().ok_or(OpenError)?;
        Opener::new(key, self.context(version, tenant, record, generation), salt)
    }

    /// Erases every key that is over age, in memory and then in place on disk; says how many. After an error
    /// the next sweep tries again.
    pub fn sweep(&self, now: Timestamp) -> Result<usize, RingError> {
        let now = self.observe(now);
        let dead = |version: SadKeyVersion| now >= version.dead_millis();
        let mut file = self.lock_file();
        for slot in self.write_live().iter_mut() {
            slot.take_if(|(version, _)| dead(*version));
        }
        self.lock_proposals().retain(|proposal| !dead(proposal.version));
        let occupied = file.occupied.iter().enumerate();
        let over: Vec<usize> =
            occupied.filter(|(_, version)| version.is_some_and(dead)).map(|(at, _)| at).collect();
        file.wipe(&over)?;
        Ok(over.len())
    }

    /// The oldest key that may still lie in the file, for a metric: past its
    /// [`dead_millis`](SadKeyVersion::dead_millis) the sweep is late.
    pub fn oldest(&self) -> Option<SadKeyVersion> {
        self.lock_file().occupied.iter().flatten().min().copied()
    }

    /// The slow path of [`Ring::current`]. The time is looked at again under the lock: slots only move
    /// forward.
    fn make(&self, now: Timestamp, entropy: &dyn Entropy) -> Result<SadKeyVersion, RingError> {
        let mut file = self.lock_file();
        let version = self.slot_of(now)?;
        if self.holds(version) {
            return Ok(version);
        }
        self.put(&mut file, version, &KeyBytes::generate(entropy)?, entropy)?;
        Ok(version)
    }

    /// Puts a key in its slot; on disk when this returns.
    fn put(
        &self,
        file: &mut RingFile,
        version: SadKeyVersion,
        key: &KeyBytes,
        entropy: &dyn Entropy,
    ) -> Result<(), RingError> {
        let sector = self.wrapping.wrap(self.environment, version, key, entropy)?;
        file.put(version, &sector)?;
        self.lock_proposals().retain(|proposal| proposal.version.index() != version.index());
        self.write_live()[version.index()] = Some((version, DerivingKey::new(key.expose())));
        Ok(())
    }

    fn load(
        mut file: RingFile,
        wrapping: Arc<RingKey>,
        environment: Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, RingError> {
        let header = file.header()?;
        let created = header == [0; SECTOR];
        if created {
            file.begin(&wrapping.header(environment, entropy)?)?;
        } else if !wrapping.owns(&header, environment) {
            return Err(RingError::Foreign);
        }
        let mut loaded = Loaded::read(&file, &wrapping, environment)?;
        let latest = loaded.latest(now.millis());
        let mut opening = Opening { created, torn: loaded.wipe.len(), ..Opening::default() };
        opening.expired = loaded.expire(now.millis(), latest);
        for (version, _) in loaded.live.iter().flatten() {
            file.occupied[version.index()] = Some(*version);
            opening.live += 1;
        }
        for proposal in &loaded.proposals {
            file.occupied[proposal.version.index()] = Some(proposal.version);
            opening.proposed += 1;
        }
        file.wipe(&loaded.wipe)?;
        Ok(Self {
            environment,
            wrapping,
            latest: AtomicI64::new(latest),
            live: RwLock::new(loaded.live),
            file: Mutex::new(file),
            proposals: Mutex::new(loaded.proposals),
            opening,
        })
    }

    fn context(
        &self,
        version: SadKeyVersion,
        tenant: Tenant,
        record: RecordNumber,
        generation: Generation,
    ) -> Context {
        Context {
            environment: self.environment,
            tenant,
            record,
            class: Class::Sad,
            key_version: version.into(),
            generation,
        }
    }

    /// The live keys, if `version` is one of them at this time.
    fn live_at(&self, version: SadKeyVersion, now: Timestamp) -> Option<RwLockReadGuard<'_, Slots>> {
        if self.observe(now) >= version.dead_millis() {
            return None;
        }
        let live = self.read_live();
        live[version.index()].as_ref().is_some_and(|(held, _)| *held == version).then_some(live)
    }

    /// The half minute to make keys for.
    fn slot_of(&self, now: Timestamp) -> Result<SadKeyVersion, RingError> {
        SadKeyVersion::at(now.millis()).ok_or(RingError::Clock)?;
        let version = SadKeyVersion::at(self.observe(now)).ok_or(RingError::Clock)?;
        if version.starts_too_late_for(now.millis()) { Err(RingError::Clock) } else { Ok(version) }
    }

    /// The latest time that any caller has brought, this one included.
    fn observe(&self, now: Timestamp) -> i64 {
        let latest = self.latest.load(Ordering::Relaxed);
        if now.millis() <= latest {
            return latest;
        }
        self.latest.fetch_max(now.millis(), Ordering::Relaxed).max(now.millis())
    }

    // Every change under these locks is one assignment, so a poisoned lock guards nothing half done.

    fn read_live(&self) -> RwLockReadGuard<'_, Slots> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_live(&self) -> RwLockWriteGuard<'_, Slots> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_proposals(&self) -> MutexGuard<'_, Vec<Proposal>> {
        self.proposals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_file(&self) -> MutexGuard<'_, RingFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ring(..)")
    }
}
