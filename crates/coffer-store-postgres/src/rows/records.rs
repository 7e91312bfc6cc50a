//! The five tables of records, and the one of wrapped keys: their columns, and rows as columns.

use std::sync::LazyLock;

use coffer_core::store::{
    CardFace, CustomerRow, InstrumentRow, KeyRow, RecordKey, ReplyRow, ReusableRow, TokenRow, TokenState,
    cells::Cells,
};
use coffer_crypto::{Blob, Fingerprint};
use coffer_types::{Bin, Brand, RecordNumber, Tenant, Timestamp};

use super::{
    cells::Unreadable,
    column::Column,
    table::{Holds, Table},
};

const INT: Holds = Holds::Int;
const TEXT: Holds = Holds::Text;
const BYTES: Holds = Holds::Bytes;

/// Which table a record lies in. In the order in which every node locks them, so that no two wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Token,
    Instrument,
    Customer,
    Reusable,
    Reply,
}

/// The statements of one table of records, written once.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) insert: String,
    pub(crate) replace: String,
    pub(crate) erase: String,
    pub(crate) existing: String,
    pub(crate) one: String,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Token, Self::Instrument, Self::Customer, Self::Reusable, Self::Reply];

    /// None of a key of the hierarchy, which is no numbered record.
    pub(crate) fn of(key: &RecordKey) -> Option<(Self, Tenant, RecordNumber)> {
        Some(match *key {
            RecordKey::Token(tenant, number) => (Self::Token, tenant, number),
            RecordKey::Instrument(tenant, number) => (Self::Instrument, tenant, number),
            RecordKey::Customer(tenant, number) => (Self::Customer, tenant, number),
            RecordKey::Reusable(tenant, number) => (Self::Reusable, tenant, number),
            RecordKey::Reply(tenant, number) => (Self::Reply, tenant, number),
            RecordKey::Key(_) => return None,
        })
    }

    pub(crate) fn table(self) -> &'static Table {
        match self {
            Self::Token => &TOKENS,
            Self::Instrument => &INSTRUMENTS,
            Self::Customer => &CUSTOMERS,
            Self::Reusable => &REUSABLES,
            Self::Reply => &REPLIES,
        }
    }

    pub(crate) fn statements(self) -> &'static Statements {
        static ALL: LazyLock<[Statements; 5]> = LazyLock::new(|| {
            Kind::ALL.map(|kind| {
                let table = kind.table();
                Statements {
                    insert: table.insert(),
                    replace: table.replace(),
                    erase: table.erase(),
                    existing: table.existing(),
                    one: table.one(),
                }
            })
        });
        &ALL[self as usize]
    }
}

static TOKENS: Table = Table {
    name: "tokens",
    columns: &[
        ("number", INT),
        ("tenant", INT),
        ("kind", INT),
        ("generation", INT),
        ("created_at", INT),
        ("expires_at", INT),
        ("used_at", INT),
        ("bin", TEXT),
        ("last4", TEXT),
        ("brand", INT),
        ("salt", BYTES),
        ("protected", BYTES),
        ("sad", BYTES),
        ("details", BYTES),
    ],
};

static INSTRUMENTS: Table = Table {
    name: "instruments",
    columns: &[
        ("number", INT),
        ("tenant", INT),
        ("generation", INT),
        ("created_at", INT),
        ("updated_at", INT),
        ("bin", TEXT),
        ("last4", TEXT),
        ("brand", INT),
        ("fingerprint", BYTES),
        ("salt", BYTES),
        ("protected", BYTES),
        ("details", BYTES),
    ],
};

static CUSTOMERS: Table = Table {
    name: "customers",
    columns: &[
        ("number", INT),
        ("tenant", INT),
        ("generation", INT),
        ("created_at", INT),
        ("updated_at", INT),
        ("salt", BYTES),
        ("details", BYTES),
    ],
};

static REUSABLES: Table = Table {
    name: "reusable_tokens",
    columns: &[
        ("number", INT),
        ("tenant", INT),
        ("generation", INT),
        ("created_at", INT),
        ("updated_at", INT),
        ("ends_at", INT),
        ("bin", TEXT),
        ("last4", TEXT),
        ("brand", INT),
        ("fingerprint", BYTES),
        ("salt", BYTES),
        ("protected", BYTES),
        ("details", BYTES),
    ],
};

