//! The writer: takes what has queued up and can go together, carries it out as one batch, answers all callers.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use coffer_core::store::{Outcome, StoreError, Unit};
use deadpool_postgres::{Object, Pool};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    batch::{Answers, Batch, Doubt, Ended, Line, Patience},
    checks::is_range,
    connections::connection,
    health::Health,
    options::Times,
    touches::Together,
};

/// A unit with less time than this left is not begun: it would take those beside it down with it.
const LEAST: Duration = Duration::from_millis(300);

/// The pause before the same is tried again where others were in the way.
const PAUSE: Duration = Duration::from_millis(10);

/// The pause before another connection is tried.
const RECONNECT: Duration = Duration::from_millis(50);

/// Units that were refused one after the other, each by itself, after which the store counts as taking no writes.
const REFUSED_IN_A_ROW: u32 = 3;

/// An accepted unit. Nobody takes it back: not even the caller, who may have stopped waiting.
pub(crate) struct Job {
    pub(crate) unit: Unit,
    pub(crate) answer: oneshot::Sender<Result<Outcome, StoreError>>,
    /// When its caller is told that it is not known how it ended, at the latest. It is not begun after that.
    pub(crate) until: Instant,
}

/// One of a node's writers, with a connection and a lane of its own.
pub(crate) struct Writer {
    jobs: mpsc::Receiver<Job>,
    batch_units: usize,
    pool: Pool,
    health: Arc<Health>,
    times: Times,
    /// Accepted and not yet begun, in the order in which they came.
    waiting: VecDeque<Job>,
    /// Units that somebody else holds up: each is tried by itself and shortly, between the batches.
    held_up: VecDeque<Job>,
    connection: Option<Object>,
    /// None before the first commit, and where nobody knows whether the lane's next place is taken.
    line: Option<Line>,
    refused: u32,
}

impl Writer {
    pub(crate) fn new(
        jobs: mpsc::Receiver<Job>,
        batch_units: usize,
        pool: Pool,
        health: Arc<Health>,
        times: Times,
    ) -> Self {
        Self {
            jobs,
            batch_units,
            pool,
            health,
            times,
            waiting: VecDeque::new(),
            held_up: VecDeque::new(),
            connection: None,
            line: None,
            refused: 0,
        }
    }

    /// Runs until the store is closed and everything that was accepted is decided.
    pub(crate) async fn run(mut self) {
        loop {
            if let Some(job) = self.held_up.pop_front() {
                self.settle(vec![job], Patience::Short).await;
            }
            let Some(batch) = self.next_batch().await else { return };
            // A sweep that meets a locked row comes again; nobody waits for it.
            let ranged = batch.iter().any(|job| job.unit.puts().iter().any(is_range));
            let patience = if ranged { Patience::Short } else { Patience::Whole };
            self.settle(batch, patience).await;
        }
    }

    /// What can go together of that which waits. Empty where only held-up units are left; none at the end.
    async fn next_batch(&mut self) -> Option<Vec<Job>> {
        if self.waiting.is_empty() && self.held_up.is_empty() {
            let first = self.jobs.recv().await?;
            self.waiting.push_back(first);
        }
        let (mut batch, mut later, mut together) = (Vec::new(), VecDeque::new(), Together::default());
        let begins_by = Instant::now() + LEAST;
        while batch.len() < self.batch_units && later.len() < 4 * self.batch_units {
            let Some(job) = self.waiting.pop_front().or_else(|| self.jobs.try_recv().ok()) else { break };
            if job.until <= begins_by {
                self.health.queued.fetch_sub(1, Relaxed);
                give_up(vec![job]);
            } else if together.takes(&job.unit) {
                batch.push(job);
            } else {
                later.push_back(job);
            }
        }
        later.append(&mut self.waiting);
        self.waiting = later;
        self.health.queued.fetch_sub(batch.len() as u64, Relaxed);
        Some(batch)
    }

    /// Carries out a batch as one, or its units each by itself; those that others hold up wait for their next turn.
    async fn settle(&mut self, batch: Vec<Job>, patience: Patience) {
        let Some(apart) = self.settle_one(batch, patience).await else { return };
        let alone = apart.len() == 1;
        for job in apart {
            if alone {
                self.put_off(job);
            } else if let Some(left) = self.settle_one(vec![job], Patience::Short).await {
                for job in left {
                    self.put_off(job);
                }
            }
        }
    }

    fn put_off(&mut self, job: Job) {
        if job.unit.puts().iter().any(is_range) {
            give_up(vec![job]);
        } else {
            self.held_up.push_back(job);
        }
    }

