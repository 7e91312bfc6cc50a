//! Keys of the ring between nodes: the key of a half minute is known to all before the first SAD is sealed under it,
//! and a node that comes later is given those that live (`docs/decisions/0027`).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use coffer_crypto::{OFFER_MARK_LEN, OfferMark, SadKeyVersion, ShareError, SharedRingKey, sha256};
use coffer_types::{Timestamp, limits};
use tokio::time::sleep;

use crate::{
    nodes::{Nodes, Others},
    peers::{LeaseId, Peer, RingShare},
    sweep::Swept,
    vault::{Refused, Vault},
};

/// How long SAD waits for the key of its half minute, when another node made it.
const WAITS_FOR: Duration = Duration::from_millis(1_500);
/// How long it waits before it looks again.
const WAITS_EVERY: Duration = Duration::from_millis(100);
/// After it waited in vain, nobody waits again for so long.
const RESTS_FOR: Duration = Duration::from_millis(500);
/// How long a start waits for the keys that live.
const STARTS_FOR: Duration = Duration::from_secs(5);
/// Other nodes that a start asks which keys live. Each of them knows all.
const STARTS_WITH: usize = 8;
/// For how long a process counts as new: whoever holds a key makes sure that it has it.
pub(crate) const NEW_FOR: Duration = Duration::from_secs(limits::PEER_LIVE_SECONDS.unsigned_abs());

/// The last half minute whose key could not be had, and when that was.
#[derive(Debug, Default)]
pub(crate) struct Offering(Option<(SadKeyVersion, Instant)>);

impl Offering {
    fn was_in_vain(&self, version: SadKeyVersion) -> bool {
        self.0.is_some_and(|(failed, at)| failed == version && at.elapsed() < RESTS_FOR)
    }
}

impl Vault {
    /// The key to seal SAD under now. With other nodes: known to all of them, and in this one's ring.
    pub(crate) async fn sad_key(&self, now: Timestamp) -> Result<SadKeyVersion, Refused> {
        let unavailable = |_| Refused::Unavailable;
        let Some(nodes) = &self.nodes else {
            return self.ring.current(now, &*self.entropy).map_err(unavailable);
        };
        let version = self.ring.slot(now).map_err(unavailable)?;
        if self.ring.holds(version) {
            return Ok(version);
        }
        let mut offering = nodes.offering.lock().await;
        let version = self.ring.slot(self.now()).map_err(unavailable)?;
        if self.ring.holds(version) {
            return Ok(version);
        }
        if offering.was_in_vain(version) || !nodes.may_draw() {
            return Err(Refused::Unavailable);
        }
        let made = self.agree_on_key(nodes).await;
        if made.is_err() {
            offering.0 = Some((version, Instant::now()));
        }
        made
    }

    /// Makes a new key known, or takes the one that another node made known before.
    async fn agree_on_key(&self, nodes: &Nodes) -> Result<SadKeyVersion, Refused> {
        let (version, key) =
            self.ring.propose(self.now(), &*self.entropy).map_err(|_| Refused::Unavailable)?;
        let shares = self.shares_for_all(nodes, version, &key)?;
        let given: Vec<LeaseId> = shares.iter().map(|share| share.lease).collect();
        if let Some(own) = shares.first() {
            // Should this process end before it hears of its offer, the next one with this ring asks for it.
            let noted = self.ring.note_offer(version, &key, mark_of(own.lease, &own.sealed), &*self.entropy);
            noted.map_err(|_| Refused::Unavailable)?;
        }
        if nodes.peers.offer(version.get(), shares).await? {
            self.take_in(version, &key)?;
            nodes.others().note_given(version, &given);
            return Ok(version);
        }
        let until = Instant::now() + WAITS_FOR;
        loop {
            self.take_keys(nodes, version).await?;
            if self.ring.holds(version) {
                return Ok(version);
            }
            if Instant::now() >= until {
                tracing::warn!(
                    slot = version.get(),
                    "the key of this half minute did not come: no code is taken"
                );
                return Err(Refused::Unavailable);
            }
            sleep(WAITS_EVERY).await;
        }
    }

    /// A share of a new key for every node that lives, and for this one: should it be cut off, it finds the key again.
    fn shares_for_all(
        &self,
        nodes: &Nodes,
        version: SadKeyVersion,
        key: &SharedRingKey,
    ) -> Result<Vec<RingShare>, Refused> {
        let own = nodes.id();
        let exchange = nodes.exchange.announcement(&own.0, self.clock.unmoved(), &*self.entropy);
        let exchange = exchange.map_err(|_| Refused::Unavailable)?;
        let sealed = nodes.exchange.seal_for(&own.0, &exchange, version, key, &*self.entropy);
        let mut shares = vec![RingShare { lease: own, sealed: sealed.map_err(|_| Refused::Unavailable)? }];
        let mut others = nodes.others();
        let live = others.live.clone();
        let rest = live.iter().filter(|peer| peer.lease != own);
        shares.extend(rest.filter_map(|peer| self.share_for(nodes, &mut others, peer, version, key)));
        Ok(shares)
    }

