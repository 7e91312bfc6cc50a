//! A whole store on its way out or in.

use std::time::Duration;

use coffer_core::{
    moving::{ImportState, LaneHead, Movable, MovedRow, RowKey, Stored, Table},
    store::{Pending, Position, StoreError, cells::Cells},
};
use coffer_types::RecordNumber;
use deadpool_postgres::Object;

use crate::{
    errors::OpenError,
    options::{Options, Within},
    rows::{
        Column,
        cells::{RowCells, Unreadable},
        decode_all,
    },
    store::PostgresStore,
};

mod inspected;
mod puts;
mod tables;

/// Time for a page, and for what is written at once.
const STEP: Within = Within::Longest(Duration::from_mins(1));

/// Rows of a page: each is read in one statement, which holds its snapshot for milliseconds.
const PAGE_ROWS: u32 = 1_000;

/// Rows of a table that are counted one by one.
const COUNTED: u64 = 100_000;

/// A store that is carried out of its database, or into it. [`Movable`] says what that means.
#[derive(Debug)]
pub struct PostgresMoving(PostgresStore);

impl PostgresMoving {
    /// A store to read from, beside the nodes that use it. Refuses one in which an import was not finished.
    pub fn source(options: &Options) -> Result<Self, OpenError> {
        PostgresStore::open(&Options { make_tables: false, ..options.clone() }).map(Self)
    }

    /// A store to write into. Its tables are made where there are none.
    pub fn target(options: &Options) -> Result<Self, OpenError> {
        PostgresStore::open_unfinished(&Options { make_tables: true, ..options.clone() }).map(Self)
    }
}

