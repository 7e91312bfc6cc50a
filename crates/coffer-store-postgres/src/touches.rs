//! What a unit touches: units of one batch share nothing, so that each of them sees the store as it was before all of
//! them, and their order in the batch is an order in which they could have come one by one.

use std::collections::HashSet;

use coffer_core::store::{CounterKey, Expectation, KeyId, Put, RecordKey, Row, Target, UniqueKey, Unit};
use coffer_types::{RecordNumber, Tenant};

use crate::rows::Kind;

/// One thing that a unit expects something of, or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Touch {
    Record(Kind, RecordNumber),
    /// The key of a reply, of which there is one.
    ReplyKey(Tenant, [u8; 16]),
    Key(UniqueKey),
    Counter(CounterKey),
    Wrapped(KeyId),
    /// Old rows, whichever they are.
    Range,
}

/// Everything that a unit touches.
pub(crate) fn of(unit: &Unit) -> Vec<Touch> {
    let mut touches = Vec::with_capacity(2 * unit.puts().len());
    for expectation in unit.expectations() {
        match expectation {
            Expectation::Live(key, _) => touches.extend(record(key)),
            Expectation::Free(key) => touches.push(Touch::Key(*key)),
            Expectation::Below(key, _) => touches.push(Touch::Counter(*key)),
        }
    }
    for put in unit.puts() {
        match put {
            Put::Insert(row) | Put::Replace(row) => add_row(row, &mut touches),
            Put::Erase(Target::Record(key)) => touches.extend(record(key)),
            Put::Erase(Target::Key(key)) => touches.push(Touch::Key(*key)),
            Put::Erase(Target::TokensBelow { .. } | Target::RepliesBelow { .. } | Target::Protected(_)) => {
                touches.push(Touch::Range);
            }
            Put::Add(key, _) => touches.push(Touch::Counter(*key)),
        }
    }
    touches
}

fn record(key: &RecordKey) -> Option<Touch> {
    match key {
        RecordKey::Key(id) => Some(Touch::Wrapped(*id)),
        key => Kind::of(key).map(|(kind, _, number)| Touch::Record(kind, number)),
    }
}

fn add_row(row: &Row, touches: &mut Vec<Touch>) {
    match row {
        Row::Token(row) => touches.push(Touch::Record(Kind::Token, row.number)),
        Row::Instrument(row) => touches.push(Touch::Record(Kind::Instrument, row.number)),
        Row::Customer(row) => touches.push(Touch::Record(Kind::Customer, row.number)),
        Row::Reusable(row) => touches.push(Touch::Record(Kind::Reusable, row.number)),
        Row::Reply(row) => {
            touches.push(Touch::Record(Kind::Reply, row.number));
            touches.push(Touch::ReplyKey(row.tenant, row.key));
        }
        Row::Index { key, .. } => touches.push(Touch::Key(*key)),
        Row::Key(row) => touches.push(Touch::Wrapped(row.id())),
    }
}

/// What a batch under way touches so far.
#[derive(Debug, Default)]
pub(crate) struct Together {
    touched: HashSet<Touch>,
    taken: usize,
    /// A unit that erases old rows is in it, or waits: it goes alone.
    closed: bool,
}

impl Together {
    /// Whether the unit can go with those before it. One that cannot holds up whatever touches the same.
    pub(crate) fn takes(&mut self, unit: &Unit) -> bool {
        let touches = of(unit);
        let ranged = touches.contains(&Touch::Range);
        let apart = touches.iter().any(|touch| self.touched.contains(touch));
        self.touched.extend(touches);
        let takes = !(apart || self.closed || ranged && self.taken > 0);
        // Nothing overtakes a unit that erases old rows.
        self.closed |= ranged;
        self.taken += usize::from(takes);
        takes
    }
}
