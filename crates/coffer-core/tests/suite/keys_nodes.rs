//! Keys that change while several nodes serve: no step before all have met, and none by a node that nobody waits for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use coffer_core::{Hurry, KekSource, KekSourceError, Level, Refused, RootError, RotateError, store::Store};
use coffer_crypto::{
    Entropy, Environment, Kek, KeyPurpose, KeyState, KeyVersion, RootId, RootKey, WrappedKey,
};
use coffer_types::limits;

use crate::support::{
    Company, MASTERCARD, Node, POLICY, Setup, VISA, act, at, card, rows_of, run, wait, while_beating,
};

/// The states of one purpose's versions, all tenants together, without doubles.
fn states(company: &Company, purpose: KeyPurpose) -> Vec<(u32, KeyState)> {
    let mut states: Vec<_> =
        rows_of(&company.model, purpose).iter().map(|row| (row.version, row.state)).collect();
    states.sort_unstable();
    states.dedup();
    states
}

/// An instrument of a customer by a node, and whether it was there.
async fn kept(node: &Node, pan: &str, customer: &str) -> bool {
    let token = node.vault.create(&act(), &card(pan, None, "Ada"), |created| created.locator).await.unwrap();
    let keep = coffer_core::Keep { customer, own: &crate::support::no_own };
    node.vault.exchange(&act(), &token, keep, |kept| kept.updated).await.unwrap()
}

#[test]
fn every_node_uses_the_new_keys_when_the_call_returns_and_sees_what_the_others_make() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        let levels = [Level::Kek, Level::Data, Level::Fingerprint];
        assert!(!kept(&one, VISA, "customer").await);
        for round in 0..3 {
            let rotated = while_beating(&[&two], one.vault.rotate_keys(&levels)).await.unwrap();
            assert!(rotated.iter().all(|level| level.to == level.from + 1), "{rotated:?}");
            for (node, other) in [(&one, &two), (&two, &one)] {
                assert!(kept(node, VISA, "customer").await && kept(other, VISA, "customer").await);
                let customer = format!("of node {round} {}", std::ptr::eq(node, &raw const one));
                assert!(!kept(node, MASTERCARD, &customer).await);
                assert!(kept(other, MASTERCARD, &customer).await, "what one made the other finds");
            }
            let status = while_beating(&[&two], one.vault.key_status(&POLICY)).await.unwrap();
            assert_eq!((status.nodes.len(), status.met), (2, true));
            while_beating(&[&two], async {
                for _ in 0..60 {
                    for node in [&one, &two] {
                        node.vault.keep_keys(&POLICY, Hurry::No).await.unwrap();
                        node.vault.beat().await.unwrap();
                    }
                }
            })
            .await;
        }
        assert_eq!(states(&company, KeyPurpose::Kek).last(), Some(&(4, KeyState::Active)));
        let retired = states(&company, KeyPurpose::Fingerprint);
        assert!(retired.iter().all(|(version, state)| (*version == 4) == (*state == KeyState::Active)));
    });
}

/// A node that lives and has not loaded the keys holds up every step; one that is gone holds up nothing.
#[test]
fn nothing_goes_on_before_every_node_that_lives_has_the_keys() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        let silent = async {
            for _ in 0..20 {
                one.vault.keep_keys(&POLICY, Hurry::No).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(RotateError::Waiting)
        };
        let rotated = tokio::select! {
            rotated = one.vault.rotate_keys(&[Level::Data]) => rotated,
            waited = silent => waited,
        };
        assert_eq!(rotated, Err(RotateError::Waiting));
        let waiting = [(1, KeyState::Active), (2, KeyState::Distributed)];
        assert_eq!(states(&company, KeyPurpose::DataDurable), waiting, "the second node has not loaded them");
        company.peers.advance(limits::PEER_LIVE_SECONDS);
        for _ in 0..5 {
            one.vault.keep_keys(&POLICY, Hurry::No).await.unwrap();
        }
        let gone_on = [(1, KeyState::DecryptOnly), (2, KeyState::Active)];
        assert_eq!(states(&company, KeyPurpose::DataDurable), gone_on, "nobody waits for it any more");
        // It comes back, and loads the keys with its first beat.
        two.vault.beat().await.unwrap();
        assert!(!kept(&two, VISA, "customer").await);
        assert!(kept(&one, VISA, "customer").await);
    });
}

/// Beside a node of a version that never loads keys again, nothing goes on.
#[test]
fn a_node_of_an_older_version_holds_up_every_rotation() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        let old = coffer_core::peers::LeaseId([7; 16]);
        let peers = &*company.peers;
        let number = coffer_core::peers::Peers::join(peers, old).await.unwrap().unwrap();
        let says = coffer_core::peers::Announcement::default();
        coffer_core::peers::Peers::beat(peers, number, old, says).await.unwrap();
        let rotated = tokio::time::timeout(
            Duration::from_millis(500),
            one.vault.rotate_keys(&[Level::Data, Level::Kek]),
        );
        assert!(rotated.await.is_err(), "it waits");
        assert_eq!(states(&company, KeyPurpose::Kek)[0], (1, KeyState::Active));
        let status = one.vault.key_status(&POLICY).await.unwrap();
        assert!(!status.met && status.nodes.iter().any(|node| node.revision == 0));
    });
}

