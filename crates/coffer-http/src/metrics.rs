//! Metrics in the Prometheus text format. Labels are route templates and status classes, never a value of a request.

use std::{fmt, sync::atomic::AtomicU64, time::Duration};

use coffer_core::{FailureReason, Vault};
use coffer_tables::TableState;
use coffer_types::Timestamp;
use hyper::StatusCode;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::{admin::KeyMetrics, app::App, serve::ServerTls};

type Labels = Vec<(&'static str, &'static str)>;

/// Upper bounds of the latency buckets, in seconds.
const SECONDS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];

/// All metrics of a node.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Family<Labels, Histogram, fn() -> Histogram>,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
    callers_refused: Family<Labels, Counter>,
    velocities_forgotten: Gauge<u64, AtomicU64>,
    store: StoreMetrics,
    tables: TableMetrics,
    pub(crate) tls: TlsMetrics,
}

/// What one route counts, looked up once at start.
#[derive(Clone)]
pub(crate) struct RouteMetrics {
    classes: [Counter; 4],
    seconds: Histogram,
}

#[derive(Default)]
struct StoreMetrics {
    queued: Gauge,
    batches: Gauge<u64, AtomicU64>,
    units: Gauge<u64, AtomicU64>,
    wal_bytes: Gauge<u64, AtomicU64>,
    wal_restarts: Gauge<u64, AtomicU64>,
    ready: Gauge,
    ring_age: Gauge,
    clock_skew: Gauge,
}

/// Of TLS with clients.
#[derive(Default)]
pub(crate) struct TlsMetrics {
    handshakes_refused: Counter,
    certificate_seconds: Family<Labels, Gauge>,
}

/// Of the operator's tables, by their names in the configuration.
#[derive(Default)]
struct TableMetrics {
    current: Family<Labels, Gauge>,
    age: Family<Labels, Gauge>,
}

impl Metrics {
    /// All at zero.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("coffer");
        let requests = Family::<Labels, Counter>::default();
        registry.register("requests", "Requests answered, by route and status class", requests.clone());
        let new_histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let seconds = Family::<Labels, Histogram, fn() -> Histogram>::new_with_constructor(new_histogram);
        registry.register("request_seconds", "Time from a request's head to its answer", seconds.clone());
        let connections = Gauge::default();
        registry.register("connections", "Open connections", connections.clone());
        let connections_refused = Counter::default();
        registry.register("connections_refused", "Connections over a limit", connections_refused.clone());
        let callers_refused = Family::<Labels, Counter>::default();
        registry.register("callers_refused", "Callers refused, by reason", callers_refused.clone());
        let velocities_forgotten = Gauge::<u64, AtomicU64>::default();
        registry.register(
            "velocity_values_forgotten",
            "Values whose velocity gave way to others since the start",
            velocities_forgotten.clone(),
        );
        let store = StoreMetrics::default();
        store.register(&mut registry);
        let tables = TableMetrics::default();
        tables.register(&mut registry);
        let tls = TlsMetrics::default();
        tls.register(&mut registry);
        Self {
            registry,
            requests,
            seconds,
            connections,
            connections_refused,
            callers_refused,
            velocities_forgotten,
            store,
            tables,
            tls,
        }
    }

    /// The counters of one route.
    pub(crate) fn route(&self, template: &'static str) -> RouteMetrics {
        let class =
            |class| self.requests.get_or_create(&vec![("route", template), ("status", class)]).clone();
        RouteMetrics {
            classes: ["2xx", "3xx", "4xx", "5xx"].map(class),
            seconds: self.seconds.get_or_create(&vec![("route", template)]).clone(),
        }
    }

    /// Tells of keys as well.
    pub(crate) fn register_keys(&mut self, keys: &KeyMetrics) {
        keys.register(&mut self.registry);
    }

    /// Counts a refused caller.
    pub(crate) fn refused(&self, reason: FailureReason) {
        let reason = match reason {
            FailureReason::Unauthenticated => "unauthenticated",
            FailureReason::Forbidden => "forbidden",
            FailureReason::Limited => "limited",
            FailureReason::NotUsable => "not-usable",
        };
        self.callers_refused.get_or_create(&vec![("reason", reason)]).inc();
    }

    /// The page that a scraper reads.
    pub(crate) fn page(&self, app: &App) -> String {
        let (vault, tables, velocities) = (&app.vault, &app.settings.tables, &app.velocities);
        self.velocities_forgotten.set(velocities.forgotten());
        self.store.read(vault);
        self.tables.read(&tables.states(), vault.now());
        self.tls.read(app.tls.as_deref(), vault.now());
        let mut page = String::with_capacity(16_384);
        match encode(&mut page, &self.registry) {
            Ok(()) => page,
            Err(_) => String::new(),
        }
    }
}

