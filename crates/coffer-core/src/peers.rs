//! Peers: what the nodes of one vault share beside its records (`design.md` sections 4 and 6).
//!
//! A store that one process has alone has no peers. A store that many nodes share gives each a number for its record
//! numbers, tells the time by which all of them judge, and carries the keys of the ring from one to the others, sealed
//! for each.

#[cfg(feature = "contract")]
pub mod contract;
mod model;

use coffer_types::Timestamp;

use crate::store::Pending;
pub use model::ModelPeers;

/// Names one process among all that ever share a store. Drawn at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub [u8; 16]);

/// What a node says of itself with every beat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    /// The public half of the key by which others seal keys of the ring for it, authenticated by the vault's keys. At
    /// most [`coffer_types::limits::ANNOUNCED_KEY_BYTES`].
    pub exchange: Vec<u8>,
    /// By how many seconds the sandbox's clock is moved, as far as the node knows.
    pub clock_offset: u64,
    /// The value of [`crate::store::CounterKey::KEY_REVISION`] whose keys the node works with, and nothing older. Zero
    /// of a node that does not load keys again.
    pub key_revision: u64,
    /// The id of the root key that the node's custody would start with, as far as it knows. At most
    /// [`coffer_types::limits::ROOT_ID_BYTES`].
    pub root: Vec<u8>,
}

/// A node that lives: its lease was renewed within [`coffer_types::limits::PEER_LIVE_SECONDS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its number.
    pub node: u16,
    /// Its process.
    pub lease: LeaseId,
    /// What it said last.
    pub says: Announcement,
}

/// What a beat brings back, read in one statement of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The engine's own clock, not moved.
    pub now: Timestamp,
    /// By how many seconds the sandbox's clock is moved.
    pub clock_offset: u64,
    /// [`crate::store::CounterKey::KEY_REVISION`].
    pub key_revision: u64,
    /// All nodes that live, the caller's included.
    pub peers: Vec<Peer>,
}

/// A key of the ring, sealed for one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingShare {
    /// For whom.
    pub lease: LeaseId,
    /// The sealed key. At most [`coffer_types::limits::RING_SHARE_BYTES`].
    pub sealed: Vec<u8>,
}

/// What nodes that share a store need of it. Every call is durable when it returns.
pub trait Peers: Send + Sync + 'static {
    /// Takes a node number, 0 to 1023, that nobody has used for [`coffer_types::limits::NODE_REST_SECONDS`] by the
    /// engine's clock. None when there is none. A process whose call was cut off in between gets the same number when
    /// it asks again under the same lease.
    fn join(&self, lease: LeaseId) -> Pending<'_, Option<u16>>;

    /// Renews the lease and says who lives. None when the number is not this process's any more: then it draws no
    /// record number until it has joined again.
    fn beat(&self, node: u16, lease: LeaseId, says: Announcement) -> Pending<'_, Option<Beat>>;

    /// Ends the lease: nobody waits for the node any more. Its number rests.
    fn leave(&self, node: u16, lease: LeaseId) -> Pending<'_, ()>;

    /// Makes the key of a half minute known, if nobody has done so before: all shares are written or none. False when
    /// somebody has.
    fn offer(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, bool>;

    /// Adds shares of a key that is known already; those that are there stay as they are.
    fn share(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, ()>;

    /// The shares for one process of the half minutes from `from` on, lowest first; at most one a half minute.
    fn shares(&self, lease: LeaseId, from: u32) -> Pending<'_, Vec<(u32, Vec<u8>)>>;

    /// Erases what is there of half minutes below `below`, at most `at_most` rows; how many there were.
    fn forget(&self, below: u32, at_most: u32) -> Pending<'_, u64>;
}
