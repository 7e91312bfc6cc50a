//! What stood in the rows before, as keyed hashes: nothing of it can be read back, and each takes a few bytes.

use std::{
    collections::{HashMap, HashSet, hash_map::RandomState},
    hash::BuildHasher,
};

/// Keys that are drawn anew by each process.
#[derive(Default)]
pub(super) struct Hasher(RandomState, RandomState);

impl Hasher {
    /// Of 128 bits: two of a million are never alike.
    pub(super) fn hash(&self, parts: &[&str]) -> u128 {
        u128::from(self.0.hash_one(parts)) << 64 | u128::from(self.1.hash_one(parts))
    }
}

/// What the first reading of a file remembers.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) hasher: Hasher,
    pub(super) references: HashSet<u128>,
    /// Cards, each within what it is matched by.
    pub(super) cards: HashSet<u128>,
    /// Places that are left in namespaces.
    pub(super) places: HashMap<u128, usize>,
}
