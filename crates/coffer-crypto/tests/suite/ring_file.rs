//! The ring's file: what a restart keeps, what a sweep leaves on disk, and whose file it is.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use coffer_crypto::{Blob, Environment, OpenError, Opening, OsEntropy, Ring, RingError, SadKeyVersion};
use tempfile::TempDir;

use crate::fixture::{Deployment, TENANT, at, sample};
use crate::ring::{MINUTE, SECOND, START, open, seal};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    (folder, path)
}

fn try_reopen(path: &Path, now: i64) -> Result<Ring, RingError> {
    Ring::open(path, sample().keyring().ring_key(), Environment::Sandbox, at(now), &OsEntropy)
}

fn reopen(path: &Path, now: i64) -> Ring {
    try_reopen(path, now).unwrap()
}

/// A ring with one key, closed again; the SAD sealed under it and the sector it lies in.
fn with_one_key(path: &Path) -> (SadKeyVersion, Blob, Vec<u8>) {
    let ring = reopen(path, START);
    let version = ring.current(at(START), &OsEntropy).unwrap();
    let blob = seal(&ring, version, START).unwrap();
    (version, blob, sector(path, version))
}

fn place(version: SadKeyVersion) -> usize {
    (1 + version.get() as usize % 64) * 512
}

fn sector(path: &Path, version: SadKeyVersion) -> Vec<u8> {
    fs::read(path).unwrap()[place(version)..][..512].to_vec()
}

/// Whether any sixteen bytes of the wrapped key (nonce, key, tag) stand anywhere in the file.
fn shows(path: &Path, sector: &[u8]) -> bool {
    let file = fs::read(path).unwrap();
    sector[16..76].windows(16).any(|piece| file.windows(16).any(|bytes| bytes == piece))
}

fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at as u64).unwrap();
}

#[test]
fn it_is_made_for_its_owner_alone() {
    let (_folder, path) = folder();
    let ring = reopen(&path, START);
    assert_eq!(ring.opening(), Opening { created: true, ..Opening::default() });
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(metadata.len(), 65 * 512);
    drop(ring);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    assert_eq!(try_reopen(&path, START).err(), Some(RingError::OpenMode));
}

#[test]
fn live_keys_survive_a_restart() {
    let (_folder, path) = folder();
    let (version, blob, _) = with_one_key(&path);
    let ring = reopen(&path, START + 29 * MINUTE);
    assert_eq!(ring.opening(), Opening { live: 1, ..Opening::default() });
    assert_eq!(ring.oldest(), Some(version));
    assert_eq!(open(&ring, &blob, START + 29 * MINUTE).unwrap(), b"123");
    drop(ring);
    let same_slot = reopen(&path, START);
    assert_eq!(same_slot.current(at(START), &OsEntropy), Ok(version));
    assert_eq!(
        seal(&same_slot, version, START).unwrap(),
        blob,
        "the key of the half minute is kept, not made anew"
    );
}

/// Both halves: it opens nowhere, and the bytes are gone from the file.
#[test]
fn a_swept_key_is_gone_from_the_file() {
    let (_folder, path) = folder();
    let (version, blob, wrapped) = with_one_key(&path);
    assert!(shows(&path, &wrapped));
    let ring = reopen(&path, START + MINUTE);
    assert_eq!(ring.sweep(at(version.dead_millis() - 1)), Ok(0));
    assert!(shows(&path, &wrapped));
    assert_eq!(ring.sweep(at(version.dead_millis())), Ok(1));
    assert!(!shows(&path, &wrapped));
    assert_eq!(sector(&path, version), [0; 512]);
    drop(ring);
    assert_eq!(open(&reopen(&path, START), &blob, START), Err(OpenError), "not even for a clock set back");
}

/// 31 minutes after the creation, with no sweep in between: a restart wipes before it serves.
#[test]
fn a_start_wipes_what_died_while_it_was_down() {
    let (_folder, path) = folder();
    let (_, blob, wrapped) = with_one_key(&path);
    let ring = reopen(&path, START + 31 * MINUTE);
    assert_eq!(ring.opening(), Opening { expired: 1, ..Opening::default() });
    assert!(!shows(&path, &wrapped));
    assert_eq!(open(&ring, &blob, START + 31 * MINUTE), Err(OpenError));
}

