//! Keys of the ring between nodes: a code that one node took in is given out by another, and by nobody when its time is
//! over.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use coffer_core::{
    Asked, Refused, Swept,
    peers::{Announcement, Beat, LeaseId, ModelPeers, Peers, RingShare},
    store::{Pending, StoreError},
};
use coffer_crypto::SadKeyVersion;

use crate::support::{
    Company, MINUTE, Node, Request, act, asked, at, create_once, leave, request, tenant, wait, while_beating,
};
use crate::support::{VISA, card};

/// Half a minute, in milliseconds.
const SLOT: i64 = 30_000;

/// The half minute in which tests begin.
fn slot() -> u32 {
    SadKeyVersion::lowest_live_at(at(30 * MINUTE + SLOT)).get() - 1
}

#[test]
fn a_code_that_one_node_took_in_is_given_out_by_another() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        one.vault.beat().await.unwrap();
        let first = one.create("123").await;
        let second = two.create("456").await;
        assert_eq!(two.code(&first).await, Ok("123".to_owned()));
        assert_eq!(one.code(&second).await, Ok("456".to_owned()));
        let slots: Vec<u32> = company.peers.all_shares().into_iter().map(|(slot, _, _)| slot).collect();
        assert_eq!(slots, vec![slot(), slot()], "one key for both, and a share of it for each");
    });
}

/// Both ways: the key comes with a beat, or when it is needed.
#[test]
fn a_key_comes_with_a_beat_before_it_is_needed() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        one.vault.beat().await.unwrap();
        let token = one.create("123").await;
        assert_eq!(two.vault.ring_age_seconds(), 0);
        two.set_time(10_000);
        two.vault.beat().await.unwrap();
        assert_eq!(two.vault.ring_age_seconds(), 10, "it has the key of the half minute");
        company.peers.forget(u32::MAX, u32::MAX).await.unwrap();
        assert_eq!(two.code(&token).await, Ok("123".to_owned()));
    });
}

#[test]
fn a_node_that_joins_later_gets_every_key_that_lives() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        let mut tokens = vec![one.create("100").await];
        for at in 1..4 {
            one.set_time(at * SLOT);
            tokens.push(one.create(&format!("10{at}")).await);
        }
        let setup = company.setup(2);
        setup.clock.raise_to(at(3 * SLOT));
        let two = while_beating(&[&one], Node::of(setup)).await;
        // Nobody is there any more who could give a key.
        company.peers.forget(u32::MAX, u32::MAX).await.unwrap();
        for (at, token) in tokens.iter().enumerate() {
            assert_eq!(two.code(token).await, Ok(format!("10{at}")));
        }
    });
}

/// The key was made between the new node's start and the maker's next beat.
#[test]
fn a_code_is_given_out_by_a_node_that_its_maker_did_not_know_yet() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        let token = one.create("123").await;
        assert_eq!(company.peers.all_shares().len(), 1, "for itself alone");
        assert_eq!(while_beating(&[&one], two.code(&token)).await, Ok("123".to_owned()));
    });
}

#[test]
fn a_restarted_node_gives_what_its_file_holds() {
    wait(async {
        let company = Company::new();
        let folder = tempfile::tempdir().unwrap();
        let setup =
            |seed| crate::support::Setup { ring: Some(folder.path().join("ring")), ..company.setup(seed) };
        let one = Node::of(setup(1)).await;
        let token = one.create("123").await;
        drop(one);
        company.peers.advance(20);
        let again = Node::of(setup(2)).await;
        let two = while_beating(&[&again], company.open(3)).await;
        assert_eq!(two.code(&token).await, Ok("123".to_owned()));
    });
}

#[test]
fn the_key_of_a_dead_half_minute_is_never_taken_in() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        one.create("123").await;
        let setup = company.setup(2);
        setup.clock.raise_to(at(30 * MINUTE + SLOT));
        let two = Node::of(setup).await;
        one.vault.beat().await.unwrap();
        let given = company.peers.all_shares().len();
        assert_eq!(given, 2, "the first, whose clock is behind, gave it to both");
        two.vault.beat().await.unwrap();
        assert_eq!(two.vault.ring_age_seconds(), 0, "its ring holds none");
        let setup = company.setup(3);
        setup.clock.raise_to(at(30 * MINUTE + SLOT - 1));
        let three = while_beating(&[&one], Node::of(setup)).await;
        assert_eq!(three.vault.ring_age_seconds(), 1_829, "a millisecond before, it is taken in");
    });
}

#[test]
fn shares_of_dead_half_minutes_are_erased() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        one.create("123").await;
        one.set_time(MINUTE);
        one.create("456").await;
        assert_eq!(one.vault.sweep().await, Ok(Swept::Clean));
        assert_eq!(company.peers.all_shares().len(), 2);
        one.set_time(30 * MINUTE + SLOT);
        let two = company.setup(2);
        two.clock.raise_to(at(30 * MINUTE + SLOT));
        let two = while_beating(&[&one], Node::of(two)).await;
        while two.vault.sweep().await.unwrap() == Swept::More {}
        let left: Vec<u32> = company.peers.all_shares().into_iter().map(|(slot, _, _)| slot).collect();
        assert_eq!(left, vec![slot() + 2, slot() + 2]);
    });
}