    /// A share for one node; none for one that did not announce a key yet, or that is not of this vault.
    fn share_for(
        &self,
        nodes: &Nodes,
        others: &mut Others,
        peer: &Peer,
        version: SadKeyVersion,
        key: &SharedRingKey,
    ) -> Option<RingShare> {
        if peer.says.exchange.is_empty() {
            return None;
        }
        let sealed =
            nodes.exchange.seal_for(&peer.lease.0, &peer.says.exchange, version, key, &*self.entropy);
        let known = others.known.entry(peer.lease).or_default();
        match sealed {
            Ok(sealed) => {
                known.is_strange = false;
                Some(RingShare { lease: peer.lease, sealed })
            }
            Err(ShareError::Announcement) if !std::mem::replace(&mut known.is_strange, true) => {
                tracing::error!(
                    node = peer.node,
                    "a node announces a key that is not of this vault: it gets none"
                );
                None
            }
            Err(_) => None,
        }
    }

    /// Gives the keys that live to processes that are new, this one included: so they say which there are.
    pub(crate) async fn give_keys(&self, nodes: &Nodes) -> Result<(), Refused> {
        let new = nodes.others().new_ones();
        if new.is_empty() {
            return Ok(());
        }
        for version in self.ring.held(self.now()) {
            let lacking: Vec<&Peer> = {
                let others = nodes.others();
                new.iter().filter(|peer| others.lacks(peer.lease, version)).collect()
            };
            if lacking.is_empty() {
                continue;
            }
            let key = self.ring.share(version, self.now()).map_err(|_| Refused::Unavailable)?;
            let Some(key) = key else { continue };
            let shares: Vec<RingShare> = {
                let mut others = nodes.others();
                let shares = lacking.into_iter();
                shares.filter_map(|peer| self.share_for(nodes, &mut others, peer, version, &key)).collect()
            };
            let given: Vec<LeaseId> = shares.iter().map(|share| share.lease).collect();
            if !shares.is_empty() {
                nodes.peers.share(version.get(), shares).await?;
                nodes.others().note_given(version, &given);
            }
        }
        nodes.others().settle(&new);
        Ok(())
    }

    /// Takes in what others sealed for this process, from a half minute on.
    pub(crate) async fn take_keys(&self, nodes: &Nodes, from: SadKeyVersion) -> Result<(), Refused> {
        if self.sad.is_dropped() {
            return Ok(());
        }
        self.confirm_offers(nodes).await?;
        let own = nodes.id();
        for (slot, sealed) in nodes.peers.shares(own, from.get()).await? {
            let version = SadKeyVersion::new(slot);
            nodes.others().note_given(version, &[own]);
            if self.ring.holds(version) || version < SadKeyVersion::lowest_live_at(self.now()) {
                continue;
            }
            let key = nodes.exchange.open(&own.0, version, &sealed, self.clock.unmoved());
            let taken = key.map_err(|_| Refused::Unavailable).and_then(|key| self.take_in(version, &key));
            if taken.is_err() && nodes.others().unopened.insert(slot) {
                tracing::error!(slot, "a key of the ring that another node sealed could not be taken in");
            }
        }
        nodes.others().forget_below(SadKeyVersion::lowest_live_at(self.now()));
        Ok(())
    }

    /// Takes in the keys that the process before, or this one, offered without hearing that the offer was taken. What
    /// an offer gave to its own maker was written with it or not at all, and nobody else can have sealed the same
    /// bytes.
    async fn confirm_offers(&self, nodes: &Nodes) -> Result<(), Refused> {
        let lowest = SadKeyVersion::lowest_live_at(self.now());
        for (version, marks) in self.ring.proposals().into_iter().filter(|(version, _)| *version >= lowest) {
            for mark in marks {
                let lease = LeaseId(*mark.first_chunk().ok_or(Refused::Unavailable)?);
                let shares = nodes.peers.shares(lease, version.get()).await?;
                let is_ours =
                    |slot: u32, sealed: &[u8]| slot == version.get() && mark_of(lease, sealed) == mark;
                if shares.iter().any(|(slot, sealed)| is_ours(*slot, sealed)) {
                    let confirmed = self.ring.confirm(version, self.now(), &*self.entropy);
                    confirmed.map_err(|_| Refused::Unavailable)?;
                }
            }
        }
        Ok(())
    }

    fn take_in(&self, version: SadKeyVersion, key: &SharedRingKey) -> Result<(), Refused> {
        let taken = self.ring.take_in(version, key, self.now(), &*self.entropy);
        taken.map_err(|_| Refused::Unavailable)
    }

