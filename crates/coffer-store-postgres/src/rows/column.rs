//! A column of many rows, as one parameter of a statement: an array that the engine takes apart with `unnest`.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

/// The values of one column, in the order of the rows.
#[derive(Debug)]
pub(crate) enum Column<'a> {
    Int(Vec<i64>),
    MaybeInt(Vec<Option<i64>>),
    MaybeText(Vec<Option<&'a str>>),
    Bytes(Vec<&'a [u8]>),
    MaybeBytes(Vec<Option<&'a [u8]>>),
    /// Bytes of their own.
    OwnedBytes(Vec<Vec<u8>>),
    /// One number, not an array.
    One(i64),
    /// One value of bytes, not an array.
    OneBytes(&'a [u8]),
    /// One value of bytes of its own, not an array.
    Owned(Vec<u8>),
}

impl ToSql for Column<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Int(values) => values.to_sql_checked(ty, out),
            Self::MaybeInt(values) => values.to_sql_checked(ty, out),
            Self::MaybeText(values) => values.to_sql_checked(ty, out),
            Self::Bytes(values) => values.to_sql_checked(ty, out),
            Self::MaybeBytes(values) => values.to_sql_checked(ty, out),
            Self::OwnedBytes(values) => values.to_sql_checked(ty, out),
            Self::One(value) => value.to_sql_checked(ty, out),
            Self::OneBytes(value) => value.to_sql_checked(ty, out),
            Self::Owned(value) => value.to_sql_checked(ty, out),
        }
    }

    /// Whatever one of the variants can be; each looks at its own type when it is written.
    fn accepts(ty: &Type) -> bool {
        let scalar = |ty: &Type| [Type::INT8, Type::BYTEA, Type::TEXT].contains(ty);
        match ty.kind() {
            Kind::Array(element) => scalar(element),
            _ => scalar(ty),
        }
    }

    to_sql_checked!();
}
