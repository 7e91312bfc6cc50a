//! Where an account of a Canadian bank is kept: two numbers, and the one that both make.

use std::fmt;

use super::RoutingNumber;
use crate::clear_digits::{ClearDigits, ClearDigitsError};

const TRANSIT_DIGITS: usize = 5;
const INSTITUTION_DIGITS: usize = 3;

/// The number of a branch of a Canadian bank: exactly five ASCII digits (Payroc reference 4.2). Public by itself; but
/// people write the account number into the wrong field, so `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransitNumber(ClearDigits<TRANSIT_DIGITS>);

/// The number of a Canadian bank: exactly three ASCII digits (Payroc reference 4.2). As public as a
/// [`TransitNumber`], and as little shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstitutionNumber(ClearDigits<INSTITUTION_DIGITS>);

impl TransitNumber {
    /// Reads five ASCII digits. Leading zeros belong to the number and stay.
    pub fn parse(text: &str) -> Result<Self, ClearDigitsError> {
        ClearDigits::from_bytes(text.as_bytes()).map(Self)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The one number that tells Canadian banks and their branches apart: the eight digits of transit and institution,
    /// in the order of a cheque. A routing number of the United States has nine, so that none is ever equal to it.
    ///
    /// ```
    /// let transit = coffer_types::TransitNumber::parse("76543")?;
    /// let institution = coffer_types::InstitutionNumber::parse("543")?;
    /// let bank = transit.with(&institution);
    /// assert_eq!(bank.as_str(), "76543543");
    /// assert_eq!(bank.split(), Some((transit, institution)));
    /// # Ok::<(), coffer_types::ClearDigitsError>(())
    /// ```
    pub fn with(&self, institution: &InstitutionNumber) -> RoutingNumber {
        match RoutingNumber::parse(&format!("{}{}", self.as_str(), institution.as_str())) {
            Ok(number) => number,
            Err(_) => unreachable!("eight digits are a routing number"),
        }
    }
}

impl InstitutionNumber {
    /// Reads three ASCII digits. Leading zeros belong to the number and stay.
    pub fn parse(text: &str) -> Result<Self, ClearDigitsError> {
        ClearDigits::from_bytes(text.as_bytes()).map(Self)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl RoutingNumber {
    /// The two numbers that [`TransitNumber::with`] put together; `None` when there are not eight digits.
    pub fn split(&self) -> Option<(TransitNumber, InstitutionNumber)> {
        let (transit, institution) = self.as_str().split_at_checked(TRANSIT_DIGITS)?;
        Some((TransitNumber::parse(transit).ok()?, InstitutionNumber::parse(institution).ok()?))
    }
}

impl fmt::Debug for TransitNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransitNumber(..)")
    }
}

impl fmt::Debug for InstitutionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstitutionNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn five_and_three_digits_and_nothing_else() {
        assert_eq!(TransitNumber::parse("00012").unwrap().as_str(), "00012");
        assert_eq!(InstitutionNumber::parse("003").unwrap().as_str(), "003");
        for text in ["", "1234", "123456", "12345-003"] {
            assert_eq!(TransitNumber::parse(text), Err(ClearDigitsError::WrongLength), "{text:?}");
        }
        for text in ["", "12", "1234", "0003"] {
            assert_eq!(InstitutionNumber::parse(text), Err(ClearDigitsError::WrongLength), "{text:?}");
        }
        for text in ["1234x", " 1234", "1234\n", "-1234", "１1\u{2}", "12/45", "12:45"] {
            assert_eq!(TransitNumber::parse(text), Err(ClearDigitsError::NotDigits), "{text:?}");
        }
        for text in ["12x", " 12", "+12", "１"] {
            assert_eq!(InstitutionNumber::parse(text), Err(ClearDigitsError::NotDigits), "{text:?}");
        }
    }

    #[test]
    fn only_eight_digits_come_apart() {
        for text in ["1", "76543", "7654354", "765435430", "021000021"] {
            assert_eq!(RoutingNumber::parse(text).unwrap().split(), None, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_digit() {
        assert_eq!(format!("{:?}", TransitNumber::parse("76543").unwrap()), "TransitNumber(..)");
        assert_eq!(format!("{:?}", InstitutionNumber::parse("543").unwrap()), "InstitutionNumber(..)");
    }

    proptest! {
        #[test]
        fn together_and_apart_again(transit in "[0-9]{5}", institution in "[0-9]{3}") {
            let parts =
                (TransitNumber::parse(&transit).unwrap(), InstitutionNumber::parse(&institution).unwrap());
            let bank = parts.0.with(&parts.1);
            prop_assert_eq!(bank.as_str(), transit + &institution);
            prop_assert_eq!(bank.split(), Some(parts));
            prop_assert!(!bank.has_aba_checksum() && !bank.is_aba());
        }
    }
}
