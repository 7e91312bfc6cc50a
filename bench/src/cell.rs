//! One cell of the table: so many connections, each sending its next request when the last one is answered, for
//! so long.

use crate::Failure;
use crate::connection::{Answer, Connection};
use crate::histogram::Histogram;
use crate::workload::Requests;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long a cell may take beyond its time before a request counts as never answered.
const GRACE: Duration = Duration::from_secs(15);

/// A cell with this many errors is given up: the rest of it would measure nothing.
const ERRORS_MAX: u64 = 100;

/// What to do.
pub(crate) struct Cell {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
    pub(crate) requests: Requests,
    /// Keep the last segment of each `Location`: the ids of what was created.
    pub(crate) keep_ids: bool,
}

/// What was seen.
pub(crate) struct Outcome {
    /// The latencies of the successes within the window.
    pub(crate) latencies: Histogram,
    /// The window, or the shorter time until the requests were used up.
    pub(crate) measured: Duration,
    /// All requests that were answered, warm-up included.
    pub(crate) answered: u64,
    /// Answers with status 503.
    pub(crate) busy: u64,
    /// Whatever else was not the expected status, and how often.
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) ids: Vec<String>,
    /// The requests ended before the window did.
    pub(crate) used_up: bool,
}

/// What the connections of a running cell share. All tasks run on one thread, so the lock is never waited for.
struct Shared {
    cell: Cell,
    begin: Instant,
    end: Instant,
    outcome: Mutex<Outcome>,
}

impl Outcome {
    /// Successes a second.
    pub(crate) fn rate(&self) -> f64 {
        let count = u32::try_from(self.latencies.count()).unwrap_or(u32::MAX);
        if self.measured.is_zero() { 0.0 } else { f64::from(count) / self.measured.as_secs_f64() }
    }

    pub(crate) fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// Opens all connections, then starts the clock, and returns when every request is answered.
pub(crate) async fn run(cell: Cell) -> Result<Outcome, Failure> {
    let mut connections = Vec::new();
    for _ in 0..cell.connections {
        connections.push(Connection::open(cell.address).await?);
    }
    let begin = Instant::now() + cell.warm_up;
    let end = begin + cell.window;
    let limit = cell.warm_up + cell.window + GRACE;
    let outcome = Outcome {
        latencies: Histogram::new(),
        measured: cell.window,
        answered: 0,
        busy: 0,
        errors: BTreeMap::new(),
        ids: Vec::new(),
        used_up: false,
    };
    let shared = Arc::new(Shared { cell, begin, end, outcome: Mutex::new(outcome) });
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(load(connection, Arc::clone(&shared)));
    }
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(Failure::while_doing("running a connection"))??;
        }
        Ok(())
    };
    let ended = tokio::time::timeout(limit, all).await;
    ended.map_err(|_| Failure::because("a request was never answered"))??;
    drop(tasks);
    let shared = Arc::into_inner(shared).ok_or_else(|| Failure::because("a connection is still running"))?;
    Ok(shared.outcome.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// One connection's life.
async fn load(mut connection: Connection, shared: Arc<Shared>) -> Result<(), Failure> {
    let mut request = Vec::with_capacity(4096);
    let mut started = Instant::now();
    while started < shared.end && shared.outcome().error_count() < ERRORS_MAX {
        if !(shared.cell.requests.next)(&mut request) {
            shared.use_up(started);
            break;
        }
        let answer = connection.exchange(&request).await;
        let done = Instant::now();
        let lost = answer.as_ref().map_or(true, |answer| answer.last);
        shared.record(started, done, answer);
        if lost {
            connection = Connection::open(shared.cell.address).await?;
        }
        started = Instant::now();
    }
    Ok(())
}

impl Shared {
    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, started: Instant, done: Instant, answer: Result<Answer<'_>, Failure>) {
        let mut outcome = self.outcome();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                *outcome.errors.entry(error.to_string()).or_default() += 1;
                return;
            }
        };
        outcome.answered += 1;
        if answer.status == 503 {
            outcome.busy += 1;
        } else if answer.status != self.cell.requests.expected {
            *outcome.errors.entry(describe(&answer)).or_default() += 1;
        } else {
            if started >= self.begin && done <= self.end {
                outcome.latencies.record(done - started);
            }
            if self.cell.keep_ids {
                let id = answer.location.and_then(|location| location.rsplit('/').next());
                outcome.ids.extend(id.map(str::to_owned));
            }
        }
    }

    /// The requests ended at `now`: what was measured ended with them.
    fn use_up(&self, now: Instant) {
        let mut outcome = self.outcome();
        outcome.used_up = true;
        // The last connection to stop has the last word.
        outcome.measured = now.min(self.end).saturating_duration_since(self.begin);
    }
}

/// Status and the beginning of the body: enough to see what went wrong. The product's errors carry no input.
fn describe(answer: &Answer<'_>) -> String {
    let body = &answer.body[..answer.body.len().min(200)];
    format!("status {}: {}", answer.status, String::from_utf8_lossy(body).trim())
}
