//! Reads by key, on the caller's own thread: a hop to another thread costs more than the read. Lists go to threads of
//! their own ([`crate::lists`]) and take their connections here.
//!
//! Every read is one statement, reset before the connection goes back, so no snapshot outlives a call and none is in
//! the way of a checkpoint for long.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use coffer_core::store::StoreError;
use rusqlite::Connection;

use crate::{connection, errors::ReadError};

/// Idle connections that are kept. One read takes microseconds, so even many workers rarely need more at a time.
const IDLE: usize = 16;

/// The connections that nobody is using at the moment.
pub(crate) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::new(Vec::with_capacity(IDLE)) }
    }

    /// Reads something. `table` is what the operator learns about when it goes wrong.
    pub(crate) fn read<T>(
        &self,
        table: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError>,
    ) -> Result<T, StoreError> {
        let connection = self.take()?;
        let answer = read(&connection).map_err(|error| error.report(table));
        self.give_back(connection);
        answer
    }

    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle().pop() {
            return Ok(connection);
        }
        connection::reader(&self.file).map_err(|error| {
            tracing::error!(%error, "a connection for reads could not be opened");
            StoreError::Unavailable
        })
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
