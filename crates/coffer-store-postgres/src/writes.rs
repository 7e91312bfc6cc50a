//! The second round trip: what a batch writes, as a few statements over whole columns.
//!
//! Within a unit the last put of a record counts, as if they were made one by one. Old rows that a unit erases,
//! whichever they are, part its puts into those before and those after.

use std::collections::BTreeMap;

use coffer_core::{
    audit::Frame,
    store::{
        COUNTER_MAX, CounterKey, CustomerRow, InstrumentRow, KeyRow, Put, ReplyRow, ReusableRow, Row,
        Stretch, Target, TokenRow, UniqueKey, Unit,
    },
};
use coffer_types::RecordNumber;

use crate::{
    checks::{Statement, is_range, key_cells},
    rows::{Column, KEYS, Kind, Record, keys_columns},
};

/// The statements that write these units.
pub(crate) fn statements<'a>(units: &[&'a Unit]) -> Vec<Statement<'a>> {
    let puts = || units.iter().flat_map(|unit| unit.puts());
    let mut statements = Vec::new();
    let mut records = Records::default();
    for put in puts() {
        if is_range(put) {
            std::mem::take(&mut records).finish(&mut statements);
            statements.extend(range(put));
        } else {
            records.add(put);
        }
    }
    records.finish(&mut statements);
    statements.extend(keys(puts()));
    statements.extend(free(freed(puts())));
    statements.extend(counters(puts()));
    statements
}

/// Gives back unique keys.
pub(crate) fn free<'a>(keys: impl Iterator<Item = &'a UniqueKey>) -> Option<Statement<'a>> {
    let mut keys: Vec<_> = keys.map(key_cells).collect();
    keys.sort_unstable();
    if keys.is_empty() {
        return None;
    }
    let sql = "DELETE FROM unique_keys AS k USING unnest($1::bigint[], $2::bigint[], $3::bytea[]) \
        AS v (tenant, kind, value) WHERE k.tenant = v.tenant AND k.kind = v.kind AND k.value = v.value";
    let parameters = vec![
        Column::Int(keys.iter().map(|key| key.0).collect()),
        Column::Int(keys.iter().map(|key| key.1).collect()),
        Column::Bytes(keys.iter().map(|key| key.2).collect()),
    ];
    Some(Statement { sql: sql.to_owned(), parameters })
}

/// The frame of a commit.
pub(crate) fn frame(frame: &Frame) -> Statement<'_> {
    let sql =
        "INSERT INTO audit (lane, number, position, previous, records, hash) VALUES ($1, $2, $3, $4, $5, $6)";
    let parameters = vec![
        Column::One(frame.lane.cast_signed()),
        Column::One(frame.number.cast_signed()),
        Column::One(frame.last.0.cast_signed()),
        Column::OneBytes(&frame.previous),
        Column::OneBytes(&frame.records),
        Column::OneBytes(&frame.hash),
    ];
    Statement { sql: sql.to_owned(), parameters }
}

/// What becomes of a record.
enum Change<'a, R> {
    Insert(&'a R),
    Replace(&'a R),
    Erase,
}

/// The records in a stretch of puts without erases of old rows.
#[derive(Default)]
struct Records<'a> {
    tokens: BTreeMap<RecordNumber, Change<'a, TokenRow>>,
    instruments: BTreeMap<RecordNumber, Change<'a, InstrumentRow>>,
    customers: BTreeMap<RecordNumber, Change<'a, CustomerRow>>,
    reusables: BTreeMap<RecordNumber, Change<'a, ReusableRow>>,
    replies: BTreeMap<RecordNumber, Change<'a, ReplyRow>>,
}

impl<'a> Records<'a> {
    fn add(&mut self, put: &'a Put) {
        match put {
            Put::Insert(row) => self.put(row, false),
            Put::Replace(row) => self.put(row, true),
            Put::Erase(Target::Record(key)) => {
                // Wrapped keys are replaced and never erased.
                let Some((kind, _, number)) = Kind::of(key) else { return };
                match kind {
                    Kind::Token => drop(self.tokens.insert(number, Change::Erase)),
                    Kind::Instrument => drop(self.instruments.insert(number, Change::Erase)),
                    Kind::Customer => drop(self.customers.insert(number, Change::Erase)),
                    Kind::Reusable => drop(self.reusables.insert(number, Change::Erase)),
                    Kind::Reply => drop(self.replies.insert(number, Change::Erase)),
                }
            }
            // Neither keys nor counters are records, and old rows are not named one by one.
            Put::Erase(_) | Put::Add(..) => {}
        }
    }

    fn put(&mut self, row: &'a Row, in_place: bool) {
        fn change<R>(row: &R, in_place: bool) -> Change<'_, R> {
            if in_place { Change::Replace(row) } else { Change::Insert(row) }
        }
        match row {
            Row::Token(row) => drop(self.tokens.insert(row.number, change(row, in_place))),
            Row::Instrument(row) => drop(self.instruments.insert(row.number, change(row, in_place))),
            Row::Customer(row) => drop(self.customers.insert(row.number, change(row, in_place))),
            Row::Reusable(row) => drop(self.reusables.insert(row.number, change(row, in_place))),
            Row::Reply(row) => drop(self.replies.insert(row.number, change(row, in_place))),
            Row::Index { .. } | Row::Key(_) => {}
        }
    }

    fn finish(self, out: &mut Vec<Statement<'a>>) {
        finish(&self.tokens, out);
        finish(&self.instruments, out);
        finish(&self.customers, out);
        finish(&self.reusables, out);
        finish(&self.replies, out);
    }
}

