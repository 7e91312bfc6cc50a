//! One batch: units that share nothing, one transaction, one frame of the audit log.
//!
//! A frame's place in its lane is its own: two commits cannot both write it. So a commit whose connection was lost is
//! recognised by its frame, and the same batch that is sent again cannot be written twice.

use coffer_core::{
    audit::Lane,
    store::{Lost, Outcome, Position, StoreError, Unit, cells::Cells},
};
use deadpool_postgres::Object;
use tokio::time::Instant;
use tokio_postgres::{Error, Row};

use crate::{
    checks::{self, Facts, Statement},
    connections::in_order,
    errors::{Trouble, is_for_want_of_room, state},
    rows::cells::RowCells,
    writes,
};

/// How each unit of a batch ended, in the batch's order.
pub(crate) type Answers = Vec<Result<Outcome, StoreError>>;

/// One writer's place in the serial order: its lane, and how many units were committed in it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) lane: Lane,
    pub(crate) last: Position,
}

impl Line {
    /// A new lane, which bears the number of the first unit in it: nobody else has it.
    pub(crate) fn begin(first: &Unit) -> Self {
        Self::at(first.id().get())
    }

    /// Another lane, where this one's next place is somebody else's.
    pub(crate) fn beside(&self) -> Self {
        Self::at(self.lane.frame(self.last, Vec::new()).lane + 1)
    }

    fn at(lane: u64) -> Self {
        Self { lane: Lane::start(Position(lane)), last: Position(0) }
    }
}

/// A commit that was sent: what it would be recognised by, and what it says when it was made.
#[derive(Debug)]
struct Attempt {
    hash: [u8; 32],
    last: Position,
    answers: Answers,
}

/// What is not known of a batch whose connection was lost.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    /// Commits that were sent and may have been made; one of them at most was.
    attempts: Vec<Attempt>,
    /// One was made, and this is what it says; that it outlives its machine is not known yet.
    won: Option<Answers>,
}

impl Doubt {
    /// Whether nothing of the batch can have been written.
    pub(crate) fn is_none(&self) -> bool {
        self.attempts.is_empty() && self.won.is_none()
    }
}

/// How an attempt on a batch ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It is decided, and what was written is durable.
    Answered(Answers),
    /// One of the units cannot go with the others: each by itself.
    Apart,
    /// Others were in the way: the same again.
    Again,
    /// The engine has no room; nothing was written.
    Refused,
    /// The lane's next place is not this writer's: the same again in another lane.
    LaneTaken,
    /// The connection is gone. Whether the commit was made is known by asking for its frame.
    Broken,
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Broken => Self::Broken,
            Trouble::InTheWay => Self::Again,
            Trouble::Refused => Self::Refused,
            Trouble::Taken | Trouble::Unreadable => Self::Apart,
        }
    }
}

/// A batch on its way.
pub(crate) struct Batch<'a> {
    pub(crate) client: &'a Object,
    pub(crate) line: &'a mut Line,
    pub(crate) units: &'a [&'a Unit],
    /// What became of the same units before.
    pub(crate) doubt: &'a mut Doubt,
    pub(crate) patience: Patience,
    /// When the database was last heard.
    pub(crate) heard: &'a mut Instant,
}

/// How long a statement waits for a lock that somebody else has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as a batch can.
    Whole,
    /// Shortly: others of a batch that was taken apart come first.
    Short,
}

impl Patience {
    fn begin(self) -> &'static str {
        match self {
            Self::Whole => "BEGIN READ WRITE",
            Self::Short => "BEGIN READ WRITE; SET LOCAL lock_timeout = '100ms'",
        }
    }
}

