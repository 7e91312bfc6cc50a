//! The card number.

use std::fmt;

use thiserror::Error;

use crate::brand_index::ranges;
use crate::brand_ranges::Lengths;
use crate::limits::{PAN_DIGITS_MAX, PAN_DIGITS_MIN};
use crate::mask::clear_first;
use crate::secret_digits::{Fault, SecretDigits};
use crate::{Bin, Brand, Last4, brands, passes_luhn};

const PADDED_BYTES: usize = PAN_DIGITS_MAX + 1;

/// A primary account number: 12 to 19 ASCII digits that pass the rules of their brand. Wiped on drop.
///
/// There is no clone, no comparison, no serialization and no way to print one; [`Pan::expose`] opens it, and
/// [`mask`](crate::mask()) shows what may be shown.
///
/// ```
/// let pan = coffer_types::Pan::parse("4111111111111111")?;
/// assert_eq!(pan.brand(), Some(coffer_types::Brand::Visa));
/// assert_eq!(coffer_types::mask(&pan), "411111******1111");
/// assert_eq!(format!("{pan:?}"), "Pan(..)");
/// # Ok::<(), coffer_types::PanError>(())
/// ```
///
/// ```compile_fail
/// let pan = coffer_types::Pan::parse("4111111111111111").unwrap();
/// let second = pan.clone(); // a PAN has no clone
/// ```
///
/// ```compile_fail
/// let pan = coffer_types::Pan::parse("4111111111111111").unwrap();
/// println!("{pan}"); // a PAN cannot be displayed
/// ```
pub struct Pan(SecretDigits<PADDED_BYTES>);

/// Why a text is not a card number. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PanError {
    /// There is nothing.
    #[error("the card number is empty")]
    Empty,
    /// Something other than the ASCII digits 0 to 9: a space, a hyphen, a letter, a digit of another script.
    #[error("the card number has a character that is not a digit")]
    NotDigits,
    /// Fewer than 12 digits.
    #[error("the card number has fewer than 12 digits")]
    TooShort,
    /// More than 19 digits.
    #[error("the card number has more than 19 digits")]
    TooLong,
    /// 12 to 19 digits, but not a length that the brand uses.
    #[error("the card number does not have a length that its brand uses")]
    WrongLengthForBrand,
    /// The last digit is not the Luhn check digit.
    #[error("the check digit of the card number is wrong")]
    CheckDigit,
}

impl Pan {
    /// Reads a card number (security reference 5.1, 5.2).
    ///
    /// Digits only: spaces and hyphens are the business of the form field. The brand is found first; then its
    /// most specific range says which lengths it has and whether the check digit counts (Humo, `UzCard` and
    /// Napas have numbers without one). A number of no known brand may have any length from 12 to 19 and must
    /// pass Luhn. The first rule that is broken is the error, in the order of [`PanError`].
    pub fn parse(text: &str) -> Result<Self, PanError> {
        let pan = Self(SecretDigits::parse(text.as_bytes(), PAN_DIGITS_MIN)?);
        let range = ranges(text).next();
        let lengths = range.map_or(Lengths::ANY, |range| range.lengths);
        if !lengths.contains(pan.len()) {
            return Err(PanError::WrongLengthForBrand);
        }
        let luhn_required = range.is_none_or(|range| range.luhn);
        if luhn_required && !passes_luhn(text) {
            return Err(PanError::CheckDigit);
        }
        Ok(pan)
    }

    /// Reads a card number as whoever does not know the brands' lengths does (Payroc reference 4.3, and 10, whose
    /// American Express has 16 digits): any length from 12 to 19 whatever the brand, and a number of Maestro's without
    /// a right check digit. Of every other brand the check digit counts as for [`Pan::parse`].
    ///
    /// ```
    /// use coffer_types::Pan;
    /// assert!(Pan::parse("3400000000000000").is_err() && Pan::parse_leniently("3400000000000000").is_ok());
    /// ```
    pub fn parse_leniently(text: &str) -> Result<Self, PanError> {
        let pan = Self(SecretDigits::parse(text.as_bytes(), PAN_DIGITS_MIN)?);
        let luhn_required =
            ranges(text).next().is_none_or(|range| range.luhn && range.brand != Brand::Maestro);
        if luhn_required && !passes_luhn(text) {
            return Err(PanError::CheckDigit);
        }
        Ok(pan)
    }

    /// The digits in clear.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// How many digits it has: 12..=19.
    #[expect(clippy::len_without_is_empty, reason = "a PAN is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first six digits, when they may be shown beside the last four.
    ///
    /// `None` for 12 and 13 digits: six and four would leave fewer than the four hidden digits that security
    /// reference 3 asks for. The contracts allow it (Rebilly reference 5: `bin` may be null).
    pub fn bin(&self) -> Option<Bin> {
        let first = self.expose().get(..clear_first(self.len()))?;
        Bin::parse(first).ok()
    }

    /// The last four digits.
    pub fn last4(&self) -> Last4 {
        match Last4::parse(&self.expose()[self.len() - 4..]) {
            Ok(last4) => last4,
            Err(_) => unreachable!("a PAN has at least 12 digits"),
        }
    }

    /// The brand of the most specific range that holds the number; `None` when no range does.
    pub fn brand(&self) -> Option<Brand> {
        self.brands().next()
    }

    /// All brands of the number, the most specific first: a co-badged card's own scheme, then its network.
    pub fn brands(&self) -> impl Iterator<Item = Brand> + use<> {
        brands(self.expose())
    }

    /// The brand in the words of someone who does not know every brand: what `supported` says of the first of
    /// [`Pan::brands`] for which it says anything.
    ///
    /// So a Dankort that is co-badged with Visa is Visa to a dialect without Dankort, and a number whose
    /// brands are all unknown there is `None`.
    pub fn brand_by<T>(&self, supported: impl Fn(Brand) -> Option<T>) -> Option<T> {
        self.brands().find_map(supported)
    }

    /// The form that is sealed, 20 bytes whatever the number: one byte with the count of digits, the ASCII
    /// digits, zeros.
    pub fn padded(&self) -> &[u8; PADDED_BYTES] {
        self.0.padded()
    }

    /// Reads back what [`Pan::padded`] made. Checks the shape (20 bytes, 12 to 19 digits, zeros after them)
    /// and not brand or Luhn again: a number that was once accepted must stay readable when the tables
    /// change.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, PanError> {
        Ok(Self(SecretDigits::from_padded(bytes, PAN_DIGITS_MIN)?))
    }
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pan(..)")
    }
}

impl From<Fault> for PanError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Empty => Self::Empty,
            Fault::NotDigits => Self::NotDigits,
            Fault::TooShort => Self::TooShort,
            Fault::TooLong => Self::TooLong,
        }
    }
}

#[cfg(test)]
mod tests;
