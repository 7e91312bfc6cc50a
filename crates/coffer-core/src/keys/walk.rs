//! Walk: every durable record is looked at, and renewed where it lies under a key that retires. In bounded steps beside
//! the load, from where it was left, also by another process.
//!
//! A walk belongs to one revision of the keys. It makes passes until one finds nothing to do: what an act that was
//! planned before the keys changed wrote behind the first pass is found by the next.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use coffer_types::{RecordNumber, limits};
use serde::Serialize;

use super::{load::Loaded, renew::Renewal};
use crate::{
    numbers::Numbers,
    store::{CounterKey, CounterKind, Lost, Outcome, RecordTable, Row},
    vault::{Refused, Vault},
};

/// The tables that are walked through. The short-lived one renews itself.
const TABLES: [RecordTable; 4] =
    [RecordTable::Customers, RecordTable::Instruments, RecordTable::Reusables, RecordTable::Replies];

/// Passes whose place is kept for another process. Later ones are begun anew by it: there may be many, where something
/// cannot be renewed.
const PASSES_KEPT: u16 = 8;

/// How long a walk rests before it looks again at what could not be renewed.
const RESTS_FOR: Duration = Duration::from_mins(2);

/// A cursor that has come to the end of its table.
const END: u64 = crate::store::COUNTER_MAX;

/// A walk as far as this process knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    pub(crate) revision: u64,
    pass: u16,
    table: usize,
    from: u64,
    /// Records from this number on are none of its affair: they were made after the nodes had met. Without it a walk
    /// would run behind whoever makes records faster than it looks at them.
    until: RecordNumber,
    /// Whether this pass has changed something, or was begun by another process.
    changed: bool,
    /// Whose records it met that have to wait, or that do not open.
    left: BTreeSet<u32>,
    /// There is no next pass before this.
    rests_until: Option<Instant>,
    pub(crate) seen: WalkSeen,
}

/// What a walk has done since this process took it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WalkSeen {
    /// Records looked at, each pass counted.
    pub looked_at: u64,
    /// Records renewed.
    pub renewed: u64,
    /// Records that do not open, or that others hold the place of: a key that they need is not destroyed.
    pub stuck: u64,
    /// The pass, from 1.
    pub pass: u16,
    /// The table: customers, instruments, reusable tokens, replies, from 0.
    pub table: u8,
    /// The record that it goes on from.
    pub from: u64,
}

/// What a step of a walk left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Walked {
    /// Go on.
    More,
    /// A whole pass found nothing to do, but for records of these tenants, which have to wait or do not open: they are
    /// looked at again later.
    Done(BTreeSet<u32>),
    /// It is not later yet.
    Rest,
}

impl Vault {
    /// One step: at most [`limits::WALK_ROWS`] records.
    pub(crate) async fn walk_step(&self, loaded: &Loaded, by_print: bool) -> Result<Walked, Refused> {
        let mut held = self.keys.walk.lock().await;
        let walk = match held.as_mut().filter(|walk| walk.revision == loaded.revision) {
            Some(walk) => walk,
            None => held.insert(self.take_up(loaded.revision).await?),
        };
        if walk.rests_until.is_some_and(|until| Instant::now() < until) {
            return Ok(Walked::Rest);
        }
        let table = TABLES[walk.table];
        let from = RecordNumber::from_u64(walk.from).unwrap_or(RecordNumber::MAX);
        let rows = self.store.records(table, from, limits::WALK_ROWS).await?;
        let found = rows.len();
        let is_older = |row: &Row| number_of(row).is_none_or(|number| number < walk.until);
        let rows: Vec<Row> = rows.into_iter().take_while(is_older).collect();
        let last = rows.last().and_then(number_of).map(RecordNumber::get);
        let full = found == limits::WALK_ROWS as usize && rows.len() == found;
        self.renew_all(loaded, walk, rows, by_print).await?;
        let next = last.filter(|_| full).map_or(END, |last| last + 1);
        if walk.pass <= PASSES_KEPT {
            let cursor = walk.cursor(walk.table);
            let step = self.unit(self.now())?.add_below(cursor, next - walk.from, walk.from + 1).finish();
            if let Outcome::Lost { .. } = self.store.commit(step).await? {
                // Another process has gone on with it.
                *held = None;
                return Ok(Walked::More);
            }
        }
        walk.from = next;
        (walk.seen.from, walk.seen.pass) = (walk.from, walk.pass);
        if next < END {
            return Ok(Walked::More);
        }
        (walk.table, walk.from) = (walk.table + 1, 0);
        walk.seen.table = u8::try_from(walk.table).unwrap_or(u8::MAX);
        if walk.table < TABLES.len() {
            return Ok(Walked::More);
        }
        Ok(walk.end_pass())
    }