/// A clock that went back over a restart: the newest key in the file tells the time.
#[test]
fn a_restart_in_the_past_revives_nothing() {
    let (_folder, path) = folder();
    let (version, blob, _) = with_one_key(&path);
    let ring = reopen(&path, version.dead_millis() - MINUTE);
    let newest = ring.current(at(version.dead_millis()), &OsEntropy).unwrap();
    drop(ring);
    let ring = reopen(&path, version.dead_millis() - 10 * MINUTE);
    assert_eq!(ring.opening(), Opening { live: 1, expired: 1, ..Opening::default() });
    assert_eq!(open(&ring, &blob, START), Err(OpenError));
    assert_eq!(ring.current(at(START), &OsEntropy), Err(RingError::Clock));
    assert_eq!(ring.current(at(newest.start_millis() - 30 * SECOND), &OsEntropy), Ok(newest));
}

/// A key from more than half an hour ahead was made under a wrong clock; it must not live until then.
#[test]
fn keys_from_far_ahead_are_wiped() {
    let (_folder, path) = folder();
    let (_, _, wrapped) = with_one_key(&path);
    let ring = reopen(&path, START - 30 * MINUTE - 1);
    assert_eq!(ring.opening(), Opening { expired: 1, ..Opening::default() });
    assert!(!shows(&path, &wrapped));
    let version = ring.current(at(START - 30 * MINUTE), &OsEntropy).unwrap();
    assert_eq!(version.start_millis(), START - 30 * MINUTE);
}

