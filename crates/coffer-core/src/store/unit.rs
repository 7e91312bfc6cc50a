//! A unit: everything that one act writes, as plain data, committed whole or not at all.

use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};

use super::row::{
    CustomerRow, InstrumentRow, KeyId, KeyRow, ReplyRow, ReusableRow, Row, TokenRow, UniqueKey,
};
use crate::audit::Fact;

/// Place of a committed unit in the serial order of one store, counted from 1. Zero is "before everything".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// The next place.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A record that can be live, replaced and erased. The tenant is part of the key: another tenant's record is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// A single-use token in the short-lived table.
    Token(Tenant, RecordNumber),
    /// An instrument in its durable table.
    Instrument(Tenant, RecordNumber),
    /// A customer in their durable table.
    Customer(Tenant, RecordNumber),
    /// A reusable token in its durable table.
    Reusable(Tenant, RecordNumber),
    /// What was answered to an act that may be asked for again.
    Reply(Tenant, RecordNumber),
    /// A key of the hierarchy. It is replaced and never erased.
    Key(KeyId),
}

/// A number that acts add to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey {
    /// What is counted.
    pub kind: CounterKind,
    /// Of what: a keyed hash or a number, padded with zeros.
    pub subject: [u8; 16],
}

impl CounterKey {
    /// Seconds by which the sandbox's clock was moved forward. Written by the sandbox's clock call alone.
    pub const SANDBOX_CLOCK: Self = Self { kind: CounterKind::SandboxClock, subject: [0; 16] };
    /// How often a key has changed its state. Added to in the unit that changes one; nodes load the keys again when it
    /// has grown.
    pub const KEY_REVISION: Self = Self { kind: CounterKind::KeyRevision, subject: [0; 16] };
    /// How often the vault was put back from a backup.
    pub const RESTORES: Self = Self { kind: CounterKind::Restores, subject: [0; 16] };
    /// When that was last, in milliseconds since 1970: single-use tokens that were made before are void.
    pub const RESTORED_AT: Self = Self { kind: CounterKind::RestoredAt, subject: [0; 16] };
    /// How often the background work on keys was stopped and let go on: stopped where the number is odd.
    pub const WALK_PAUSES: Self = Self { kind: CounterKind::WalkPauses, subject: [0; 16] };

    /// How many names a tenant's number was given to. Written at start.
    pub fn tenant_names(tenant: Tenant) -> Self {
        let mut subject = [0; 16];
        subject[..4].copy_from_slice(&tenant.get().to_be_bytes());
        Self { kind: CounterKind::TenantNames, subject }
    }
}

/// The largest value of a counter: it stops there. What fits in every engine's signed integer.
pub const COUNTER_MAX: u64 = i64::MAX as u64;

/// What a counter counts. The codes are stored: never give one a second meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CounterKind {
    /// Seconds added to the sandbox's clock.
    SandboxClock = 1,
    /// Names that a tenant's number was given to; at most one.
    TenantNames = 2,
    /// Changes of keys.
    KeyRevision = 3,
    /// How far a walk over the records of a table has come: the number that it goes on from.
    Walk = 4,
    /// Stops of such walks, and goings-on after them.
    WalkPauses = 5,
    /// Writes that were sealed under one data key, about.
    Sealed = 6,
    /// Restores from a backup.
    Restores = 7,
    /// The time of the last one.
    RestoredAt = 8,
}

impl CounterKind {
    const ALL: [Self; 8] = [
        Self::SandboxClock,
        Self::TenantNames,
        Self::KeyRevision,
        Self::Walk,
        Self::WalkPauses,
        Self::Sealed,
        Self::Restores,
        Self::RestoredAt,
    ];

    /// The stored code.
    pub fn code(self) -> u8 {
        match self {
            Self::SandboxClock => 1,
            Self::TenantNames => 2,
            Self::KeyRevision => 3,
            Self::Walk => 4,
            Self::WalkPauses => 5,
            Self::Sealed => 6,
            Self::Restores => 7,
            Self::RestoredAt => 8,
        }
    }

