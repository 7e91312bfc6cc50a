//! Decoding: the columns of one row, taken from the left, each parsed into its type.

use coffer_core::store::CardFace;
use coffer_crypto::{Blob, Fingerprint, Salt};
use coffer_types::{Bin, Brand, Generation, Last4, RecordNumber, Tenant, Timestamp};
use rusqlite::{Row, types::ValueRef};

use crate::errors::ReadError;

/// A cursor over the columns of one row.
pub(crate) struct Columns<'a, 'r> {
    table: &'static str,
    row: &'a Row<'r>,
    next: usize,
}

impl<'a, 'r> Columns<'a, 'r> {
    pub(crate) fn of(table: &'static str, row: &'a Row<'r>) -> Self {
        Self { table, row, next: 0 }
    }

    fn value(&mut self) -> Result<ValueRef<'a>, ReadError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// The column does not hold what the type asks for.
    pub(crate) fn unreadable(&self) -> ReadError {
        ReadError::Unreadable { table: self.table }
    }

    pub(crate) fn maybe_integer(&mut self) -> Result<Option<i64>, ReadError> {
        self.value()?.as_i64_or_null().map_err(|_| self.unreadable())
    }

    pub(crate) fn integer(&mut self) -> Result<i64, ReadError> {
        self.maybe_integer()?.ok_or_else(|| self.unreadable())
    }

    /// An integer that some narrower type can hold.
    pub(crate) fn narrow<T: TryFrom<i64>>(&mut self) -> Result<T, ReadError> {
        T::try_from(self.integer()?).map_err(|_| self.unreadable())
    }

    pub(crate) fn maybe_bytes(&mut self) -> Result<Option<&'a [u8]>, ReadError> {
        self.value()?.as_blob_or_null().map_err(|_| self.unreadable())
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        self.maybe_bytes()?.ok_or_else(|| self.unreadable())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        self.bytes()?.try_into().map_err(|_| self.unreadable())
    }

    fn maybe_text(&mut self) -> Result<Option<&'a str>, ReadError> {
        self.value()?.as_str_or_null().map_err(|_| self.unreadable())
    }

    pub(crate) fn number(&mut self) -> Result<RecordNumber, ReadError> {
        let value = self.narrow::<u64>()?;
        RecordNumber::from_u64(value).map_err(|_| self.unreadable())
    }

    pub(crate) fn tenant(&mut self) -> Result<Tenant, ReadError> {
        let value = self.narrow::<u32>()?;
        Tenant::new(value).map_err(|_| self.unreadable())
    }

    /// The tenant, where zero stands for none.
    pub(crate) fn maybe_tenant(&mut self) -> Result<Option<Tenant>, ReadError> {
        match self.narrow::<u32>()? {
            0 => Ok(None),
            value => Tenant::new(value).map(Some).map_err(|_| self.unreadable()),
        }
    }

    pub(crate) fn generation(&mut self) -> Result<Generation, ReadError> {
        let value = self.narrow::<u32>()?;
        Generation::new(value).map_err(|_| self.unreadable())
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, ReadError> {
        Ok(Timestamp::from_millis(self.integer()?))
    }

    /// Three columns: BIN, last four, brand. Without the last four there is no face, and then nothing else either.
    pub(crate) fn face(&mut self) -> Result<Option<CardFace>, ReadError> {
        let (bin, last4, brand) = (self.bin()?, self.last4()?, self.brand()?);
        match last4 {
            Some(last4) => Ok(Some(CardFace { bin, last4, brand })),
            None if bin.is_none() && brand.is_none() => Ok(None),
            None => Err(self.unreadable()),
        }
    }

    fn bin(&mut self) -> Result<Option<Bin>, ReadError> {
        let Some(text) = self.maybe_text()? else { return Ok(None) };
        Bin::parse(text).map(Some).map_err(|_| self.unreadable())
    }

    fn last4(&mut self) -> Result<Option<Last4>, ReadError> {
        let Some(text) = self.maybe_text()? else { return Ok(None) };
        Last4::parse(text).map(Some).map_err(|_| self.unreadable())
    }

    fn brand(&mut self) -> Result<Option<Brand>, ReadError> {
        let Some(code) = self.maybe_integer()? else { return Ok(None) };
        let code = u8::try_from(code).map_err(|_| self.unreadable())?;
        Brand::from_code(code).map(Some).ok_or_else(|| self.unreadable())
    }

    pub(crate) fn salt(&mut self) -> Result<Salt, ReadError> {
        Ok(Salt::from_bytes(self.array()?))
    }

    pub(crate) fn maybe_fingerprint(&mut self) -> Result<Option<Fingerprint>, ReadError> {
        let Some(bytes) = self.maybe_bytes()? else { return Ok(None) };
        let bytes = bytes.try_into().map_err(|_| self.unreadable())?;
        Ok(Some(Fingerprint::from_bytes(bytes)))
    }

    pub(crate) fn maybe_blob(&mut self) -> Result<Option<Blob>, ReadError> {
        Ok(self.maybe_bytes()?.map(|bytes| Blob::from_bytes(bytes.to_vec())))
    }

    pub(crate) fn blob(&mut self) -> Result<Blob, ReadError> {
        self.maybe_blob()?.ok_or_else(|| self.unreadable())
    }
}

/// A row that is one record number.
pub(crate) fn record_number(columns: &mut Columns<'_, '_>) -> Result<RecordNumber, ReadError> {
    columns.number()
}

/// A row that is one number from zero up.
pub(crate) fn whole_number(columns: &mut Columns<'_, '_>) -> Result<u64, ReadError> {
    columns.narrow()
}