impl Movable for PostgresMoving {
    fn page(&self, table: Table, after: Option<RowKey>, at_most: u32) -> Pending<'_, Vec<MovedRow>> {
        let (sql, mut parameters) = tables::behind(table, after);
        parameters.push(Column::One(at_most.min(PAGE_ROWS).into()));
        self.0.ask(table.name(), STEP, sql, parameters, move |rows| {
            decode_all(rows, |cells| tables::decode(table, cells))
        })
    }

    fn count(&self, table: Table) -> Pending<'_, u64> {
        // Counting a large table takes long: beyond the bound it is what the engine last estimated.
        let name = table.name();
        let sql = format!(
            "SELECT CASE WHEN c.n < {COUNTED} THEN c.n ELSE greatest(c.n, coalesce( \
             (SELECT CAST(max(reltuples) AS bigint) FROM pg_class WHERE relname = '{name}' AND relkind = 'r'), 0)) END \
             FROM (SELECT count(*) AS n FROM (SELECT 1 FROM {name} LIMIT {COUNTED}) AS r) AS c"
        );
        self.0.ask(name, STEP, sql, Vec::new(), |rows| {
            rows.first().map_or(Ok(0), |row| RowCells::of(row).narrow())
        })
    }

    fn heads(&self) -> Pending<'_, Vec<LaneHead>> {
        // A lane is a writer's life: they are few, and each is found by the index.
        let next = "SELECT a.lane, h.number, h.position FROM \
            (SELECT lane FROM audit WHERE lane > $1 ORDER BY lane LIMIT 1) AS a CROSS JOIN LATERAL \
            (SELECT number, position FROM audit WHERE lane = a.lane ORDER BY number DESC LIMIT 1) AS h";
        Box::pin(async move {
            let mut heads: Vec<LaneHead> = Vec::new();
            loop {
                let behind = heads.last().map_or(-1, |head| head.place.lane.cast_signed());
                let parameters = vec![Column::One(behind)];
                let found =
                    self.0.ask("audit", STEP, next, parameters, |rows| decode_all(rows, head)).await?;
                if found.is_empty() {
                    return Ok(heads);
                }
                heads.extend(found);
            }
        })
    }

    fn absent(&self, numbers: Vec<RecordNumber>) -> Pending<'_, Vec<RecordNumber>> {
        let sql = "SELECT v.number FROM unnest($1::bigint[]) WITH ORDINALITY AS v (number, place) \
            WHERE NOT EXISTS (SELECT 1 FROM reusable_tokens AS t WHERE t.number = v.number) \
            AND NOT EXISTS (SELECT 1 FROM instruments AS t WHERE t.number = v.number) \
            AND NOT EXISTS (SELECT 1 FROM customers AS t WHERE t.number = v.number) \
            AND NOT EXISTS (SELECT 1 FROM replies AS t WHERE t.number = v.number) ORDER BY v.place";
        let numbers = numbers.into_iter().map(|number| number.get().cast_signed()).collect();
        self.0
            .ask("records", STEP, sql, vec![Column::Int(numbers)], |rows| decode_all(rows, RowCells::number))
    }

    fn is_empty(&self) -> Pending<'_, bool> {
        let tables = Table::ALL.map(Table::name).into_iter().chain(["tokens"]);
        let there = tables.map(|table| format!("EXISTS (SELECT 1 FROM {table})")).collect::<Vec<_>>();
        let sql = format!("SELECT CAST(CAST({} AS int) AS bigint)", there.join(" OR "));
        self.0.ask("records", STEP, sql, Vec::new(), |rows| {
            let there = rows.first().map_or(Err(Unreadable), |row| RowCells::of(row).integer())?;
            Ok(there == 0)
        })
    }

    fn importing(&self) -> Pending<'_, Option<ImportState>> {
        let sql = "SELECT value FROM meta WHERE name = 'importing'";
        self.0.ask("meta", STEP, sql, Vec::new(), |rows| {
            let Some(row) = rows.first() else { return Ok(None) };
            let mut cells = RowCells::of(row);
            let text = cells.maybe_text()?.ok_or(Unreadable)?;
            ImportState::parse(text).map(Some).ok_or(Unreadable)
        })
    }

    fn begin(&self, export: [u8; 16]) -> Pending<'_, ()> {
        let mark = vec![puts::mark(ImportState { export, parts: 0 })];
        let begun = self.0.ask("meta", STEP, puts::BEGIN, mark, |rows| Ok(!rows.is_empty()));
        Box::pin(async move { if begun.await? { Ok(()) } else { Err(StoreError::Unavailable) } })
    }

    fn put(&self, rows: Vec<MovedRow>, state: ImportState) -> Pending<'_, Stored> {
        let (pool, runtime) = (self.0.pool.clone(), self.0.runtime.clone());
        let put = runtime.spawn(async move { puts::put(&pool, &rows, state).await });
        Box::pin(async move { put.await.unwrap_or(Err(StoreError::Unavailable)) })
    }

    fn finish(&self) -> Pending<'_, ()> {
        let (pool, runtime) = (self.0.pool.clone(), self.0.runtime.clone());
        Box::pin(async move {
            let analyzed = runtime.spawn(async move {
                let connection = pool.get().await.ok()?;
                let analyzed = connection.batch_execute(ANALYZE).await.ok();
                // Its settings are nobody else's.
                drop(Object::take(connection));
                analyzed
            });
            if analyzed.await.ok().flatten().is_none() {
                tracing::warn!(
                    "the tables could not be analyzed: the database does it by itself, a little later"
                );
            }
            let finish = "DELETE FROM meta WHERE name = 'importing'";
            self.0.ask("meta", STEP, finish, Vec::new(), |_| Ok(())).await
        })
    }
}

/// What the planner knows of the tables is from when they were empty.
const ANALYZE: &str = "SET statement_timeout = 0; SET lock_timeout = '30s'; ANALYZE";

fn head(cells: &mut RowCells<'_>) -> Result<LaneHead, Unreadable> {
    let place = coffer_core::audit::FramePlace { lane: cells.narrow()?, number: cells.narrow()? };
    Ok(LaneHead { place, last: Position(cells.narrow()?) })
}
