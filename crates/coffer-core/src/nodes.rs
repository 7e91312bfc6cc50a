//! Nodes: how this process lives beside others on one store. It holds a lease on its number, follows the store's clock,
//! and knows who else lives (`docs/decisions/0027`, `0028`).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use coffer_crypto::{Exchange, Keyring, SadKeyVersion};
use coffer_types::limits;
use tokio::time::sleep;

use crate::{
    keys::status::NodeKeys,
    numbers::Numbers,
    peers::{Announcement, Beat, LeaseId, Peer, Peers},
    ring_keys::{NEW_FOR, Offering},
    start::{StartError, VaultParts},
    store::StoreError,
    vault::{Refused, Vault},
};

/// How long a move of the sandbox's clock waits for the other nodes.
const MOVES_FOR: Duration = Duration::from_secs(5);
/// How long it waits before it looks again.
const MOVES_EVERY: Duration = Duration::from_millis(limits::SANDBOX_BEAT_MILLIS / 4);

/// What this process shares with others.
pub(crate) struct Nodes {
    pub(crate) peers: Arc<dyn Peers>,
    pub(crate) exchange: Exchange,
    /// Held by whoever makes the key of a half minute known.
    pub(crate) offering: tokio::sync::Mutex<Offering>,
    /// Held for the time of a beat: one comes after the other.
    beating: tokio::sync::Mutex<()>,
    lease: Mutex<Lease>,
    others: Mutex<Others>,
    /// A clock is wrong: this one's, the system's or the store's.
    skewed: AtomicBool,
    /// The store has keys that could not be loaded.
    behind: AtomicBool,
    /// When what is dead was last taken away.
    forgot: Mutex<Option<Instant>>,
}

struct Lease {
    id: LeaseId,
    node: u16,
    state: Held,
    /// When the last good beat was sent.
    renewed: Instant,
    /// When the number was asked for.
    joined: Instant,
}

impl Lease {
    /// Under which process's name a lost number is asked for anew.
    fn lost(&self) -> Option<LeaseId> {
        match self.state {
            Held::Lost(next) => Some(next),
            Held::Yes | Held::Left => None,
        }
    }

    /// Time without a beat counts, whatever any clock says of the hour.
    fn is_good_at(&self, now: Instant) -> bool {
        let silent = now.saturating_duration_since(self.renewed);
        self.state == Held::Yes && silent < Duration::from_secs(limits::PEER_WRITES_SECONDS)
    }
}

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Yes,
    /// Lost; under this one a new number is asked for.
    Lost(LeaseId),
    /// The vault is closed.
    Left,
}

/// What a beat brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewed {
    Kept,
    /// The same, and the sandbox's clock was moved.
    Moved,
    /// The same, and the store has keys that this node has not.
    Rekeyed,
    Lost,
}

/// Who lives, as the last beat told it.
#[derive(Default)]
pub(crate) struct Others {
    pub(crate) live: Vec<Peer>,
    /// What is known of each of them.
    pub(crate) known: BTreeMap<LeaseId, Known>,
    /// Half minutes whose share does not open here: told once.
    pub(crate) unopened: BTreeSet<u32>,
}

/// What is known of a process that lives.
#[derive(Default)]
pub(crate) struct Known {
    /// When a key was first sealed for it.
    pub(crate) since: Option<Instant>,
    /// The half minutes whose keys it was given.
    pub(crate) given: BTreeSet<u32>,
    /// What it announced was not made by a node of this vault: told once.
    pub(crate) is_strange: bool,
}

/// A number, before there are keys.
pub(crate) struct Joined {
    peers: Arc<dyn Peers>,
    lease: LeaseId,
    pub(crate) node: u16,
    renewed: Instant,
}

