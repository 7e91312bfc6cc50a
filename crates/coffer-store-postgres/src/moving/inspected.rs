//! What is read of a store to check it, and never moves.

use coffer_core::{
    fsck::Inspected,
    store::{
        CustomerRow, InstrumentRow, Pending, RecordTable, ReplyRow, ReusableRow, Row, TokenRow, UniqueKey,
        cells::Cells,
    },
};
use coffer_types::RecordNumber;

use super::{PostgresMoving, STEP};
use crate::rows::{Column, Kind, cells::RowCells, decode_all};

fn kind(table: RecordTable) -> Kind {
    match table {
        RecordTable::Tokens => Kind::Token,
        RecordTable::Customers => Kind::Customer,
        RecordTable::Instruments => Kind::Instrument,
        RecordTable::Reusables => Kind::Reusable,
        RecordTable::Replies => Kind::Reply,
    }
}

impl Inspected for PostgresMoving {
    fn numbers(&self, table: RecordTable, after: Option<u64>, at_most: u32) -> Pending<'_, Vec<u64>> {
        let name = kind(table).table().name;
        let sql = format!("SELECT number FROM {name} WHERE number > $1 ORDER BY number LIMIT $2");
        let after = after.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX));
        let parameters = vec![Column::One(after), Column::One(at_most.into())];
        self.0.ask(name, STEP, sql, parameters, |rows| decode_all(rows, RowCells::narrow))
    }

    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        match table {
            RecordTable::Tokens => self.0.walk::<TokenRow>(from, at_most),
            RecordTable::Customers => self.0.walk::<CustomerRow>(from, at_most),
            RecordTable::Instruments => self.0.walk::<InstrumentRow>(from, at_most),
            RecordTable::Reusables => self.0.walk::<ReusableRow>(from, at_most),
            RecordTable::Replies => self.0.walk::<ReplyRow>(from, at_most),
        }
    }

    fn holders(&self, keys: Vec<UniqueKey>) -> Pending<'_, Vec<Option<RecordNumber>>> {
        let sql = "SELECT u.holder FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) \
            WITH ORDINALITY AS v (tenant, kind, value, place) LEFT JOIN unique_keys AS u \
            ON u.tenant = v.tenant AND u.kind = v.kind AND u.value = v.value ORDER BY v.place";
        let parameters = vec![
            Column::Int(keys.iter().map(|key| key.tenant.get().into()).collect()),
            Column::Int(keys.iter().map(|key| key.kind.code().into()).collect()),
            Column::OwnedBytes(keys.iter().map(|key| key.value.to_vec()).collect()),
        ];
        self.0.ask("unique_keys", STEP, sql, parameters, |rows| {
            decode_all(rows, |cells| {
                let holder: Option<i64> = cells.maybe_integer()?;
                Ok(holder.and_then(|holder| RecordNumber::from_u64(holder.cast_unsigned()).ok()))
            })
        })
    }
}