    /// The kind of a code; none for a code that no kind has.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Something that must hold at the moment of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// The record exists at this generation; a single-use token is also neither used nor expired at [`Unit::at`].
    Live(RecordKey, Generation),
    /// Nobody holds the unique key.
    Free(UniqueKey),
    /// The counter is below the limit.
    Below(CounterKey, u64),
}

/// Something that is written when all expectations hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// A new row. A row under the same key that is already there makes the unit [`super::Lost::Exists`]; of a reply,
    /// also one of the same tenant with the same key.
    Insert(Row),
    /// A record's next generation in place of the one that [`Expectation::Live`] names.
    Replace(Row),
    /// A record that [`Expectation::Live`] names, or old ones, or what is secret in them.
    Erase(Target),
    /// Adds to a counter, which starts at zero and stops at [`COUNTER_MAX`].
    Add(CounterKey, u64),
}

/// What an erase takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One record.
    Record(RecordKey),
    /// The oldest rows of the short-lived table below this number, at most so many.
    TokensBelow {
        /// Rows under this number go.
        number: RecordNumber,
        /// Bound on the rows of one commit.
        at_most: u32,
    },
    /// The oldest replies below this number, at most so many.
    RepliesBelow {
        /// Rows under this number go.
        number: RecordNumber,
        /// Bound on the rows of one commit.
        at_most: u32,
    },
    /// A unique key, whose holder the unit replaces or erases; whoever wants it next finds it free.
    Key(UniqueKey),
    /// What is protected and the CVV of every unused token of a stretch; the rows stay, as
    /// [`super::TokenState::Expired`]. Generation and salt stay too: the sealed details are bound to them, and a row
    /// that protects nothing is replaced by nobody.
    Protected(Stretch),
}

/// A bounded part of the short-lived table: the first rows from one number on, whatever their state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The lowest number.
    pub from: RecordNumber,
    /// The number that ends it; not in it.
    pub below: RecordNumber,
    /// Bound on its rows.
    pub at_most: u32,
}

/// A page of a tenant's records: of those in a range of numbers, so many after skipping so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The lowest number.
    pub from: RecordNumber,
    /// The number that ends it; not in it.
    pub below: RecordNumber,
    /// First rows that are passed over.
    pub skip: u32,
    /// Bound on the rows given back.
    pub at_most: u32,
    /// Which rows come first.
    pub order: Order,
}

/// The order of a page: records are numbered as they are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The highest number first.
    #[default]
    NewestFirst,
    /// The lowest number first.
    OldestFirst,
}

/// Everything that one act writes. Made by [`UnitBuilder`], which keeps the parts consistent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    id: RecordNumber,
    at: Timestamp,
    expectations: Vec<Expectation>,
    puts: Vec<Put>,
    facts: Vec<Fact>,
}

impl Unit {
    /// Begins a unit. `id` is a fresh number of the node's counter, `at` the clock's time of the plan.
    pub fn build(id: RecordNumber, at: Timestamp) -> UnitBuilder {
        UnitBuilder(Self { id, at, expectations: Vec::new(), puts: Vec::new(), facts: Vec::new() })
    }

    /// The unit's own number, by which a store recognises a unit that it was sent twice.
    pub fn id(&self) -> RecordNumber {
        self.id
    }

    /// The time of the plan: expiry is judged at it and the audit facts carry it.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// What must hold.
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// What is written.
    pub fn puts(&self) -> &[Put] {
        &self.puts
    }

    /// What the audit log says of it.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }
}

/// Puts a unit together so that no put can fail for a reason of its own: what replaces or erases a record also
/// expects it to be live, what inserts a unique key also expects it to be free.
#[derive(Debug)]
pub struct UnitBuilder(Unit);

impl UnitBuilder {
    /// Inserts a new row; a unique key must be free.
    #[must_use]
    pub fn insert(mut self, row: impl Into<Row>) -> Self {
        let row = row.into();
        if let Row::Index { key, .. } = row {
            self.0.expectations.push(Expectation::Free(key));
        }
        self.0.puts.push(Put::Insert(row));
        self
    }