impl Joined {
    /// Takes a number and sets the clock. None for a process that has its store alone.
    pub(crate) async fn join(parts: &VaultParts) -> Result<Option<Self>, StartError> {
        let Some(peers) = parts.peers.clone() else { return Ok(None) };
        let mut lease = LeaseId([0; 16]);
        parts.entropy.fill(&mut lease.0).map_err(|_| StartError::Entropy)?;
        let node = peers.join(lease).await?.ok_or(StartError::NoNumber)?;
        let renewed = Instant::now();
        let beat = peers.beat(node, lease, Announcement::default()).await?;
        let beat = beat.ok_or(StartError::Store(StoreError::Unavailable))?;
        parts.clock.observe(renewed, Instant::now(), beat.now);
        parts.clock.set_offset(beat.clock_offset);
        tracing::info!(
            node,
            others = beat.peers.len().saturating_sub(1),
            "the node has a number of the store"
        );
        Ok(Some(Self { peers, lease, node, renewed }))
    }

    pub(crate) fn with_keys(self, parts: &VaultParts, keys: &Keyring) -> Result<Nodes, StartError> {
        let now = parts.clock.unmoved();
        let exchange = Exchange::new(keys.ring_key(), parts.environment, &*parts.entropy, now);
        let Self { peers, lease: id, node, renewed } = self;
        Ok(Nodes {
            peers,
            exchange: exchange.map_err(|_| StartError::Entropy)?,
            offering: tokio::sync::Mutex::default(),
            beating: tokio::sync::Mutex::default(),
            lease: Mutex::new(Lease { id, node, state: Held::Yes, renewed, joined: renewed }),
            others: Mutex::default(),
            skewed: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            forgot: Mutex::new(None),
        })
    }
}

impl Nodes {
    /// Whether the node's number is surely its own, and its keys are those that the others use.
    pub(crate) fn may_draw(&self) -> bool {
        !self.behind.load(Ordering::Acquire) && self.lock_lease().is_good_at(Instant::now())
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.may_draw() && !self.skewed.load(Ordering::Acquire)
    }

    /// The name of this process.
    pub(crate) fn id(&self) -> LeaseId {
        self.lock_lease().id
    }

    /// Whether others may have made keys before they knew of this process: they give it those with their next beat.
    pub(crate) fn awaits_keys(&self) -> bool {
        let (id, joined) = {
            let lease = self.lock_lease();
            (lease.id, lease.joined)
        };
        joined.elapsed() < NEW_FOR && self.others().live.iter().any(|peer| peer.lease != id)
    }

    pub(crate) fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time to take away what is dead, a few times a minute; then it counts as done.
    pub(crate) fn is_due_to_forget(&self) -> bool {
        let mut forgot = self.forgot.lock().unwrap_or_else(PoisonError::into_inner);
        let due = forgot.is_none_or(|at| at.elapsed() >= Duration::from_secs(15));
        if due {
            *forgot = Some(Instant::now());
        }
        due
    }

