//! Stores with a vault in them, and what tests ask of them.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
};

use coffer_core::{
    Clock,
    audit::{Action, Fact},
    moving::{ImportState, LaneHead, Movable, MovedRow, RowKey, Stored, Table},
    store::{
        CounterKey, IndexKind, KeyRow, Outcome, Pending, RecordKey, Row, Store, StoreError, UniqueKey,
        contract::{block_on, customer, instrument, number, reply, reusable, tenant, token, unit},
    },
};
use coffer_crypto::{
    Entropy, EntropyError, Environment, Kek, KeyPurpose, KeyScope, KeyState, KeyVersion, OsEntropy, RootKey,
};
use coffer_export::{Export, Import, Manifest, MoveError, Report, Silent};
use coffer_store_sqlite::{Options, SqliteMoving, SqliteStore};
use coffer_types::{Generation, RecordNumber, Timestamp};
use tempfile::TempDir;

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Bytes that count up: the same in every run.
pub(crate) struct Counting(AtomicU8);

impl Counting {
    pub(crate) fn from(first: u8) -> Self {
        Self(AtomicU8::new(first))
    }
}

impl Entropy for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        for byte in out {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The root key of every world here, and the wrapped keys of its vault.
pub(crate) fn keys() -> (RootKey, Vec<KeyRow>) {
    keys_from(1)
}

pub(crate) fn keys_from(seed: u8) -> (RootKey, Vec<KeyRow>) {
    let entropy = Counting::from(seed);
    let root = RootKey::generate(&entropy).unwrap();
    let kek = Kek::generate(Environment::Sandbox, KeyVersion::FIRST, &entropy).unwrap();
    let row = |tenant, purpose: KeyPurpose, wrapped| KeyRow {
        tenant,
        purpose: purpose.code(),
        version: 1,
        generation: Generation::FIRST,
        state: KeyState::Active,
        under: 1,
        created_at: Timestamp::from_millis(5),
        active_at: Some(Timestamp::from_millis(6)),
        changed_at: Timestamp::from_millis(6),
        wrapped,
    };
    let mut rows = vec![row(None, KeyPurpose::Kek, root.wrap_kek(&kek, &entropy).unwrap())];
    for purpose in KeyPurpose::OF_DEPLOYMENT {
        let wrapped = kek.wrap_new(purpose, KeyScope::Deployment, KeyVersion::FIRST, &entropy).unwrap();
        rows.push(row(None, purpose, wrapped));
    }
    (root, rows)
}

/// A small repeatable source of numbers (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
    }
}

pub(crate) fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder, Options::new("sandbox")).unwrap()
}

/// A vault's keys in a store.
pub(crate) fn found(store: &dyn Store) {
    for (id, row) in (1..).zip(keys().1) {
        block_on(store.commit(unit(id).insert(row).fact(Fact::system(Action::KeyCreate)).finish())).unwrap();
    }
}

/// Acts of every kind, of which some lose.
pub(crate) fn act(store: &dyn Store, random: &mut Random) {
    let at = number(1 + random.below(300));
    let key = |kind| UniqueKey { tenant: tenant(1), kind, value: [at.get().to_le_bytes()[0]; 16] };
    let fact = Fact::system(Action::Create).object(at);
    let builder = unit(at.get()).fact(fact);
    let builder = match random.below(12) {
        0 | 1 => builder
            .insert(instrument(at.get()))
            .insert(Row::Index { key: key(IndexKind::CustomerInstrument), holder: at }),
        2 => builder
            .insert(customer(at.get()))
            .insert(Row::Index { key: key(IndexKind::CustomerId), holder: at }),
        3 | 4 => builder
            .insert(reusable(at.get()))
            .insert(Row::Index { key: key(IndexKind::ReusableCard), holder: at }),
        5 => builder.insert(reply(at.get())),
        6 => builder.insert(token(at.get())),
        7 => builder
            .erase(RecordKey::Reusable(tenant(1), at), Generation::FIRST)
            .free_key(key(IndexKind::ReusableCard)),
        8 => builder
            .erase(RecordKey::Instrument(tenant(1), at), Generation::FIRST)
            .free_key(key(IndexKind::CustomerInstrument)),
        9 => {
            let row = instrument(at.get());
            let next = Generation::FIRST.next().unwrap();
            builder.replace_instrument(
                Generation::FIRST,
                coffer_core::store::InstrumentRow { generation: next, face: None, ..row },
            )
        }
        10 => builder.insert(Row::Index { key: key(IndexKind::Reference), holder: at }),
        _ => builder.add(
            CounterKey::tenant_names(tenant(1 + u32::from(at.get().to_le_bytes()[0]))),
            1 + random.below(5),
        ),
    };
    assert!(matches!(block_on(store.commit(builder.finish())), Ok(Outcome::Done(_) | Outcome::Lost { .. })));
}

/// A store with a history over some starts.
pub(crate) fn with_history(folder: &Path, seed: u64, acts: usize) {
    let mut random = Random::new(seed);
    found(&open(folder));
    for _ in 0..3 {
        let store = open(folder);
        for _ in 0..acts / 3 {
            act(&store, &mut random);
        }
    }
}