    /// Carries out a batch, again where that is needed, until it is decided or its time is over. Gives it back when its
    /// units have to be tried each by itself, or later.
    async fn settle_one(&mut self, batch: Vec<Job>, patience: Patience) -> Option<Vec<Job>> {
        let until = batch.iter().map(|job| job.until).min()?;
        if until <= Instant::now() {
            give_up(batch);
            return None;
        }
        let (mut doubt, mut heard) = (Doubt::default(), Instant::now());
        let ended = timeout_at(until, self.decide(&batch, patience, &mut doubt, &mut heard)).await;
        match ended {
            Ok(Decided::Answered(answers)) => self.answer(batch, answers),
            Ok(Decided::Apart) => return Some(batch),
            Ok(Decided::Refused) => {
                self.health.set_refusing(true);
                self.leave_open(&doubt);
                give_up(batch);
            }
            Err(_) => {
                // What was sent may still be carried out: nothing else is sent on this connection.
                self.break_off();
                self.leave_open(&doubt);
                if heard.elapsed() >= self.times.silent {
                    self.health.is_away("it does not answer, or waits for a standby");
                }
                give_up(batch);
            }
        }
        None
    }

    async fn decide(
        &mut self,
        batch: &[Job],
        patience: Patience,
        doubt: &mut Doubt,
        heard: &mut Instant,
    ) -> Decided {
        let units: Vec<&Unit> = batch.iter().map(|job| &job.unit).collect();
        loop {
            match self.attempt(&units, patience, doubt, heard).await {
                Ended::Answered(answers) => return Decided::Answered(answers),
                Ended::Apart => return Decided::Apart,
                Ended::Refused => return Decided::Refused,
                // Nothing of it is under way, so that it can wait behind others.
                Ended::Again if doubt.is_none() && (patience == Patience::Short || batch.len() == 1) => {
                    return Decided::Apart;
                }
                Ended::Again => sleep(PAUSE).await,
                Ended::LaneTaken => self.line = self.line.take().map(|line| line.beside()),
                Ended::Broken => {
                    self.break_off();
                    sleep(RECONNECT).await;
                }
            }
        }
    }

    async fn attempt(
        &mut self,
        units: &[&Unit],
        patience: Patience,
        doubt: &mut Doubt,
        heard: &mut Instant,
    ) -> Ended {
        let Some(first) = units.first() else { return Ended::Answered(Vec::new()) };
        if self.connection.is_none() {
            if doubt.is_none() {
                // The database may have been set back behind this lane's last frame: another begins.
                self.line = None;
            }
            self.connection = self.connect().await;
        }
        let Some(client) = &self.connection else { return Ended::Broken };
        let line = self.line.get_or_insert_with(|| Line::begin(first));
        Batch { client, line, units, doubt, patience, heard }.carry_out().await
    }

    /// A connection on which nothing is written outside a transaction: each begins by saying that it writes. Were the
    /// beginning lost, what follows it would be refused, and not be written piece by piece.
    async fn connect(&self) -> Option<Object> {
        let connection = connection(&self.pool).await.ok()?;
        let set = connection.batch_execute("SET default_transaction_read_only = on").await;
        if set.is_err() {
            drop(Object::take(connection));
            return None;
        }
        Some(connection)
    }

    /// Of commits that may have been made nobody will know: the lane's next place may be taken, and it ends here.
    fn leave_open(&mut self, doubt: &Doubt) {
        if !doubt.is_none() {
            self.line = None;
            tracing::error!("whether a commit was made is not known");
        }
    }

    fn break_off(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }

    fn answer(&mut self, batch: Vec<Job>, answers: Answers) {
        let done = answers.iter().filter(|answer| matches!(answer, Ok(Outcome::Done(_)))).count();
        if done > 0 {
            self.health.committed(done);
        }
        let refused = answers.iter().all(|answer| *answer == Err(StoreError::Unavailable));
        self.refused = if refused && !answers.is_empty() { self.refused + 1 } else { 0 };
        self.health.set_refusing(self.refused >= REFUSED_IN_A_ROW);
        for (job, answer) in batch.into_iter().zip(answers) {
            // One who stopped waiting is no error.
            let _ = job.answer.send(answer);
        }
    }
}

/// What became of a batch whose time was not over.
enum Decided {
    Answered(Answers),
    Apart,
    Refused,
}

fn give_up(batch: Vec<Job>) {
    for job in batch {
        let _ = job.answer.send(Err(StoreError::Unavailable));
    }
}
