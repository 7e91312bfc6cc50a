//! The audit log: one row a commit, which also carries the position that the store has reached.

use coffer_core::{audit::Frame, store::Position};
use rusqlite::{Connection, params};

use super::{
    columns::{Columns, whole_number},
    every, first, run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "audit";

pub(crate) fn put(connection: &Connection, frame: &Frame) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO audit (position, lane, number, previous, records, hash) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        frame.last.0.cast_signed(),
        frame.lane.cast_signed(),
        frame.number.cast_signed(),
        frame.previous,
        frame.records,
        frame.hash
    ];
    run(connection, SQL, values)
}

/// The frames that hold positions after this one, oldest first.
pub(crate) fn after(connection: &Connection, after: Position, limit: u32) -> Result<Vec<Frame>, ReadError> {
    const SQL: &str = "SELECT lane, number, position, previous, records, hash FROM audit WHERE position > ?1 \
        ORDER BY position LIMIT ?2";
    let after = i64::try_from(after.0).unwrap_or(i64::MAX);
    every(connection, TABLE, SQL, params![after, limit], decode)
}

/// The position that the store has reached.
pub(crate) fn last(connection: &Connection) -> Result<Position, ReadError> {
    const SQL: &str = "SELECT position FROM audit ORDER BY position DESC LIMIT 1";
    Ok(Position(first(connection, TABLE, SQL, [], whole_number)?.unwrap_or(0)))
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<Frame, ReadError> {
    Ok(Frame {
        lane: columns.narrow()?,
        number: columns.narrow()?,
        last: Position(columns.narrow()?),
        previous: columns.array()?,
        records: columns.bytes()?.to_vec(),
        hash: columns.array()?,
    })
}