impl Batch<'_> {
    /// Carries it out, or recognises that it was.
    pub(crate) async fn carry_out(mut self) -> Ended {
        let trouble = match self.try_to().await {
            Ok(ended) => return ended,
            Err(trouble) => trouble,
        };
        // Whatever was begun ends here.
        if trouble != Trouble::Broken && self.roll_back().await.is_err() {
            return Ended::Broken;
        }
        trouble.into()
    }

    async fn try_to(&mut self) -> Result<Ended, Trouble> {
        if let Some(answers) = self.recognise().await? {
            return Ok(Ended::Answered(answers));
        }
        let questions = checks::questions(self.units);
        let (facts, begun) = if questions.is_empty() {
            (Facts::default(), false)
        } else {
            let begin = vec![Step::Text(self.patience.begin())];
            let answers = match self.pipeline(begin, &questions.statements, Vec::new()).await {
                Ok(answers) => answers,
                Err(error) => return self.failed(&error, false).await,
            };
            match questions.facts(answers.get(1..).unwrap_or_default()) {
                Ok(facts) => (facts, true),
                Err(_) => return self.unreadable().await,
            }
        };
        // Whoever was waited for may have been an earlier attempt of ours.
        if begun && !self.doubt.is_none() && self.frame_there().await?.is_some() {
            return Err(Trouble::InTheWay);
        }
        self.write(&facts, begun).await
    }

    /// The second round trip.
    async fn write(&mut self, facts: &Facts, begun: bool) -> Result<Ended, Trouble> {
        let (mut reached, mut records) = (self.line.last, Vec::new());
        let (mut answers, mut won, mut taken) =
            (Vec::with_capacity(self.units.len()), Vec::new(), Vec::new());
        for unit in self.units {
            answers.push(Ok(if let Some(lost) = facts.first_lost(unit) {
                taken.extend(facts.taken_by(unit));
                Outcome::Lost { lost, after: reached }
            } else {
                reached = reached.next();
                won.push(*unit);
                for fact in unit.facts() {
                    fact.write_line(reached, unit.at(), &mut records);
                }
                Outcome::Done(reached)
            }));
        }
        if won.is_empty() {
            if begun {
                self.roll_back().await?;
            }
            return Ok(Ended::Answered(answers));
        }
        let frame = self.line.lane.frame(reached, records);
        let mut statements = writes::statements(&won);
        statements.extend(writes::free(taken.into_iter()));
        statements.push(writes::frame(&frame));
        let before = if begun { Vec::new() } else { vec![Step::Text(self.patience.begin())] };
        self.doubt.attempts.push(Attempt { hash: frame.hash, last: reached, answers: answers.clone() });
        match self.pipeline(before, &statements, vec![Step::Text("COMMIT")]).await {
            Ok(_) => {
                self.line.last = reached;
                self.line.lane.advance(frame.hash);
                Ok(Ended::Answered(answers))
            }
            Err(error) => self.failed(&error, true).await,
        }
    }

    /// An error of the engine means that this attempt was not made; a lost connection, that it may have been.
    async fn failed(&mut self, error: &Error, sent: bool) -> Result<Ended, Trouble> {
        let trouble = Trouble::from(error);
        if trouble == Trouble::Broken {
            return Err(trouble);
        }
        self.roll_back().await?;
        if sent {
            self.doubt.attempts.pop();
        }
        let alone = self.units.len() == 1;
        match trouble {
            Trouble::Refused if is_for_want_of_room(error) => {
                tracing::error!(state = state(error), "the database refused a batch");
                Ok(Ended::Refused)
            }
            Trouble::InTheWay if alone => Err(trouble),
            Trouble::Taken if self.doubt.is_none() && self.frame_there().await?.is_some() => {
                tracing::error!("the next place of this writer's lane is taken: it begins another");
                Ok(Ended::LaneTaken)
            }
            Trouble::Taken if alone => {
                let lost = Outcome::Lost { lost: Lost::Exists, after: self.line.last };
                self.end_with(Ended::Answered(vec![Ok(lost)])).await
            }
            _ if alone => {
                tracing::error!(state = state(error), "the database refused a unit");
                self.end_with(Ended::Answered(vec![Err(StoreError::Unavailable)])).await
            }
            _ => self.end_with(Ended::Apart).await,
        }
    }

    /// A row that decides a unit does not decode: that unit alone fails.
    async fn unreadable(&mut self) -> Result<Ended, Trouble> {
        self.roll_back().await?;
        if self.units.len() > 1 {
            return self.end_with(Ended::Apart).await;
        }
        tracing::error!(table = "records", "a stored row is not readable");
        self.end_with(Ended::Answered(vec![Err(StoreError::Corrupt { table: "records" })])).await
    }

    /// This end, unless an attempt from before was made. One that is still under way somewhere must not be made after
    /// it: the place of its frame is taken by an empty one, and then it cannot.
    async fn end_with(&mut self, ended: Ended) -> Result<Ended, Trouble> {
        if self.doubt.is_none() {
            return Ok(ended);
        }
        if let Some(answers) = self.recognise().await? {
            return Ok(Ended::Answered(answers));
        }
        self.write_behind().await?;
        self.doubt.attempts.clear();
        Ok(ended)
    }

    /// Whether an attempt from before was made, and then what it says. That it can be seen does not say that a standby
    /// has it: a commit behind it does, and until then nobody is told.
    async fn recognise(&mut self) -> Result<Option<Answers>, Trouble> {
        if self.doubt.is_none() {
            return Ok(None);
        }
        if let Some(hash) = self.frame_there().await? {
            let empty = self.line.lane.frame(self.line.last, Vec::new()).hash;
            let made = self.doubt.attempts.iter().find(|attempt| attempt.hash == hash);
            if let Some(attempt) = made {
                self.line.last = attempt.last;
                self.doubt.won = Some(attempt.answers.clone());
            } else if hash != empty {
                tracing::error!("the audit lane of this process was written by another");
                return Err(Trouble::Refused);
            }
            self.line.lane.advance(hash);
            self.doubt.attempts.clear();
        }
        let Some(answers) = self.doubt.won.clone() else { return Ok(None) };
        self.write_behind().await?;
        self.doubt.won = None;
        tracing::warn!("a commit whose connection was lost had been made");
        Ok(Some(answers))
    }

    /// The hash of the frame in the place that is next in the lane.
    async fn frame_there(&self) -> Result<Option<[u8; 32]>, Trouble> {
        let next = self.line.lane.frame(self.line.last, Vec::new());
        let sql = "SELECT hash FROM audit WHERE lane = $1 AND number = $2";
        let asked = async {
            let statement = self.client.prepare_cached(sql).await?;
            self.client.query_opt(&statement, &[&next.lane.cast_signed(), &next.number.cast_signed()]).await
        };
        let row = asked.await.map_err(|error| Trouble::from(&error))?;
        // One that does not decode is nothing that a unit by itself could do without.
        row.map(|row| RowCells::of(&row).array()).transpose().map_err(|_| Trouble::Refused)
    }

    /// Commits a frame without a unit in the lane's next place. Where that is taken, it is by a frame of ours whose
    /// connection was lost, and it is recognised when this is tried again.
    async fn write_behind(&mut self) -> Result<(), Trouble> {
        let frame = self.line.lane.frame(self.line.last, Vec::new());
        let statements = [writes::frame(&frame)];
        let (begin, commit) = (vec![Step::Text(Patience::Whole.begin())], vec![Step::Text("COMMIT")]);
        self.pipeline(begin, &statements, commit).await.map_err(|error| match Trouble::from(&error) {
            Trouble::Taken => Trouble::InTheWay,
            trouble => trouble,
        })?;
        self.line.lane.advance(frame.hash);
        Ok(())
    }

    async fn roll_back(&self) -> Result<(), Trouble> {
        self.client.batch_execute("ROLLBACK").await.map_err(|error| Trouble::from(&error))
    }

    /// Sends everything at once and waits for all answers: the first error, or what each statement gave.
    async fn pipeline(
        &mut self,
        before: Vec<Step<'_>>,
        statements: &[Statement<'_>],
        after: Vec<Step<'_>>,
    ) -> Result<Vec<Vec<Row>>, Error> {
        let mut prepared = Vec::with_capacity(statements.len());
        for statement in statements {
            prepared.push(self.client.prepare_cached(&statement.sql).await?);
        }
        let middle = prepared.iter().zip(statements).map(|(prepared, statement)| {
            Step::Prepared(prepared, statement.parameters.iter().map(|value| value as _).collect())
        });
        let steps: Vec<Step<'_>> = before.into_iter().chain(middle).chain(after).collect();
        let sent = steps.into_iter().map(|step| self.send(step)).collect();
        let answers = in_order(sent).await.into_iter().collect();
        *self.heard = Instant::now();
        answers
    }

    async fn send(&self, step: Step<'_>) -> Result<Vec<Row>, Error> {
        match step {
            Step::Text(text) => self.client.batch_execute(text).await.map(|()| Vec::new()),
            Step::Prepared(statement, parameters) => self.client.query(statement, &parameters).await,
        }
    }
}

/// One thing that is sent.
enum Step<'a> {
    Text(&'static str),
    Prepared(&'a tokio_postgres::Statement, Vec<&'a (dyn tokio_postgres::types::ToSql + Sync)>),
}
