//! Keys of the ring on their way from node to node: who can open what, and until when.

use coffer_crypto::{
    Environment, Exchange, OFFER_MARK_LEN, OfferMark, OsEntropy, Ring, RingError, SadKeyVersion, ShareError,
    SharedRingKey,
};

use crate::fixture::{Deployment, Dry, TENANT, at, sample};
use crate::ring::{MINUTE, SECOND, START, open, seal};

const A: [u8; 16] = [0xaa; 16];
const B: [u8; 16] = [0xbb; 16];

fn ring() -> Ring {
    Ring::in_memory(sample().keyring().ring_key(), Environment::Sandbox, at(START), &OsEntropy).unwrap()
}

fn exchange() -> Exchange {
    exchange_of(&sample(), Environment::Sandbox)
}

fn exchange_of(deployment: &Deployment, environment: Environment) -> Exchange {
    Exchange::new(deployment.keyring().ring_key(), environment, &OsEntropy, at(START)).unwrap()
}

fn announced(exchange: &Exchange, lease: &[u8; 16], now: i64) -> Vec<u8> {
    exchange.announcement(lease, at(now), &OsEntropy).unwrap()
}

/// A key that A's ring proposed, and its share for B.
fn shared(for_whom: &Exchange) -> (SadKeyVersion, SharedRingKey, Vec<u8>) {
    let (version, key) = ring().propose(at(START), &OsEntropy).unwrap();
    let share = exchange().seal_for(&B, &announced(for_whom, &B, START), version, &key, &OsEntropy);
    (version, key, share.unwrap())
}

#[test]
fn a_key_of_one_ring_opens_in_another_what_the_first_sealed() {
    let (one, other, theirs) = (ring(), ring(), exchange());
    let (version, key) = one.propose(at(START), &OsEntropy).unwrap();
    assert!(!one.holds(version), "a proposed key is in no ring");
    let share = exchange().seal_for(&B, &announced(&theirs, &B, START), version, &key, &OsEntropy).unwrap();
    one.take_in(version, &key, at(START), &OsEntropy).unwrap();
    let blob = seal(&one, version, START).unwrap();
    assert!(open(&other, &blob, START).is_err());
    let key = theirs.open(&B, version, &share, at(START)).unwrap();
    other.take_in(version, &key, at(START), &OsEntropy).unwrap();
    assert_eq!(open(&other, &blob, START).unwrap(), b"123");
    assert_eq!((other.held(at(START)), other.slot(at(START))), (vec![version], Ok(version)));
    assert_eq!(other.current(at(START), &Dry), Ok(version), "nobody makes it again");
    // And from there to a third.
    let third = ring();
    let key = other.share(version, at(START)).unwrap().unwrap();
    third.take_in(version, &key, at(START), &OsEntropy).unwrap();
    assert_eq!(open(&third, &blob, START).unwrap(), b"123");
    assert_eq!(format!("{key:?} {theirs:?}"), "SharedRingKey(..) Exchange(..)");
}

#[test]
fn a_share_opens_for_its_own_process_and_half_minute_alone() {
    let theirs = exchange();
    let (version, _, share) = shared(&theirs);
    assert!(theirs.open(&B, version, &share, at(START)).is_ok());
    let next = SadKeyVersion::new(version.get() + 1);
    let others = [
        theirs.open(&A, version, &share, at(START)),
        theirs.open(&B, next, &share, at(START)),
        exchange().open(&B, version, &share, at(START)),
        exchange_of(&sample(), Environment::Live).open(&B, version, &share, at(START)),
    ];
    for other in others {
        assert_eq!(other.unwrap_err(), ShareError::Share);
    }
}