/// One node does the upkeep, whichever; when it is gone another goes on with it.
#[test]
fn another_node_brings_a_rotation_to_its_end() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        for count in 0..30 {
            assert!(!kept(&one, VISA, &format!("customer {count}")).await);
        }
        let levels = [Level::Data, Level::Kek, Level::Fingerprint];
        let beating = [&two];
        let rotating = while_beating(&beating, one.vault.rotate_keys(&levels));
        let _ = tokio::time::timeout(Duration::from_millis(300), rotating).await;
        drop(one);
        company.peers.advance(limits::PEER_LIVE_SECONDS);
        for _ in 0..80 {
            two.vault.beat().await.unwrap();
            two.vault.keep_keys(&POLICY, Hurry::No).await.unwrap();
        }
        assert_eq!(states(&company, KeyPurpose::Kek).last(), Some(&(2, KeyState::Active)));
        let versions: Vec<u32> = crate::support::sealed_under(&company.model).into_keys().collect();
        assert_eq!(versions, [2]);
        assert!(kept(&two, VISA, "customer 3").await);
    });
}

/// A new locator key names records from a time on that every node knows of.
#[test]
fn nodes_name_a_record_alike_before_and_after_the_locator_key_changes() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        let before = one.create("123").await;
        let rotating = async {
            let _ =
                tokio::time::timeout(Duration::from_millis(400), one.vault.rotate_keys(&[Level::Locator]))
                    .await;
        };
        while_beating(&[&two], rotating).await;
        assert_eq!(states(&company, KeyPurpose::Locator).last(), Some(&(2, KeyState::Active)));
        let between = [one.create("456").await, two.create("456").await];
        for node in [&one, &two] {
            node.set_time(limits::PEER_LIVE_SECONDS * 1_000 + 1_000);
        }
        company.peers.set_now(at(limits::PEER_LIVE_SECONDS * 1_000 + 1_000));
        one.vault.beat().await.unwrap();
        two.vault.beat().await.unwrap();
        let after = [one.create("789").await, two.create("789").await];
        assert!(between.iter().all(|token| token.0[0] == 1) && after.iter().all(|token| token.0[0] == 2));
        for token in [before].into_iter().chain(between).chain(after) {
            for node in [&one, &two] {
                let read = node.vault.read_token(act().tenant, &token).await.unwrap().unwrap();
                assert_eq!(read.locator, token);
                let page = run(company.model.tokens(act().tenant, everything())).unwrap();
                assert_eq!(page.len(), 5);
            }
        }
    });
}

fn everything() -> coffer_core::store::Window {
    coffer_core::store::Window {
        from: coffer_types::RecordNumber::MIN,
        below: coffer_types::RecordNumber::MAX,
        skip: 0,
        at_most: 100,
        order: coffer_core::store::Order::NewestFirst,
    }
}

/// The root changes when every node would start with the new one.
#[test]
fn the_root_before_goes_when_every_node_has_the_next() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        let next = RootKey::parse_hex(&"77".repeat(32)).unwrap();
        one.vault.begin_root(&next).await.unwrap();
        let two = Node::of(Setup { root: next, ..company.setup(2) }).await;
        two.vault.beat().await.unwrap();
        assert_eq!(while_beating(&[&two], one.vault.finish_root()).await, Err(RootError::NotHere));
        let refused = while_beating(&[&one], two.vault.finish_root()).await;
        assert_eq!(refused, Err(RootError::NotEverywhere(0)), "the first would start with the one before");
        company.peers.advance(limits::PEER_LIVE_SECONDS);
        assert_eq!(while_beating(&[&two], two.vault.finish_root()).await.map(|_| ()), Ok(()));
        assert!(company.setup(3).start().await.is_err());
    });
}

/// Opens once: custodians brought the root and took it away again.
struct Once(RootKey, AtomicBool);

impl KekSource for Once {
    fn root(&self) -> Option<RootId> {
        None
    }

    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, KekSourceError> {
        // A start looks twice.
        if self.1.load(Ordering::Relaxed) {
            return Err(KekSourceError::Custodians);
        }
        self.0.open(environment, version, wrapped)
    }

    fn make(
        &self,
        _: Environment,
        _: KeyVersion,
        _: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError> {
        Err(KekSourceError::Custodians)
    }

    fn makes(&self) -> bool {
        false
    }
}

/// A node that the others went on without, and that cannot load the keys of meanwhile, writes nothing.
#[test]
fn a_node_that_cannot_load_the_keys_stops_writing() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        let source = Arc::new(Once(crate::support::root(), AtomicBool::new(false)));
        let two = company.setup(2).start_with(Arc::clone(&source) as Arc<dyn KekSource>).await.unwrap();
        source.1.store(true, Ordering::Relaxed);
        let (act, new) = (act(), card(VISA, None, "Ada"));
        let create = || two.create(&act, &new, |created| created.locator);
        assert!(create().await.is_ok());
        company.peers.advance(limits::PEER_LIVE_SECONDS);
        one.vault.rotate_keys(&[Level::Kek]).await.unwrap();
        for _ in 0..20 {
            one.vault.beat().await.unwrap();
            one.vault.keep_keys(&POLICY, Hurry::No).await.unwrap();
        }
        // What would bring the next KEK to it is gone, and it has no root to open it with.
        assert_eq!(two.beat().await, Err(Refused::Unavailable));
        assert!(!two.ready());
        assert_eq!(create().await, Err(Refused::Unavailable));
    });
}
