//! Reads: one statement each, on a connection of the pool, on the store's own thread.

use std::{borrow::Cow, future::ready, sync::Arc};

use coffer_core::{
    audit::Frame,
    store::{Order, Pending, Position, Row as StoredRow, StoreError, Window, cells::Cells},
};
use coffer_types::{RecordNumber, Tenant};
use tokio_postgres::Row;

use crate::{
    connections::{NoConnection, connection, query},
    errors::Trouble,
    options::Within,
    rows::{
        Column, Kind, Record,
        cells::{RowCells, Unreadable},
        decode_all,
    },
    store::PostgresStore,
};

impl PostgresStore {
    /// Carries out a statement on the store's own thread, and not for longer than such a call may take.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        table: &'static str,
        within: Within,
        sql: impl Into<Cow<'static, str>>,
        parameters: Vec<Column<'static>>,
        decode: impl FnOnce(&[Row]) -> Result<T, Unreadable> + Send + 'static,
    ) -> Pending<'static, T> {
        if !self.health.is_there() {
            return Box::pin(ready(Err(StoreError::Unavailable)));
        }
        let (pool, health, sql) = (self.pool.clone(), Arc::clone(&self.health), sql.into());
        let within = within.of(self.times);
        let asked = self.runtime.spawn(async move {
            let connection = connection(&pool).await.map_err(|none| match none {
                NoConnection::AllInUse => StoreError::Full,
                NoConnection::Away(why) => {
                    health.is_away(&why);
                    StoreError::Unavailable
                }
            })?;
            let asked = query(connection, within, &sql, &parameters).await;
            asked.and_then(|rows| Ok(decode(&rows)?)).map_err(|trouble| {
                if trouble == Trouble::Broken {
                    health.is_suspect();
                }
                if trouble == Trouble::Unreadable {
                    tracing::error!(table, "a stored row is not readable");
                }
                trouble.of_a_read(table)
            })
        });
        Box::pin(async move { asked.await.unwrap_or(Err(StoreError::Unavailable)) })
    }

    pub(crate) fn one<R: Record>(&self, tenant: Tenant, number: RecordNumber) -> Pending<'static, Option<R>> {
        let kind = R::KIND;
        let parameters = vec![int(number), Column::One(tenant.get().into())];
        self.ask(kind.table().name, Within::Call, kind.statements().one.as_str(), parameters, |rows| {
            rows.first().map(|row| R::decode_row(&mut RowCells::of(row))).transpose()
        })
    }

    /// Rows of all tenants from a number on.
    pub(crate) fn walk<R: Record + Into<StoredRow>>(
        &self,
        from: RecordNumber,
        at_most: u32,
    ) -> Pending<'static, Vec<StoredRow>> {
        let sql = of(R::KIND, "number >= $1 ORDER BY number LIMIT $2");
        self.ask(
            R::KIND.table().name,
            Within::List,
            sql,
            vec![int(from), Column::One(at_most.into())],
            |rows| decode_all(rows, |cells| R::decode_row(cells).map(Into::into)),
        )
    }

    pub(crate) fn numbers(
        &self,
        table: &'static str,
        within: Within,
        sql: &'static str,
        parameters: Vec<Column<'static>>,
    ) -> Pending<'static, Vec<RecordNumber>> {
        self.ask(table, within, sql, parameters, |rows| decode_all(rows, RowCells::number))
    }

    pub(crate) fn lowest(
        &self,
        table: &'static str,
        sql: &'static str,
    ) -> Pending<'static, Option<RecordNumber>> {
        self.ask(table, Within::Call, sql, Vec::new(), |rows| {
            rows.first().map(|row| RowCells::of(row).number()).transpose()
        })
    }

    pub(crate) fn count(
        &self,
        table: &'static str,
        sql: &'static str,
        parameters: Vec<Column<'static>>,
    ) -> Pending<'static, u64> {
        self.ask(table, Within::List, sql, parameters, |rows| {
            rows.first().map_or(Ok(0), |row| RowCells::of(row).narrow())
        })
    }
}

/// The table of the unique keys.
pub(crate) const KEY_TABLE: &str = "unique_keys";

/// Members of a group, the newest first.
pub(crate) const MEMBERS: &str = "SELECT holder FROM unique_keys WHERE tenant = $1 AND kind = $2 AND value >= $3 \
    AND value < $4 ORDER BY value DESC LIMIT $5 OFFSET $6";

/// Members of a group, the oldest first.
pub(crate) const MEMBERS_FROM_OLDEST: &str = "SELECT holder FROM unique_keys WHERE tenant = $1 AND kind = $2 \
    AND value >= $3 AND value < $4 ORDER BY value LIMIT $5 OFFSET $6";

/// Where the stretch ends, and the first card in it.
pub(crate) const OLDEST_PROTECTED: &str = "SELECT e.number, (SELECT t.number FROM tokens AS t WHERE t.number >= $1 \
    AND t.number < e.number AND t.used_at IS NULL AND t.protected IS NOT NULL ORDER BY t.number LIMIT 1) \
    FROM (SELECT coalesce((SELECT number FROM tokens WHERE number >= $1 AND number < $2 ORDER BY number \
    LIMIT 1 OFFSET $3), $2) AS number) AS e";

/// A statement that reads rows of a table.
pub(crate) fn of(kind: Kind, condition: &str) -> String {
    let table = kind.table();
    format!("SELECT {} FROM {} WHERE {condition}", table.names(), table.name)
}

/// The rest of a statement that reads a page: tenant, lowest number, end, how many, after how many.
pub(crate) fn page(condition: &str, order: Order) -> String {
    let order = match order {
        Order::NewestFirst => "number DESC",
        Order::OldestFirst => "number",
    };
    format!("{condition} AND number >= $2 AND number < $3 ORDER BY {order} LIMIT $4 OFFSET $5")
}

pub(crate) fn pages(tenant: Tenant, window: Window) -> Vec<Column<'static>> {
    let Window { from, below, skip, at_most, .. } = window;
    let (tenant, at_most, skip) = (tenant.get().into(), at_most.into(), skip.into());
    vec![Column::One(tenant), int(from), int(below), Column::One(at_most), Column::One(skip)]
}

pub(crate) fn int(number: RecordNumber) -> Column<'static> {
    Column::One(number.get().cast_signed())
}

/// The two halves of a unique key's value.
pub(crate) fn bound(prefix: [u8; 8], rest: [u8; 8]) -> Vec<u8> {
    [prefix, rest].concat()
}

pub(crate) fn frame(cells: &mut RowCells<'_>) -> Result<Frame, Unreadable> {
    Ok(Frame {
        lane: cells.narrow()?,
        number: cells.narrow()?,
        last: Position(cells.narrow()?),
        previous: cells.array()?,
        records: cells.bytes()?.to_vec(),
        hash: cells.array()?,
    })
}
