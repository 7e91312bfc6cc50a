//! The parts of a card number that may be kept and shown in clear.

use std::fmt;

use crate::clear_digits::{ClearDigits, ClearDigitsError};

/// The first six digits of a PAN. Comes from [`crate::Pan::bin`], or back from a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bin(ClearDigits<6>);

/// The last four digits of a PAN. Comes from [`crate::Pan::last4`], or back from a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Last4(ClearDigits<4>);

impl Bin {
    /// Reads six ASCII digits.
    pub fn parse(text: &str) -> Result<Self, ClearDigitsError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Reads six ASCII digits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ClearDigitsError> {
        ClearDigits::from_bytes(bytes).map(Self)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Last4 {
    /// Reads four ASCII digits.
    pub fn parse(text: &str) -> Result<Self, ClearDigitsError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Reads four ASCII digits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ClearDigitsError> {
        ClearDigits::from_bytes(bytes).map(Self)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Bin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Last4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_shows() {
        let bin = Bin::parse("411111").unwrap();
        assert_eq!(bin.as_str(), "411111");
        assert_eq!(bin.to_string(), "411111");
        assert_eq!(format!("{bin:?}"), "Bin(411111)");
        assert_eq!(Bin::from_bytes(bin.as_str().as_bytes()), Ok(bin));
        let last4 = Last4::parse("0002").unwrap();
        assert_eq!(last4.as_str(), "0002");
        assert_eq!(last4.to_string(), "0002");
        assert_eq!(Last4::from_bytes(b"0002"), Ok(last4));
        assert_ne!(Last4::parse("0003"), Ok(last4));
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "41111", "4111111", "4111111111111111"] {
            assert_eq!(Bin::parse(text), Err(ClearDigitsError::WrongLength), "{text}");
        }
        for text in ["", "111", "11111"] {
            assert_eq!(Last4::parse(text), Err(ClearDigitsError::WrongLength), "{text}");
        }
        assert_eq!(Bin::parse("41111x"), Err(ClearDigitsError::NotDigits));
        assert_eq!(Bin::parse("４１"), Err(ClearDigitsError::NotDigits), "six bytes of full-width digits");
        assert_eq!(Last4::from_bytes(&[1, 2, 3, 4]), Err(ClearDigitsError::NotDigits));
        assert_eq!(Last4::parse("1 11"), Err(ClearDigitsError::NotDigits));
    }
}