/// The same private half under other keys of the vault or for another environment: what the ring key gives is
/// missing, or what is bound is another.
#[test]
fn who_has_the_private_half_and_not_the_ring_key_opens_nothing() {
    let entropy = || crate::fixture::Counting::from(7);
    let of = |deployment: &Deployment, environment| {
        Exchange::new(deployment.keyring().ring_key(), environment, &entropy(), at(START)).unwrap()
    };
    let theirs = of(&sample(), Environment::Sandbox);
    let (version, _, share) = shared(&theirs);
    assert!(
        of(&sample(), Environment::Sandbox).open(&B, version, &share, at(START)).is_ok(),
        "the same half"
    );
    let thief = of(&Deployment::new(Environment::Sandbox, 99, &[TENANT]), Environment::Sandbox);
    let live = of(&sample(), Environment::Live);
    for other in [thief, live] {
        assert_eq!(other.open(&B, version, &share, at(START)).unwrap_err(), ShareError::Share);
    }
}

#[test]
fn a_forged_announcement_gets_no_key() {
    let (version, key) = ring().propose(at(START), &OsEntropy).unwrap();
    let seal_for = |lease, announced: &[u8]| exchange().seal_for(lease, announced, version, &key, &OsEntropy);
    let good = announced(&exchange(), &B, START);
    assert!(seal_for(&B, &good).is_ok());
    assert_eq!(seal_for(&A, &good), Err(ShareError::Announcement), "another process's");
    for bit in 0..good.len() * 8 {
        let mut bent = good.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(seal_for(&B, &bent), Err(ShareError::Announcement), "bit {bit}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    for other in [&good[..64], &good[..1], &[], &longer] {
        assert_eq!(seal_for(&B, other), Err(ShareError::Announcement));
    }
    let strange = exchange_of(&Deployment::new(Environment::Sandbox, 99, &[TENANT]), Environment::Sandbox);
    assert_eq!(seal_for(&B, &announced(&strange, &B, START)), Err(ShareError::Announcement));
    let live = exchange_of(&sample(), Environment::Live);
    assert_eq!(seal_for(&B, &announced(&live, &B, START)), Err(ShareError::Announcement));
}

#[test]
fn every_bit_of_a_share_counts() {
    let theirs = exchange();
    let (version, _, share) = shared(&theirs);
    for bit in 0..share.len() * 8 {
        let mut bent = share.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        // The highest bit of a public key means nothing to the agreement, and is bound all the same.
        assert!(theirs.open(&B, version, &bent, at(START)).is_err(), "bit {bit}");
    }
    let longer = [share.as_slice(), &[0]].concat();
    for other in [&share[..88], &share[..9], &[], &longer] {
        assert!(theirs.open(&B, version, other, at(START)).is_err());
    }
}

/// What lies in a store opens nowhere once the private half is gone: ten minutes after it was made it is
/// replaced, and a minute later it is gone.
#[test]
fn a_share_opens_nowhere_eleven_minutes_after_its_pair_was_made() {
    let theirs = exchange();
    let first = announced(&theirs, &B, START);
    let (version, key, share) = shared(&theirs);
    assert_eq!(announced(&theirs, &B, START + 10 * MINUTE - 1), first, "the pair stays for ten minutes");
    let second = announced(&theirs, &B, START + 10 * MINUTE);
    assert_ne!(first, second);
    assert!(theirs.open(&B, version, &share, at(START + 11 * MINUTE - 1)).is_ok(), "it was under way");
    let gone = theirs.open(&B, version, &share, at(START + 11 * MINUTE));
    assert_eq!(gone.unwrap_err(), ShareError::Share);
    let newer = exchange().seal_for(&B, &second, version, &key, &OsEntropy).unwrap();
    assert!(theirs.open(&B, version, &newer, at(START + 11 * MINUTE)).is_ok());
    theirs.wipe(at(START + 21 * MINUTE));
    assert!(theirs.open(&B, version, &newer, at(START)).is_err(), "gone, also for a clock that was set back");
}

#[test]
fn without_randomness_a_pair_ends_all_the_same() {
    let theirs = exchange();
    let (version, _, share) = shared(&theirs);
    let late = at(START + 10 * MINUTE);
    assert_eq!(theirs.announcement(&B, late, &Dry), Err(ShareError::Key));
    assert!(theirs.open(&B, version, &share, late).is_ok());
    assert_eq!(theirs.announcement(&B, at(START + 11 * MINUTE), &Dry), Err(ShareError::Key));
    assert!(theirs.open(&B, version, &share, late).is_err());
    assert!(theirs.announcement(&B, late, &OsEntropy).is_ok());
}

#[test]
fn a_ring_takes_in_no_key_of_a_dead_half_minute_and_none_of_the_future() {
    let (one, other) = (ring(), ring());
    let (version, key) = one.propose(at(START), &OsEntropy).unwrap();
    let dead = version.dead_millis();
    assert_eq!(
        other.take_in(version, &key, at(START - 30 * SECOND - 1), &OsEntropy),
        Ok(()),
        "time stood at START"
    );
    let ahead = SadKeyVersion::new(version.get() + 2);
    assert_eq!(one.take_in(ahead, &key, at(START), &OsEntropy), Err(RingError::Clock));
    let next = SadKeyVersion::new(version.get() + 1);
    assert_eq!(one.take_in(next, &key, at(START), &OsEntropy), Ok(()), "another clock is a little ahead");
    assert_eq!(one.take_in(version, &key, at(dead - 1), &OsEntropy), Ok(()));
    let late = ring();
    assert_eq!(late.take_in(version, &key, at(dead), &OsEntropy), Err(RingError::Dead));
    assert_eq!(late.take_in(version, &key, at(START), &OsEntropy), Err(RingError::Dead), "for ever");
    assert!(late.held(at(START)).is_empty() && late.oldest().is_none());
    assert!(one.share(version, at(dead)).unwrap().is_none(), "and gives none");
    assert_eq!(one.held(at(dead)), vec![next]);
    assert_eq!(SadKeyVersion::lowest_live_at(at(dead - 1)), version);
    assert_eq!(SadKeyVersion::lowest_live_at(at(dead)), next);
    assert_eq!(SadKeyVersion::lowest_live_at(at(-5)).get(), 0);
}

#[test]
fn a_ring_takes_in_no_second_key_of_a_half_minute() {
    let ring = ring();
    let (version, key) = ring.propose(at(START), &OsEntropy).unwrap();
    let (_, second) = ring.propose(at(START), &OsEntropy).unwrap();
    assert_eq!(
        ring.take_in(version, &key, at(START), &Dry),
        Err(RingError::Key(coffer_crypto::WrapError::Entropy(coffer_crypto::EntropyError)))
    );
    ring.take_in(version, &key, at(START), &OsEntropy).unwrap();
    let blob = seal(&ring, version, START).unwrap();
    assert_eq!(ring.take_in(version, &second, at(START), &OsEntropy), Err(RingError::Other));
    assert_eq!(ring.take_in(version, &key, at(START), &Dry), Ok(()), "the same once more");
    assert_eq!(open(&ring, &blob, START).unwrap(), b"123");
}

#[test]
fn what_was_taken_in_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let ring_key = sample().keyring().ring_key();
    let open_ring = || Ring::open(&path, ring_key.clone(), Environment::Sandbox, at(START), &OsEntropy);
    let one = open_ring().unwrap();
    let (version, key) = one.propose(at(START), &OsEntropy).unwrap();
    one.take_in(version, &key, at(START), &OsEntropy).unwrap();
    let blob = seal(&one, version, START).unwrap();
    drop(one);
    let again = open_ring().unwrap();
    assert_eq!(again.held(at(START)), vec![version]);
    assert_eq!(open(&again, &blob, START).unwrap(), b"123");
}

