//! Fills the store of a sandbox with rows that look like reusable tokens and open nothing, to measure an export and an
//! import: `cargo run --release -p coffer-export --example fill -- DATA_FOLDER COUNT`. The sandbox must have been
//! started once and stopped. Of each token come its row, two unique keys, and a line of the audit log.

use std::{error::Error, future::Future, path::Path, task};

use coffer_core::{
    audit::Frame,
    moving::{ImportState, Movable, MovedRow, Stored},
    store::{CardFace, IndexKind, Position, ReusableRow, StoreError, UniqueKey},
};
use coffer_crypto::{Blob, Fingerprint, Salt, sha256};
use coffer_store_sqlite::SqliteMoving;
use coffer_types::{Bin, Generation, Last4, RecordNumber, Tenant, Timestamp};

/// Rows of one commit.
const CHUNK: u64 = 10_000;
/// Facts of one frame.
const FACTS: u64 = 100;
const STATE: ImportState = ImportState { export: [0; 16], parts: 0 };

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, count] = arguments.as_slice() else { return Err("DATA_FOLDER COUNT".into()) };
    let count: u64 = count.parse()?;
    let store = SqliteMoving::target(Path::new(folder), "sandbox")?;
    wait(store.begin(STATE.export))?;
    for from in (0..count).step_by(usize::try_from(CHUNK)?) {
        let rows = (from..count.min(from + CHUNK)).map(token).collect::<Result<_, _>>()?;
        put(&store, rows)?;
    }
    let mut keys = Vec::new();
    for at in 0..count {
        for (kind, place) in [(IndexKind::ReusableCard, 0), (IndexKind::NamespacePlace, 1)] {
            keys.push((
                UniqueKey { tenant: Tenant::new(2)?, kind, value: half(at * 2 + place) },
                number(at)?,
            ));
        }
    }
    keys.sort_unstable();
    for chunk in keys.chunks(usize::try_from(CHUNK)?) {
        put(
            &store,
            chunk.iter().map(|(key, holder)| MovedRow::UniqueKey { key: *key, holder: *holder }).collect(),
        )?;
    }
    let mut previous = [0; 32];
    for frame in 0..count / FACTS {
        let records = b"{\"position\":1234567,\"at\":1700000000000,\"outcome\":\"done\",\"action\":\"reusable.create\",\
            \"tenant\":2,\"actor\":\"shop\",\"origin\":\"127.0.0.1\",\"request\":\"00112233445566778899aabbcc\",\
            \"object\":123456789012345678}\n";
        let records = records.repeat(usize::try_from(FACTS)?);
        let frame = Frame::seal(1 << 40, frame, Position((frame + 1) * FACTS), previous, records);
        previous = frame.hash;
        put(&store, vec![MovedRow::Frame(frame)])?;
    }
    Ok(wait(store.finish())?)
}

fn put(store: &SqliteMoving, rows: Vec<MovedRow>) -> Result<(), Box<dyn Error>> {
    if wait(store.put(rows, STATE))? == Stored::All { Ok(()) } else { Err("something else is there".into()) }
}

fn number(at: u64) -> Result<RecordNumber, Box<dyn Error>> {
    Ok(RecordNumber::from_u64((1 << 58) + (at << 12))?)
}

fn half(at: u64) -> [u8; 16] {
    let hash = sha256(&at.to_be_bytes());
    let mut value = [0; 16];
    value.copy_from_slice(&hash[..16]);
    value
}

fn token(at: u64) -> Result<MovedRow, Box<dyn Error>> {
    let hash = sha256(&at.to_le_bytes());
    let made = Timestamp::from_millis(1_700_000_000_000 + at.cast_signed());
    Ok(MovedRow::Reusable(ReusableRow {
        number: number(at)?,
        tenant: Tenant::new(2)?,
        generation: Generation::FIRST,
        created_at: made,
        updated_at: made,
        ends_at: made.plus_seconds(100_000_000),
        face: Some(CardFace { bin: Some(Bin::parse("411111")?), last4: Last4::parse("1111")?, brand: None }),
        fingerprint: Some(Fingerprint::from_bytes(half(at))),
        salt: Salt::from_bytes(hash),
        protected: Blob::from_bytes(hash.repeat(2)[..43].to_vec()),
        details: Blob::from_bytes(hash.repeat(10)),
    }))
}

/// The embedded store's futures hold their answer already.
fn wait<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match std::pin::pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(answer) => answer,
        task::Poll::Pending => Err(StoreError::Unavailable),
    }
}
