//! What is counted of keys.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
};

use coffer_core::WalkSeen;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The levels that may be due, with the words that keys have in reports.
const LEVELS: [(&str, &[&str]); 5] = [
    ("root", &["root"]),
    ("kek", &["kek"]),
    ("data", &["data, durable", "data, short-lived"]),
    ("fingerprint", &["fingerprint"]),
    ("locator", &["locator"]),
];

/// Of keys.
pub(crate) struct KeyMetrics {
    walked: Counter,
    /// What of the walk was counted: the revision that it belongs to, and its records.
    counted: Mutex<(u64, u64)>,
    due: Family<Vec<(&'static str, &'static str)>, Gauge>,
    revision: Gauge<u64, AtomicU64>,
    pub(crate) sealed: Gauge,
    pub(crate) device_up: Gauge,
}

impl Default for KeyMetrics {
    fn default() -> Self {
        let metrics = Self {
            walked: Counter::default(),
            counted: Mutex::default(),
            due: Family::default(),
            revision: Gauge::default(),
            sealed: Gauge::default(),
            device_up: Gauge::default(),
        };
        metrics.device_up.set(1);
        metrics
    }
}

impl KeyMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "key_walk_records",
            "Records looked at to renew them under newer keys",
            self.walked.clone(),
        );
        registry.register("key_rotation_due", "1 when keys of a level are to be replaced", self.due.clone());
        registry.register("key_revision", "Counts the changes of keys", self.revision.clone());
        registry.register("sealed", "1 while the vault is not open", self.sealed.clone());
        registry.register("key_device_up", "0 while the key device does not answer", self.device_up.clone());
    }

    pub(super) fn walked(&self, walk: Option<WalkSeen>, revision: u64) {
        self.revision.set(revision);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let looked_at = walk.map_or(0, |walk| walk.looked_at);
        // Another walk begins at none.
        let before = if counted.0 == revision && looked_at >= counted.1 { counted.1 } else { 0 };
        self.walked.inc_by(looked_at - before);
        *counted = (revision, looked_at);
    }

    pub(super) fn due(&self, due: &BTreeSet<&'static str>) {
        for (level, purposes) in LEVELS {
            let is_due = purposes.iter().any(|purpose| due.contains(purpose));
            self.due.get_or_create(&vec![("level", level)]).set(i64::from(is_due));
        }
    }
}