const MARK: OfferMark = [7; OFFER_MARK_LEN];

#[test]
fn what_was_offered_is_left_to_the_next_process_and_seals_nothing_before_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let ring_key = sample().keyring().ring_key();
    let open_ring = |now| Ring::open(&path, ring_key.clone(), Environment::Sandbox, at(now), &OsEntropy);
    let one = open_ring(START).unwrap();
    let (version, key) = one.propose(at(START), &OsEntropy).unwrap();
    one.note_offer(version, &key, MARK, &OsEntropy).unwrap();
    assert!(!one.holds(version) && seal(&one, version, START).is_err(), "it is offered and no more");
    let (_, same) = one.propose(at(START), &Dry).unwrap();
    drop(one);

    let again = open_ring(START + SECOND).unwrap();
    assert_eq!((again.opening().proposed, again.opening().live, again.opening().torn), (1, 0, 0));
    assert_eq!(again.proposals(), vec![(version, vec![MARK])]);
    assert!(!again.holds(version) && again.share(version, at(START)).unwrap().is_none());
    let (_, third) = again.propose(at(START), &Dry).unwrap();
    let other = [8; OFFER_MARK_LEN];
    again.note_offer(version, &third, other, &OsEntropy).unwrap();
    assert_eq!(again.proposals(), vec![(version, vec![MARK, other])], "either offer is that key's");
    again.confirm(version, at(START), &OsEntropy).unwrap();
    assert_eq!(again.proposals(), vec![]);
    assert!(again.note_offer(version, &third, MARK, &OsEntropy).is_err(), "it is in use");
    let blob = seal(&again, version, START).unwrap();
    for key in [key, same, third] {
        let ring = ring();
        ring.take_in(version, &key, at(START), &OsEntropy).unwrap();
        assert_eq!(open(&ring, &blob, START).unwrap(), b"123", "it was the same key all the time");
    }
    drop(again);
    assert_eq!(open(&open_ring(START).unwrap(), &blob, START).unwrap(), b"123");
}

