//! What was last seen of an embedded store, kept beside the ring: a copy of the store that is put back over a newer one
//! is noticed at the next start, and a system clock that was set back lengthens no life.
//!
//! The file has two places that are written in turn, so that one of them is whole whatever happens; nothing waits for
//! the disk. It says which frame of the audit log was committed last, and what time it was (docs/FORMAT.md 13). A store
//! that does not have that frame is an earlier one. Like the ring, the file never goes into a backup.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use coffer_core::{
    Clock,
    audit::{Frame, FramePlace},
    mark_restored,
    store::{CounterKey, Store, StoreError},
};
use coffer_crypto::sha256;
use coffer_types::Timestamp;

const MAGIC: &[u8; 8] = b"CofferSn";
const SLOT: usize = 128;
const CHECKED: usize = 112;
/// Between two looks at the clock.
const EVERY: Duration = Duration::from_secs(1);

/// The file, open.
pub(crate) struct Seen {
    file: File,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Note {
    /// The beginning of the hash of the store's first frame: no two vaults have the same. Zeros before there is one.
    vault: [u8; 16],
    /// How often the vault had been put back.
    restores: u64,
    /// What time it was, in milliseconds.
    time: i64,
    lane: u64,
    number: u64,
    /// The whole hash of that frame; zeros before there is one.
    hash: [u8; 32],
}

#[derive(Debug, Default)]
struct State {
    sequence: u64,
    note: Note,
    failed: bool,
}

/// The file beside a ring.
pub(crate) fn beside(ring: &Path) -> PathBuf {
    let mut name = ring.as_os_str().to_owned();
    name.push(".seen");
    name.into()
}

impl Seen {
    /// Opens the file, made with mode 0600 where it is missing.
    pub(crate) fn open(path: &Path) -> io::Result<Arc<Self>> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut bytes = [0; 2 * SLOT];
        let mut length = 0;
        while length < bytes.len() {
            match file.read_at(&mut bytes[length..], length as u64)? {
                0 => break,
                read => length += read,
            }
        }
        let found =
            bytes[..length].chunks_exact(SLOT).filter_map(decode).max_by_key(|(sequence, _)| *sequence);
        let (sequence, note) = found.unwrap_or_default();
        Ok(Arc::new(Self { file, state: Mutex::new(State { sequence, note, failed: false }) }))
    }

    /// Holds the store against what was seen last, before anything is written into it. A store that is an earlier one
    /// says so from now on: its single-use tokens are void. Time goes on from where it was.
    pub(crate) async fn compare(&self, store: &dyn Store, clock: &Clock) -> Result<(), StoreError> {
        let vault = store.frames(None, 1).await?.first().map(|first| short(first.hash)).unwrap_or_default();
        let restores = store.counter(CounterKey::RESTORES).await?;
        let before = self.lock().note;
        let own = before.vault == vault && vault != [0; 16];
        {
            let mut state = self.lock();
            state.note = Note { vault, restores, ..if own { before } else { Note::default() } };
        }
        if !own {
            return Ok(());
        }
        clock.raise_to(Timestamp::from_millis(before.time));
        if before.hash == [0; 32] || restores > before.restores || is_there(store, &before).await? {
            return Ok(());
        }
        tracing::warn!(
            "the store is an earlier one than the last that was used here: it was put back from a copy. Single-use \
            tokens that were made before now are void"
        );
        clock.set_offset(store.counter(CounterKey::SANDBOX_CLOCK).await?);
        let epoch = mark_restored(store, clock.now(), "the store was put back from a copy").await?;
        self.lock().note.restores = epoch;
        Ok(())
    }

    /// A frame is committed.
    pub(crate) fn committed(&self, frame: &Frame) {
        let mut state = self.lock();
        if state.note.vault == [0; 16] && (frame.lane, frame.number) == (0, 0) {
            state.note.vault = short(frame.hash);
        }
        (state.note.lane, state.note.number, state.note.hash) = (frame.lane, frame.number, frame.hash);
        self.write(&mut state);
    }

    /// Notes the time once a second, until nobody has the file any more.
    pub(crate) async fn follow(seen: Weak<Self>, clock: Weak<Clock>) {
        loop {
            tokio::time::sleep(EVERY).await;
            let (Some(seen), Some(clock)) = (seen.upgrade(), clock.upgrade()) else { return };
            let mut state = seen.lock();
            state.note.time = clock.now().millis();
            seen.write(&mut state);
        }
    }

    fn write(&self, state: &mut State) {
        state.sequence += 1;
        let place = (state.sequence % 2) * SLOT as u64;
        let written = self.file.write_all_at(&encode(state.sequence, &state.note), place);
        if written.is_err() && !state.failed {
            tracing::warn!(
                "the file beside the ring cannot be written: a copy that is put back goes unnoticed"
            );
        }
        state.failed = written.is_err();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the store has the frame that was seen.
async fn is_there(store: &dyn Store, seen: &Note) -> Result<bool, StoreError> {
    let before = match (seen.lane, seen.number) {
        (0, 0) => None,
        (lane, 0) => Some(FramePlace { lane: lane - 1, number: u64::MAX }),
        (lane, number) => Some(FramePlace { lane, number: number - 1 }),
    };
    let found = store.frames(before, 1).await?;
    let place = FramePlace { lane: seen.lane, number: seen.number };
    Ok(found.first().is_some_and(|frame| frame.place() == place && frame.hash == seen.hash))
}

fn short(hash: [u8; 32]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

fn encode(sequence: u64, note: &Note) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..8].copy_from_slice(MAGIC);
    slot[8..16].copy_from_slice(&sequence.to_be_bytes());
    slot[16..32].copy_from_slice(&note.vault);
    slot[32..40].copy_from_slice(&note.restores.to_be_bytes());
    slot[40..48].copy_from_slice(&note.time.to_be_bytes());
    slot[48..56].copy_from_slice(&note.lane.to_be_bytes());
    slot[56..64].copy_from_slice(&note.number.to_be_bytes());
    slot[64..96].copy_from_slice(&note.hash);
    let check = sha256(&slot[..CHECKED]);
    slot[CHECKED..].copy_from_slice(&check[..SLOT - CHECKED]);
    slot
}

/// None of a place that is not whole.
fn decode(slot: &[u8]) -> Option<(u64, Note)> {
    let (body, check) = slot.split_at_checked(CHECKED)?;
    if !body.starts_with(MAGIC) || sha256(body)[..check.len()] != *check {
        return None;
    }
    let number = |at: usize| body.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
    let note = Note {
        vault: body.get(16..32)?.try_into().ok()?,
        restores: number(32)?,
        time: number(40)?.cast_signed(),
        lane: number(48)?,
        number: number(56)?,
        hash: body.get(64..96)?.try_into().ok()?,
    };
    Some((number(8)?, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_place_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = beside(&folder.path().join("ring"));
        let frame = |number| Frame::seal(0, number, coffer_core::store::Position(number), [0; 32], vec![1]);
        let seen = Seen::open(&path).unwrap();
        (0..5).for_each(|number| seen.committed(&frame(number)));
        let last = |path: &Path| Seen::open(path).unwrap().lock().note;
        assert_eq!((last(&path).number, last(&path).hash), (4, frame(4).hash));
        assert_eq!(last(&path).vault, short(frame(0).hash), "the first frame names the vault");
        let mut bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 2 * SLOT);
        // The fifth write went to the second place.
        bytes[SLOT + 60] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(last(&path).number, 3);
        std::fs::write(&path, [7; 3]).unwrap();
        assert_eq!(last(&path), Note::default());
    }
}
