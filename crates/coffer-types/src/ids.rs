//! Numbers that name things.

use thiserror::Error;

use crate::limits::TENANT_MAX;

/// Whose data it is. 24 bits, never 0: every key, index, associated data and query carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(u32);

/// Not a tenant: 0 or above [`TENANT_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a tenant's number lies between 1 and 16777215")]
pub struct TenantError;

impl Tenant {
    /// Takes 1..=[`TENANT_MAX`].
    pub const fn new(number: u32) -> Result<Self, TenantError> {
        if number >= 1 && number <= TENANT_MAX { Ok(Self(number)) } else { Err(TenantError) }
    }

    /// The number, 1..=[`TENANT_MAX`].
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The key of a record: a rising number (time, node, counter) that fits in 63 bits, so that it is also a
/// positive signed integer to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNumber(u64);

/// Not a record number: the 64th bit is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a record number has at most 63 bits")]
pub struct RecordNumberError;

impl RecordNumber {
    /// The lowest number, 0.
    pub const MIN: Self = Self(0);

    /// The highest number, 2^63 - 1.
    pub const MAX: Self = Self(u64::MAX >> 1);

    /// Takes 0..2^63.
    pub const fn from_u64(number: u64) -> Result<Self, RecordNumberError> {
        if number <= Self::MAX.0 { Ok(Self(number)) } else { Err(RecordNumberError) }
    }

    /// The number, below 2^63.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// Which version of a record: 1 when it is made, one more with each write. A writer that expects an older one
/// has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

/// Not a generation: 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a generation is at least 1")]
pub struct GenerationError;

impl Generation {
    /// The generation of a record that was just made.
    pub const FIRST: Self = Self(1);

    /// Takes what a store kept: anything but 0.
    pub const fn new(number: u32) -> Result<Self, GenerationError> {
        if number >= Self::FIRST.0 { Ok(Self(number)) } else { Err(GenerationError) }
    }

    /// The number, at least 1.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The generation after this one; `None` after 2^32 - 1 writes, when the record can only be read.
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_have_24_bits_and_are_not_0() {
        assert_eq!(Tenant::new(0), Err(TenantError));
        assert_eq!(Tenant::new(1).map(Tenant::get), Ok(1));
        assert_eq!(Tenant::new((1 << 24) - 1).map(Tenant::get), Ok(16_777_215));
        assert_eq!(Tenant::new(1 << 24), Err(TenantError));
        assert_eq!(Tenant::new(u32::MAX), Err(TenantError));
        assert!(TenantError.to_string().contains(&TENANT_MAX.to_string()), "the message names the limit");
    }

    #[test]
    fn record_numbers_have_63_bits_and_keep_their_order() {
        assert_eq!(RecordNumber::from_u64(0).map(RecordNumber::get), Ok(0));
        assert_eq!(RecordNumber::from_u64(i64::MAX as u64), Ok(RecordNumber::MAX));
        assert_eq!(RecordNumber::from_u64(1 << 63), Err(RecordNumberError));
        assert_eq!(RecordNumber::from_u64(u64::MAX), Err(RecordNumberError));
        assert!(RecordNumber::from_u64(255).unwrap() < RecordNumber::from_u64(256).unwrap());
        assert_eq!(i64::try_from(RecordNumber::MAX.get()), Ok(i64::MAX));
    }

    #[test]
    fn generations_rise_from_1_and_do_not_wrap() {
        assert_eq!(Generation::FIRST.get(), 1);
        assert_eq!(Generation::FIRST.next(), Generation::new(2).ok());
        assert_eq!(Generation::new(0), Err(GenerationError));
        assert_eq!(Generation::new(u32::MAX).unwrap().next(), None);
        assert_eq!(Generation::new(u32::MAX - 1).unwrap().next().map(Generation::get), Some(u32::MAX));
    }
}