#[test]
fn what_was_offered_goes_with_its_half_minute_and_behind_the_key_that_won() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let ring_key = sample().keyring().ring_key();
    let open_ring = |now| Ring::open(&path, ring_key.clone(), Environment::Sandbox, at(now), &OsEntropy);
    let bytes = || std::fs::read(&path).unwrap()[512..].iter().any(|byte| *byte != 0);
    let one = open_ring(START).unwrap();
    let (version, lost) = one.propose(at(START), &OsEntropy).unwrap();
    one.note_offer(version, &lost, MARK, &OsEntropy).unwrap();
    let (_, won) = ring().propose(at(START), &OsEntropy).unwrap();
    one.take_in(version, &won, at(START), &OsEntropy).unwrap();
    assert_eq!(one.proposals(), vec![]);
    one.confirm(version, at(START), &OsEntropy).unwrap();
    let blob = seal(&one, version, START).unwrap();
    let ring = ring();
    ring.take_in(version, &won, at(START), &OsEntropy).unwrap();
    assert_eq!(open(&ring, &blob, START).unwrap(), b"123");

    let later = START + MINUTE;
    let (version, key) = one.propose(at(later), &OsEntropy).unwrap();
    one.note_offer(version, &key, MARK, &OsEntropy).unwrap();
    let dead = version.dead_millis();
    assert_eq!(one.sweep(at(dead - 1)).unwrap(), 1, "the one before");
    assert_eq!(one.proposals().len(), 1);
    assert_eq!(one.sweep(at(dead)).unwrap(), 1);
    assert!(one.proposals().is_empty() && !bytes(), "it is overwritten");
    assert_eq!(one.confirm(version, at(dead), &OsEntropy), Ok(()));
    assert!(!one.holds(version));
    drop(one);

    let two = open_ring(dead).unwrap();
    let (version, key) = two.propose(at(dead), &OsEntropy).unwrap();
    two.note_offer(version, &key, MARK, &OsEntropy).unwrap();
    assert!(bytes());
    drop(two);
    let three = open_ring(version.dead_millis()).unwrap();
    assert_eq!((three.opening().expired, three.opening().proposed), (1, 0));
    assert!(three.proposals().is_empty() && !bytes(), "a start overwrites it as well");
}