static REPLIES: Table = Table {
    name: "replies",
    columns: &[
        ("number", INT),
        ("tenant", INT),
        ("key", BYTES),
        ("generation", INT),
        ("salt", BYTES),
        ("sad", BYTES),
        ("details", BYTES),
    ],
};

/// The wrapped keys. A key of the whole deployment has tenant 0, which no tenant has.
pub(crate) static KEYS: Table = Table {
    name: "keys",
    columns: &[
        ("tenant", INT),
        ("purpose", INT),
        ("version", INT),
        ("generation", INT),
        ("state", INT),
        ("under", INT),
        ("created_at", INT),
        ("active_at", INT),
        ("changed_at", INT),
        ("wrapped", BYTES),
    ],
};

/// A row of one of the tables of records.
pub(crate) trait Record: Sized + Send + 'static {
    const KIND: Kind;

    /// The rows as columns, in the order of the table's.
    fn columns<'a>(rows: &[&'a Self]) -> Vec<Column<'a>>;

    fn decode_row<'a, C: Cells<'a, Error = Unreadable>>(cells: &mut C) -> Result<Self, Unreadable>;
}

/// One number of each row.
fn ints<'a, T>(rows: &[&'a T], of: impl Fn(&'a T) -> i64) -> Column<'static> {
    Column::Int(rows.iter().map(|row| of(row)).collect())
}

/// Bytes of each row.
fn bytes<'a, T>(rows: &[&'a T], of: impl Fn(&'a T) -> &'a [u8]) -> Column<'a> {
    Column::Bytes(rows.iter().map(|row| of(row)).collect())
}

/// Bytes that a row may do without.
fn maybe_bytes<'a, T>(rows: &[&'a T], of: impl Fn(&'a T) -> Option<&'a [u8]>) -> Column<'a> {
    Column::MaybeBytes(rows.iter().map(|row| of(row)).collect())
}

/// Three columns: BIN, last four, brand.
fn faces<'a, T>(rows: &[&'a T], of: impl Fn(&'a T) -> Option<&'a CardFace>) -> [Column<'a>; 3] {
    let all = || rows.iter().map(|row| of(row));
    [
        Column::MaybeText(all().map(|face| face?.bin.as_ref().map(Bin::as_str)).collect()),
        Column::MaybeText(all().map(|face| Some(face?.last4.as_str())).collect()),
        Column::MaybeInt(all().map(|face| face?.brand.map(Brand::code).map(i64::from)).collect()),
    ]
}

fn number(number: RecordNumber) -> i64 {
    number.get().cast_signed()
}

impl Record for TokenRow {
    const KIND: Kind = Kind::Token;

    fn columns<'a>(rows: &[&'a Self]) -> Vec<Column<'a>> {
        let [bin, last4, brand] = faces(rows, |row| row.face.as_ref());
        let used = |row: &Self| match row.state {
            TokenState::Used { at } => Some(at.millis()),
            _ => None,
        };
        vec![
            ints(rows, |row| number(row.number)),
            ints(rows, |row| row.tenant.get().into()),
            ints(rows, |row| row.kind.code().into()),
            ints(rows, |row| row.generation.get().into()),
            ints(rows, |row| row.created_at.millis()),
            ints(rows, |row| row.expires_at.millis()),
            Column::MaybeInt(rows.iter().map(|row| used(row)).collect()),
            bin,
            last4,
            brand,
            bytes(rows, |row| row.salt.as_bytes()),
            maybe_bytes(rows, |row| match &row.state {
                TokenState::Live { protected, .. } => Some(protected.as_bytes()),
                _ => None,
            }),
            maybe_bytes(rows, |row| match &row.state {
                TokenState::Live { sad, .. } => sad.as_ref().map(Blob::as_bytes),
                _ => None,
            }),
            bytes(rows, |row| row.details.as_bytes()),
        ]
    }

    fn decode_row<'a, C: Cells<'a, Error = Unreadable>>(cells: &mut C) -> Result<Self, Unreadable> {
        Self::decode(cells)
    }
}

impl Record for InstrumentRow {
    const KIND: Kind = Kind::Instrument;