    /// Where a walk of this revision was left.
    async fn take_up(&self, revision: u64) -> Result<Walk, Refused> {
        // Numbers can be ahead of the clock, and nodes of each other.
        let newest = Numbers::time_of(self.number(self.now())?);
        let seen = WalkSeen { pass: 1, ..WalkSeen::default() };
        let mut walk = Walk {
            revision,
            pass: 1,
            table: 0,
            from: 0,
            until: Numbers::lowest_at(newest.plus_seconds(limits::CLOCK_SKEW_SECONDS + 1)),
            changed: false,
            left: BTreeSet::new(),
            rests_until: None,
            seen,
        };
        loop {
            for table in 0..TABLES.len() {
                let from = self.store.counter(walk.cursor(table)).await?;
                if from < END {
                    // What another process found in this pass is not known: there will be one more.
                    walk.changed = table > 0 || from > 0 || walk.pass > 1;
                    (walk.table, walk.from) = (table, from);
                    return Ok(walk);
                }
            }
            walk.pass += 1;
            if walk.pass > PASSES_KEPT {
                walk.changed = true;
                return Ok(walk);
            }
        }
    }

    /// Renews what needs it, each record in a unit of its own: one that others change meanwhile holds up no other.
    async fn renew_all(
        &self,
        loaded: &Loaded,
        walk: &mut Walk,
        rows: Vec<Row>,
        by_print: bool,
    ) -> Result<(), Refused> {
        let mut commits = Vec::new();
        for row in rows {
            walk.seen.looked_at += 1;
            let tenant = tenant_of(&row);
            match self.renewal(loaded, row, by_print).await {
                Ok(Renewal::None) => {}
                Ok(Renewal::Later) => drop(walk.left.insert(tenant)),
                Ok(Renewal::Unit(unit)) => commits.push((tenant, self.store.commit(unit.finish()))),
                // It has been told where it was found; a store that is away is asked again.
                Err(Refused::Unavailable | Refused::Contended) if self.store.ready() => walk.stick(tenant),
                Err(refused) => return Err(refused),
            }
        }
        for (tenant, commit) in commits {
            walk.changed = true;
            match commit.await? {
                Outcome::Done(_) => walk.seen.renewed += 1,
                Outcome::Lost { lost: Lost::NotFree(_), .. } => walk.stick(tenant),
                Outcome::Lost { .. } => {}
            }
        }
        Ok(())
    }
}

impl Walk {
    fn stick(&mut self, tenant: u32) {
        self.seen.stuck += 1;
        self.left.insert(tenant);
    }

    /// A pass has come to its end: the next one begins, now or in a while.
    fn end_pass(&mut self) -> Walked {
        let left = std::mem::take(&mut self.left);
        self.rests_until = (!left.is_empty() && !self.changed).then(|| Instant::now() + RESTS_FOR);
        let ended = if self.changed { Walked::More } else { Walked::Done(left) };
        (self.pass, self.table, self.changed) = ((self.pass + 1).min(PASSES_KEPT + 1), 0, false);
        self.seen.table = 0;
        ended
    }

    /// Where the walk keeps how far it has come.
    fn cursor(&self, table: usize) -> CounterKey {
        let mut subject = [0; 16];
        subject[0] = 1;
        subject[1] = u8::try_from(table).unwrap_or(u8::MAX);
        subject[2..4].copy_from_slice(&self.pass.to_be_bytes());
        subject[4..12].copy_from_slice(&self.revision.to_be_bytes());
        CounterKey { kind: CounterKind::Walk, subject }
    }
}

pub(crate) fn number_of(row: &Row) -> Option<RecordNumber> {
    match row {
        Row::Token(row) => Some(row.number),
        Row::Customer(row) => Some(row.number),
        Row::Instrument(row) => Some(row.number),
        Row::Reusable(row) => Some(row.number),
        Row::Reply(row) => Some(row.number),
        Row::Index { .. } | Row::Key(_) => None,
    }
}

fn tenant_of(row: &Row) -> u32 {
    match row {
        Row::Token(row) => row.tenant.get(),
        Row::Customer(row) => row.tenant.get(),
        Row::Instrument(row) => row.tenant.get(),
        Row::Reusable(row) => row.tenant.get(),
        Row::Reply(row) => row.tenant.get(),
        Row::Index { key, .. } => key.tenant.get(),
        Row::Key(row) => row.tenant.map_or(0, coffer_types::Tenant::get),
    }
}