#[test]
fn another_key_or_environment_is_refused_and_changes_nothing() {
    let (_folder, path) = folder();
    with_one_key(&path);
    let before = fs::read(&path).unwrap();
    let other_key = Deployment::new(Environment::Sandbox, 1, &[TENANT]).keyring().ring_key();
    let refused = Ring::open(&path, other_key, Environment::Sandbox, at(START), &OsEntropy);
    assert_eq!(refused.err(), Some(RingError::Foreign));
    let key = sample().keyring().ring_key();
    let refused = Ring::open(&path, key, Environment::Live, at(START), &OsEntropy);
    assert_eq!(refused.err(), Some(RingError::Foreign));
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn what_is_no_ring_is_refused_and_stays() {
    let (_folder, path) = folder();
    for content in [b"notes".to_vec(), vec![7; 65 * 512], vec![0; 64 * 512]] {
        fs::write(&path, &content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(try_reopen(&path, START).err(), Some(RingError::Foreign));
        assert!(fs::read(&path).unwrap() == content);
    }
}

/// Every prefix of a slot's write, over zeros and over an older slot: wiped, counted, and no harm to others.
#[test]
fn torn_slots_are_wiped() {
    let (_folder, path) = folder();
    let (version, blob, whole) = with_one_key(&path);
    let next = place(SadKeyVersion::new(version.get() + 1));
    for length in [1, 4, 8, 16, 20, 28, 60, 75] {
        let mut torn = whole.clone();
        torn[15] = torn[15].wrapping_add(1);
        torn[length..].fill(0);
        overwrite(&path, next, &torn);
        let ring = reopen(&path, START);
        assert_eq!(ring.opening(), Opening { live: 1, torn: 1, ..Opening::default() }, "{length}");
        assert_eq!(open(&ring, &blob, START).unwrap(), b"123");
        drop(ring);
        assert_eq!(fs::read(&path).unwrap()[next..next + 512], [0; 512], "{length}");
    }
}

/// A slot copied to another place, one with a changed number, one with a bit flipped anywhere.
#[test]
fn a_slot_is_bound_to_its_place() {
    let (_folder, path) = folder();
    let (version, _, whole) = with_one_key(&path);
    let own = place(version);
    let torn = Opening { torn: 1, ..Opening::default() };
    overwrite(&path, own, &[0; 512]);
    overwrite(&path, place(SadKeyVersion::new(version.get() + 1)), &whole);
    assert_eq!(reopen(&path, START).opening(), torn);
    let mut renumbered = whole.clone();
    let slot = u64::from(version.get()) + 64;
    renumbered[8..16].copy_from_slice(&slot.to_be_bytes());
    overwrite(&path, own, &renumbered);
    assert_eq!(reopen(&path, START).opening(), torn);
    for bit in (0..512 * 8).step_by(7) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        overwrite(&path, own, &flipped);
        assert_eq!(reopen(&path, START).opening(), torn, "bit {bit}");
    }
    overwrite(&path, own, &whole);
    assert_eq!(reopen(&path, START).opening(), Opening { live: 1, ..Opening::default() });
}

/// A start that was cut off before the header: begun again. With the header there, it was whole.
#[test]
fn a_ring_without_a_header_is_begun_again() {
    let (_folder, path) = folder();
    let (_, _, wrapped) = with_one_key(&path);
    overwrite(&path, 0, &[0; 512]);
    let ring = reopen(&path, START);
    assert_eq!(ring.opening(), Opening { created: true, ..Opening::default() });
    assert!(!shows(&path, &wrapped));
}

#[test]
fn an_erased_ring_opens_nothing_and_can_be_used_again() {
    let (_folder, path) = folder();
    assert_eq!(Ring::erase(&path), Ok(()));
    assert!(!path.exists(), "where there is none, none is made");
    let (version, blob, key) = with_one_key(&path);
    assert!(shows(&path, &key));
    let held = reopen(&path, START);
    assert_eq!(Ring::erase(&path), Err(RingError::InUse));
    assert!(shows(&path, &key), "another process's ring is left alone");
    drop(held);
    assert_eq!(Ring::erase(&path), Ok(()));
    assert!(!shows(&path, &key) && sector(&path, version).iter().all(|byte| *byte == 0));
    let ring = reopen(&path, START);
    assert!(!ring.opening().created, "it is the same ring");
    assert!(open(&ring, &blob, START).is_err());
    ring.current(at(START), &OsEntropy).unwrap();
}

#[test]
fn one_process_at_a_time() {
    let (_folder, path) = folder();
    let ring = reopen(&path, START);
    assert_eq!(try_reopen(&path, START).err(), Some(RingError::InUse));
    drop(ring);
    assert!(try_reopen(&path, START).is_ok());
}

/// The whole turn on disk: a slot's former key is overwritten by its next one.
#[test]
fn the_next_key_of_a_slot_overwrites_the_last() {
    let (_folder, path) = folder();
    let (version, _, wrapped) = with_one_key(&path);
    let ring = reopen(&path, START);
    let next = ring.current(at(START + 64 * 30 * SECOND), &OsEntropy).unwrap();
    assert_eq!(place(next), place(version));
    assert!(!shows(&path, &wrapped));
    drop(ring);
    let ring = reopen(&path, START + 64 * 30 * SECOND);
    assert_eq!(ring.opening(), Opening { live: 1, ..Opening::default() });
    assert_eq!(ring.oldest(), Some(next));
}

/// No clear key byte reaches the file: sixty-four keys, and none of what they seal can be made from it.
#[test]
fn the_file_alone_opens_nothing() {
    let (_folder, path) = folder();
    let (_, blob, _) = with_one_key(&path);
    let copy = fs::read(&path).unwrap();
    let stranger = Deployment::new(Environment::Sandbox, 3, &[TENANT]).keyring().ring_key();
    let (_other_folder, stolen) = folder();
    fs::write(&stolen, &copy).unwrap();
    fs::set_permissions(&stolen, Permissions::from_mode(0o600)).unwrap();
    let refused = Ring::open(&stolen, stranger.clone(), Environment::Sandbox, at(START), &OsEntropy);
    assert_eq!(refused.err(), Some(RingError::Foreign));
    let own = Ring::in_memory(stranger, Environment::Sandbox, at(START), &OsEntropy).unwrap();
    own.current(at(START), &OsEntropy).unwrap();
    assert_eq!(open(&own, &blob, START), Err(OpenError));
}