    fn columns<'a>(rows: &[&'a Self]) -> Vec<Column<'a>> {
        let [bin, last4, brand] = faces(rows, |row| row.face.as_ref());
        vec![
            ints(rows, |row| number(row.number)),
            ints(rows, |row| row.tenant.get().into()),
            ints(rows, |row| row.generation.get().into()),
            ints(rows, |row| row.created_at.millis()),
            ints(rows, |row| row.updated_at.millis()),
            bin,
            last4,
            brand,
            maybe_bytes(rows, |row| {
                row.fingerprint.as_ref().map(Fingerprint::as_bytes).map(<[u8; 16]>::as_slice)
            }),
            bytes(rows, |row| row.salt.as_bytes()),
            bytes(rows, |row| row.protected.as_bytes()),
            bytes(rows, |row| row.details.as_bytes()),
        ]
    }

    fn decode_row<'a, C: Cells<'a, Error = Unreadable>>(cells: &mut C) -> Result<Self, Unreadable> {
        Self::decode(cells)
    }
}

impl Record for CustomerRow {
    const KIND: Kind = Kind::Customer;

    fn columns<'a>(rows: &[&'a Self]) -> Vec<Column<'a>> {
        vec![
            ints(rows, |row| number(row.number)),
            ints(rows, |row| row.tenant.get().into()),
            ints(rows, |row| row.generation.get().into()),
            ints(rows, |row| row.created_at.millis()),
            ints(rows, |row| row.updated_at.millis()),
            bytes(rows, |row| row.salt.as_bytes()),
            bytes(rows, |row| row.details.as_bytes()),
        ]
    }

    fn decode_row<'a, C: Cells<'a, Error = Unreadable>>(cells: &mut C) -> Result<Self, Unreadable> {
        Self::decode(cells)
    }
}

impl Record for ReusableRow {
    const KIND: Kind = Kind::Reusable;

    fn columns<'a>(rows: &[&'a Self]) -> Vec<Column<'a>> {
        let [bin, last4, brand] = faces(rows, |row| row.face.as_ref());
        vec![
            ints(rows, |row| number(row.number)),
            ints(rows, |row| row.tenant.get().into()),
            ints(rows, |row| row.generation.get().into()),
            ints(rows, |row| row.created_at.millis()),
            ints(rows, |row| row.updated_at.millis()),
            ints(rows, |row| row.ends_at.millis()),
            bin,
            last4,
            brand,
            maybe_bytes(rows, |row| {
                row.fingerprint.as_ref().map(Fingerprint::as_bytes).map(<[u8; 16]>::as_slice)
            }),
            bytes(rows, |row| row.salt.as_bytes()),
            bytes(rows, |row| row.protected.as_bytes()),
            bytes(rows, |row| row.details.as_bytes()),
        ]
    }

    fn decode_row<'a, C: Cells<'a, Error = Unreadable>>(cells: &mut C) -> Result<Self, Unreadable> {
        Self::decode(cells)
    }
}

impl Record for ReplyRow {
    const KIND: Kind = Kind::Reply;

    fn columns<'a>(rows: &[&'a Self]) -> Vec<Column<'a>> {
        vec![
            ints(rows, |row| number(row.number)),
            ints(rows, |row| row.tenant.get().into()),
            bytes(rows, |row| row.key.as_slice()),
            ints(rows, |row| row.generation.get().into()),
            bytes(rows, |row| row.salt.as_bytes()),
            maybe_bytes(rows, |row| row.sad.as_ref().map(Blob::as_bytes)),
            bytes(rows, |row| row.details.as_bytes()),
        ]
    }

    fn decode_row<'a, C: Cells<'a, Error = Unreadable>>(cells: &mut C) -> Result<Self, Unreadable> {
        Self::decode(cells)
    }
}

/// Wrapped keys as columns.
pub(crate) fn keys_columns<'a>(rows: &[&'a KeyRow]) -> Vec<Column<'a>> {
    vec![
        ints(rows, |row| row.tenant.map_or(0, Tenant::get).into()),
        ints(rows, |row| row.purpose.into()),
        ints(rows, |row| row.version.into()),
        ints(rows, |row| row.generation.get().into()),
        ints(rows, |row| row.state.code().into()),
        ints(rows, |row| row.under.into()),
        ints(rows, |row| row.created_at.millis()),
        Column::MaybeInt(rows.iter().map(|row| row.active_at.map(Timestamp::millis)).collect()),
        ints(rows, |row| row.changed_at.millis()),
        bytes(rows, |row| row.wrapped.0.as_slice()),
    ]
}
