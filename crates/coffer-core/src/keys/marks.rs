//! Marks: counters of the store that tell of one key each, as far as this process has read them.
//!
//! A mark that is set never changes again, and one that is not is set by the node that does the upkeep: so each is read
//! once, and a turn of the upkeep with nothing to do reads none, however many keys wait for their time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use coffer_types::limits;

use super::load::Loaded;
use crate::{
    store::CounterKey,
    vault::{Refused, Vault},
};

/// What is known of marks and of counts. Of keys that are destroyed it knows nothing.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// The revision of the keys that these belong to.
    revision: u64,
    /// Those that are set, and to what.
    set: BTreeMap<CounterKey, u64>,
    /// Those that were not set when they were read. Another node may set them: they count while this one leads.
    unset: BTreeSet<CounterKey>,
    /// Counts of writes that are still to be looked at in this round.
    pub(crate) counts: VecDeque<CounterKey>,
}

impl Marks {
    /// The value of a mark; none where that is not known. Zero: it is not set.
    pub(crate) fn known(&self, mark: CounterKey) -> Option<u64> {
        self.set.get(&mark).copied().or_else(|| self.unset.contains(&mark).then_some(0))
    }

    pub(crate) fn note(&mut self, mark: CounterKey, value: u64) {
        if value > 0 {
            self.unset.remove(&mark);
            self.set.insert(mark, value);
        } else {
            self.unset.insert(mark);
        }
    }

    /// Another node may have set those that are not, or has: they are read again.
    pub(crate) fn forget_unset(&mut self) {
        self.unset.clear();
    }

    /// Keeps those that can still be asked for, where the keys have changed.
    fn keep_only(&mut self, loaded: &Loaded, asked: &BTreeSet<CounterKey>) {
        if self.revision != loaded.revision {
            self.revision = loaded.revision;
            self.set.retain(|mark, _| asked.contains(mark));
            self.unset.clear();
        }
    }
}

impl Vault {
    /// Reads marks that are not known yet, at most [`limits::WALK_ROWS`]: they come at the pace of records that are
    /// renewed. True where all of them are known.
    pub(crate) async fn learn_marks(
        &self,
        loaded: &Loaded,
        asked: &BTreeSet<CounterKey>,
    ) -> Result<bool, Refused> {
        let at_most = limits::WALK_ROWS as usize;
        let unknown: Vec<CounterKey> = {
            let mut marks = self.keys.marks();
            marks.keep_only(loaded, asked);
            let is_unknown = |mark: &CounterKey| marks.known(*mark).is_none();
            asked.iter().copied().filter(is_unknown).take(at_most + 1).collect()
        };
        for mark in unknown.iter().take(at_most) {
            let value = self.store.counter(*mark).await?;
            self.keys.marks().note(*mark, value);
        }
        Ok(unknown.len() <= at_most)
    }

    /// The value of a mark, read where it is not known to be set.
    pub(crate) async fn mark_at(&self, mark: CounterKey) -> Result<u64, Refused> {
        if let Some(value) = self.keys.marks().known(mark).filter(|value| *value > 0) {
            return Ok(value);
        }
        Ok(self.store.counter(mark).await?)
    }
}
