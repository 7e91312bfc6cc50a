//! A whole store on its way out or in.

use std::{
    future::ready,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use coffer_core::{
    moving::{ImportState, LaneHead, Movable, MovedRow, RowKey, Stored, Table},
    store::{Pending, StoreError},
};
use coffer_types::RecordNumber;
use rusqlite::Connection;

use crate::{
    connection,
    errors::{OpenError, ReadError},
    folder::Folder,
    rows::{customer, instrument, reply, reusable, run, token},
    schema::{self, Found},
};

mod inspected;
mod pages;
mod puts;

/// A store that is carried out of its folder, or into it. [`Movable`] says what that means.
pub struct SqliteMoving {
    connection: Mutex<Connection>,
    /// Of a target; a source locks nothing.
    _folder: Option<Folder>,
}

impl SqliteMoving {
    /// A store to read from, which another process may be using: nothing is locked or changed. Refuses one in which an
    /// import was not finished.
    pub fn source(folder: &Path, environment: &'static str) -> Result<Self, OpenError> {
        connection::check_library()?;
        let file = folder.join("coffer.db");
        if !file.exists() {
            return Err(OpenError::Missing);
        }
        let connection = connection::reader(&file)?;
        if schema::inspect(&connection, environment)? == Found::Empty {
            return Err(OpenError::Missing);
        }
        if schema::importing(&connection)?.is_some() {
            return Err(OpenError::Importing);
        }
        Ok(Self { connection: Mutex::new(connection), _folder: None })
    }

    /// A store to write into, made where it is missing, for this process alone.
    pub fn target(folder: &Path, environment: &'static str) -> Result<Self, OpenError> {
        connection::check_library()?;
        let folder = Folder::open(folder)?;
        let connection = connection::writer(&folder.database()?)?;
        let found = schema::inspect(&connection, environment)?;
        folder.make_private()?;
        connection::make_durable(&connection)?;
        if found == Found::Empty {
            schema::create(&connection, environment)?;
        }
        Ok(Self { connection: Mutex::new(connection), _folder: Some(folder) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T: Send + 'static>(
        &self,
        table: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError>,
    ) -> Pending<'_, T> {
        let answer = read(&self.connection()).map_err(|error| error.report(table));
        Box::pin(ready(answer))
    }

    /// Writes in one transaction, which is on disk when this returns.
    fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<Written<T>, ReadError>,
    ) -> Pending<'_, T> {
        let answer = in_transaction(&self.connection(), write).map_err(|error| error.report("meta"));
        Box::pin(ready(answer))
    }
}

/// What a transaction came to.
enum Written<T> {
    /// It is to be committed.
    Keep(T),
    /// It is to be taken back.
    Drop(T),
}

fn in_transaction<T>(
    connection: &Connection,
    write: impl FnOnce(&Connection) -> Result<Written<T>, ReadError>,
) -> Result<T, ReadError> {
    run(connection, "BEGIN IMMEDIATE", [])?;
    let written = write(connection).and_then(|written| match written {
        Written::Keep(value) => {
            run(connection, "COMMIT", [])?;
            connection::checkpoint(connection)?;
            Ok(value)
        }
        Written::Drop(value) => {
            run(connection, "ROLLBACK", [])?;
            Ok(value)
        }
    });
    if written.is_err() && !connection.is_autocommit() {
        run(connection, "ROLLBACK", [])?;
    }
    written
}

impl Movable for SqliteMoving {
    fn page(&self, table: Table, after: Option<RowKey>, at_most: u32) -> Pending<'_, Vec<MovedRow>> {
        self.read(table.name(), |connection| pages::page(connection, table, after, at_most))
    }

    fn count(&self, table: Table) -> Pending<'_, u64> {
        self.read(table.name(), |connection| pages::count(connection, table))
    }

    fn heads(&self) -> Pending<'_, Vec<LaneHead>> {
        self.read(Table::Audit.name(), crate::rows::frame::heads)
    }

    fn absent(&self, numbers: Vec<RecordNumber>) -> Pending<'_, Vec<RecordNumber>> {
        self.read("records", |connection| {
            let mut absent = Vec::new();
            for number in numbers {
                let tables = [reusable::ROWS, instrument::ROWS, customer::ROWS, reply::ROWS];
                let mut there = false;
                for table in tables {
                    there = there || table.exists(connection, number)?;
                }
                if !there {
                    absent.push(number);
                }
            }
            Ok(absent)
        })
    }

    fn is_empty(&self) -> Pending<'_, bool> {
        self.read("records", |connection| {
            let mut empty = token::ROWS.highest(connection)?.is_none();
            for table in Table::ALL {
                empty = empty && pages::page(connection, table, None, 1)?.is_empty();
            }
            Ok(empty)
        })
    }

    fn importing(&self) -> Pending<'_, Option<ImportState>> {
        let said = schema::importing(&self.connection()).map_err(|_| StoreError::Unavailable);
        let state = said.and_then(|said| match said.as_deref().map(ImportState::parse) {
            None => Ok(None),
            Some(Some(state)) => Ok(Some(state)),
            Some(None) => Err(StoreError::Corrupt { table: "meta" }),
        });
        Box::pin(ready(state))
    }

    fn begin(&self, export: [u8; 16]) -> Pending<'_, ()> {
        let state = ImportState { export, parts: 0 }.to_text();
        self.write(|connection| Ok(Written::Keep(schema::set_importing(connection, Some(&state))?)))
    }

    fn put(&self, rows: Vec<MovedRow>, state: ImportState) -> Pending<'_, Stored> {
        self.write(|connection| {
            if let Some((table, key)) = puts::put(connection, &rows)? {
                return Ok(Written::Drop(Stored::Differs { table, key }));
            }
            schema::set_importing(connection, Some(&state.to_text()))?;
            Ok(Written::Keep(Stored::All))
        })
    }

    fn finish(&self) -> Pending<'_, ()> {
        self.write(|connection| Ok(Written::Keep(schema::set_importing(connection, None)?)))
    }
}
