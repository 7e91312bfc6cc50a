//! The first round trip: what a batch expects is locked, looked at, and decided. Nobody else changes it before the
//! commit.
//!
//! Every node asks in the same order (tables, then numbers; wrapped keys; unique keys; counters), so that no two wait
//! for each other.
//! A unique key is not asked for but taken: who inserts it first has it, and the engine lets the second wait until the
//! first has committed. What a unit took that loses in the end is given back in the second round trip.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use coffer_core::store::{
    CounterKey, Expectation, KeyId, Lost, Put, RecordKey, Row, Target, UniqueKey, Unit, cells::Cells,
};
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};
use tokio_postgres::Row as Answer;

use crate::{
    CLOCK, OFFSET,
    rows::{
        Column, Kind,
        cells::{RowCells, Unreadable},
    },
};

/// One statement with its parameters.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<Column<'a>>,
}

/// What is to be asked for a batch, in order, and what each answer says.
#[derive(Debug, Default)]
pub(crate) struct Questions<'a> {
    asked: Vec<Asked>,
    pub(crate) statements: Vec<Statement<'a>>,
}

#[derive(Clone, Copy, Debug)]
enum Asked {
    Live(Kind),
    Wrapped,
    Free,
    /// Rows of counters that were never added to, so that there is something to lock.
    Begun,
    Below,
    Existing(Kind),
    ReplyKeys,
}

/// What a record is, where it is there.
#[derive(Clone, Copy, Debug)]
struct Standing {
    tenant: Tenant,
    generation: Generation,
    /// Of a token: when it ends, and the time at which the database was asked; none when it was used or blanked.
    usable: Option<(Timestamp, Timestamp)>,
}

/// What the database said.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    standing: HashMap<(Kind, RecordNumber), Standing>,
    /// Wrapped keys that units expect something of.
    wrapped: HashMap<KeyId, Generation>,
    free: HashSet<(Tenant, u8, [u8; 16])>,
    counters: HashMap<CounterKey, u64>,
    existing: HashSet<(Kind, RecordNumber)>,
    reply_keys: HashSet<(Tenant, [u8; 16])>,
}

/// The questions of a batch. None when nothing is expected: then the second round trip is the only one.
pub(crate) fn questions<'a>(units: &[&'a Unit]) -> Questions<'a> {
    let mut questions = Questions::default();
    let mut reply_keys: Vec<(Tenant, &'a [u8; 16])> = Vec::new();
    let mut records: BTreeMap<Kind, BTreeSet<i64>> = BTreeMap::new();
    let mut wrapped = BTreeSet::new();
    let (mut below, mut existing) = (BTreeSet::new(), BTreeMap::<Kind, BTreeSet<i64>>::new());
    for unit in units {
        for expectation in unit.expectations() {
            match expectation {
                Expectation::Live(RecordKey::Key(id), _) => drop(wrapped.insert(wrapped_cells(*id))),
                Expectation::Live(key, _) => {
                    if let Some((kind, _, number)) = Kind::of(key) {
                        records.entry(kind).or_default().insert(number.get().cast_signed());
                    }
                }
                Expectation::Below(key, _) => {
                    below.insert((i64::from(key.kind.code()), key.subject.as_slice()));
                }
                Expectation::Free(_) => {}
            }
        }
        if hides_what_is_there(unit) {
            for (kind, number) in unit.puts().iter().filter_map(inserted) {
                existing.entry(kind).or_default().insert(number.get().cast_signed());
            }
            reply_keys.extend(unit.puts().iter().filter_map(reply_key));
        }
    }
    for (kind, numbers) in existing {
        let sql = kind.statements().existing.clone();
        questions.ask(Asked::Existing(kind), sql, vec![Column::Int(numbers.into_iter().collect())]);
    }
    if !reply_keys.is_empty() {
        let sql = "SELECT r.tenant, r.key FROM replies AS r JOIN unnest($1::bigint[], $2::bytea[]) AS v (tenant, key) \
            ON r.tenant = v.tenant AND r.key = v.key";
        let parameters = vec![
            Column::Int(reply_keys.iter().map(|(tenant, _)| i64::from(tenant.get())).collect()),
            Column::Bytes(reply_keys.iter().map(|(_, key)| key.as_slice()).collect()),
        ];
        questions.ask(Asked::ReplyKeys, sql.to_owned(), parameters);
    }
    for (kind, numbers) in records {
        questions.ask(Asked::Live(kind), live(kind), vec![Column::Int(numbers.into_iter().collect())]);
    }
    questions.ask_for_wrapped(&wrapped);
    questions.take_keys(units);
    questions.count(&below);
    questions
}

