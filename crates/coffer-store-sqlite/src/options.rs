//! What a caller may choose.

use std::{fmt, process, sync::Arc, time::Duration};

use coffer_core::audit::Frame;
use coffer_types::limits::{BATCH_UNITS, QUEUE_UNITS, WAL_CLEAN_SECONDS, WAL_RESTART_BYTES};

use crate::shared::Fatal;

/// Who is told of frames.
pub type Committed = Arc<dyn Fn(&Frame) + Send + Sync>;

/// How a store is opened. [`Options::new`] has the product's values.
#[derive(Clone)]
pub struct Options {
    /// `live` or `sandbox`: written into a new store, and compared with an old one.
    pub environment: &'static str,
    /// Units that may wait for the writer; at least one.
    pub queue_units: usize,
    /// Units in one commit; at least one.
    pub batch_units: usize,
    /// Bytes of the write-ahead log past which the writer makes room for a restarting checkpoint.
    pub wal_restart_bytes: u64,
    /// How long the write-ahead log may hold what was erased while commits go on.
    pub wal_clean_after: Duration,
    /// Is told every frame of the audit log that was committed, by the writer, before anybody is answered: quickly.
    pub committed: Option<Committed>,
    /// What happens after a failure that must end the process.
    pub fatal: Fatal,
}

impl Options {
    /// The product's values for one environment. A fatal failure aborts the process.
    pub fn new(environment: &'static str) -> Self {
        Self {
            environment,
            queue_units: QUEUE_UNITS,
            batch_units: BATCH_UNITS,
            wal_restart_bytes: WAL_RESTART_BYTES,
            wal_clean_after: Duration::from_secs(WAL_CLEAN_SECONDS),
            committed: None,
            fatal: Arc::new(|_| process::abort()),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("environment", &self.environment)
            .field("queue_units", &self.queue_units)
            .field("batch_units", &self.batch_units)
            .field("wal_restart_bytes", &self.wal_restart_bytes)
            .field("wal_clean_after", &self.wal_clean_after)
            .finish_non_exhaustive()
    }
}