    /// Looks for a key that the ring does not hold, before something is opened under it. A process that is new waits
    /// for it a little: whoever made the key may not have known of it yet.
    pub(crate) async fn fetch_key(&self, version: SadKeyVersion, now: Timestamp) -> Result<(), Refused> {
        let Some(nodes) = &self.nodes else { return Ok(()) };
        let until = Instant::now() + WAITS_FOR;
        while !self.ring.holds(version) && now.millis() < version.dead_millis() {
            self.take_keys(nodes, version).await?;
            if self.ring.holds(version) || !nodes.awaits_keys() || Instant::now() >= until {
                break;
            }
            sleep(WAITS_EVERY).await;
        }
        Ok(())
    }

    /// At the start: makes itself known, and waits a little for the keys that other nodes have.
    pub(crate) async fn meet_nodes(&self) -> Result<(), Refused> {
        let Some(nodes) = &self.nodes else { return Ok(()) };
        self.beat().await?;
        let until = Instant::now() + STARTS_FOR;
        let mut missing = self.missing_keys(nodes).await?;
        loop {
            missing.retain(|version| !self.ring.holds(*version));
            if missing.is_empty() {
                return Ok(());
            }
            if Instant::now() >= until {
                let missing = missing.len();
                tracing::warn!(missing, "keys of the ring did not come: some codes are not opened here");
                return Ok(());
            }
            sleep(WAITS_EVERY).await;
            self.beat().await?;
        }
    }

    /// The half minutes whose keys other nodes were given, and this one not.
    async fn missing_keys(&self, nodes: &Nodes) -> Result<BTreeSet<SadKeyVersion>, Refused> {
        let own = nodes.id();
        let live: Vec<LeaseId> = nodes.others().live.iter().map(|peer| peer.lease).collect();
        let lowest = SadKeyVersion::lowest_live_at(self.now());
        let mut missing = BTreeSet::new();
        if self.sad.is_dropped() {
            return Ok(missing);
        }
        for lease in live.into_iter().filter(|lease| *lease != own).take(STARTS_WITH) {
            let shares = nodes.peers.shares(lease, lowest.get()).await?;
            missing.extend(shares.iter().map(|(slot, _)| SadKeyVersion::new(*slot)));
        }
        Ok(missing)
    }

    /// One step, a few times a minute: shares of dead half minutes go.
    pub(crate) async fn forget_shares(&self) -> Result<Swept, Refused> {
        let Some(nodes) = self.nodes.as_ref().filter(|nodes| nodes.is_due_to_forget()) else {
            return Ok(Swept::Clean);
        };
        let lowest = SadKeyVersion::lowest_live_at(self.now());
        let gone = nodes.peers.forget(lowest.get(), limits::SWEEP_ROWS).await?;
        if gone < u64::from(limits::SWEEP_ROWS) {
            return Ok(Swept::Clean);
        }
        nodes.forget_again();
        Ok(Swept::More)
    }
}

/// By what the maker of an offer recognises it: who it was, and a digest of what it sealed for itself.
fn mark_of(lease: LeaseId, sealed: &[u8]) -> OfferMark {
    let (mut mark, digest) = ([0; OFFER_MARK_LEN], sha256(sealed));
    for (own, byte) in mark.iter_mut().zip(lease.0.into_iter().chain(digest)) {
        *own = byte;
    }
    mark
}

impl Others {
    fn note_given(&mut self, version: SadKeyVersion, to: &[LeaseId]) {
        for lease in to {
            self.known.entry(*lease).or_default().given.insert(version.get());
        }
    }

    fn forget_below(&mut self, lowest: SadKeyVersion) {
        self.unopened.retain(|slot| *slot >= lowest.get());
        for known in self.known.values_mut() {
            known.given.retain(|slot| *slot >= lowest.get());
        }
    }

    fn lacks(&self, lease: LeaseId, version: SadKeyVersion) -> bool {
        self.known.get(&lease).is_none_or(|known| !known.given.contains(&version.get()))
    }

    /// The processes that announce a key and may lack some of the ring's.
    fn new_ones(&self) -> Vec<Peer> {
        let is_new = |peer: &&Peer| {
            let since = self.known.get(&peer.lease).and_then(|known| known.since);
            !peer.says.exchange.is_empty() && since.is_none_or(|since| since.elapsed() < NEW_FOR)
        };
        self.live.iter().filter(is_new).cloned().collect()
    }

    /// They were given what there is. From now on they are new for a while.
    fn settle(&mut self, new: &[Peer]) {
        for peer in new {
            let known = self.known.entry(peer.lease).or_default();
            known.since = known.since.or(Some(Instant::now()));
        }
    }
}
