//! Rows that come in: one transaction for those of a part, and how far the import has come with them.

use coffer_core::{
    moving::{ImportState, MovedRow, RowKey, Stored, Table},
    store::{CustomerRow, InstrumentRow, KeyRow, ReplyRow, ReusableRow, StoreError},
};
use deadpool_postgres::{Object, Pool};
use tokio_postgres::{Error, types::ToSql};

use super::tables;
use crate::rows::{Column, Record, cells::RowCells, keys_columns};

/// Begins an import, where none is under way.
pub(super) const BEGIN: &str = "INSERT INTO meta (name, value) VALUES ('importing', convert_from($1, 'UTF8')) \
    ON CONFLICT DO NOTHING RETURNING name";

/// Remembers how far an import has come: of the one that is under way, which is known by its export's id, and of no
/// other.
const MARK: &str = "UPDATE meta SET value = convert_from($1, 'UTF8') WHERE name = 'importing' \
    AND left(value, 32) = left(convert_from($1, 'UTF8'), 32)";

pub(super) fn mark(state: ImportState) -> Column<'static> {
    Column::Owned(state.to_text().into_bytes())
}

/// Writes rows of one table and the mark. A row that is there and equal stays; one that is another ends it all.
pub(super) async fn put(pool: &Pool, rows: &[MovedRow], state: ImportState) -> Result<Stored, StoreError> {
    let connection = pool.get().await.map_err(|_| StoreError::Unavailable)?;
    match in_transaction(&connection, rows, state).await {
        Ok(Some(stored)) => Ok(stored),
        Ok(None) => {
            tracing::error!("this import is not under way any more: another process has finished it");
            Err(StoreError::Unavailable)
        }
        Err(error) => {
            tracing::error!(state = crate::errors::state(&error), "rows were not taken in");
            drop(Object::take(connection));
            Err(StoreError::Unavailable)
        }
    }
}

/// None where this import is not under way any more.
async fn in_transaction(
    connection: &Object,
    rows: &[MovedRow],
    state: ImportState,
) -> Result<Option<Stored>, Error> {
    connection.batch_execute("BEGIN; SET LOCAL statement_timeout = 0").await?;
    let written = write(connection, rows).await?;
    if written < rows.len() as u64
        && let Some((table, key)) = another(connection, rows).await?
    {
        connection.batch_execute("ROLLBACK").await?;
        return Ok(Some(Stored::Differs { table, key }));
    }
    let statement = connection.prepare_cached(MARK).await?;
    if connection.execute(&statement, &[&mark(state)]).await? != 1 {
        connection.batch_execute("ROLLBACK").await?;
        return Ok(None);
    }
    connection.batch_execute("COMMIT").await?;
    Ok(Some(Stored::All))
}

/// How many of them were not there.
async fn write(connection: &Object, rows: &[MovedRow]) -> Result<u64, Error> {
    let Some(table) = rows.first().map(MovedRow::table) else { return Ok(0) };
    let replies: Vec<ReplyRow> = rows
        .iter()
        .filter_map(|row| match row {
            MovedRow::Reply(row) => Some(row.clone().into()),
            _ => None,
        })
        .collect();
    let sql = format!("{} ON CONFLICT DO NOTHING", tables::of(table).insert());
    let statement = connection.prepare_cached(&sql).await?;
    let columns = columns(table, rows, &replies);
    let parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
    connection.execute(&statement, &parameters).await
}

/// The rows as columns of their table.
fn columns<'a>(table: Table, rows: &'a [MovedRow], replies: &'a [ReplyRow]) -> Vec<Column<'a>> {
    macro_rules! records {
        ($row:ident: $type:ty) => {{
            let records: Vec<&'a $type> = rows
                .iter()
                .filter_map(|row| match row {
                    MovedRow::$row(row) => Some(row),
                    _ => None,
                })
                .collect();
            records
        }};
    }
    match table {
        Table::Keys => keys_columns(&records!(Key: KeyRow)),
        Table::Customers => CustomerRow::columns(&records!(Customer: CustomerRow)),
        Table::Instruments => InstrumentRow::columns(&records!(Instrument: InstrumentRow)),
        Table::Reusables => ReusableRow::columns(&records!(Reusable: ReusableRow)),
        Table::Replies => ReplyRow::columns(&replies.iter().collect::<Vec<_>>()),
        Table::Counters => counters(rows),
        Table::UniqueKeys => unique_keys(rows),
        Table::Audit => frames(rows),
    }
}

fn counters(rows: &[MovedRow]) -> Vec<Column<'_>> {
    let (mut kinds, mut subjects, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        if let MovedRow::Counter { key, value } = row {
            kinds.push(key.kind.code().into());
            subjects.push(key.subject.as_slice());
            values.push(value.cast_signed());
        }
    }
    vec![Column::Int(kinds), Column::Bytes(subjects), Column::Int(values)]
}

fn unique_keys(rows: &[MovedRow]) -> Vec<Column<'_>> {
    let (mut tenants, mut kinds, mut values, mut holders) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        if let MovedRow::UniqueKey { key, holder } = row {
            tenants.push(key.tenant.get().into());
            kinds.push(key.kind.code().into());
            values.push(key.value.as_slice());
            holders.push(tables::number(*holder));
        }
    }
    vec![Column::Int(tenants), Column::Int(kinds), Column::Bytes(values), Column::Int(holders)]
}

fn frames(rows: &[MovedRow]) -> Vec<Column<'_>> {
    let frames = || {
        rows.iter().filter_map(|row| match row {
            MovedRow::Frame(frame) => Some(frame),
            _ => None,
        })
    };
    vec![
        Column::Int(frames().map(|frame| frame.lane.cast_signed()).collect()),
        Column::Int(frames().map(|frame| frame.number.cast_signed()).collect()),
        Column::Int(frames().map(|frame| frame.last.0.cast_signed()).collect()),
        Column::Bytes(frames().map(|frame| frame.previous.as_slice()).collect()),
        Column::Bytes(frames().map(|frame| frame.records.as_slice()).collect()),
        Column::Bytes(frames().map(|frame| frame.hash.as_slice()).collect()),
    ]
}

/// The first row in whose place there is another. Asked only where not all were new: an import that goes on, or one
/// into the wrong store.
async fn another(connection: &Object, rows: &[MovedRow]) -> Result<Option<(Table, RowKey)>, Error> {
    for row in rows {
        let (table, key) = (row.table(), row.key());
        let (sql, parameters) = tables::at(table, key);
        let statement = connection.prepare_cached(&sql).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|column| column as _).collect();
        let found = connection.query_opt(&statement, &parameters).await?;
        let same = found.is_some_and(|found| {
            tables::decode(table, &mut RowCells::of(&found)).is_ok_and(|found| found == *row)
        });
        if !same {
            return Ok(Some((table, key)));
        }
    }
    Ok(None)
}
