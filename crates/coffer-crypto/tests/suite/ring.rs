//! The life of a SAD key, without a file: when it opens, and when never again.

use std::sync::Barrier;

use coffer_crypto::{
    Blob, Environment, Field, OpenError, OsEntropy, Ring, RingError, SadKeyVersion, SealError,
};
use coffer_types::Generation;

use crate::fixture::{Dry, RECORD, TENANT, at, record, salt, sample, tenant};

/// The first moment of a half minute.
pub(crate) const START: i64 = 1_800_000_000_000;
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;

fn ring() -> Ring {
    let key = sample().keyring().ring_key();
    Ring::in_memory(key, Environment::Sandbox, at(START), &OsEntropy).unwrap()
}

pub(crate) fn seal(ring: &Ring, version: SadKeyVersion, now: i64) -> Result<Blob, SealError> {
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    ring.sealer(version, tenant, record, Generation::FIRST, salt(), at(now))?.seal(Field::Sad, b"123")
}

/// Opens as the core does: the version comes from the blob.
pub(crate) fn open(ring: &Ring, blob: &Blob, now: i64) -> Result<Vec<u8>, OpenError> {
    let version = blob.key_version()?.into();
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let opener = ring.opener(version, tenant, record, Generation::FIRST, &salt(), at(now))?;
    opener.open(Field::Sad, blob).map(|clear| clear.to_vec())
}

#[test]
fn a_key_for_every_half_minute() {
    let ring = ring();
    assert_eq!(START % (30 * SECOND), 0);
    let first = ring.current(at(START), &OsEntropy).unwrap();
    assert_eq!(first.start_millis(), START);
    assert_eq!(first.dead_millis(), START + 30 * MINUTE + 30 * SECOND);
    assert_eq!(ring.current(at(START + 30 * SECOND - 1), &Dry), Ok(first), "no new key is needed");
    let second = ring.current(at(START + 30 * SECOND), &OsEntropy).unwrap();
    assert_eq!(second.get(), first.get() + 1);
    let (one, two) = (seal(&ring, first, START).unwrap(), seal(&ring, second, START).unwrap());
    assert_ne!(one.as_bytes()[6..], two.as_bytes()[6..]);
    assert_eq!(open(&ring, &one, START + MINUTE).unwrap(), b"123");
    assert_eq!(open(&ring, &two, START + MINUTE).unwrap(), b"123");
}

/// The promise's key half: at 30 minutes and 30 seconds after the earliest creation nothing opens, although
/// the key has not been swept; a millisecond before it does.
#[test]
fn nothing_opens_from_thirty_minutes_and_a_half() {
    let ring = ring();
    let version = ring.current(at(START), &OsEntropy).unwrap();
    let blob = seal(&ring, version, START).unwrap();
    let end = START + 30 * MINUTE + 30 * SECOND;
    assert_eq!(open(&ring, &blob, end - 1).unwrap(), b"123");
    assert_eq!(ring.oldest(), Some(version), "the key is still there");
    assert_eq!(open(&ring, &blob, end), Err(OpenError));
    assert_eq!(seal(&ring, version, end), Err(SealError::KeyGone));
    assert_eq!(ring.oldest(), Some(version), "and was not even swept");
}

/// A token of the last moment of a half minute has its 30 minutes too.
#[test]
fn a_key_outlives_every_token_under_it() {
    let ring = ring();
    let created = START + 30 * SECOND - 1;
    let version = ring.current(at(created), &OsEntropy).unwrap();
    let blob = seal(&ring, version, created).unwrap();
    assert_eq!(open(&ring, &blob, created + 30 * MINUTE).unwrap(), b"123");
    assert_eq!(open(&ring, &blob, created + 30 * MINUTE + 1), Err(OpenError));
}

#[test]
fn a_clock_set_back_revives_nothing() {
    let ring = ring();
    let version = ring.current(at(START), &OsEntropy).unwrap();
    let blob = seal(&ring, version, START).unwrap();
    assert_eq!(open(&ring, &blob, version.dead_millis()), Err(OpenError));
    for now in [version.dead_millis() - 1, START, 0, i64::MIN] {
        assert_eq!(open(&ring, &blob, now), Err(OpenError), "{now}");
        assert_eq!(seal(&ring, version, now), Err(SealError::KeyGone), "{now}");
    }
    let latest = version.dead_millis();
    assert_eq!(ring.current(at(latest - 30 * SECOND - 1), &OsEntropy), Err(RingError::Clock));
    let new = ring.current(at(latest - 30 * SECOND), &OsEntropy).unwrap();
    assert_eq!(new.start_millis(), latest, "new keys are made for the latest time seen");
    assert_eq!(ring.sweep(at(START)), Ok(1));
}