/// Peers whose offers are carried out and not answered, as when the connection or the node is gone.
struct CutOff {
    peers: Arc<ModelPeers>,
    cuts: AtomicBool,
}

impl Peers for CutOff {
    fn join(&self, lease: LeaseId) -> Pending<'_, Option<u16>> {
        self.peers.join(lease)
    }

    fn beat(&self, node: u16, lease: LeaseId, says: Announcement) -> Pending<'_, Option<Beat>> {
        self.peers.beat(node, lease, says)
    }

    fn leave(&self, node: u16, lease: LeaseId) -> Pending<'_, ()> {
        self.peers.leave(node, lease)
    }

    fn offer(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, bool> {
        Box::pin(async move {
            let won = self.peers.offer(slot, shares).await;
            if self.cuts.load(Ordering::SeqCst) { Err(StoreError::Unavailable) } else { won }
        })
    }

    fn share(&self, slot: u32, shares: Vec<RingShare>) -> Pending<'_, ()> {
        self.peers.share(slot, shares)
    }

    fn shares(&self, lease: LeaseId, from: u32) -> Pending<'_, Vec<(u32, Vec<u8>)>> {
        self.peers.shares(lease, from)
    }

    fn forget(&self, below: u32, at_most: u32) -> Pending<'_, u64> {
        self.peers.forget(below, at_most)
    }
}

/// What a process leaves that ends between its offer and its ring, and the ring that it leaves.
async fn ends_at_its_offer(
    company: &Company,
    ring: std::path::PathBuf,
) -> impl Fn(u64) -> crate::support::Setup {
    let setup = move |seed, company: &Company| crate::support::Setup {
        ring: Some(ring.clone()),
        ..company.setup(seed)
    };
    let cut = Arc::new(CutOff { peers: Arc::clone(&company.peers), cuts: AtomicBool::new(true) });
    let peers = Some(cut as Arc<dyn Peers>);
    let one = Node::of(crate::support::Setup { peers, ..setup(1, company) }).await;
    assert_eq!(one.try_create(Some("123")).await, Err(Refused::Unavailable));
    drop(one);
    let company = Company { model: Arc::clone(&company.model), peers: Arc::clone(&company.peers) };
    move |seed| setup(seed, &company)
}

#[test]
fn a_process_that_ends_before_it_hears_of_its_offer_leaves_the_key_to_the_next_one() {
    wait(async {
        let (company, folder) = (Company::new(), tempfile::tempdir().unwrap());
        let setup = ends_at_its_offer(&company, folder.path().join("ring")).await;
        let again = Node::of(setup(2)).await;
        let token = again.create("456").await;
        assert_eq!(again.code(&token).await, Ok("456".to_owned()), "in the same half minute");
        let token = again.create("789").await;
        let two = while_beating(&[&again], company.open(3)).await;
        assert_eq!(two.code(&token).await, Ok("789".to_owned()), "it is the key of all");
    });
}

/// Another node's key was taken for the half minute, and the process before had a share of it as well.
#[test]
fn what_was_offered_in_vain_is_never_sealed_under() {
    wait(async {
        let (company, folder) = (Company::new(), tempfile::tempdir().unwrap());
        let setup = ends_at_its_offer(&company, folder.path().join("ring")).await;
        let dead = company.leases();
        company.peers.forget(u32::MAX, u32::MAX).await.unwrap();
        let two = company.open(2).await;
        two.vault.beat().await.unwrap();
        let token = two.create("456").await;
        let given: Vec<LeaseId> = company.peers.all_shares().into_iter().map(|(_, lease, _)| lease).collect();
        assert!(dead.iter().all(|lease| given.contains(lease)), "the winner gave it to whoever lived");
        let again = while_beating(&[&two], Node::of(setup(3))).await;
        assert_eq!(again.code(&token).await, Ok("456".to_owned()));
        let own = again.create("789").await;
        assert_eq!(two.code(&own).await, Ok("789".to_owned()), "sealed under the key that won");
    });
}

#[test]
fn a_node_that_is_cut_off_after_its_offer_leaves_the_key_to_the_others_and_finds_it_again() {
    wait(async {
        let company = Company::new();
        let cut = Arc::new(CutOff { peers: Arc::clone(&company.peers), cuts: AtomicBool::new(false) });
        let setup = company.setup(1);
        let one =
            Node::of(crate::support::Setup { peers: Some(Arc::clone(&cut) as Arc<dyn Peers>), ..setup })
                .await;
        let two = company.open(2).await;
        one.vault.beat().await.unwrap();
        cut.cuts.store(true, Ordering::SeqCst);
        assert_eq!(one.try_create(Some("123")).await, Err(Refused::Unavailable));
        assert!(one.try_create(None).await.is_ok(), "what has no code goes on");
        let token = two.create("456").await;
        one.vault.beat().await.unwrap();
        assert_eq!(one.code(&token).await, Ok("456".to_owned()));
        let again = one.create("789").await;
        assert_eq!(two.code(&again).await, Ok("789".to_owned()));
    });
}

