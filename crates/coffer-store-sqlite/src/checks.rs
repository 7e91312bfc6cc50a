//! Before a unit writes: does everything hold that it expects, and is nothing there that it inserts?
//!
//! The checks read in the batch's own transaction, so they see the units before them in the same batch.

use coffer_core::store::{Expectation, Lost, Put, RecordKey, Row, UniqueKey, Unit};
use coffer_types::RecordNumber;
use rusqlite::Connection;

use crate::{
    errors::ReadError,
    rows::{counter, customer, index, instrument, key, reply, reusable, table_of, token},
};

/// What the checks say of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may write.
    Holds,
    /// It has lost.
    Lost(Lost),
    /// A row that decides it does not decode.
    Unreadable {
        /// The row's table.
        table: &'static str,
    },
}

/// The highest record number that the writer has seen in each table. A number above it cannot be there, and asking the
/// table is saved for nearly every insert.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Highest {
    token: Option<RecordNumber>,
    instrument: Option<RecordNumber>,
    customer: Option<RecordNumber>,
    reusable: Option<RecordNumber>,
    reply: Option<RecordNumber>,
}

impl Highest {
    pub(crate) fn load(connection: &Connection) -> Result<Self, ReadError> {
        Ok(Self {
            token: token::ROWS.highest(connection)?,
            instrument: instrument::ROWS.highest(connection)?,
            customer: customer::ROWS.highest(connection)?,
            reusable: reusable::ROWS.highest(connection)?,
            reply: reply::ROWS.highest(connection)?,
        })
    }

    /// A batch that is rolled back later may leave the marks too high. That costs a question more, and is never wrong.
    pub(crate) fn note(&mut self, row: &Row) {
        match row {
            Row::Token(row) => self.token = self.token.max(Some(row.number)),
            Row::Instrument(row) => self.instrument = self.instrument.max(Some(row.number)),
            Row::Customer(row) => self.customer = self.customer.max(Some(row.number)),
            Row::Reusable(row) => self.reusable = self.reusable.max(Some(row.number)),
            Row::Reply(row) => self.reply = self.reply.max(Some(row.number)),
            Row::Index { .. } | Row::Key(_) => {}
        }
    }
}

/// Checks the expectations in their order, then the rows that would be inserted. An error is the engine's.
pub(crate) fn check(connection: &Connection, highest: Highest, unit: &Unit) -> rusqlite::Result<Verdict> {
    match first_lost(connection, highest, unit) {
        Ok(None) => Ok(Verdict::Holds),
        Ok(Some(lost)) => Ok(Verdict::Lost(lost)),
        Err(ReadError::Engine(error)) => Err(error),
        Err(unreadable @ ReadError::Unreadable { table }) => {
            unreadable.report(table);
            Ok(Verdict::Unreadable { table })
        }
    }
}

fn first_lost(connection: &Connection, highest: Highest, unit: &Unit) -> Result<Option<Lost>, ReadError> {
    for expectation in unit.expectations() {
        if let Some(lost) = broken(connection, expectation, unit)? {
            return Ok(Some(lost));
        }
    }
    for put in unit.puts() {
        if let Put::Insert(row) = put
            && exists(connection, highest, row)?
        {
            return Ok(Some(Lost::Exists));
        }
    }
    Ok(None)
}

fn broken(
    connection: &Connection,
    expectation: &Expectation,
    unit: &Unit,
) -> Result<Option<Lost>, ReadError> {
    let (holds, lost) = match *expectation {
        Expectation::Live(key @ RecordKey::Token(tenant, number), generation) => {
            (token::is_live(connection, (tenant, number), generation, unit.at())?, Lost::NotLive(key))
        }
        Expectation::Live(key @ RecordKey::Key(id), generation) => {
            (key::is_live(connection, id, generation)?, Lost::NotLive(key))
        }
        Expectation::Live(key, generation) => {
            let live = match table_of(&key) {
                Some((table, tenant, number)) => table.is_live(connection, (tenant, number), generation)?,
                None => false,
            };
            (live, Lost::NotLive(key))
        }
        Expectation::Free(key) => (is_free(connection, &key)?, Lost::NotFree(key)),
        Expectation::Below(key, limit) => (counter::read(connection, &key)? < limit, Lost::NotBelow(key)),
    };
    Ok((!holds).then_some(lost))
}

fn is_free(connection: &Connection, key: &UniqueKey) -> Result<bool, ReadError> {
    Ok(index::read(connection, key)?.is_none())
}

fn exists(connection: &Connection, highest: Highest, row: &Row) -> Result<bool, ReadError> {
    match row {
        Row::Token(row) => {
            Ok(Some(row.number) <= highest.token && token::ROWS.exists(connection, row.number)?)
        }
        Row::Instrument(row) => {
            Ok(Some(row.number) <= highest.instrument && instrument::ROWS.exists(connection, row.number)?)
        }
        Row::Customer(row) => {
            Ok(Some(row.number) <= highest.customer && customer::ROWS.exists(connection, row.number)?)
        }
        Row::Reusable(row) => {
            Ok(Some(row.number) <= highest.reusable && reusable::ROWS.exists(connection, row.number)?)
        }
        Row::Reply(row) => Ok(reply::is_held(connection, row)?
            || (Some(row.number) <= highest.reply && reply::ROWS.exists(connection, row.number)?)),
        Row::Key(row) => key::exists(connection, row.id()),
        // A unique key is expected to be free, and that was looked at among the expectations.
        Row::Index { .. } => Ok(false),
    }
}