impl<'a> Questions<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    fn ask(&mut self, asked: Asked, sql: String, parameters: Vec<Column<'a>>) {
        self.asked.push(asked);
        self.statements.push(Statement { sql, parameters });
    }

    /// Locks wrapped keys and says how often each was written.
    fn ask_for_wrapped(&mut self, wrapped: &BTreeSet<(i64, i64, i64)>) {
        if wrapped.is_empty() {
            return;
        }
        let sql = "SELECT k.tenant, k.purpose, k.version, k.generation FROM keys AS k \
            JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v (tenant, purpose, version) \
            ON k.tenant = v.tenant AND k.purpose = v.purpose AND k.version = v.version \
            ORDER BY 1, 2, 3 FOR UPDATE OF k";
        let parameters = vec![
            Column::Int(wrapped.iter().map(|key| key.0).collect()),
            Column::Int(wrapped.iter().map(|key| key.1).collect()),
            Column::Int(wrapped.iter().map(|key| key.2).collect()),
        ];
        self.ask(Asked::Wrapped, sql.to_owned(), parameters);
    }

    fn take_keys(&mut self, units: &[&'a Unit]) {
        let taken: BTreeMap<_, _> = units
            .iter()
            .flat_map(|unit| unit.puts())
            .filter_map(|put| match put {
                Put::Insert(Row::Index { key, holder }) => Some((key_cells(key), holder.get().cast_signed())),
                _ => None,
            })
            .collect();
        if taken.is_empty() {
            return;
        }
        let sql = "INSERT INTO unique_keys (tenant, kind, value, holder) \
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[]) ORDER BY 1, 2, 3 \
            ON CONFLICT DO NOTHING RETURNING tenant, kind, value";
        let parameters = vec![
            Column::Int(taken.keys().map(|key| key.0).collect()),
            Column::Int(taken.keys().map(|key| key.1).collect()),
            Column::Bytes(taken.keys().map(|key| key.2).collect()),
            Column::Int(taken.values().copied().collect()),
        ];
        self.ask(Asked::Free, sql.to_owned(), parameters);
    }

    fn count(&mut self, below: &BTreeSet<(i64, &'a [u8])>) {
        if below.is_empty() {
            return;
        }
        let parameters = || {
            vec![
                Column::Int(below.iter().map(|(kind, _)| *kind).collect()),
                Column::Bytes(below.iter().map(|(_, subject)| *subject).collect()),
            ]
        };
        let begin = "INSERT INTO counters (kind, subject, value) SELECT v.kind, v.subject, 0 \
            FROM unnest($1::bigint[], $2::bytea[]) AS v (kind, subject) ORDER BY 1, 2 ON CONFLICT DO NOTHING";
        self.ask(Asked::Begun, begin.to_owned(), parameters());
        let read = "SELECT c.kind, c.subject, c.value FROM counters AS c \
            JOIN unnest($1::bigint[], $2::bytea[]) AS v (kind, subject) \
            ON c.kind = v.kind AND c.subject = v.subject ORDER BY 1, 2 FOR UPDATE OF c";
        self.ask(Asked::Below, read.to_owned(), parameters());
    }

    /// What the answers say, one answer a statement.
    pub(crate) fn facts(&self, answers: &[Vec<Answer>]) -> Result<Facts, Unreadable> {
        let mut facts = Facts::default();
        for (asked, rows) in self.asked.iter().zip(answers) {
            for row in rows {
                facts.note(*asked, &mut RowCells::of(row))?;
            }
        }
        Ok(facts)
    }
}

impl Facts {
    fn note(&mut self, asked: Asked, cells: &mut RowCells<'_>) -> Result<(), Unreadable> {
        match asked {
            Asked::Live(kind) => {
                let number = cells.number()?;
                let (tenant, generation) = (cells.tenant()?, cells.generation()?);
                let ends = cells.maybe_integer()?.map(Timestamp::from_millis);
                let usable = match ends {
                    Some(ends) => Some((ends, cells.time()?)),
                    None => None,
                };
                self.standing.insert((kind, number), Standing { tenant, generation, usable });
            }
            Asked::Wrapped => {
                let id = KeyId {
                    tenant: cells.maybe_tenant()?,
                    purpose: cells.narrow()?,
                    version: cells.narrow()?,
                };
                self.wrapped.insert(id, cells.generation()?);
            }
            Asked::Free => {
                self.free.insert((cells.tenant()?, cells.narrow()?, cells.array()?));
            }
            Asked::Begun => {}
            Asked::Below => {
                let (kind, subject): (u8, [u8; 16]) = (cells.narrow()?, cells.array()?);
                let kind = coffer_core::store::CounterKind::from_code(kind).ok_or(Unreadable)?;
                self.counters.insert(CounterKey { kind, subject }, cells.narrow()?);
            }
            Asked::Existing(kind) => {
                self.existing.insert((kind, cells.number()?));
            }
            Asked::ReplyKeys => {
                self.reply_keys.insert((cells.tenant()?, cells.array()?));
            }
        }
        Ok(())
    }

    /// What a unit loses on, if it does: its expectations in their order, then rows that it would insert.
    pub(crate) fn first_lost(&self, unit: &Unit) -> Option<Lost> {
        let broken = unit.expectations().iter().find_map(|expectation| match *expectation {
            Expectation::Live(key @ RecordKey::Key(id), generation) => {
                (self.wrapped.get(&id) != Some(&generation)).then_some(Lost::NotLive(key))
            }
            Expectation::Live(key, generation) => {
                let live = Kind::of(&key).is_some_and(|(kind, tenant, number)| {
                    self.standing.get(&(kind, number)).is_some_and(|row| {
                        row.tenant == tenant && row.generation == generation && row.is_usable(kind, unit.at())
                    })
                });
                (!live).then_some(Lost::NotLive(key))
            }
            Expectation::Free(key) => (!self.free.contains(&free(&key))).then_some(Lost::NotFree(key)),
            Expectation::Below(key, limit) => {
                (self.counters.get(&key).copied().unwrap_or(0) >= limit).then_some(Lost::NotBelow(key))
            }
        });
        let exists = |put: &Put| {
            let there = |row| self.existing.contains(&row) || self.standing.contains_key(&row);
            let held = |(tenant, key): (Tenant, &[u8; 16])| self.reply_keys.contains(&(tenant, *key));
            let wrapped = matches!(put, Put::Insert(Row::Key(row)) if self.wrapped.contains_key(&row.id()));
            wrapped || inserted(put).is_some_and(there) || reply_key(put).is_some_and(held)
        };
        broken.or_else(|| unit.puts().iter().any(exists).then_some(Lost::Exists))
    }

    /// The unique keys that a unit took, and has to give back when it loses.
    pub(crate) fn taken_by<'u>(&self, unit: &'u Unit) -> impl Iterator<Item = &'u UniqueKey> {
        unit.puts().iter().filter_map(|put| match put {
            Put::Insert(Row::Index { key, .. }) if self.free.contains(&free(key)) => Some(key),
            _ => None,
        })
    }
}

