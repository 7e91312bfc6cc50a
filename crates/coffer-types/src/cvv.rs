//! The code printed on the card.

use std::fmt;

use thiserror::Error;

use crate::Brand;
use crate::secret_digits::{Fault, SecretDigits};

const PADDED_BYTES: usize = 5;
const DIGITS_MIN: usize = 3;

/// A card verification value: three or four ASCII digits. Sensitive authentication data, wiped on drop.
///
/// It has no durable form: it lives in a single-use token for at most
/// [`SINGLE_USE_SECONDS`](crate::limits::SINGLE_USE_SECONDS) and dies at the first use (security reference
/// 2).
///
/// ```compile_fail
/// let cvv = coffer_types::Cvv::parse("123").unwrap();
/// let second = cvv.clone(); // a CVV has no clone
/// ```
///
/// ```compile_fail
/// let cvv = coffer_types::Cvv::parse("123").unwrap();
/// assert!(cvv == cvv); // a CVV cannot be compared
/// ```
pub struct Cvv(SecretDigits<PADDED_BYTES>);

/// Why a text is not a CVV. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CvvError {
    /// Something other than the ASCII digits 0 to 9.
    #[error("the CVV has a character that is not a digit")]
    NotDigits,
    /// Neither three nor four digits.
    #[error("the CVV has neither three nor four digits")]
    WrongLength,
}

impl Cvv {
    /// Reads three or four ASCII digits. Whether the count is right for the card is asked by [`Cvv::fits`].
    pub fn parse(text: &str) -> Result<Self, CvvError> {
        Ok(Self(SecretDigits::parse(text.as_bytes(), DIGITS_MIN)?))
    }

    /// Whether a card of this brand has a code of this length: four digits for American Express, three for
    /// all others (Rebilly reference 5); when the brand is not known, either.
    pub fn fits(&self, brand: Option<Brand>) -> bool {
        match brand {
            Some(Brand::AmericanExpress) => self.0.len() == 4,
            Some(_) => self.0.len() == 3,
            None => true,
        }
    }

    /// The digits in clear.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// The form that is sealed, five bytes whatever the code: one byte with the count of digits, the ASCII
    /// digits, a zero if there are three.
    pub fn padded(&self) -> &[u8; PADDED_BYTES] {
        self.0.padded()
    }

    /// Reads back what [`Cvv::padded`] made, and nothing else.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, CvvError> {
        Ok(Self(SecretDigits::from_padded(bytes, DIGITS_MIN)?))
    }
}

impl fmt::Debug for Cvv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cvv(..)")
    }
}

impl From<Fault> for CvvError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotDigits => Self::NotDigits,
            Fault::Empty | Fault::TooShort | Fault::TooLong => Self::WrongLength,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> Option<CvvError> {
        Cvv::parse(text).err()
    }

    #[test]
    fn three_or_four_digits_and_nothing_else() {
        assert_eq!(Cvv::parse("000").unwrap().expose(), "000");
        assert_eq!(Cvv::parse("0123").unwrap().expose(), "0123");
        for text in ["", "1", "12", "12345", "4111111111111111"] {
            assert_eq!(error(text), Some(CvvError::WrongLength), "{text:?}");
        }
        for text in [" 123", "12 ", "12a", "１２３", "-12", "+123", "12\n"] {
            assert_eq!(error(text), Some(CvvError::NotDigits), "{text:?}");
        }
    }

    #[test]
    fn only_american_express_has_four() {
        let (three, four) = (Cvv::parse("123").unwrap(), Cvv::parse("1234").unwrap());
        for brand in Brand::ALL {
            let is_amex = brand == Brand::AmericanExpress;
            assert_eq!(three.fits(Some(brand)), !is_amex, "{brand:?}");
            assert_eq!(four.fits(Some(brand)), is_amex, "{brand:?}");
        }
        assert!(three.fits(None) && four.fits(None));
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Cvv::parse("123").unwrap()), "Cvv(..)");
        assert_eq!(format!("{:#?}", Cvv::parse("1234").unwrap()), "Cvv(..)");
    }

    #[test]
    fn from_padded_takes_only_what_padded_makes() {
        assert_eq!(*Cvv::parse("123").unwrap().padded(), *b"\x03123\0");
        assert_eq!(*Cvv::parse("1234").unwrap().padded(), *b"\x041234");
        let error = |bytes: &[u8]| Cvv::from_padded(bytes).err();
        assert_eq!(error(b"\x03123"), Some(CvvError::WrongLength));
        assert_eq!(error(b"\x03123\0\0"), Some(CvvError::WrongLength));
        assert_eq!(error(b"\x0212\0\0"), Some(CvvError::WrongLength));
        assert_eq!(error(b"\x051234"), Some(CvvError::WrongLength));
        assert_eq!(error(b"\x031234"), Some(CvvError::NotDigits));
        assert_eq!(error(b"\x04123\0"), Some(CvvError::NotDigits));
    }

    proptest! {
        #[test]
        fn padded_round_trip(text in "[0-9]{3,4}") {
            let cvv = Cvv::parse(&text).unwrap();
            let padded = cvv.padded();
            let back = Cvv::from_padded(padded.as_slice()).unwrap();
            prop_assert_eq!(back.expose(), &text);
        }
    }
}
