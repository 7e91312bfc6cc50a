//! Tables in the order of their keys: pages of them, and what their columns are.

use coffer_core::{
    audit::Frame,
    moving::{MovedReply, MovedRow, RowKey, Table},
    store::{
        CounterKey, CounterKind, CustomerRow, IndexKind, InstrumentRow, KeyRow, Position, ReplyRow,
        ReusableRow, UniqueKey, cells::Cells,
    },
};
use coffer_types::{RecordNumber, Tenant, limits::MOVE_PAGE_BYTES};

use crate::rows::{
    self, Column, Kind,
    cells::{RowCells, Unreadable},
    table::Holds,
};

/// The counters.
static COUNTERS: rows::Table = rows::Table {
    name: "counters",
    columns: &[("kind", Holds::Int), ("subject", Holds::Bytes), ("value", Holds::Int)],
};

/// The unique keys.
static UNIQUE_KEYS: rows::Table = rows::Table {
    name: "unique_keys",
    columns: &[("tenant", Holds::Int), ("kind", Holds::Int), ("value", Holds::Bytes), ("holder", Holds::Int)],
};

/// The frames of the audit log.
static AUDIT: rows::Table = rows::Table {
    name: "audit",
    columns: &[
        ("lane", Holds::Int),
        ("number", Holds::Int),
        ("position", Holds::Int),
        ("previous", Holds::Bytes),
        ("records", Holds::Bytes),
        ("hash", Holds::Bytes),
    ],
};

/// The columns of a table.
pub(super) fn of(table: Table) -> &'static rows::Table {
    match table {
        Table::Keys => &rows::KEYS,
        Table::Counters => &COUNTERS,
        Table::UniqueKeys => &UNIQUE_KEYS,
        Table::Customers => Kind::Customer.table(),
        Table::Instruments => Kind::Instrument.table(),
        Table::Reusables => Kind::Reusable.table(),
        Table::Replies => Kind::Reply.table(),
        Table::Audit => &AUDIT,
    }
}

/// How many of the first columns are the key.
fn key_columns(table: Table) -> usize {
    match table {
        Table::Keys | Table::UniqueKeys => 3,
        Table::Counters | Table::Audit => 2,
        Table::Customers | Table::Instruments | Table::Reusables | Table::Replies => 1,
    }
}

/// The statement of a page behind a key, or from the first row on, without its last parameter: how many rows.
pub(super) fn behind(table: Table, after: Option<RowKey>) -> (String, Vec<Column<'static>>) {
    let (of, count) = (of(table), key_columns(table));
    let key = of.columns.iter().take(count).map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let (condition, parameters) = match after {
        None => (String::new(), Vec::new()),
        Some(after) => {
            let places = (1..=count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
            (format!(" WHERE ({key}) > ({places})"), cells(after))
        }
    };
    let limit = parameters.len() + 1;
    let (names, bytes) = (of.names(), of.columns.iter().filter(|(_, holds)| *holds == Holds::Bytes));
    let weight = bytes.map(|(name, _)| format!("coalesce(octet_length({name}), 0)"));
    let weight = weight.chain(["0".to_owned()]).collect::<Vec<_>>().join(" + ");
    // Ends with the row that passes the bound: the engine sends no more than that.
    let sql = format!(
        "SELECT {names} FROM (SELECT {names}, sum(weight) OVER (ORDER BY {key}) - weight AS before FROM \
         (SELECT {names}, {weight} AS weight FROM {}{condition} ORDER BY {key} LIMIT ${limit}::bigint) AS a) AS b \
         WHERE before <= {MOVE_PAGE_BYTES} ORDER BY {key}",
        of.name
    );
    (sql, parameters)
}

/// The statement that reads the row of a key.
pub(super) fn at(table: Table, key: RowKey) -> (String, Vec<Column<'static>>) {
    let of = of(table);
    let names =
        (1..=key_columns(table)).zip(of.columns).map(|(place, (name, _))| format!("{name} = ${place}"));
    let condition = names.collect::<Vec<_>>().join(" AND ");
    (format!("SELECT {} FROM {} WHERE {condition}", of.names(), of.name), cells(key))
}

/// A key as it lies in its columns.
fn cells(key: RowKey) -> Vec<Column<'static>> {
    match key {
        RowKey::Key { tenant, purpose, version } => vec![
            Column::One(tenant.map_or(0, Tenant::get).into()),
            Column::One(purpose.into()),
            Column::One(version.into()),
        ],
        RowKey::Counter(key) => {
            vec![Column::One(key.kind.code().into()), Column::Owned(key.subject.to_vec())]
        }
        RowKey::Unique(key) => vec![
            Column::One(key.tenant.get().into()),
            Column::One(key.kind.code().into()),
            Column::Owned(key.value.to_vec()),
        ],
        RowKey::Number(number) => vec![Column::One(number.get().cast_signed())],
        RowKey::Frame(place) => {
            vec![Column::One(place.lane.cast_signed()), Column::One(place.number.cast_signed())]
        }
    }
}

/// A row of a table.
pub(super) fn decode(table: Table, cells: &mut RowCells<'_>) -> Result<MovedRow, Unreadable> {
    Ok(match table {
        Table::Keys => MovedRow::Key(KeyRow::decode(cells)?),
        Table::Counters => {
            let kind = CounterKind::from_code(cells.narrow()?).ok_or(Unreadable)?;
            MovedRow::Counter { key: CounterKey { kind, subject: cells.array()? }, value: cells.narrow()? }
        }
        Table::UniqueKeys => {
            let tenant = cells.tenant()?;
            let kind = IndexKind::from_code(cells.narrow()?).ok_or(Unreadable)?;
            let key = UniqueKey { tenant, kind, value: cells.array()? };
            MovedRow::UniqueKey { key, holder: cells.number()? }
        }
        Table::Customers => MovedRow::Customer(CustomerRow::decode(cells)?),
        Table::Instruments => MovedRow::Instrument(InstrumentRow::decode(cells)?),
        Table::Reusables => MovedRow::Reusable(ReusableRow::decode(cells)?),
        Table::Replies => MovedRow::Reply(MovedReply::from(ReplyRow::decode(cells)?)),
        Table::Audit => MovedRow::Frame(Frame {
            lane: cells.narrow()?,
            number: cells.narrow()?,
            last: Position(cells.narrow()?),
            previous: cells.array()?,
            records: cells.bytes()?.to_vec(),
            hash: cells.array()?,
        }),
    })
}

/// A number as a cell.
pub(super) fn number(number: RecordNumber) -> i64 {
    number.get().cast_signed()
}
