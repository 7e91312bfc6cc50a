//! Nodes of one store: numbers, clocks, starts at once, and what becomes of a node that lost its place.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use coffer_core::{
    Clock, RedeemError, Refused, StartError,
    store::{Model, Store},
};
use coffer_types::{Timestamp, limits};

use crate::support::{Company, Node, Setup, at, lines_of, run, wait, while_beating};

/// The keys of two tenants: the KEK, two of the deployment, four of each tenant.
const KEYS: usize = 1 + 1 + 3 + 2 * 4;

/// The node's number in a token's.
fn node_of(node: &Node, token: &coffer_crypto::LocatorBytes) -> u64 {
    (node.vault.locate_token(token).unwrap().1.get() >> 12) & 0x3FF
}

#[test]
fn nodes_have_numbers_of_their_own() {
    wait(async {
        let company = Company::new();
        let nodes = [company.open(1).await, company.open(2).await, company.open(3).await];
        for (at, node) in (0..).zip(&nodes) {
            let token = node.try_create(None).await.unwrap();
            assert_eq!(node_of(node, &token), at);
            assert!(node.vault.ready());
        }
        nodes[1].vault.close().await;
        assert_eq!(company.leases().len(), 2, "nobody waits for it");
        nodes[1].vault.beat().await.unwrap();
        assert_eq!(company.leases().len(), 2, "and it does not come back");
        assert_eq!(nodes[1].try_create(None).await, Err(Refused::Unavailable));
    });
}

#[test]
fn a_start_without_a_number_says_so() {
    wait(async {
        let company = Company::new();
        company.join_all(limits::NODES).await;
        let refused = company.setup(1).start().await.unwrap_err();
        assert!(matches!(refused, StartError::NoNumber));
        assert!(refused.to_string().starts_with("the store has no number for another node: at most 1024 "));
        company.peers.advance(limits::NODE_REST_SECONDS);
        assert!(company.setup(1).start().await.is_ok());
    });
}

#[test]
fn a_start_with_a_wrong_root_key_uses_no_number() {
    wait(async {
        let company = Company::new();
        drop(company.open(1).await);
        company.peers.advance(limits::PEER_LIVE_SECONDS);
        let root = coffer_crypto::RootKey::parse_hex(&"a5".repeat(32)).unwrap();
        let refused = Setup { root, ..company.setup(2) }.start().await.unwrap_err();
        assert!(matches!(refused, StartError::WrongRoot));
        assert!(company.leases().is_empty());
    });
}

#[test]
fn a_node_that_lost_its_number_writes_nothing_until_it_has_another() {
    wait(async {
        let company = Company::new();
        let node = company.open(1).await;
        let before = node.create("123").await;
        company.peers.revoke(company.leases()[0]);
        assert!(node.vault.ready() && node.try_create(None).await.is_ok(), "it does not know yet");
        company.join_all(limits::NODES - 1).await;
        assert_eq!(node.vault.beat().await, Err(Refused::Unavailable), "there is no other number");
        assert!(!node.vault.ready());
        let lines = lines_of(&*company.model, "token.create").len();
        assert_eq!(node.try_create(None).await, Err(Refused::Unavailable));
        assert_eq!(node.try_create(Some("123")).await, Err(Refused::Unavailable));
        assert_eq!(node.code(&before).await, Err(RedeemError::Refused(Refused::Unavailable)));
        assert_eq!(lines_of(&*company.model, "token.create").len(), lines);
        assert_eq!(node.vault.beat().await, Err(Refused::Unavailable));
        company.peers.advance(limits::NODE_REST_SECONDS);
        node.vault.beat().await.unwrap();
        assert!(node.vault.ready() && node.try_create(None).await.is_ok());
    });
}

#[test]
fn a_node_that_lost_its_number_goes_on_with_another() {
    wait(async {
        let company = Company::new();
        let node = company.open(1).await;
        let before = node.create("123").await;
        company.peers.revoke(company.leases()[0]);
        node.vault.beat().await.unwrap();
        assert!(node.vault.ready());
        let after = node.create("456").await;
        assert_eq!((node_of(&node, &before), node_of(&node, &after)), (0, 1), "its old number rests");
        let number = |token| node.vault.locate_token(token).unwrap().1;
        assert!(number(&after) > number(&before));
        assert_eq!(node.code(&before).await, Ok("123".to_owned()), "its ring is the same");
        let two = while_beating(&[&node], company.open(2)).await;
        assert_eq!(two.code(&after).await, Ok("456".to_owned()), "and others are given it");
    });
}