    /// There is more to take away.
    pub(crate) fn forget_again(&self) {
        *self.forgot.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn lock_lease(&self) -> MutexGuard<'_, Lease> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over who lives; what was known of the others goes.
    fn learn(&self, peers: Vec<Peer>) {
        let mut others = self.others();
        let mut before = std::mem::take(&mut others.known);
        let known = peers.iter().map(|peer| (peer.lease, before.remove(&peer.lease).unwrap_or_default()));
        others.known = known.collect();
        others.live = peers;
    }

    /// Whether every node that lives works with the keys of a revision.
    pub(crate) fn have_keys(&self, revision: u64) -> bool {
        self.others().live.iter().all(|peer| peer.says.key_revision >= revision)
    }

    /// The lowest node that lives and does not work with the keys of a revision.
    pub(crate) fn behind(&self, revision: u64) -> Option<u16> {
        let others = self.others();
        let behind = others.live.iter().filter(|peer| peer.says.key_revision < revision);
        behind.map(|peer| peer.node).min()
    }

    /// The nodes that live, and the revisions of their keys.
    pub(crate) fn keys(&self) -> Vec<NodeKeys> {
        let of = |peer: &Peer| NodeKeys { node: peer.node, revision: peer.says.key_revision };
        self.others().live.iter().map(of).collect()
    }

    /// A node that lives and would start with another root; one that has none at hand is not known to.
    pub(crate) fn without_root(&self, root: &[u8]) -> Option<u16> {
        let others = self.others();
        let other = others.live.iter().find(|peer| !peer.says.root.is_empty() && peer.says.root != root);
        other.map(|peer| peer.node)
    }

    /// Whether a node that lives would start with this root.
    pub(crate) fn have_root(&self, root: &[u8]) -> bool {
        self.others().live.iter().any(|peer| peer.says.root == root)
    }

    /// Whether this node does what one node does for all: the lowest number that lives.
    pub(crate) fn leads(&self) -> bool {
        let own = self.id();
        self.others().live.iter().min_by_key(|peer| peer.node).is_none_or(|peer| peer.lease == own)
    }

    /// Whether all others have moved their clocks so far.
    fn have_moved(&self, offset: u64) -> bool {
        let own = self.id();
        self.others().live.iter().all(|peer| peer.lease == own || peer.says.clock_offset >= offset)
    }
}

impl Vault {
    /// Renews the node's lease, puts the clock right, learns who lives, and gives and takes keys of the ring. A node
    /// calls it every [`limits::BEAT_MILLIS`], a sandbox every [`limits::SANDBOX_BEAT_MILLIS`]. A process that has its
    /// store alone has nothing to do.
    pub async fn beat(&self) -> Result<(), Refused> {
        let Some(nodes) = &self.nodes else { return Ok(()) };
        let _turn = nodes.beating.lock().await;
        if nodes.lock_lease().state == Held::Left {
            return Ok(());
        }
        // A lost lease is known by the first beat; who moved the clock waits to hear that it is moved here.
        for _ in 0..3 {
            let lost = nodes.lock_lease().lost();
            if let Some(next) = lost {
                self.join_again(nodes, next).await?;
            }
            match self.renew(nodes).await? {
                Renewed::Kept => break,
                // Told to the others with the next turn.
                Renewed::Rekeyed => {
                    let loaded = self.reload_keys().await;
                    nodes.behind.store(loaded.is_err(), Ordering::Release);
                    loaded?;
                }
                Renewed::Moved | Renewed::Lost => {}
            }
        }
        if !nodes.may_draw() {
            return Err(Refused::Unavailable);
        }
        self.reload_restored().await?;
        self.give_keys(nodes).await?;
        self.take_keys(nodes, SadKeyVersion::lowest_live_at(self.now())).await
    }

    /// One beat.
    async fn renew(&self, nodes: &Nodes) -> Result<Renewed, Refused> {
        let (id, node) = {
            let lease = nodes.lock_lease();
            (lease.id, lease.node)
        };
        let exchange = nodes.exchange.announcement(&id.0, self.clock.unmoved(), &*self.entropy);
        let exchange = exchange.map_err(|_| Refused::Unavailable)?;
        let says = Announcement {
            exchange,
            clock_offset: self.clock.offset_seconds(),
            key_revision: self.keys.load().revision,
            root: self.keys.root(),
        };
        let sent = Instant::now();
        let Some(beat) = nodes.peers.beat(node, id, says).await? else {
            self.lose(nodes, id)?;
            return Ok(Renewed::Lost);
        };
        let received = Instant::now();
        // Who was silent writes again with the newest keys, and not before.
        if beat.key_revision <= self.keys.load().revision {
            let mut lease = nodes.lock_lease();
            if lease.id == id && lease.state == Held::Yes {
                lease.renewed = sent;
            }
        }
        self.follow(nodes, sent, received, beat)
    }

    fn follow(
        &self,
        nodes: &Nodes,
        sent: Instant,
        received: Instant,
        beat: Beat,
    ) -> Result<Renewed, Refused> {
        self.clock.observe(sent, received, beat.now);
        self.judge_clocks(nodes);
        nodes.learn(beat.peers);
        if beat.key_revision > self.keys.load().revision || self.keys.is_behind() {
            return Ok(Renewed::Rekeyed);
        }
        if beat.clock_offset <= self.clock.offset_seconds() {
            return Ok(Renewed::Kept);
        }
        self.clock.set_offset(beat.clock_offset);
        self.sweep_ring()?;
        Ok(Renewed::Moved)
    }

