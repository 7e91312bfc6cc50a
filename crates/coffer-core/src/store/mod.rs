//! The store: typed reads and one write.
//!
//! [`Store::commit`] is the only way to change anything. A store knows three expectations and four puts
//! ([`mod@unit`]) and no rule of the product; "match", "once" and "at most" are decided in the core and stated as
//! expectations. The rows ([`row`]) carry sealed blobs and the few facts that may lie in the clear.
//!
//! Three implementations share this trait: the in-memory [`Model`] here, which is also the oracle of the tests, and
//! one crate for each real engine. All of them pass the suite in `contract` (feature `contract`).

pub mod cells;
#[cfg(feature = "contract")]
pub mod contract;
mod model;
pub mod row;
pub mod unit;
mod unwritten;

use std::{future::Future, pin::Pin};

use coffer_types::{RecordNumber, Tenant, Timestamp};

use crate::audit::{Frame, FramePlace};
pub use model::Model;
pub use row::{
    CardFace, CustomerRow, IndexKind, InstrumentOutline, InstrumentRow, KeyId, KeyRow, ReplyRow, ReusableRow,
    Row, TokenKind, TokenRow, TokenState, UniqueKey,
};
pub use unit::{
    COUNTER_MAX, CounterKey, CounterKind, Expectation, Order, Position, Put, RecordKey, Stretch, Target,
    Unit, UnitBuilder, Window,
};
pub use unwritten::Unwritten;

/// What a store call gives back: a future that a caller awaits, and that may already hold its answer.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Why a store could not answer. It names no engine. Nothing of the unit was written, or that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The bounded queue before the writer is full; the caller may try again shortly.
    #[error("the store's queue is full")]
    Full,
    /// The engine refused or failed (disk full, shutting down) and the batch was rolled back; or it was cut off before
    /// it said how the commit ended.
    #[error("the store is unavailable")]
    Unavailable,
    /// A row did not decode: the file was changed by something else, or by a newer version.
    #[error("a stored row in table {table} is not readable")]
    Corrupt {
        /// The table, for the operator.
        table: &'static str,
    },
}

/// How a commit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything in the unit is durable, at this place in the serial order.
    Done(Position),
    /// An expectation did not hold; nothing of the unit was written.
    Lost {
        /// The first expectation that did not hold.
        lost: Lost,
        /// The position of the last unit that was done before this one was decided.
        after: Position,
    },
}

/// The expectation that a lost unit lost on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The record is gone, used, expired, blanked, another tenant's, or at another generation.
    NotLive(RecordKey),
    /// Somebody else holds the unique key.
    NotFree(UniqueKey),
    /// The counter has reached its limit.
    NotBelow(CounterKey),
    /// A row that the unit inserts is there already (a record number, key version or reply's key used twice).
    Exists,
}

/// A table of numbered records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordTable {
    /// The short-lived table.
    Tokens,
    /// Customers.
    Customers,
    /// Instruments.
    Instruments,
    /// Reusable and referenced tokens.
    Reusables,
    /// What was answered to acts that may be asked for again.
    Replies,
}

impl RecordTable {
    /// Every table of records.
    pub const ALL: [Self; 5] =
        [Self::Tokens, Self::Customers, Self::Instruments, Self::Reusables, Self::Replies];
}

/// What a look for the oldest secret in a stretch of the short-lived table finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldestProtected {
    /// The lowest number in the stretch whose row still protects something.
    At(RecordNumber),
    /// No row of the stretch has one. The first number that was not looked at: the stretch's `below`, or before it
    /// where the bound on the rows was reached.
    NoneBelow(RecordNumber),
}

/// A place in the order in which reusable tokens end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    /// When.
    pub ends_at: Timestamp,
    /// Among those that end together.
    pub number: RecordNumber,
}

impl Ended {
    /// Before everything.
    pub const NOTHING: Self = Self { ends_at: Timestamp::from_millis(i64::MIN), number: RecordNumber::MIN };
}

/// What an operator watches. Zero where an engine has no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Units waiting for the writer.
    pub queued_units: u64,
    /// Batches committed since the start.
    pub batches: u64,
    /// Units committed since the start.
    pub units: u64,
    /// Bytes of the write-ahead log in use.
    pub wal_bytes: u64,
    /// Checkpoints that started the write-ahead log afresh since the start.
    pub wal_restarts: u64,
}

/// A durable store of tokens, instruments, keys and the audit log.
pub trait Store: Send + Sync + 'static {
    /// Writes the unit whole or not at all. The unit is accepted or refused at the call; once accepted it is carried
    /// out even when the returned future is dropped. Resolves after the commit is on disk.
    fn commit(&self, unit: Unit) -> Pending<'static, Outcome>;

    /// The single-use token of this tenant under this number, in whatever state.
    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>>;

    /// The instrument of this tenant under this number.
    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>>;

    /// The customer of this tenant under this number.
    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>>;

    /// The reusable token of this tenant under this number, ended or not.
    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>>;

    /// Reusable tokens of all tenants whose time is over, behind a place in the order of their ends, for the sweep.
    fn ended_reusables(&self, after: Ended, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>>;

    /// What this tenant was answered under a key.
    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Pending<'_, Option<ReplyRow>>;

    /// The lowest number among the replies, for the sweep.
    fn oldest_reply(&self) -> Pending<'_, Option<RecordNumber>>;

    /// The record that holds a unique key.
    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>>;

    /// The records that hold the unique keys of one kind whose value begins with `prefix`, lowest number first, at
    /// most `at_most`.
    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>>;

    /// The records that hold the unique keys of one kind whose value begins with `prefix` and goes on with a number of
    /// a window, in the window's order.
    fn members(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        window: Window,
    ) -> Pending<'_, Vec<RecordNumber>>;

    /// A page of this tenant's single-use tokens, in whatever state.
    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>>;

    /// How many single-use tokens of this tenant there are from a number on.
    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64>;

    /// A page of this tenant's instruments.
    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>>;

    /// What of such a page lies in the clear.
    fn outlines(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentOutline>>;

    /// How many instruments this tenant has.
    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64>;

    /// The value of a counter; zero when it was never added to.
    fn counter(&self, key: CounterKey) -> Pending<'_, u64>;

    /// Rows of a table of numbered records from a number on, of all tenants and in whatever state, lowest number first;
    /// at most `at_most` of them. For walks over all that there is.
    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>>;

    /// All wrapped keys, oldest version first. Read at start, and when keys have changed.
    fn keys(&self) -> Pending<'_, Vec<KeyRow>>;

    /// The lowest number in the short-lived table, for the sweep.
    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>>;

    /// The lowest number in a stretch of the short-lived table whose row still protects something, for the sweep. No
    /// row outside the stretch is looked at.
    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected>;

    /// The highest record number in any table, so that a new process counts on from there.
    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>>;

    /// Audit frames behind a place, from the first one on where it is none, ordered by lane and number; at most `limit`
    /// of them.
    fn frames(&self, after: Option<FramePlace>, limit: u32) -> Pending<'_, Vec<Frame>>;

    /// The figures for the metrics page.
    fn gauges(&self) -> Gauges;

    /// Whether the store takes writes, as far as it knows: a closed or failed one does not, and one whose last batch
    /// was rolled back (a full disk) does not until the next is committed.
    fn ready(&self) -> bool;

    /// Writes what was erased out of the files of the store as far as the engine lets it: when it returns, the
    /// write-ahead log of an embedded store is empty. An engine with a server of its own does nothing.
    fn scrub(&self) -> Pending<'_, ()>;

    /// Finishes every accepted unit and takes no more.
    fn close(&self) -> Pending<'_, ()>;
}
