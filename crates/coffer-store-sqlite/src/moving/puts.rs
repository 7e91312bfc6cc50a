//! Rows that come in.

use coffer_core::{
    audit::FramePlace,
    moving::{MovedRow, RowKey, Table},
    store::ReplyRow,
};
use rusqlite::Connection;

use super::pages;
use crate::{
    errors::ReadError,
    rows::{counter, customer, frame, index, instrument, key, reply, reusable},
};

/// What is there under the key of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    Nothing,
    Same,
    Another,
}

/// Writes rows of one table in the order of their keys; those that are there and equal stay. The first that is there
/// and another, where there is one: the caller takes everything back.
pub(super) fn put(connection: &Connection, rows: &[MovedRow]) -> Result<Option<(Table, RowKey)>, ReadError> {
    let Some(head) = rows.first() else { return Ok(None) };
    // Mostly there is nothing behind the first key, and one look spares one for each of the others.
    let none_behind = pages::page(connection, head.table(), Some(head.key()), 1)?.is_empty();
    for (at, row) in rows.iter().enumerate() {
        let found = if at > 0 && none_behind { There::Nothing } else { look(connection, row)? };
        match found {
            There::Nothing => write(connection, row)?,
            There::Same => {}
            There::Another => return Ok(Some((row.table(), row.key()))),
        }
    }
    Ok(None)
}

fn look(connection: &Connection, row: &MovedRow) -> Result<There, ReadError> {
    let (there, same) = match row {
        MovedRow::Key(row) => {
            (key::exists(connection, row.id())?, key::all(connection)?.iter().any(|found| found == row))
        }
        MovedRow::Counter { key, value } => {
            let found = counter::read(connection, key)?;
            (found != 0, found == *value)
        }
        MovedRow::UniqueKey { key, holder } => {
            let found = index::read(connection, key)?;
            (found.is_some(), found == Some(*holder))
        }
        MovedRow::Customer(row) => {
            let same = customer::read(connection, row.tenant, row.number)?.as_ref() == Some(row);
            (customer::ROWS.exists(connection, row.number)?, same)
        }
        MovedRow::Instrument(row) => {
            let same = instrument::read(connection, row.tenant, row.number)?.as_ref() == Some(row);
            (instrument::ROWS.exists(connection, row.number)?, same)
        }
        MovedRow::Reusable(row) => {
            let same = reusable::read(connection, row.tenant, row.number)?.as_ref() == Some(row);
            (reusable::ROWS.exists(connection, row.number)?, same)
        }
        MovedRow::Reply(row) => {
            let row = ReplyRow::from(row.clone());
            let found = reply::read(connection, row.tenant, row.key)?;
            (found.is_some() || reply::ROWS.exists(connection, row.number)?, found.as_ref() == Some(&row))
        }
        MovedRow::Frame(row) => {
            let before = row.number.checked_sub(1).map(|number| FramePlace { number, ..row.place() });
            let before =
                before.map_or((frame::stored(Some(row.place())).0, -1), |place| frame::stored(Some(place)));
            let found = frame::behind(connection, before, 1)?.pop();
            let there = found.as_ref().is_some_and(|found| found.key() == RowKey::Frame(row.place()));
            (there, found == Some(MovedRow::Frame(row.clone())))
        }
    };
    Ok(match (there, same) {
        (false, _) => There::Nothing,
        (true, true) => There::Same,
        (true, false) => There::Another,
    })
}

fn write(connection: &Connection, row: &MovedRow) -> rusqlite::Result<()> {
    match row {
        MovedRow::Key(row) => key::put(connection, row),
        MovedRow::Counter { key, value } => counter::add(connection, key, *value),
        MovedRow::UniqueKey { key, holder } => index::put(connection, key, *holder),
        MovedRow::Customer(row) => customer::put(connection, row),
        MovedRow::Instrument(row) => instrument::put(connection, row),
        MovedRow::Reusable(row) => reusable::put(connection, row),
        MovedRow::Reply(row) => reply::put(connection, &row.clone().into()),
        MovedRow::Frame(row) => frame::put(connection, row),
    }
}