#[test]
fn a_sweep_erases_what_is_over_age_and_nothing_else() {
    let ring = ring();
    let first = ring.current(at(START), &OsEntropy).unwrap();
    let second = ring.current(at(START + 30 * SECOND), &OsEntropy).unwrap();
    let blob = seal(&ring, second, START).unwrap();
    assert_eq!(ring.sweep(at(first.dead_millis() - 1)), Ok(0));
    assert_eq!(ring.oldest(), Some(first));
    assert_eq!(ring.sweep(at(first.dead_millis())), Ok(1));
    assert_eq!(ring.oldest(), Some(second));
    assert_eq!(open(&ring, &blob, first.dead_millis()).unwrap(), b"123");
    assert_eq!(ring.sweep(at(first.dead_millis())), Ok(0));
    assert_eq!(ring.sweep(at(second.dead_millis() + 1)), Ok(1));
    assert_eq!(ring.oldest(), None);
}

/// The slot is used again after 64 half minutes; what was sealed under its former key is lost for good.
#[test]
fn the_ring_comes_round() {
    let ring = ring();
    let first = ring.current(at(START), &OsEntropy).unwrap();
    let blob = seal(&ring, first, START).unwrap();
    let mut now = START;
    for turn in 1..=130 {
        now += 30 * SECOND;
        let version = ring.current(at(now), &OsEntropy).unwrap();
        assert_eq!(version.get(), first.get() + turn);
        assert_eq!(open(&ring, &seal(&ring, version, now).unwrap(), now).unwrap(), b"123");
    }
    assert_eq!(open(&ring, &blob, now), Err(OpenError));
    let oldest = ring.oldest().unwrap();
    assert_eq!(oldest.get(), first.get() + 130 - 63, "sixty-four slots are all there is");
}

/// Every thread that arrives first gets the same key: what one seals the others open.
#[test]
fn a_race_for_a_new_half_minute_makes_one_key() {
    let ring = ring();
    for round in 1..=50 {
        let now = START + round * 30 * SECOND;
        let barrier = Barrier::new(4);
        let blobs: Vec<Blob> = std::thread::scope(|scope| {
            let racer = || {
                barrier.wait();
                let version = ring.current(at(now), &OsEntropy).unwrap();
                seal(&ring, version, now).unwrap()
            };
            let racers: Vec<_> = (0..4).map(|_| scope.spawn(racer)).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        assert!(blobs.iter().all(|blob| *blob == blobs[0]), "round {round}");
        assert_eq!(open(&ring, &blobs[0], now).unwrap(), b"123");
    }
}

#[test]
fn a_key_that_was_never_made_does_not_open() {
    let ring = ring();
    let version = ring.current(at(START), &OsEntropy).unwrap();
    let blob = seal(&ring, version, START).unwrap();
    for slot in [version.get() - 1, version.get() + 1, version.get() + 64, 0, u32::MAX] {
        let other = SadKeyVersion::new(slot);
        assert_eq!(seal(&ring, other, START), Err(SealError::KeyGone), "{slot}");
        let mut bytes = blob.as_bytes().to_vec();
        bytes[2..6].copy_from_slice(&slot.to_be_bytes());
        assert_eq!(open(&ring, &Blob::from_bytes(bytes), START), Err(OpenError), "{slot}");
    }
}

#[test]
fn sad_is_bound_to_its_record_and_only_sad_is_sealed_here() {
    let ring = ring();
    let version = ring.current(at(START), &OsEntropy).unwrap();
    let blob = seal(&ring, version, START).unwrap();
    let others = [(8, RECORD, 1), (TENANT, RECORD + 1, 1), (TENANT, RECORD, 2)];
    for (owner, number, generation) in others {
        let generation = Generation::new(generation).unwrap();
        let opener = ring.opener(version, tenant(owner), record(number), generation, &salt(), at(START));
        assert_eq!(opener.unwrap().open(Field::Sad, &blob), Err(OpenError));
    }
    let (tenant, record) = (tenant(TENANT), record(RECORD));
    let mut sealer = ring.sealer(version, tenant, record, Generation::FIRST, salt(), at(START)).unwrap();
    assert_eq!(sealer.seal(Field::Protected, b"123"), Err(SealError::WrongClass));
}

#[test]
fn no_key_without_randomness_or_a_sane_clock() {
    let ring = ring();
    assert!(matches!(ring.current(at(START), &Dry), Err(RingError::Key(_))));
    assert_eq!(ring.oldest(), None);
    assert!(ring.current(at(START), &OsEntropy).is_ok(), "the next attempt succeeds");
    for now in [i64::MAX, -1, i64::MIN] {
        assert_eq!(ring.current(at(now), &OsEntropy), Err(RingError::Clock), "{now}");
    }
    assert!(ring.current(at(START), &OsEntropy).is_ok(), "nonsense does not count as the latest time");
}
