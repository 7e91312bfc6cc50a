//! The store as its callers see it.

use std::{
    future::ready,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use coffer_core::{
    audit::{Frame, FramePlace},
    store::{
        CounterKey, CustomerRow, Ended, Gauges, IndexKind, InstrumentOutline, InstrumentRow, KeyRow,
        OldestProtected, Order, Outcome, Pending, RecordTable, ReplyRow, ReusableRow, Row, Store, StoreError,
        Stretch, TokenRow, UniqueKey, Unit, Window, cells::Cells,
    },
};
use coffer_types::{RecordNumber, Tenant, Timestamp};
use deadpool_postgres::Pool;
use tokio::{
    runtime::{Builder, Handle},
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use crate::{
    connections,
    errors::OpenError,
    health::{Health, look},
    options::{Options, Times, Within},
    reads::{KEY_TABLE, MEMBERS, MEMBERS_FROM_OLDEST, OLDEST_PROTECTED, bound, frame, int, of, page, pages},
    rows::{Column, KEYS, Kind, Record, cells::RowCells, decode_all},
    schema::{self, Migrated, STEPS},
    writer::{Job, Writer},
};

/// A store on a database that other nodes share. Dropping it finishes the accepted units, like [`Store::close`].
pub struct PostgresStore {
    /// One to each writer. None once the store is closed.
    queues: RwLock<Option<Queues>>,
    pub(crate) pool: Pool,
    pub(crate) times: Times,
    pub(crate) health: Arc<Health>,
    pub(crate) runtime: Handle,
    /// True once everything that was accepted is decided.
    closed: watch::Receiver<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The ways to the writers.
struct Queues {
    /// To the one for units that expect nothing.
    plain: mpsc::Sender<Job>,
    /// To the others, who take turns; to the first, where it is alone.
    checked: Vec<mpsc::Sender<Job>>,
    turn: AtomicUsize,
}

impl Queues {
    /// For so many writers, and what each of them takes from.
    fn new(writers: usize, units: usize) -> (Self, Vec<mpsc::Receiver<Job>>) {
        let (mut senders, receivers): (Vec<_>, Vec<_>) =
            (0..writers.max(1)).map(|_| mpsc::channel(units)).unzip();
        let plain = senders.remove(0);
        if senders.is_empty() {
            senders.push(plain.clone());
        }
        (Self { plain, checked: senders, turn: AtomicUsize::new(0) }, receivers)
    }

    fn of(&self, unit: &Unit) -> &mpsc::Sender<Job> {
        if unit.expectations().is_empty() {
            return &self.plain;
        }
        let turn = self.turn.fetch_add(1, Relaxed) % self.checked.len();
        self.checked.get(turn).unwrap_or(&self.plain)
    }
}

impl PostgresStore {
    /// Connects, and refuses what is not a store of this environment that this program can work with. An empty
    /// database gets its tables where [`Options::make_tables`] says so.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        Self::opened(options, false)
    }

    /// The same, also where an import has begun and not ended.
    pub(crate) fn open_unfinished(options: &Options) -> Result<Self, OpenError> {
        Self::opened(options, true)
    }

    fn opened(options: &Options, unfinished: bool) -> Result<Self, OpenError> {
        let (times, most) =
            (Times::of(options.patience), options.connections.max(1) + options.writers.max(1));
        let pool = connections::pool(&options.address, most, times)?;
        let health = Arc::new(Health::default());
        let (queues, jobs) = Queues::new(options.writers, options.queue_units.max(1));
        let (ended, closed) = watch::channel(false);
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let units = options.batch_units.max(1);
        let writer = |jobs| Writer::new(jobs, units, pool.clone(), Arc::clone(&health), times);
        let writers: Vec<_> = jobs.into_iter().map(writer).collect();
        let (environment, make, first) = (options.environment, options.make_tables, pool.clone());
        let asking = connections::pool(&options.address, 1, times)?;
        let looking = look(Arc::clone(&health), pool.clone(), asking, options.address.clone(), times);
        let thread = thread::Builder::new().name("store-postgres".to_owned()).spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(OpenError::Thread(error)))),
            };
            runtime.block_on(async move {
                let ready = prepare(&first, environment, make, unfinished).await.map(|()| Handle::current());
                let well = ready.is_ok();
                if tell.send(ready).is_err() || !well {
                    return;
                }
                let looking = tokio::spawn(looking);
                let writing: Vec<_> = writers.into_iter().map(|writer| tokio::spawn(writer.run())).collect();
                for writer in writing {
                    if writer.await.is_err() {
                        tracing::error!("a writer of the store panicked");
                    }
                }
                looking.abort();
                ended.send_replace(true);
            });
        })?;
        let gone = || OpenError::Unreachable { reason: "its thread ended".to_owned() };
        let runtime = told.recv().map_err(|_| gone())??;
        Ok(Self {
            queues: RwLock::new(Some(queues)),
            pool,
            times,
            health,
            runtime,
            closed,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Makes the tables of an empty database, or brings older ones to this program's version: they are widened, and
    /// programs of the version before go on with them.
    pub fn migrate(options: &Options) -> Result<Migrated, OpenError> {
        let environment = options.environment;
        once(options, async |client| schema::migrate(client, environment, STEPS).await)
    }

    /// The same, and what only older programs need is taken away. Refused while nodes of an older version run.
    pub fn narrow(options: &Options) -> Result<Migrated, OpenError> {
        let environment = options.environment;
        once(options, async |client| schema::narrow(client, environment, STEPS).await)
    }

    fn accept(&self, unit: Unit) -> Result<oneshot::Receiver<Result<Outcome, StoreError>>, StoreError> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.as_ref().ok_or(StoreError::Unavailable)?.of(&unit);
        if !self.health.is_there() {
            return Err(StoreError::Unavailable);
        }
        let (answer, answered) = oneshot::channel();
        self.health.queued.fetch_add(1, Relaxed);
        queue.try_send(Job { unit, answer, until: Instant::now() + self.times.commit }).map_err(
            |refused| {
                self.health.queued.fetch_sub(1, Relaxed);
                match refused {
                    mpsc::error::TrySendError::Full(_) => StoreError::Full,
                    mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable,
                }
            },
        )?;
        Ok(answered)
    }

    fn take_no_more(&self) {
        drop(self.queues.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Store for PostgresStore {
    fn commit(&self, unit: Unit) -> Pending<'static, Outcome> {
        match self.accept(unit) {
            Ok(answered) => Box::pin(async { answered.await.unwrap_or(Err(StoreError::Unavailable)) }),
            Err(refused) => Box::pin(ready(Err(refused))),
        }
    }

    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>> {
        self.one(tenant, number)
    }

    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>> {
        self.one(tenant, number)
    }

    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>> {
        self.one(tenant, number)
    }

    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>> {
        self.one(tenant, number)
    }

    fn ended_reusables(&self, after: Ended, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>> {
        let parameters = vec![
            Column::One(after.ends_at.millis()),
            int(after.number),
            Column::One(now.millis()),
            Column::One(at_most.into()),
        ];
        let sql = of(
            Kind::Reusable,
            "(ends_at, number) > ($1, $2) AND ends_at <= $3 ORDER BY ends_at, number LIMIT $4",
        );
        self.ask("reusable_tokens", Within::Call, sql, parameters, |rows| {
            decode_all(rows, ReusableRow::decode_row)
        })
    }

    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Pending<'_, Option<ReplyRow>> {
        let parameters = vec![Column::One(tenant.get().into()), Column::Owned(key.to_vec())];
        let sql = of(Kind::Reply, "tenant = $1 AND key = $2");
        self.ask("replies", Within::Call, sql, parameters, |rows| {
            rows.first().map(|row| ReplyRow::decode_row(&mut RowCells::of(row))).transpose()
        })
    }

    fn oldest_reply(&self) -> Pending<'_, Option<RecordNumber>> {
        self.lowest("replies", "SELECT number FROM replies ORDER BY number LIMIT 1")
    }

    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>> {
        let sql = "SELECT holder FROM unique_keys WHERE tenant = $1 AND kind = $2 AND value = $3";
        let parameters = vec![
            Column::One(key.tenant.get().into()),
            Column::One(key.kind.code().into()),
            Column::Owned(key.value.to_vec()),
        ];
        self.ask(KEY_TABLE, Within::Call, sql, parameters, |rows| {
            rows.first().map(|row| RowCells::of(row).number()).transpose()
        })
    }

    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>> {
        let sql = "SELECT holder FROM unique_keys WHERE tenant = $1 AND kind = $2 AND value >= $3 AND value <= $4 \
            ORDER BY holder LIMIT $5";
        let parameters = vec![
            Column::One(tenant.get().into()),
            Column::One(kind.code().into()),
            Column::Owned(bound(prefix, [0; 8])),
            Column::Owned(bound(prefix, [u8::MAX; 8])),
            Column::One(at_most.into()),
        ];
        self.numbers(KEY_TABLE, Within::List, sql, parameters)
    }

    fn members(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        window: Window,
    ) -> Pending<'_, Vec<RecordNumber>> {
        let sql = match window.order {
            Order::NewestFirst => MEMBERS,
            Order::OldestFirst => MEMBERS_FROM_OLDEST,
        };
        let parameters = vec![
            Column::One(tenant.get().into()),
            Column::One(kind.code().into()),
            Column::Owned(bound(prefix, window.from.get().to_be_bytes())),
            Column::Owned(bound(prefix, window.below.get().to_be_bytes())),
            Column::One(window.at_most.into()),
            Column::One(window.skip.into()),
        ];
        self.numbers(KEY_TABLE, Within::List, sql, parameters)
    }

    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>> {
        let sql = of(Kind::Token, &page("tenant = $1 AND kind = 1", window.order));
        self.ask("tokens", Within::List, sql, pages(tenant, window), |rows| {
            decode_all(rows, TokenRow::decode_row)
        })
    }

    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64> {
        let sql = "SELECT count(*) FROM tokens WHERE tenant = $1 AND kind = 1 AND number >= $2";
        self.count("tokens", sql, vec![Column::One(tenant.get().into()), int(from)])
    }

    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>> {
        let sql = of(Kind::Instrument, &page("tenant = $1", window.order));
        self.ask("instruments", Within::List, sql, pages(tenant, window), |rows| {
            decode_all(rows, InstrumentRow::decode_row)
        })
    }

    fn outlines(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentOutline>> {
        let page = page("tenant = $1", window.order);
        let sql = format!(
            "SELECT number, generation, created_at, updated_at, bin, last4, brand, fingerprint FROM instruments \
             WHERE {page}"
        );
        self.ask("instruments", Within::List, sql, pages(tenant, window), |rows| {
            decode_all(rows, InstrumentOutline::decode)
        })
    }

    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64> {
        let sql = "SELECT count(*) FROM instruments WHERE tenant = $1";
        self.count("instruments", sql, vec![Column::One(tenant.get().into())])
    }

    fn counter(&self, key: CounterKey) -> Pending<'_, u64> {
        let sql = "SELECT value FROM counters WHERE kind = $1 AND subject = $2";
        let parameters = vec![Column::One(key.kind.code().into()), Column::Owned(key.subject.to_vec())];
        self.count("counters", sql, parameters)
    }

    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        match table {
            RecordTable::Tokens => self.walk::<TokenRow>(from, at_most),
            RecordTable::Customers => self.walk::<CustomerRow>(from, at_most),
            RecordTable::Instruments => self.walk::<InstrumentRow>(from, at_most),
            RecordTable::Reusables => self.walk::<ReusableRow>(from, at_most),
            RecordTable::Replies => self.walk::<ReplyRow>(from, at_most),
        }
    }

    fn keys(&self) -> Pending<'_, Vec<KeyRow>> {
        let sql = format!("SELECT {} FROM keys ORDER BY tenant, purpose, version", KEYS.names());
        self.ask("keys", Within::List, sql, Vec::new(), |rows| decode_all(rows, KeyRow::decode))
    }

    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>> {
        self.lowest("tokens", "SELECT number FROM tokens ORDER BY number LIMIT 1")
    }

    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected> {
        let below = stretch.below;
        let parameters = vec![int(stretch.from), int(below), Column::One(stretch.at_most.into())];
        self.ask("tokens", Within::Call, OLDEST_PROTECTED, parameters, move |rows| {
            let Some(row) = rows.first() else { return Ok(OldestProtected::NoneBelow(below)) };
            let mut cells = RowCells::of(row);
            let (end, card) = (cells.number()?, cells.maybe_integer()?);
            Ok(match card {
                Some(_) => OldestProtected::At(RowCells::at(row, 1).number()?),
                None => OldestProtected::NoneBelow(end),
            })
        })
    }

    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>> {
        let sql = "SELECT number FROM ( \
            SELECT max(number) AS number FROM tokens UNION ALL SELECT max(number) FROM instruments UNION ALL \
            SELECT max(number) FROM customers UNION ALL SELECT max(number) FROM reusable_tokens UNION ALL \
            SELECT max(number) FROM replies) AS n WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1";
        self.lowest("tokens", sql)
    }

    fn frames(&self, after: Option<FramePlace>, limit: u32) -> Pending<'_, Vec<Frame>> {
        let sql = "SELECT lane, number, position, previous, records, hash FROM audit WHERE (lane, number) > ($1, $2) \
            ORDER BY lane, number LIMIT $3";
        let place = after.map_or((-1, -1), |place| (place.lane.cast_signed(), place.number.cast_signed()));
        let parameters = vec![Column::One(place.0), Column::One(place.1), Column::One(limit.into())];
        self.ask("audit", Within::List, sql, parameters, |rows| decode_all(rows, frame))
    }

    fn gauges(&self) -> Gauges {
        self.health.gauges()
    }

    fn ready(&self) -> bool {
        let open = self.queues.read().unwrap_or_else(PoisonError::into_inner).is_some();
        open && self.health.takes_writes()
    }

    fn scrub(&self) -> Pending<'_, ()> {
        Box::pin(ready(Ok(())))
    }

    fn close(&self) -> Pending<'_, ()> {
        self.take_no_more();
        let mut closed = self.closed.clone();
        Box::pin(async move {
            let ended = closed.wait_for(|well| *well).await.is_ok();
            if ended { Ok(()) } else { Err(StoreError::Unavailable) }
        })
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.take_no_more();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's thread panicked");
        }
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PostgresStore(..)")
    }
}