/// The changes of one table: what goes, what is new, what is replaced.
fn finish<'a, R: Record>(changes: &BTreeMap<RecordNumber, Change<'a, R>>, out: &mut Vec<Statement<'a>>) {
    let statements = R::KIND.statements();
    let (mut new, mut next, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for (number, change) in changes {
        match change {
            Change::Insert(row) => new.push(*row),
            Change::Replace(row) => next.push(*row),
            Change::Erase => gone.push(number.get().cast_signed()),
        }
    }
    if !gone.is_empty() {
        out.push(Statement { sql: statements.erase.clone(), parameters: vec![Column::Int(gone)] });
    }
    if !new.is_empty() {
        out.push(Statement { sql: statements.insert.clone(), parameters: R::columns(&new) });
    }
    if !next.is_empty() {
        out.push(Statement { sql: statements.replace.clone(), parameters: R::columns(&next) });
    }
}

/// Wrapped keys: what is new, and what is replaced.
fn keys<'a>(puts: impl Iterator<Item = &'a Put>) -> impl Iterator<Item = Statement<'a>> {
    let (mut new, mut next) = (BTreeMap::new(), BTreeMap::new());
    for put in puts {
        match put {
            Put::Insert(Row::Key(row)) => drop(new.insert(row.id(), row)),
            // It was expected to be there, so that it cannot be new in the same batch.
            Put::Replace(Row::Key(row)) => drop(next.insert(row.id(), row)),
            _ => {}
        }
    }
    let written = |rows: BTreeMap<_, &'a KeyRow>, sql: String| {
        let rows: Vec<_> = rows.into_values().collect();
        (!rows.is_empty()).then(|| Statement { sql, parameters: keys_columns(&rows) })
    };
    [written(new, KEYS.insert()), written(next, KEYS.replace_by(3))].into_iter().flatten()
}

/// The unique keys of which the last word is that they are nobody's. Those that somebody gets were taken in the first
/// round trip.
fn freed<'a>(puts: impl Iterator<Item = &'a Put>) -> impl Iterator<Item = &'a UniqueKey> {
    let mut words = BTreeMap::new();
    for put in puts {
        match put {
            Put::Insert(Row::Index { key, .. }) => drop(words.insert(*key, None)),
            Put::Erase(Target::Key(key)) => drop(words.insert(*key, Some(key))),
            _ => {}
        }
    }
    words.into_values().flatten()
}

/// Adds to counters, which stop at the largest signed integer.
fn counters<'a>(puts: impl Iterator<Item = &'a Put>) -> Option<Statement<'a>> {
    let mut sums: BTreeMap<CounterKey, (&[u8], u64)> = BTreeMap::new();
    for put in puts {
        if let Put::Add(key, by) = put {
            let (_, sum) = sums.entry(*key).or_insert((&key.subject, 0));
            *sum = sum.saturating_add(*by).min(COUNTER_MAX);
        }
    }
    if sums.is_empty() {
        return None;
    }
    let sql = "INSERT INTO counters (kind, subject, value) \
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) \
        ON CONFLICT (kind, subject) DO UPDATE SET value = \
        CASE WHEN counters.value > 9223372036854775807 - excluded.value THEN 9223372036854775807 \
        ELSE counters.value + excluded.value END";
    let parameters = vec![
        Column::Int(sums.keys().map(|key| key.kind.code().into()).collect()),
        Column::Bytes(sums.values().map(|(subject, _)| *subject).collect()),
        Column::Int(sums.values().map(|(_, sum)| sum.cast_signed()).collect()),
    ];
    Some(Statement { sql: sql.to_owned(), parameters })
}

/// Erases old rows: ranges of numbers in bounded steps, along the primary key.
fn range(put: &Put) -> Option<Statement<'static>> {
    let below = |table: &str, number: RecordNumber, at_most: u32| {
        let sql = format!(
            "DELETE FROM {table} WHERE number IN \
             (SELECT number FROM {table} WHERE number < $1 ORDER BY number LIMIT $2)"
        );
        let parameters = vec![Column::One(number.get().cast_signed()), Column::One(at_most.into())];
        Statement { sql, parameters }
    };
    match put {
        Put::Erase(Target::TokensBelow { number, at_most }) => Some(below("tokens", *number, *at_most)),
        Put::Erase(Target::RepliesBelow { number, at_most }) => Some(below("replies", *number, *at_most)),
        Put::Erase(Target::Protected(stretch)) => Some(blank(*stretch)),
        _ => None,
    }
}

/// Takes what is protected and the CVV out of the unused rows of a stretch.
fn blank(stretch: Stretch) -> Statement<'static> {
    let sql = "UPDATE tokens SET protected = NULL, sad = NULL \
        WHERE number >= $1 AND used_at IS NULL AND protected IS NOT NULL AND number < coalesce( \
        (SELECT number FROM tokens WHERE number >= $1 AND number < $2 ORDER BY number LIMIT 1 OFFSET $3), $2)";
    let parameters = vec![
        Column::One(stretch.from.get().cast_signed()),
        Column::One(stretch.below.get().cast_signed()),
        Column::One(stretch.at_most.into()),
    ];
    Statement { sql: sql.to_owned(), parameters }
}
