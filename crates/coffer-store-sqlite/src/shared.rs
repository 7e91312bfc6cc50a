//! What the threads of one store share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
};

use coffer_core::store::Gauges;

use crate::turnstile::Turnstile;

/// Called once with the kind of a failure after which nothing may be tried again. It is meant not to return; where it
/// does (in a test), the store takes no more units.
pub type Fatal = Arc<dyn Fn(&'static str) + Send + Sync>;

/// Figures, flags and the turnstile.
pub(crate) struct Shared {
    pub(crate) turnstile: Turnstile,
    pub(crate) queued: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) units: AtomicU64,
    pub(crate) wal_bytes: AtomicU64,
    pub(crate) wal_restarts: AtomicU64,
    /// Bound on the file's pages; the engine's own where zero.
    pub(crate) max_pages: AtomicU32,
    alive: AtomicBool,
    /// Whether the last batch was rolled back.
    refusing: AtomicBool,
    fatal: Fatal,
}

impl Shared {
    pub(crate) fn new(fatal: Fatal) -> Self {
        Self {
            turnstile: Turnstile::default(),
            queued: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            units: AtomicU64::new(0),
            wal_bytes: AtomicU64::new(0),
            wal_restarts: AtomicU64::new(0),
            max_pages: AtomicU32::new(0),
            alive: AtomicBool::new(true),
            refusing: AtomicBool::new(false),
            fatal,
        }
    }

    /// Whether the writer is there and nothing fatal happened.
    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Relaxed)
    }

    /// Whether the last batch was taken, as far as that is known: it is false from a batch that was rolled back to the
    /// next one that is committed.
    pub(crate) fn takes_writes(&self) -> bool {
        self.is_alive() && !self.refusing.load(Relaxed)
    }

    pub(crate) fn set_refusing(&self, refusing: bool) {
        if self.refusing.swap(refusing, Relaxed) && !refusing {
            tracing::warn!("the store takes writes again");
        }
    }

    pub(crate) fn end(&self) {
        self.alive.store(false, Relaxed);
    }

    /// Ends the process, by default.
    pub(crate) fn fail(&self, kind: &'static str, code: i32) {
        self.end();
        tracing::error!(kind, code, "the store cannot go on");
        (self.fatal)(kind);
    }

    pub(crate) fn gauges(&self) -> Gauges {
        Gauges {
            queued_units: self.queued.load(Relaxed),
            batches: self.batches.load(Relaxed),
            units: self.units.load(Relaxed),
            wal_bytes: self.wal_bytes.load(Relaxed),
            wal_restarts: self.wal_restarts.load(Relaxed),
        }
    }
}