    /// Where clocks differ by more than they may, the node is not ready; each change is told once.
    fn judge_clocks(&self, nodes: &Nodes) {
        let (skew, ahead) = (self.clock.skew_millis(), self.clock.ahead_of_store_millis());
        let bound = limits::CLOCK_SKEW_SECONDS * 1_000;
        let skewed = skew.abs() > bound || ahead > bound;
        if nodes.skewed.swap(skewed, Ordering::AcqRel) == skewed {
            return;
        }
        if skewed {
            tracing::warn!(skew, ahead, "the clocks of node and store differ: the node is not ready");
        } else {
            tracing::warn!(skew, ahead, "the clocks of node and store agree again");
        }
    }

    /// The number may be another's: none is drawn until there is a new one.
    fn lose(&self, nodes: &Nodes, id: LeaseId) -> Result<(), Refused> {
        let mut next = LeaseId([0; 16]);
        let drawn = self.entropy.fill(&mut next.0);
        let mut lease = nodes.lock_lease();
        if lease.id == id && lease.state == Held::Yes {
            // Without randomness the old lease is lost all the same, and asked for again.
            lease.state = Held::Lost(if drawn.is_ok() { next } else { id });
            tracing::warn!(node = lease.node, "the node has lost its number: it asks for another");
        }
        drawn.map_err(|_| Refused::Unavailable)
    }

    async fn join_again(&self, nodes: &Nodes, next: LeaseId) -> Result<(), Refused> {
        let renewed = Instant::now();
        let Some(node) = nodes.peers.join(next).await? else {
            tracing::error!("the node has no number: all of the store's are in use or rest");
            return Err(Refused::Unavailable);
        };
        let newest = self.store.newest_number().await?;
        if let Some(newest) = newest {
            self.clock.raise_to(Numbers::time_of(newest));
        }
        self.numbers.change(node, newest);
        let mut lease = nodes.lock_lease();
        if lease.state == Held::Lost(next) {
            *lease = Lease { id: next, node, state: Held::Yes, renewed, joined: renewed };
        }
        tracing::warn!(node, "the node has another number");
        Ok(())
    }

    /// Nobody waits for the node any more.
    pub(crate) async fn leave(&self) {
        let Some(nodes) = &self.nodes else { return };
        let _turn = nodes.beating.lock().await;
        let (id, node) = {
            let mut lease = nodes.lock_lease();
            lease.state = Held::Left;
            (lease.id, lease.node)
        };
        if nodes.peers.leave(node, id).await.is_err() {
            tracing::warn!(node, "the node could not give back its number: others wait for it a little");
        }
    }

    /// Waits until every node that lives has moved its clock so far, for a few seconds at most.
    pub(crate) async fn await_moved(&self, offset: u64) {
        let Some(nodes) = &self.nodes else { return };
        let until = Instant::now() + MOVES_FOR;
        loop {
            if self.beat().await.is_ok() && nodes.have_moved(offset) {
                return;
            }
            if Instant::now() >= until {
                tracing::warn!("a node that lives has not moved its clock in time");
                return;
            }
            sleep(MOVES_EVERY).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_silent_for_long_draws_no_number() {
        let renewed = Instant::now();
        let lease = |state| Lease { id: LeaseId([1; 16]), node: 3, state, renewed, joined: renewed };
        let after = |seconds| renewed + Duration::from_secs(seconds);
        assert!(lease(Held::Yes).is_good_at(after(0)) && lease(Held::Yes).is_good_at(after(11)));
        assert!(!lease(Held::Yes).is_good_at(after(12)), "the others count it as gone three seconds later");
        assert!(!lease(Held::Lost(LeaseId([2; 16]))).is_good_at(renewed));
        assert!(!lease(Held::Left).is_good_at(renewed));
    }
}
