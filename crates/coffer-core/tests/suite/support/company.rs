//! Several vaults on one store, each as a node of its own.

use std::{future::Future, sync::Arc, time::Duration};

use coffer_core::{
    Clock, RedeemError, Vault,
    peers::{LeaseId, ModelPeers, Peers},
    store::{Model, Store},
};
use coffer_crypto::LocatorBytes;
use tokio::{select, time::sleep};

use super::{Draws, Setup, act, at, card, clear};

/// One store, and what its nodes share.
pub(crate) struct Company {
    pub(crate) model: Arc<Model>,
    pub(crate) peers: Arc<ModelPeers>,
}

impl Company {
    pub(crate) fn new() -> Self {
        let model = Arc::new(Model::new());
        let peers = Arc::new(ModelPeers::over(Arc::clone(&model) as Arc<dyn Store>, at(0)));
        Self { model, peers }
    }

    /// A node with randomness of its own, on a clock that stands still.
    pub(crate) fn setup(&self, seed: u64) -> Setup {
        Setup {
            draws: Draws::seeded(seed),
            peers: Some(Arc::clone(&self.peers) as Arc<dyn Peers>),
            ..Setup::over(Arc::clone(&self.model) as Arc<dyn Store>)
        }
    }

    pub(crate) async fn open(&self, seed: u64) -> Node {
        Node::of(self.setup(seed)).await
    }

    /// So many other processes take a number.
    pub(crate) async fn join_all(&self, count: u16) {
        for number in 0..count {
            let mut lease = [9; 16];
            lease[..2].copy_from_slice(&number.to_be_bytes());
            assert!(self.peers.join(LeaseId(lease)).await.unwrap().is_some());
        }
    }

    /// The processes that live.
    pub(crate) fn leases(&self) -> Vec<LeaseId> {
        self.peers.live().into_iter().map(|peer| peer.lease).collect()
    }
}

/// A vault and its clock.
pub(crate) struct Node {
    pub(crate) vault: Box<Vault>,
    clock: Arc<Clock>,
}

impl Node {
    pub(crate) async fn of(setup: Setup) -> Self {
        let clock = Arc::clone(&setup.clock);
        Self { vault: setup.start().await.unwrap(), clock }
    }

    /// So many milliseconds after the beginning it is.
    pub(crate) fn set_time(&self, millis: i64) {
        self.clock.raise_to(at(millis));
    }

    /// A token of a card with a code.
    pub(crate) async fn create(&self, code: &str) -> LocatorBytes {
        self.try_create(Some(code)).await.unwrap()
    }

    pub(crate) async fn try_create(&self, code: Option<&str>) -> Result<LocatorBytes, coffer_core::Refused> {
        self.vault.create(&act(), &card(super::VISA, code, "Ada"), |created| created.locator).await
    }

    /// The code that a token gives; empty where it gives none.
    pub(crate) async fn code(&self, token: &LocatorBytes) -> Result<String, RedeemError> {
        let number = self.vault.locate_token(token).unwrap().1;
        self.vault.redeem(&act(), number, |redeemed| clear(&redeemed.clear).1.unwrap_or_default()).await
    }
}

/// What a future gives, on a runtime that has timers.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// The same, while nodes go on beating.
pub(crate) async fn while_beating<F: Future>(nodes: &[&Node], future: F) -> F::Output {
    let beating = async {
        loop {
            for node in nodes {
                let _ = node.vault.beat().await;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    select! {
        given = future => given,
        () = beating => panic!("beats never end"),
    }
}
