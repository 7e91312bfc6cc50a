//! One batch: many units, one transaction, one frame of the audit log, one fsync.

use coffer_core::{
    audit::{Frame, Lane},
    store::{Outcome, Position, Put, Row, StoreError, Target, Unit},
};
use coffer_crypto::KeyState;
use rusqlite::Connection;

use crate::{
    checks::{Highest, Verdict, check},
    errors::ReadError,
    options::Committed,
    rows::{counter, customer, frame, index, instrument, key, reply, reusable, run, table_of, token},
};

/// How far the store has come: kept by the writer, moved on by a commit and by nothing else.
pub(crate) struct Ledger {
    last: Position,
    lane: Lane,
    highest: Highest,
    committed: Option<Committed>,
}

/// How each unit of a batch ended, in the batch's order.
pub(crate) type Answers = Vec<Result<Outcome, StoreError>>;

impl Ledger {
    /// Reads where the store stands, and begins a lane there.
    pub(crate) fn load(connection: &Connection, committed: Option<Committed>) -> Result<Self, ReadError> {
        let last = frame::last(connection)?;
        Ok(Self { last, lane: Lane::start(last), highest: Highest::load(connection)?, committed })
    }

    pub(crate) fn last(&self) -> Position {
        self.last
    }

    /// Carries out a batch. After an error nothing of it is in the store and the ledger stands where it stood: every
    /// unit of the batch failed, also one that had lost, because it may have lost against another of them.
    pub(crate) fn carry_out<'u>(
        &mut self,
        connection: &Connection,
        units: impl Iterator<Item = &'u Unit>,
    ) -> rusqlite::Result<Answers> {
        let carried_out = self.try_to(connection, units);
        if carried_out.is_err() {
            roll_back(connection)?;
        }
        carried_out
    }

    fn try_to<'u>(
        &mut self,
        connection: &Connection,
        units: impl Iterator<Item = &'u Unit>,
    ) -> rusqlite::Result<Answers> {
        run(connection, "BEGIN IMMEDIATE", [])?;
        let (mut reached, mut records) = (self.last, Vec::new());
        let (mut answers, mut destroys) = (Vec::with_capacity(units.size_hint().0), false);
        for unit in units {
            answers.push(match check(connection, self.highest, unit)? {
                Verdict::Lost(lost) => Ok(Outcome::Lost { lost, after: reached }),
                Verdict::Unreadable { table } => Err(StoreError::Corrupt { table }),
                Verdict::Holds => {
                    reached = reached.next();
                    self.write(connection, unit)?;
                    destroys |= unit.puts().iter().any(destroys_a_key);
                    for fact in unit.facts() {
                        fact.write_line(reached, unit.at(), &mut records);
                    }
                    Ok(Outcome::Done(reached))
                }
            });
        }
        if reached == self.last {
            roll_back(connection)?;
        } else {
            if destroys {
                key::write_anew(connection)?;
            }
            self.commit(connection, &self.lane.frame(reached, records))?;
        }
        Ok(answers)
    }

    fn commit(&mut self, connection: &Connection, sealed: &Frame) -> rusqlite::Result<()> {
        frame::put(connection, sealed)?;
        run(connection, "COMMIT", [])?;
        self.last = sealed.last;
        self.lane.advance(sealed.hash);
        if let Some(committed) = &self.committed {
            committed(sealed);
        }
        Ok(())
    }

    /// Writes what was checked. From here on only the engine itself can fail.
    fn write(&mut self, connection: &Connection, unit: &Unit) -> rusqlite::Result<()> {
        for put in unit.puts() {
            match put {
                Put::Insert(row) | Put::Replace(row) => {
                    self.highest.note(row);
                    write_row(connection, row)?;
                }
                Put::Erase(Target::Record(key)) => {
                    // Keys of the hierarchy are replaced and never erased.
                    if let Some((table, _, number)) = table_of(key) {
                        table.erase(connection, number)?;
                    }
                }
                Put::Erase(Target::Key(key)) => index::erase(connection, key)?,
                Put::Erase(Target::TokensBelow { number, at_most }) => {
                    token::erase_below(connection, *number, *at_most)?;
                }
                Put::Erase(Target::RepliesBelow { number, at_most }) => {
                    reply::erase_below(connection, *number, *at_most)?;
                }
                Put::Erase(Target::Protected(stretch)) => token::blank(connection, *stretch)?,
                Put::Add(key, by) => counter::add(connection, key, *by)?,
            }
        }
        Ok(())
    }
}

fn destroys_a_key(put: &Put) -> bool {
    matches!(put, Put::Replace(Row::Key(row)) if row.state == KeyState::Destroyed)
}

fn write_row(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    match row {
        Row::Token(row) => token::put(connection, row),
        Row::Instrument(row) => instrument::put(connection, row),
        Row::Customer(row) => customer::put(connection, row),
        Row::Reusable(row) => reusable::put(connection, row),
        Row::Reply(row) => reply::put(connection, row),
        Row::Index { key, holder } => index::put(connection, key, *holder),
        Row::Key(row) => key::put(connection, row),
    }
}

/// Ends the transaction, where the engine has not done so by itself (it does after some errors).
fn roll_back(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() { Ok(()) } else { run(connection, "ROLLBACK", []) }
}