pub(crate) fn source(folder: &Path) -> SqliteMoving {
    SqliteMoving::source(folder, "sandbox").unwrap()
}

pub(crate) fn target(folder: &Path) -> SqliteMoving {
    SqliteMoving::target(folder, "sandbox").unwrap()
}

pub(crate) fn export(source: &dyn Movable, to: &Path) -> Result<Manifest, MoveError> {
    let (root, clock) = (keys().0, Clock::system());
    let environment = Environment::Sandbox;
    let plan = Export { source, environment, root: &root, folder: to, clock: &clock, entropy: &OsEntropy };
    block_on(coffer_export::export(&plan, &mut Silent))
}

pub(crate) fn import(target: &dyn Movable, from: &Path) -> Result<Report, MoveError> {
    import_with(target, from, false)
}

pub(crate) fn import_with(
    target: &dyn Movable,
    from: &Path,
    allow_unquiet: bool,
) -> Result<Report, MoveError> {
    let root = keys().0;
    let environment = Environment::Sandbox;
    let plan = Import { allow_unquiet, ..plan(target, environment, &root, from) };
    block_on(coffer_export::import(&plan, &mut Silent))
}

/// An import that takes no more than it must.
pub(crate) fn plan<'a>(
    target: &'a dyn Movable,
    environment: Environment,
    root: &'a RootKey,
    folder: &'a Path,
) -> Import<'a> {
    let (keys, now) = (None, Timestamp::from_millis(RESTORED));
    let (allow_unquiet, allow_erased) = (false, false);
    Import { target, environment, root, folder, keys, allow_unquiet, allow_erased, now }
}

/// When a store says that it was put back; a row of every store into which something was imported.
pub(crate) const RESTORED: i64 = 1_900_000_000_000;

/// Every row of a store that moves, but for its restore epoch.
pub(crate) fn moved(store: &dyn Movable) -> BTreeMap<(Table, RowKey), MovedRow> {
    let mut all = everything(store);
    all.retain(|(_, key), _| {
        ![CounterKey::RESTORES, CounterKey::RESTORED_AT].map(RowKey::Counter).contains(key)
    });
    all
}

pub(crate) fn verify(target: &dyn Movable, from: &Path) -> Result<Report, MoveError> {
    let root = keys().0;
    let environment = Environment::Sandbox;
    let plan = plan(target, environment, &root, from);
    block_on(coffer_export::verify(&plan, &mut Silent))
}

/// Every row of a store that moves.
pub(crate) fn everything(store: &dyn Movable) -> BTreeMap<(Table, RowKey), MovedRow> {
    let mut all = BTreeMap::new();
    for table in Table::ALL {
        let mut after = None;
        loop {
            let page = block_on(store.page(table, after, 100)).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.key());
            all.extend(page.into_iter().map(|row| ((table, row.key()), row)));
        }
    }
    all
}

/// A store that something happens to at some of its calls.
pub(crate) struct Watched<'a> {
    pub(crate) inner: &'a dyn Movable,
    /// Before each page of a table; false: the store fails.
    pub(crate) at_page: Box<dyn Fn(Table) -> bool + Send + Sync + 'a>,
    /// Before each put; false: the store fails.
    pub(crate) at_put: Box<dyn Fn(u64) -> bool + Send + Sync + 'a>,
    pub(crate) puts: AtomicU64,
    /// Rows of a page at most.
    pub(crate) at_most: u32,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(inner: &'a dyn Movable) -> Self {
        let (at_page, at_put) = (Box::new(|_| true), Box::new(|_| true));
        Self { inner, at_page, at_put, puts: AtomicU64::new(0), at_most: u32::MAX }
    }
}

fn failed<T: Send + 'static>() -> Pending<'static, T> {
    Box::pin(std::future::ready(Err(StoreError::Unavailable)))
}

impl Movable for Watched<'_> {
    fn page(&self, table: Table, after: Option<RowKey>, at_most: u32) -> Pending<'_, Vec<MovedRow>> {
        if !(self.at_page)(table) {
            return failed();
        }
        self.inner.page(table, after, at_most.min(self.at_most))
    }

    fn count(&self, table: Table) -> Pending<'_, u64> {
        self.inner.count(table)
    }

    fn heads(&self) -> Pending<'_, Vec<LaneHead>> {
        self.inner.heads()
    }

    fn absent(&self, numbers: Vec<RecordNumber>) -> Pending<'_, Vec<RecordNumber>> {
        self.inner.absent(numbers)
    }

    fn is_empty(&self) -> Pending<'_, bool> {
        self.inner.is_empty()
    }

    fn importing(&self) -> Pending<'_, Option<ImportState>> {
        self.inner.importing()
    }

    fn begin(&self, export: [u8; 16]) -> Pending<'_, ()> {
        self.inner.begin(export)
    }

    fn put(&self, rows: Vec<MovedRow>, state: ImportState) -> Pending<'_, Stored> {
        if !(self.at_put)(self.puts.fetch_add(1, Ordering::Relaxed)) {
            return failed();
        }
        self.inner.put(rows, state)
    }

    fn finish(&self) -> Pending<'_, ()> {
        self.inner.finish()
    }
}