#[test]
fn a_move_of_the_clock_is_seen_by_every_node_when_the_call_returns() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        one.vault.beat().await.unwrap();
        let token = one.create("123").await;
        assert_eq!(while_beating(&[&two], one.vault.advance_clock(60)).await, Ok(Some(60)));
        assert_eq!((one.vault.now(), two.vault.now()), (at(60_000), at(60_000)));
        assert_eq!(while_beating(&[&one], two.vault.advance_clock(1_740)).await, Ok(Some(1_800)));
        assert_eq!(one.code(&token).await, Err(RedeemError::NotUsable));
        assert_eq!(two.code(&token).await, Err(RedeemError::NotUsable));
        assert_eq!(while_beating(&[&one], two.vault.advance_clock(30)).await, Ok(Some(1_830)));
        assert_eq!(
            (one.vault.ring_age_seconds(), two.vault.ring_age_seconds()),
            (0, 0),
            "the key is gone from both"
        );
        // Who does not beat any more is not waited for.
        company.peers.advance(limits::PEER_LIVE_SECONDS);
        assert_eq!(run(one.vault.advance_clock(1)), Ok(Some(1_831)));
        // And who comes later stands where all stand.
        assert_eq!(company.open(3).await.vault.now(), at(1_831_000));
    });
}

#[test]
fn time_is_the_stores_and_a_clock_that_differs_makes_a_node_not_ready() {
    wait(async {
        let company = Company::new();
        let system = Clock::system();
        let moved = |seconds: i64| Timestamp::from_millis(system.now().millis() + seconds * 1_000);
        company.peers.set_now(moved(10));
        let setup = Setup { clock: Arc::new(Clock::following()), ..company.setup(1) };
        let vault = setup.start().await.unwrap();
        let now = vault.now().millis();
        assert!(
            (moved(8).millis()..=moved(11).millis()).contains(&now),
            "the store's time and not the system's"
        );
        assert!(!vault.ready(), "the system's clock is ten seconds behind");
        assert!((-10_000..-8_000).contains(&vault.clock_skew_millis()));
        company.peers.set_now(moved(11));
        vault.beat().await.unwrap();
        assert!(!vault.ready());
        // The store's clock is right again: now this node's time is ahead of it, and does not go back.
        let before = vault.now();
        company.peers.set_now(moved(0));
        vault.beat().await.unwrap();
        assert!(vault.now() >= before && !vault.ready());
        assert!(vault.clock_skew_millis().abs() < 2_000);
        company.peers.set_now(moved(12));
        vault.beat().await.unwrap();
        company.peers.set_now(moved(-7_200));
        vault.beat().await.unwrap();
        assert!(vault.now() >= before && !vault.ready(), "set back by hours: time goes on");

        let company = Company::new();
        company.peers.set_now(moved(0));
        let setup = Setup { clock: Arc::new(Clock::following()), ..company.setup(1) };
        assert!(setup.start().await.unwrap().ready(), "clocks that agree");
    });
}

#[test]
fn many_first_starts_at_once_make_one_vault() {
    for round in 0..20_u64 {
        let company = Company::new();
        let begin = Barrier::new(4);
        let nodes: Vec<Node> = thread::scope(|scope| {
            let start = |seed: u64| {
                let (company, begin) = (&company, &begin);
                scope.spawn(move || {
                    begin.wait();
                    wait(company.open(100 * round + seed))
                })
            };
            let threads: Vec<_> = (0..4).map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(run(company.model.keys()).unwrap().len(), KEYS);
        assert_eq!(lines_of(&*company.model, "key.create").len(), KEYS);
        assert_eq!(lines_of(&*company.model, "vault.start").len(), 4);
        wait(async {
            for node in &nodes {
                node.vault.beat().await.unwrap();
            }
            let token = nodes[0].create("123").await;
            assert_eq!(nodes[3].code(&token).await, Ok("123".to_owned()));
        });
    }
}

#[test]
fn a_node_alone_waits_for_nobody() {
    let model = Arc::new(Model::new());
    let vault = Setup::over(Arc::clone(&model) as Arc<dyn Store>).open().unwrap();
    assert_eq!(run(vault.beat()), Ok(()));
    assert!(vault.ready());
    assert_eq!(vault.clock_skew_millis(), 0);
}