impl StoreMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register("store_queued_units", "Units waiting for the writer", self.queued.clone());
        registry.register("store_batches", "Batches committed since the start", self.batches.clone());
        registry.register("store_units", "Units committed since the start", self.units.clone());
        registry.register("store_wal_bytes", "Write-ahead log in use", self.wal_bytes.clone());
        registry.register(
            "store_wal_restarts",
            "Times the write-ahead log began afresh",
            self.wal_restarts.clone(),
        );
        registry.register("store_ready", "1 when the store takes writes", self.ready.clone());
        registry.register(
            "ring_age_seconds",
            "Age of the oldest key in the ring, which dies at 1830",
            self.ring_age.clone(),
        );
        registry.register(
            "clock_skew_milliseconds",
            "By how much this machine's clock is ahead of a store's that nodes share",
            self.clock_skew.clone(),
        );
    }

    fn read(&self, vault: &Vault) {
        let gauges = vault.gauges();
        self.queued.set(i64::try_from(gauges.queued_units).unwrap_or(i64::MAX));
        self.batches.set(gauges.batches);
        self.units.set(gauges.units);
        self.wal_bytes.set(gauges.wal_bytes);
        self.wal_restarts.set(gauges.wal_restarts);
        self.ready.set(i64::from(vault.ready()));
        self.ring_age.set(vault.ring_age_seconds());
        self.clock_skew.set(vault.clock_skew_millis());
    }
}

impl TableMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "table_current",
            "1 when a table's file is in use, 0 when its replacement did not read",
            self.current.clone(),
        );
        registry.register(
            "table_age_seconds",
            "Since the table in use was built, or its file last changed",
            self.age.clone(),
        );
    }

    fn read(&self, states: &[TableState], now: Timestamp) {
        for state in states {
            let labels = vec![("table", state.kind.as_str())];
            self.current.get_or_create(&labels).set(i64::from(state.is_current));
            if let Some(dated) = state.dated {
                self.age.get_or_create(&labels).set((now.millis() - dated.millis()).max(0) / 1_000);
            }
        }
    }
}

impl TlsMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "tls_handshakes_refused",
            "TLS handshakes with clients that came to nothing",
            self.handshakes_refused.clone(),
        );
        registry.register(
            "tls_certificate_seconds",
            "Until the certificate that clients are shown ends",
            self.certificate_seconds.clone(),
        );
    }

    /// A handshake came to nothing.
    pub(crate) fn refused(&self) {
        self.handshakes_refused.inc();
    }

    fn read(&self, tls: Option<&ServerTls>, now: Timestamp) {
        if let Some(ends) = tls.and_then(ServerTls::ends) {
            let left = (ends.millis() - now.millis()) / 1_000;
            self.certificate_seconds.get_or_create(&vec![("listener", "clients")]).set(left);
        }
    }
}

impl RouteMetrics {
    /// Counts one answer.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = match status.as_u16() {
            ..300 => 0,
            300..400 => 1,
            400..500 => 2,
            _ => 3,
        };
        self.classes[class].inc();
        self.seconds.observe(took.as_secs_f64());
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Metrics(..)")
    }
}