#[test]
fn without_the_key_of_its_half_minute_no_code_is_taken_and_the_next_one_works() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        // Somebody who did not know of this node made the key, and is gone.
        let other = RingShare { lease: LeaseId([9; 16]), sealed: vec![1; 89] };
        assert!(company.peers.offer(slot(), vec![other]).await.unwrap());
        assert_eq!(one.try_create(Some("123")).await, Err(Refused::Unavailable));
        let before = std::time::Instant::now();
        assert_eq!(one.try_create(Some("123")).await, Err(Refused::Unavailable));
        assert!(
            before.elapsed() < std::time::Duration::from_millis(500),
            "nobody waits for it again at once"
        );
        assert!(one.try_create(None).await.is_ok(), "what has no code goes on");
        one.set_time(SLOT);
        let token = one.create("123").await;
        assert_eq!(one.code(&token).await, Ok("123".to_owned()));
    });
}

#[test]
fn who_can_only_write_the_store_is_given_no_key() {
    wait(async {
        let company = Company::new();
        let one = company.open(1).await;
        let thief = LeaseId([6; 16]);
        let node = company.peers.join(thief).await.unwrap().unwrap();
        let own = company.peers.live().into_iter().find(|peer| peer.lease != thief).unwrap();
        for exchange in [own.says.exchange, vec![1; 65], vec![1], Vec::new()] {
            let says = Announcement { exchange, ..Announcement::default() };
            company.peers.beat(node, thief, says).await.unwrap().unwrap();
            one.vault.beat().await.unwrap();
            let now = one.vault.now().millis() - at(0).millis();
            one.set_time(now + SLOT);
            one.create("123").await;
            one.vault.beat().await.unwrap();
        }
        assert!(company.peers.all_shares().iter().all(|(_, lease, _)| *lease == own.lease));
        assert_eq!(company.peers.all_shares().len(), 4);
    });
}

/// A move of the clock ends keys of the ring, not what is on its way: others learn of a new pair a little later.
#[test]
fn a_key_reaches_a_node_whose_clock_was_just_moved() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        one.vault.beat().await.unwrap();
        leave(two.vault.advance_clock(3_600));
        assert_eq!(two.vault.now(), at(60 * MINUTE));
        one.set_time(60 * MINUTE);
        let token = one.create("123").await;
        assert_eq!(two.code(&token).await, Ok("123".to_owned()));
    });
}

#[test]
fn a_share_that_was_changed_in_the_store_opens_nothing() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        let bent = RingShare { lease: company.leases()[1], sealed: vec![1; 89] };
        company.peers.share(slot() + 1, vec![bent]).await.unwrap();
        two.vault.beat().await.unwrap();
        assert_eq!(two.vault.ring_age_seconds(), 0);
        one.vault.beat().await.unwrap();
        let token = one.create("123").await;
        assert_eq!(two.code(&token).await, Ok("123".to_owned()), "it holds up no other");
    });
}

#[test]
fn nodes_that_need_a_key_at_once_agree_on_one() {
    let company = Company::new();
    let nodes: Vec<Node> = wait(async {
        let nodes = vec![company.open(1).await, company.open(2).await, company.open(3).await];
        for node in &nodes {
            node.vault.beat().await.unwrap();
        }
        nodes
    });
    for round in 0..20 {
        let begin = Barrier::new(nodes.len());
        let tokens: Vec<_> = thread::scope(|scope| {
            let create = |node| {
                let begin = &begin;
                scope.spawn(move || {
                    let node: &Node = node;
                    node.set_time(round * SLOT);
                    begin.wait();
                    wait(node.create("123"))
                })
            };
            let threads: Vec<_> = nodes.iter().map(create).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (at, token) in tokens.iter().enumerate() {
            let node = &nodes[(at + 1) % nodes.len()];
            assert_eq!(wait(node.code(token)), Ok("123".to_owned()));
        }
        let made = u32::try_from(round).unwrap() + slot();
        let shares = company.peers.all_shares();
        assert_eq!(shares.iter().filter(|(slot, _, _)| *slot == made).count(), nodes.len());
    }
}

#[test]
fn a_request_with_a_code_is_known_again_by_another_node() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        one.vault.beat().await.unwrap();
        let first = Request { sad: "123", ..request("key") };
        let reply = create_once(&one.vault, &act(), first, &card(VISA, Some("123"), "Ada")).await;
        let again = asked(&two.vault, tenant(1), first).await.unwrap();
        assert!(matches!(again, Asked::Answered(answer) if answer == reply));
        let other = asked(&two.vault, tenant(1), Request { sad: "124", ..first }).await.unwrap();
        assert!(matches!(other, Asked::Different), "the key to compare codes came along");
    });
}
