//! The store as its callers see it.

use std::{
    future::ready,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::Ordering::Relaxed,
        mpsc::{TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use coffer_core::{
    audit::{Frame, FramePlace},
    store::{
        CounterKey, CustomerRow, Ended, Gauges, IndexKind, InstrumentOutline, InstrumentRow, KeyRow,
        OldestProtected, Outcome, Pending, RecordTable, ReplyRow, ReusableRow, Row, Store, StoreError,
        Stretch, TokenRow, UniqueKey, Unit, Window,
    },
};
use coffer_types::{RecordNumber, Tenant, Timestamp};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::{
    batch::Ledger,
    checkpoint::Checkpoints,
    connection,
    errors::{OpenError, ReadError},
    folder::Folder,
    lists::Lists,
    options::Options,
    readers::Readers,
    rows::{counter, customer, frame, index, instrument, key, reply, reusable, token, walk},
    schema::{self, Found},
    shared::Shared,
    writer::{Job, Queue, Writer},
};

/// A store in a folder of its own. Dropping it finishes the accepted units, like [`Store::close`].
pub struct SqliteStore {
    /// None once the store is closed.
    queue: RwLock<Option<Queue>>,
    readers: Arc<Readers>,
    lists: Lists,
    shared: Arc<Shared>,
    /// True once everything ended well; closed without it when something did not.
    closed: watch::Receiver<bool>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Last, so that the lock outlives everything that uses the files.
    _folder: Folder,
}

impl SqliteStore {
    /// Opens the store in `folder`, and makes both where they are missing: the folder with mode 0700, `coffer.db` with
    /// 0600. What is there and is open to others gets these modes too. One process at a time. What a crash
    /// left in the write-ahead log is taken over by the engine.
    pub fn open(folder: &Path, options: Options) -> Result<Self, OpenError> {
        connection::check_library()?;
        let folder = Folder::open(folder)?;
        let file = folder.database()?;
        let connection = connection::writer(&file)?;
        let found = schema::inspect(&connection, options.environment)?;
        folder.make_private()?;
        connection::make_durable(&connection)?;
        if found == Found::Empty {
            schema::create(&connection, options.environment)?;
        }
        if schema::importing(&connection)?.is_some() {
            return Err(OpenError::Importing);
        }
        let ledger = Ledger::load(&connection, options.committed)?;
        let checkpoints = connection::checkpoints(&file)?;
        let shared = Arc::new(Shared::new(options.fatal));
        let (queue, jobs) = sync_channel(options.queue_units.max(1));
        let (ended, closed) = watch::channel(false);
        let checkpoints = Checkpoints::new(
            checkpoints,
            Arc::clone(&shared),
            options.wal_restart_bytes,
            options.wal_clean_after,
        );
        let batch_units = options.batch_units.max(1);
        let writer =
            Writer { connection, ledger, jobs, batch_units, shared: Arc::clone(&shared), max_pages: 0 };
        let checkpoints = named("store-checkpoint").spawn(move || checkpoints.run())?;
        let writer = named("store-writer")
            .spawn(move || writer.run(checkpoints, &ended))
            .inspect_err(|_| shared.turnstile.close())?;
        let readers = Arc::new(Readers::new(file));
        let lists = Lists::start(&readers).inspect_err(|_| shared.turnstile.close())?;
        Ok(Self {
            queue: RwLock::new(Some(queue)),
            readers,
            lists,
            shared,
            closed,
            writer: Mutex::new(Some(writer)),
            _folder: folder,
        })
    }

    /// Brings a store of the schema version before to this program's, in one transaction; one that is there already
    /// stays as it is. The folder must be nobody's. Whether anything was done. While it runs the disk needs room for
    /// the audit log twice.
    pub fn migrate(folder: &Path, environment: &'static str) -> Result<bool, OpenError> {
        connection::check_library()?;
        if !folder.join("coffer.db").exists() {
            return Err(OpenError::Missing);
        }
        let folder = Folder::open(folder)?;
        let connection = connection::writer(&folder.database()?)?;
        match schema::inspect(&connection, environment) {
            Ok(_) => Ok(false),
            Err(OpenError::Older { .. }) => {
                schema::check_environment(&connection, environment)?;
                folder.make_private()?;
                connection::make_durable(&connection)?;
                schema::migrate(&connection)?;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// One counter of a store that another process may be using, which goes on undisturbed; nothing is locked or
    /// changed. Refuses what is not there, not a store, or of another environment.
    pub fn peek_counter(
        folder: &Path,
        environment: &'static str,
        key: &CounterKey,
    ) -> Result<u64, OpenError> {
        let connection = connection::reader(&folder.join("coffer.db"))?;
        match schema::inspect(&connection, environment)? {
            // One that is being made.
            Found::Empty => Ok(0),
            Found::Ours => Ok(counter::read(&connection, key)?),
        }
    }

    /// Bounds the database file, in pages of 4 KiB, from the next batch on. A batch that needs more fails as on a full
    /// disk: it is rolled back, reads go on, and later batches succeed once there is room.
    pub fn bound_pages(&self, pages: u32) {
        self.shared.max_pages.store(pages, Relaxed);
    }

    fn accept(&self, unit: Unit) -> Result<oneshot::Receiver<Result<Outcome, StoreError>>, StoreError> {
        let queue = self.queue.read().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().filter(|_| self.shared.is_alive()).ok_or(StoreError::Unavailable)?;
        let (answer, answered) = oneshot::channel();
        // Counted before it is sent, so that the writer never takes away what was not yet added.
        self.shared.queued.fetch_add(1, Relaxed);
        queue.try_send(Job { unit, answer }).map_err(|refused| {
            self.shared.queued.fetch_sub(1, Relaxed);
            match refused {
                TrySendError::Full(_) => StoreError::Full,
                TrySendError::Disconnected(_) => StoreError::Unavailable,
            }
        })?;
        Ok(answered)
    }

    fn read<T: Send + 'static>(
        &self,
        table: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError>,
    ) -> Pending<'_, T> {
        Box::pin(ready(self.readers.read(table, read)))
    }

    fn take_no_more(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Store for SqliteStore {
    fn commit(&self, unit: Unit) -> Pending<'static, Outcome> {
        match self.accept(unit) {
            Ok(answered) => Box::pin(async { answered.await.unwrap_or(Err(StoreError::Unavailable)) }),
            Err(refused) => Box::pin(ready(Err(refused))),
        }
    }

    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>> {
        self.read(token::TABLE, |connection| token::read(connection, tenant, number))
    }

    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>> {
        self.read(instrument::TABLE, |connection| instrument::read(connection, tenant, number))
    }

    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>> {
        self.read(customer::TABLE, |connection| customer::read(connection, tenant, number))
    }

    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>> {
        self.read(reusable::TABLE, |connection| reusable::read(connection, tenant, number))
    }

    fn ended_reusables(&self, after: Ended, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>> {
        self.read(reusable::TABLE, |connection| reusable::ended(connection, after, now, at_most))
    }

    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.lists.read(index::TABLE, move |connection| {
            index::beginning(connection, (tenant, kind), prefix, at_most)
        })
    }

    fn members(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        window: Window,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.lists
            .read(index::TABLE, move |connection| index::members(connection, (tenant, kind), prefix, window))
    }

    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Pending<'_, Option<ReplyRow>> {
        self.read(reply::TABLE, |connection| reply::read(connection, tenant, key))
    }

    fn oldest_reply(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read(reply::TABLE, reply::lowest)
    }

    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>> {
        self.lists.read(token::TABLE, move |connection| token::page(connection, tenant, window))
    }

    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64> {
        self.lists.read(token::TABLE, move |connection| token::count(connection, tenant, from))
    }

    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>> {
        self.lists.read(instrument::TABLE, move |connection| instrument::page(connection, tenant, window))
    }

    fn outlines(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentOutline>> {
        self.lists.read(instrument::TABLE, move |connection| instrument::outlines(connection, tenant, window))
    }

    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64> {
        self.lists.read(instrument::TABLE, move |connection| instrument::count(connection, tenant))
    }

    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>> {
        self.read(index::TABLE, |connection| index::read(connection, &key))
    }

    fn counter(&self, key: CounterKey) -> Pending<'_, u64> {
        self.read(counter::TABLE, |connection| counter::read(connection, &key))
    }

    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        self.lists.read(walk::name(table), move |connection| walk::rows(connection, table, from, at_most))
    }

    fn keys(&self) -> Pending<'_, Vec<KeyRow>> {
        self.read(key::TABLE, key::all)
    }

    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read(token::TABLE, token::lowest)
    }

    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected> {
        self.read(token::TABLE, |connection| token::oldest_protected(connection, stretch))
    }

    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read(token::TABLE, |connection| {
            let durable = instrument::ROWS.highest(connection)?.max(customer::ROWS.highest(connection)?);
            let durable =
                durable.max(reusable::ROWS.highest(connection)?).max(reply::ROWS.highest(connection)?);
            Ok(token::ROWS.highest(connection)?.max(durable))
        })
    }

    fn frames(&self, after: Option<FramePlace>, limit: u32) -> Pending<'_, Vec<Frame>> {
        self.read(frame::TABLE, |connection| frame::after(connection, after, limit))
    }

    fn gauges(&self) -> Gauges {
        self.shared.gauges()
    }

    fn ready(&self) -> bool {
        self.shared.takes_writes() && self.queue.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn scrub(&self) -> Pending<'_, ()> {
        let scrubbed = self.shared.turnstile.ask_to_scrub();
        Box::pin(async { scrubbed.await.map_err(|_| StoreError::Unavailable) })
    }

    fn close(&self) -> Pending<'_, ()> {
        self.take_no_more();
        let mut closed = self.closed.clone();
        Box::pin(
            async move { closed.wait_for(|well| *well).await.map(drop).map_err(|_| StoreError::Unavailable) },
        )
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.take_no_more();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}
