//! Moving a whole vault: what leaves one store and goes into another, row by row.
//!
//! A [`Movable`] store gives out its tables in pages and takes them in again; `coffer export` and `coffer import` stand
//! between two of them. What lives half an hour does not move: no table has single-use tokens, and a reply leaves
//! without what the ring sealed of it.

use coffer_crypto::{Blob, Salt};
use coffer_types::{Generation, RecordNumber, Tenant};

use crate::{
    audit::{Frame, FramePlace},
    store::{
        CounterKey, CustomerRow, InstrumentRow, KeyRow, Pending, Position, ReplyRow, ReusableRow, UniqueKey,
    },
};

/// A table that moves. The short-lived one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// The wrapped keys.
    Keys,
    /// The counters.
    Counters,
    /// The unique keys and who holds them.
    UniqueKeys,
    /// Customers.
    Customers,
    /// Instruments.
    Instruments,
    /// Reusable and referenced tokens.
    Reusables,
    /// What was answered to acts that may be asked for again.
    Replies,
    /// The frames of the audit log.
    Audit,
}

impl Table {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Keys,
        Self::Counters,
        Self::UniqueKeys,
        Self::Customers,
        Self::Instruments,
        Self::Reusables,
        Self::Replies,
        Self::Audit,
    ];

    /// The tables of numbered records: a row that is made later has a higher key.
    pub const RECORDS: [Self; 4] = [Self::Customers, Self::Instruments, Self::Reusables, Self::Replies];

    /// The code in the export format. Never renumbered.
    pub fn code(self) -> u8 {
        match self {
            Self::Keys => 1,
            Self::Counters => 2,
            Self::UniqueKeys => 3,
            Self::Customers => 4,
            Self::Instruments => 5,
            Self::Reusables => 6,
            Self::Replies => 7,
            Self::Audit => 8,
        }
    }

    /// The table of a code; none for a code that no table has.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.code() == code)
    }

    /// The name in reports and manifests. Never changed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Counters => "counters",
            Self::UniqueKeys => "unique_keys",
            Self::Customers => "customers",
            Self::Instruments => "instruments",
            Self::Reusables => "reusable_tokens",
            Self::Replies => "replies",
            Self::Audit => "audit",
        }
    }
}

/// A row on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MovedRow {
    /// A wrapped key.
    Key(KeyRow),
    /// A counter and its value.
    Counter {
        /// Which.
        key: CounterKey,
        /// At most [`crate::store::COUNTER_MAX`].
        value: u64,
    },
    /// A unique key and who holds it.
    UniqueKey {
        /// Which.
        key: UniqueKey,
        /// The record.
        holder: RecordNumber,
    },
    /// A customer.
    Customer(CustomerRow),
    /// An instrument.
    Instrument(InstrumentRow),
    /// A reusable or a referenced token.
    Reusable(ReusableRow),
    /// A reply.
    Reply(MovedReply),
    /// A frame of the audit log.
    Frame(Frame),
}

/// A [`ReplyRow`] without its mark of sensitive authentication data: what that is sealed under stays where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedReply {
    /// See [`ReplyRow::number`].
    pub number: RecordNumber,
    /// See [`ReplyRow::tenant`].
    pub tenant: Tenant,
    /// See [`ReplyRow::key`].
    pub key: [u8; 16],
    /// See [`ReplyRow::generation`].
    pub generation: Generation,
    /// See [`ReplyRow::salt`].
    pub salt: Salt,
    /// See [`ReplyRow::details`].
    pub details: Blob,
}

impl From<ReplyRow> for MovedReply {
    fn from(row: ReplyRow) -> Self {
        let ReplyRow { number, tenant, key, generation, salt, sad: _, details } = row;
        Self { number, tenant, key, generation, salt, details }
    }
}

impl From<MovedReply> for ReplyRow {
    fn from(row: MovedReply) -> Self {
        let MovedReply { number, tenant, key, generation, salt, details } = row;
        Self { number, tenant, key, generation, salt, sad: None, details }
    }
}

/// The key of a row within its table. The order of keys is the order of pages; keys of two tables are not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// Of a wrapped key: keys of the deployment, which have no tenant, come first.
    Key {
        /// See [`KeyRow::tenant`].
        tenant: Option<Tenant>,
        /// See [`KeyRow::purpose`].
        purpose: u8,
        /// See [`KeyRow::version`].
        version: u32,
    },
    /// Of a counter: by kind and subject.
    Counter(CounterKey),
    /// Of a unique key: by tenant, kind and value.
    Unique(UniqueKey),
    /// Of a record, in its own table.
    Number(RecordNumber),
    /// Of a frame.
    Frame(FramePlace),
}

impl MovedRow {
    /// The table it belongs to.
    pub fn table(&self) -> Table {
        match self {
            Self::Key(_) => Table::Keys,
            Self::Counter { .. } => Table::Counters,
            Self::UniqueKey { .. } => Table::UniqueKeys,
            Self::Customer(_) => Table::Customers,
            Self::Instrument(_) => Table::Instruments,
            Self::Reusable(_) => Table::Reusables,
            Self::Reply(_) => Table::Replies,
            Self::Frame(_) => Table::Audit,
        }
    }

