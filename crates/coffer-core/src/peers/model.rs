//! Peers in memory: a plain state machine, the oracle that real engines are compared with.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use coffer_types::{Timestamp, limits};

use super::{Announcement, Beat, LeaseId, Peer, Peers, RingShare};
use crate::store::{CounterKey, Pending, Store};

/// What the nodes of one store share, in memory, with a clock that the test sets.
pub struct ModelPeers {
    /// Whose sandbox clock is moved.
    store: Arc<dyn Store>,
    state: Mutex<State>,
}

struct State {
    now: i64,
    leases: BTreeMap<u16, Lease>,
    shares: BTreeMap<(u32, LeaseId), Vec<u8>>,
}

struct Lease {
    id: LeaseId,
    used_at: i64,
    has_left: bool,
    says: Announcement,
}

impl ModelPeers {
    /// No nodes, at this time.
    pub fn over(store: Arc<dyn Store>, now: Timestamp) -> Self {
        let state = State { now: now.millis(), leases: BTreeMap::new(), shares: BTreeMap::new() };
        Self { store, state: Mutex::new(state) }
    }

    /// Sets the engine's clock.
    pub fn set_now(&self, now: Timestamp) {
        self.state().now = now.millis();
    }

    /// Moves the engine's clock forward.
    pub fn advance(&self, seconds: i64) {
        self.state().now += seconds * 1_000;
    }

    /// Gives the number of a process to nobody, as if it had been another's since.
    pub fn revoke(&self, lease: LeaseId) {
        let mut state = self.state();
        for held in state.leases.values_mut().filter(|held| held.id == lease) {
            held.id = LeaseId([0; 16]);
            held.has_left = true;
        }
    }

    /// The processes that live, by their numbers.
    pub fn live(&self) -> Vec<Peer> {
        self.state().live()
    }

    /// All shares that are there, by half minute and process.
    pub fn all_shares(&self) -> Vec<(u32, LeaseId, Vec<u8>)> {
        self.state().shares.iter().map(|((slot, lease), sealed)| (*slot, *lease, sealed.clone())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is done at once.
    fn answer<T: Send + 'static>(&self, act: impl FnOnce(&mut State) -> T) -> Pending<'_, T> {
        let value = act(&mut self.state());
        Box::pin(std::future::ready(Ok(value)))
    }
}

impl State {
    fn live(&self) -> Vec<Peer> {
        let lives =
            |lease: &Lease| !lease.has_left && self.now - lease.used_at < limits::PEER_LIVE_SECONDS * 1_000;
        let live = self.leases.iter().filter(|(_, lease)| lives(lease));
        live.map(|(node, lease)| Peer { node: *node, lease: lease.id, says: lease.says.clone() }).collect()
    }

    fn join(&mut self, id: LeaseId) -> Option<u16> {
        let own = self.leases.iter().find(|(_, lease)| lease.id == id && !lease.has_left);
        if let Some((node, _)) = own {
            return Some(*node);
        }
        let rested = |lease: &Lease| self.now - lease.used_at >= limits::NODE_REST_SECONDS * 1_000;
        let node = (0..limits::NODES).find(|node| self.leases.get(node).is_none_or(rested))?;
        let lease = Lease { id, used_at: self.now, has_left: false, says: Announcement::default() };
        self.leases.insert(node, lease);
        Some(node)
    }

    /// Renews a lease; gives back the time. None when it is not the process's.
    fn renew(&mut self, node: u16, id: LeaseId, says: Announcement) -> Option<i64> {
        let now = self.now;
        let lease = self.leases.get_mut(&node).filter(|lease| lease.id == id && !lease.has_left)?;
        *lease = Lease { id, used_at: now, has_left: false, says };
        Some(now)
    }

    fn add(&mut self, slot: u32, shares: Vec<RingShare>) {
        for RingShare { lease, sealed } in shares {
            self.shares.entry((slot, lease)).or_insert(sealed);
        }
    }

    fn is_known(&self, slot: u32) -> bool {
        self.shares.keys().any(|(known, _)| *known == slot)
    }
}

impl Peers for ModelPeers {
    fn join(&self, lease: LeaseId) -> Pending<'_, Option<u16>> {
        self.answer(|state| state.join(lease))
    }

    fn beat(&self, node: u16, lease: LeaseId, says: Announcement) -> Pending<'_, Option<Beat>> {
        Box::pin(async move {
            let clock_offset = self.store.counter(CounterKey::SANDBOX_CLOCK).await?;
            let key_revision = self.store.counter(CounterKey::KEY_REVISION).await?;
            let mut state = self.state();
            let now = state.renew(node, lease, says);
            let peers = state.live();
            Ok(now.map(|now| Beat { now: Timestamp::from_millis(now), clock_offset, key_revision, peers }))
        })
    }

    fn leave(&self, node: u16, lease: LeaseId) -> Pending<'_, ()> {
        self.answer(|state| {
            let now = state.now;
            if let Some(held) = state.leases.get_mut(&node).filter(|held| held.id == lease) {
                (held.has_left, held.used_at) = (true, now);
            }
        })
    }

    fn offer(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, bool> {
        self.answer(|state| {
            let is_first = !state.is_known(slot);
            if is_first {
                state.add(slot, shares);
            }
            is_first
        })
    }

    fn share(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, ()> {
        self.answer(|state| state.add(slot, shares))
    }

    fn shares(&self, lease: LeaseId, from: u32) -> Pending<'_, Vec<(u32, Vec<u8>)>> {
        self.answer(|state| {
            let all = state.shares.range((from, LeaseId([0; 16]))..);
            let own = all.filter(|((_, of), _)| *of == lease);
            own.map(|((slot, _), sealed)| (*slot, sealed.clone())).collect()
        })
    }

    fn forget(&self, below: u32, at_most: u32) -> Pending<'_, u64> {
        self.answer(|state| {
            let bound = usize::try_from(at_most).unwrap_or(usize::MAX);
            let dead = state.shares.range(..(below, LeaseId([0; 16]))).take(bound);
            let dead: Vec<_> = dead.map(|(key, _)| *key).collect();
            for key in &dead {
                state.shares.remove(key);
            }
            dead.len() as u64
        })
    }
}

#[cfg(all(test, feature = "contract"))]
mod tests {
    use super::*;
    use crate::{
        peers::contract::{Opened, all},
        store::Model,
    };

    #[test]
    fn keeps_the_contract() {
        all(&|| {
            let now = Timestamp::from_millis(1_800_000_000_000);
            let peers = Arc::new(ModelPeers::over(Arc::new(Model::new()), now));
            let aging = Arc::clone(&peers);
            Opened { peers, age: Box::new(move |seconds| aging.advance(seconds)) }
        });
    }
}
