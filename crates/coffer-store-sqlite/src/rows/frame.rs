//! The audit log: one row a commit, which also carries the position that the store had reached.

use coffer_core::store::cells::Cells;
use coffer_core::{
    audit::{Frame, FramePlace},
    moving::{LaneHead, MovedRow},
    store::Position,
};
use rusqlite::{Connection, params};

use super::{
    columns::{Columns, whole_number},
    every, first, moved, run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "audit";

pub(crate) fn put(connection: &Connection, frame: &Frame) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO audit (lane, number, position, previous, records, hash) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        frame.lane.cast_signed(),
        frame.number.cast_signed(),
        frame.last.0.cast_signed(),
        frame.previous,
        frame.records,
        frame.hash
    ];
    run(connection, SQL, values)
}

/// See [`after`].
pub(crate) const AFTER: &str = "SELECT lane, number, position, previous, records, hash FROM audit \
    WHERE (lane, number) > (?1, ?2) ORDER BY lane, number LIMIT ?3";

/// The frames behind a place, by lane and number.
pub(crate) fn after(
    connection: &Connection,
    after: Option<FramePlace>,
    limit: u32,
) -> Result<Vec<Frame>, ReadError> {
    let (lane, number) = stored(after);
    every(connection, TABLE, AFTER, params![lane, number, limit], decode)
}

/// See [`last`].
pub(crate) const LAST: &str = "SELECT position FROM audit ORDER BY position DESC LIMIT 1";

/// The position that the store has reached: the highest that any frame carries.
pub(crate) fn last(connection: &Connection) -> Result<Position, ReadError> {
    Ok(Position(first(connection, TABLE, LAST, [], whole_number)?.unwrap_or(0)))
}

/// A place as it is stored; before all places where there is none.
pub(crate) fn stored(place: Option<FramePlace>) -> (i64, i64) {
    let stored = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    place.map_or((-1, -1), |place| (stored(place.lane), stored(place.number)))
}

/// A page of frames behind a place, to be moved.
pub(crate) fn behind(
    connection: &Connection,
    (lane, number): (i64, i64),
    at_most: u32,
) -> Result<Vec<MovedRow>, ReadError> {
    let values = params![lane, number, at_most];
    moved(connection, TABLE, AFTER, values, |columns| Ok(MovedRow::Frame(decode(columns)?)))
}

/// See [`heads`].
pub(crate) const HEAD_BELOW: &str = "SELECT lane, number, position FROM audit WHERE lane < ?1 \
    ORDER BY lane DESC, number DESC LIMIT 1";

/// The last frame of each lane, lowest lane first. One look for each lane: there are far fewer than frames.
pub(crate) fn heads(connection: &Connection) -> Result<Vec<LaneHead>, ReadError> {
    let (mut heads, mut below) = (Vec::new(), i64::MAX);
    while let Some(head) = first(connection, TABLE, HEAD_BELOW, [below], |columns| {
        let place = FramePlace { lane: columns.narrow()?, number: columns.narrow()? };
        Ok(LaneHead { place, last: Position(columns.narrow()?) })
    })? {
        below = head.place.lane.cast_signed();
        heads.push(head);
    }
    heads.reverse();
    Ok(heads)
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