impl Standing {
    /// A token ends by whichever clock is further on: the database's, asked in the statement, or the plan's.
    fn is_usable(&self, kind: Kind, at: Timestamp) -> bool {
        match (kind, self.usable) {
            (Kind::Token, Some((ends, now))) => at.max(now) < ends,
            (Kind::Token, None) => false,
            _ => true,
        }
    }
}

/// Locks records by their numbers and says what they are.
fn live(kind: Kind) -> String {
    let name = kind.table().name;
    let usable = if kind == Kind::Token {
        format!("CASE WHEN used_at IS NULL AND protected IS NOT NULL THEN expires_at END, {CLOCK} + {OFFSET}")
    } else {
        "CAST(NULL AS bigint), CAST(NULL AS bigint)".to_owned()
    };
    format!(
        "SELECT number, tenant, generation, {usable} FROM {name} WHERE number = ANY($1::bigint[]) ORDER BY number \
         FOR UPDATE"
    )
}

/// The record that a put inserts.
fn inserted(put: &Put) -> Option<(Kind, RecordNumber)> {
    match put {
        Put::Insert(Row::Token(row)) => Some((Kind::Token, row.number)),
        Put::Insert(Row::Instrument(row)) => Some((Kind::Instrument, row.number)),
        Put::Insert(Row::Customer(row)) => Some((Kind::Customer, row.number)),
        Put::Insert(Row::Reusable(row)) => Some((Kind::Reusable, row.number)),
        Put::Insert(Row::Reply(row)) => Some((Kind::Reply, row.number)),
        _ => None,
    }
}

/// The key of the reply that a put inserts.
fn reply_key(put: &Put) -> Option<(Tenant, &[u8; 16])> {
    match put {
        Put::Insert(Row::Reply(row)) => Some((row.tenant, &row.key)),
        _ => None,
    }
}

/// Whether an insert of the unit could succeed although its row is there when the unit comes: old rows go before it, or
/// another put of the unit takes its place. Then what is there is looked at first.
fn hides_what_is_there(unit: &Unit) -> bool {
    let mut rows = HashSet::new();
    unit.puts().iter().any(|put| is_range(put) || inserted(put).is_some_and(|row| !rows.insert(row)))
}

/// Whether a put takes old rows away, whichever they are.
pub(crate) fn is_range(put: &Put) -> bool {
    matches!(put, Put::Erase(Target::TokensBelow { .. } | Target::RepliesBelow { .. } | Target::Protected(_)))
}

/// A unique key as it lies in its columns, which is the order in which keys are taken.
pub(crate) fn key_cells(key: &UniqueKey) -> (i64, i64, &[u8]) {
    (key.tenant.get().into(), key.kind.code().into(), key.value.as_slice())
}

/// A wrapped key's id as it lies in its columns, which is the order in which they are locked.
fn wrapped_cells(id: KeyId) -> (i64, i64, i64) {
    (id.tenant.map_or(0, Tenant::get).into(), id.purpose.into(), id.version.into())
}

fn free(key: &UniqueKey) -> (Tenant, u8, [u8; 16]) {
    (key.tenant, key.kind.code(), key.value)
}