    /// Its key there.
    pub fn key(&self) -> RowKey {
        match self {
            Self::Key(row) => RowKey::Key { tenant: row.tenant, purpose: row.purpose, version: row.version },
            Self::Counter { key, .. } => RowKey::Counter(*key),
            Self::UniqueKey { key, .. } => RowKey::Unique(*key),
            Self::Customer(row) => RowKey::Number(row.number),
            Self::Instrument(row) => RowKey::Number(row.number),
            Self::Reusable(row) => RowKey::Number(row.number),
            Self::Reply(row) => RowKey::Number(row.number),
            Self::Frame(frame) => RowKey::Frame(frame.place()),
        }
    }

    /// About how many bytes it holds, by which pages and parts are bounded.
    pub fn weight(&self) -> usize {
        const FIXED: usize = 128;
        let blob = |blob: &Blob| blob.as_bytes().len();
        FIXED
            + match self {
                Self::Key(row) => row.wrapped.0.len(),
                Self::Counter { .. } | Self::UniqueKey { .. } => 0,
                Self::Customer(row) => blob(&row.details),
                Self::Instrument(row) => blob(&row.protected) + blob(&row.details),
                Self::Reusable(row) => blob(&row.protected) + blob(&row.details),
                Self::Reply(row) => blob(&row.details),
                Self::Frame(frame) => frame.records.len(),
            }
    }
}

/// How far the lane of one writer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneHead {
    /// Its last frame.
    pub place: FramePlace,
    /// The position that this frame carries.
    pub last: Position,
}

/// An import that has begun and not ended, as the target itself remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportState {
    /// The export that is taken in.
    pub export: [u8; 16],
    /// Parts of it that are in the target, whole: the first so many.
    pub parts: u32,
}

impl ImportState {
    /// The mark as a text: the export's id in hexadecimal digits, a space, the parts.
    pub fn to_text(self) -> String {
        let ImportState { export, parts } = self;
        format!("{:032x} {parts}", u128::from_be_bytes(export))
    }

    /// Reads [`ImportState::to_text`]; none for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, parts) = text.split_once(' ')?;
        let id = u128::from_str_radix(id, 16).ok().filter(|_| id.len() == 32)?;
        Some(Self { export: id.to_be_bytes(), parts: parts.parse().ok()? })
    }
}

/// What became of rows that were put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// All are there and durable; some may have been there before, equal in everything.
    All,
    /// A row with this key is there and is another. Nothing was written.
    Differs {
        /// The table.
        table: Table,
        /// The first such key.
        key: RowKey,
    },
}

/// A store that a vault can leave, or go into.
///
/// A source is read beside whatever serves from it, which goes on undisturbed. A target is the caller's alone from
/// [`Movable::begin`] to [`Movable::finish`]; a store in which an import has begun and not ended must refuse to be
/// opened for service.
pub trait Movable: Send + Sync {
    /// Rows of a table behind a key, from its first row on where that is none, in the order of their keys. Each call is
    /// a snapshot of its own, which ends with it. At most `at_most` rows (1 or more), and fewer where they hold more
    /// than about [`coffer_types::limits::MOVE_PAGE_BYTES`]; none at all behind the last row and only there.
    fn page(&self, table: Table, after: Option<RowKey>, at_most: u32) -> Pending<'_, Vec<MovedRow>>;

    /// About how many rows a table has, to show how far a walk through it has come.
    fn count(&self, table: Table) -> Pending<'_, u64>;

    /// The heads of all lanes, lowest lane first. Equal heads at two times: nothing was committed in between.
    fn heads(&self) -> Pending<'_, Vec<LaneHead>>;

    /// Those of these numbers, in their order, that are in no table of [`Table::RECORDS`].
    fn absent(&self, numbers: Vec<RecordNumber>) -> Pending<'_, Vec<RecordNumber>>;

    /// Whether no table has a row, the short-lived one included.
    fn is_empty(&self) -> Pending<'_, bool>;

    /// The import that has begun here and not ended.
    fn importing(&self) -> Pending<'_, Option<ImportState>>;

    /// Begins an import, of which nothing is there yet. Durable when it returns.
    fn begin(&self, export: [u8; 16]) -> Pending<'_, ()>;

    /// Writes rows of one table, in the order of their keys, and how far the import has come with them: both in one
    /// commit that is durable when it returns, or none of it.
    fn put(&self, rows: Vec<MovedRow>, state: ImportState) -> Pending<'_, Stored>;

    /// Ends the import: from now on the store can be opened for service. Durable when it returns.
    fn finish(&self) -> Pending<'_, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back() {
        let state = ImportState { export: [0xa5; 16], parts: 1_234 };
        assert_eq!(ImportState::parse(&state.to_text()), Some(state));
        let low = ImportState { export: [0; 16], parts: 0 };
        assert_eq!(ImportState::parse(&low.to_text()), Some(low));
        assert_eq!(ImportState::parse("a5 1"), None);
        assert_eq!(ImportState::parse(""), None);
    }
}
