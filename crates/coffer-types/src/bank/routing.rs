//! The number of the bank that keeps an account.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Digits of the longest routing number. Those of the United States have 9, of Canada 8 or 9; the bound is that of
/// an account number, so that no national form is left out.
const DIGITS_MAX: usize = 34;

/// The number of a bank: 1 to 34 ASCII digits. Public by itself, so it can be compared, cloned and serialized (as a
/// text); but people write the account number into the wrong field, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoutingNumber(String);

/// Why a text is not a routing number. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RoutingNumberError {
    /// There is nothing.
    #[error("the routing number is empty")]
    Empty,
    /// Something other than the ASCII digits 0 to 9.
    #[error("the routing number has a character that is not a digit")]
    NotDigits,
    /// More than 34 digits.
    #[error("the routing number has more than 34 digits")]
    TooLong,
}

impl RoutingNumber {
    /// Reads a routing number (Rebilly reference 5: `^[0-9]+$`). No country's checksum is asked here.
    pub fn parse(text: &str) -> Result<Self, RoutingNumberError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can be an ABA routing number of the United States (security reference 6): it has the checksum of
    /// [`RoutingNumber::has_aba_checksum`], and its first two digits are assigned (00 to 12 Federal Reserve, 21 to 32
    /// thrift institutions, 61 to 72 electronic, 80 travellers' cheques). Nine zeros are none. That says nothing of
    /// whether the bank exists.
    pub fn is_aba(&self) -> bool {
        let group = self.0.get(..2).and_then(|pair| pair.parse::<u8>().ok());
        let assigned = matches!(group, Some(0..=12 | 21..=32 | 61..=72 | 80));
        self.has_aba_checksum() && assigned && self.0.bytes().any(|digit| digit != b'0')
    }

    /// Whether it has nine digits whose sum, weighted 3, 7, 1 and again, is a multiple of ten.
    ///
    /// A reason to warn, never one to refuse: no contract asks for it, and companies' own examples fail it (Payroc
    /// reference 4.1 and its `123456789`). Nine zeros pass.
    pub fn has_aba_checksum(&self) -> bool {
        let weighted = |(digit, weight): (u8, u32)| u32::from(digit - b'0') * weight;
        let sum: u32 = self.0.bytes().zip([3, 7, 1].into_iter().cycle()).map(weighted).sum();
        self.0.len() == 9 && sum.is_multiple_of(10)
    }
}

fn check(text: &str) -> Result<(), RoutingNumberError> {
    if text.is_empty() {
        Err(RoutingNumberError::Empty)
    } else if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        Err(RoutingNumberError::NotDigits)
    } else if text.len() > DIGITS_MAX {
        Err(RoutingNumberError::TooLong)
    } else {
        Ok(())
    }
}

impl TryFrom<String> for RoutingNumber {
    type Error = RoutingNumberError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        check(&text)?;
        Ok(Self(text))
    }
}

impl From<RoutingNumber> for String {
    fn from(number: RoutingNumber) -> Self {
        number.0
    }
}

impl fmt::Debug for RoutingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoutingNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Option<RoutingNumberError> {
        let parsed = RoutingNumber::parse(text);
        assert_eq!(parsed, RoutingNumber::try_from(text.to_owned()), "both ways in are one");
        parsed.err()
    }

    fn is_aba(text: &str) -> bool {
        RoutingNumber::parse(text).unwrap().is_aba()
    }

    #[test]
    fn one_to_thirty_four_digits_and_nothing_else() {
        assert_eq!(RoutingNumber::parse("021000021").unwrap().as_str(), "021000021");
        assert_eq!(error("0"), None);
        assert_eq!(error(&"1".repeat(34)), None);
        assert_eq!(error(&"1".repeat(35)), Some(RoutingNumberError::TooLong));
        assert_eq!(error(""), Some(RoutingNumberError::Empty));
        for text in ["02100002x", "021 000 021", "-21000021", "0210-0002", "٠٢١", " ", "1\n"] {
            assert_eq!(error(text), Some(RoutingNumberError::NotDigits), "{text:?}");
        }
    }

    #[test]
    fn published_aba_numbers_pass() {
        for text in ["021000021", "110000000", "122105278", "011401533"] {
            assert!(is_aba(text), "{text}");
        }
    }

    #[test]
    fn every_digit_of_an_aba_number_counts() {
        let number = "122105278";
        for place in 0..9 {
            let mut digits = number.as_bytes().to_vec();
            digits[place] = if digits[place] == b'9' { b'0' } else { digits[place] + 1 };
            assert!(!is_aba(str::from_utf8(&digits).unwrap()), "place {place}");
        }
        assert!(!is_aba("123456789"));
    }

    #[test]
    fn nine_zeros_other_lengths_and_unassigned_groups_are_no_aba_numbers() {
        assert!(!is_aba("000000000"));
        assert!(!is_aba("02100002") && !is_aba("0210000210") && !is_aba("1"));
        // For each first pair, the seven digits 0000000 but for a last one that makes the sum right.
        for pair in 0..100 {
            let body = format!("{pair:02}000000");
            let passing = (0..10).map(|last| format!("{body}{last}")).filter(|number| is_aba(number)).count();
            let assigned = matches!(pair, 1..=12 | 21..=32 | 61..=72 | 80);
            assert_eq!(passing, usize::from(assigned), "{pair:02}");
        }
        assert!(is_aba("000000505"), "the pair 00 with something behind it");
    }

    #[test]
    fn the_checksum_alone_asks_for_nine_digits_and_their_sum() {
        let passes = |text: &str| RoutingNumber::parse(text).unwrap().has_aba_checksum();
        for text in ["021000021", "053200983", "122105278", "000000000"] {
            assert!(passes(text), "{text}");
        }
        assert!(passes("500000005") && !is_aba("500000005"), "a group that is not assigned");
        for text in ["123456789", "021000012", "0", "02100002", "0210000210", "00000000", "0000000000"] {
            assert!(!passes(text), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        assert_eq!(format!("{:?}", RoutingNumber::parse("021000021").unwrap()), "RoutingNumber(..)");
    }
}