/// Connects, does one thing, and ends.
fn once<T>(
    options: &Options,
    act: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let pool = connections::pool(&options.address, 1, Times::of(options.patience))?;
        let connection = pool.get().await?;
        // Widening a large table takes as long as it takes.
        connection.batch_execute("SET statement_timeout = 0").await?;
        act(&connection).await
    })
}

/// Refuses what is not our store; makes its tables where that is asked for.
async fn prepare(
    pool: &Pool,
    environment: &'static str,
    make: bool,
    unfinished: bool,
) -> Result<(), OpenError> {
    let connection = pool.get().await?;
    if make {
        schema::migrate(&connection, environment, STEPS).await?;
    }
    schema::check(&connection, environment, STEPS).await?;
    for setting in ["fsync", "full_page_writes"] {
        // An engine that has no such setting has no such choice.
        let told = connection.query_opt(&format!("SHOW {setting}"), &[]).await.ok().flatten();
        if told.is_some_and(|row| row.try_get::<_, &str>(0).is_ok_and(|value| value == "off")) {
            tracing::error!(
                kind = setting,
                "the database has a setting off without which a crash loses commits"
            );
        }
    }
    let importing = "SELECT 1 FROM meta WHERE name = 'importing'";
    if !unfinished && connection.query_opt(importing, &[]).await?.is_some() {
        return Err(OpenError::Importing);
    }
    Ok(())
}
