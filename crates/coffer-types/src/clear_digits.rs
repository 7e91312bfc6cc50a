//! The shape that all short numbers share which may be kept and shown in clear.

use std::fmt;

use thiserror::Error;

/// Exactly `N` ASCII digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClearDigits<const N: usize>([u8; N]);

/// Why bytes are not a [`Bin`](crate::Bin), the [`Last4`](crate::Last4), a [`TransitNumber`](crate::TransitNumber) or
/// an [`InstitutionNumber`](crate::InstitutionNumber). Carries nothing of them: they may be part of a PAN or of an
/// account number in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClearDigitsError {
    /// Not exactly as many bytes as digits are expected.
    #[error("not the expected number of digits")]
    WrongLength,
    /// Something other than the ASCII digits 0 to 9.
    #[error("a character that is not a digit")]
    NotDigits,
}

impl<const N: usize> ClearDigits<N> {
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, ClearDigitsError> {
        let digits = <[u8; N]>::try_from(bytes).map_err(|_| ClearDigitsError::WrongLength)?;
        if digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(ClearDigitsError::NotDigits)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match str::from_utf8(&self.0) {
            Ok(digits) => digits,
            Err(_) => unreachable!("the constructor admits ASCII digits only"),
        }
    }
}

impl<const N: usize> fmt::Debug for ClearDigits<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