    /// Replaces a live token by its next generation.
    #[must_use]
    pub fn replace_token(mut self, before: Generation, row: TokenRow) -> Self {
        self.0.expectations.push(Expectation::Live(row.key(), before));
        self.0.puts.push(Put::Replace(Row::Token(row)));
        self
    }

    /// Replaces a live instrument by its next generation.
    #[must_use]
    pub fn replace_instrument(mut self, before: Generation, row: InstrumentRow) -> Self {
        self.0.expectations.push(Expectation::Live(row.key(), before));
        self.0.puts.push(Put::Replace(Row::Instrument(row)));
        self
    }

    /// Replaces a live customer by its next generation.
    #[must_use]
    pub fn replace_customer(mut self, before: Generation, row: CustomerRow) -> Self {
        self.0.expectations.push(Expectation::Live(row.key(), before));
        self.0.puts.push(Put::Replace(Row::Customer(row)));
        self
    }

    /// Replaces a reusable token by its next generation.
    #[must_use]
    pub fn replace_reusable(mut self, before: Generation, row: ReusableRow) -> Self {
        self.0.expectations.push(Expectation::Live(row.key(), before));
        self.0.puts.push(Put::Replace(Row::Reusable(row)));
        self
    }

    /// Replaces a reply by its next generation.
    #[must_use]
    pub fn replace_reply(mut self, before: Generation, row: ReplyRow) -> Self {
        self.0.expectations.push(Expectation::Live(row.record(), before));
        self.0.puts.push(Put::Replace(Row::Reply(row)));
        self
    }

    /// Replaces a key's row by its next generation.
    #[must_use]
    pub fn replace_key(mut self, before: Generation, row: KeyRow) -> Self {
        self.0.expectations.push(Expectation::Live(row.key(), before));
        self.0.puts.push(Put::Replace(Row::Key(row)));
        self
    }

    /// Expects a record that stays as it is: what the unit writes was decided by looking at it.
    #[must_use]
    pub fn expect_live(mut self, key: RecordKey, generation: Generation) -> Self {
        self.0.expectations.push(Expectation::Live(key, generation));
        self
    }

    /// Frees the unique key of a record that the same unit replaces or erases: that record's generation guards both.
    #[must_use]
    pub fn free_key(mut self, key: UniqueKey) -> Self {
        self.0.puts.push(Put::Erase(Target::Key(key)));
        self
    }

    /// Erases a live record.
    #[must_use]
    pub fn erase(mut self, key: RecordKey, generation: Generation) -> Self {
        self.0.expectations.push(Expectation::Live(key, generation));
        self.0.puts.push(Put::Erase(Target::Record(key)));
        self
    }

    /// Erases the oldest rows of the short-lived table.
    #[must_use]
    pub fn erase_tokens_below(mut self, number: RecordNumber, at_most: u32) -> Self {
        self.0.puts.push(Put::Erase(Target::TokensBelow { number, at_most }));
        self
    }

    /// Erases the oldest replies.
    #[must_use]
    pub fn erase_replies_below(mut self, number: RecordNumber, at_most: u32) -> Self {
        self.0.puts.push(Put::Erase(Target::RepliesBelow { number, at_most }));
        self
    }

    /// Takes what is protected and the CVV out of the unused tokens of a stretch. They must be over: no time is looked
    /// at here.
    #[must_use]
    pub fn blank_tokens(mut self, stretch: Stretch) -> Self {
        self.0.puts.push(Put::Erase(Target::Protected(stretch)));
        self
    }

    /// Adds to a counter.
    #[must_use]
    pub fn add(mut self, counter: CounterKey, by: u64) -> Self {
        self.0.puts.push(Put::Add(counter, by));
        self
    }

    /// Adds to a counter that must be below a limit.
    #[must_use]
    pub fn add_below(mut self, counter: CounterKey, by: u64, limit: u64) -> Self {
        self.0.expectations.push(Expectation::Below(counter, limit));
        self.0.puts.push(Put::Add(counter, by));
        self
    }

    /// Writes a fact into the audit log.
    #[must_use]
    pub fn fact(mut self, fact: Fact) -> Self {
        self.0.facts.push(fact);
        self
    }

    /// The finished unit.
    pub fn finish(self) -> Unit {
        self.0
    }
}
