//! A card number that arrives already masked.

use std::fmt;

use thiserror::Error;

use crate::limits::{PAN_DIGITS_MAX, PAN_DIGITS_MIN};
use crate::mask::{CLEAR_LAST, clear_first};
use crate::{Bin, Last4};

/// A card number of which an encrypting reader shows at most what [`mask`](crate::mask()) shows: `453985******7062`.
/// It may be shown and kept in clear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MaskedPan(String);

/// Why a text is not a masked card number. Carries nothing of the text: it may be a whole number in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MaskedPanError {
    /// Not 12 to 19 characters.
    #[error("the masked card number does not have 12 to 19 characters")]
    WrongLength,
    /// Something other than digits, then `*`, then digits.
    #[error("the masked card number is not digits, stars and digits")]
    WrongForm,
    /// More digits than may be seen of a number of this length.
    #[error("the masked card number shows too many digits")]
    ShowsTooMuch,
}

/// Reads a masked card number (Payroc reference 4.3): 12 to 19 characters, in front digits, then a `*` for each hidden
/// digit, then digits.
///
/// What is shown must be a part of what [`mask`](crate::mask()) would show of a number of that length, so that both
/// laid side by side tell no more (security reference 3): at most the last four; in front at most six, five of 13
/// digits and four of 12. So at least four stay hidden. Fewer digits may be shown, or none. What shows more is refused
/// and not masked further: a reader that sends it is not the encrypting one that the caller believes in.
pub fn read_masked(text: &str) -> Result<MaskedPan, MaskedPanError> {
    if !(PAN_DIGITS_MIN..=PAN_DIGITS_MAX).contains(&text.len()) {
        return Err(MaskedPanError::WrongLength);
    }
    let (first, last) = (front(text), back(text));
    // There is nothing between them when all are digits.
    let stars = text.get(first.len()..text.len() - last.len());
    if stars.is_none_or(|stars| stars.bytes().any(|byte| byte != b'*')) {
        return Err(MaskedPanError::WrongForm);
    }
    if first.len() > clear_first(text.len()) || last.len() > CLEAR_LAST {
        return Err(MaskedPanError::ShowsTooMuch);
    }
    Ok(MaskedPan(text.to_owned()))
}

/// The digits before anything else.
fn front(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len()]
}

/// The digits behind everything else.
fn back(text: &str) -> &str {
    &text[text.trim_end_matches(|c: char| c.is_ascii_digit()).len()..]
}

impl MaskedPan {
    /// Digits and stars, as long as the number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first six digits, when six are shown.
    pub fn bin(&self) -> Option<Bin> {
        Bin::parse(front(&self.0)).ok()
    }

    /// The last four digits, when four are shown.
    pub fn last4(&self) -> Option<Last4> {
        Last4::parse(back(&self.0)).ok()
    }
}

impl fmt::Display for MaskedPan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_numbers::{PUBLISHED, number};
    use crate::{Pan, mask, mask_four};

    fn error(text: &str) -> Option<MaskedPanError> {
        read_masked(text).err()
    }

    #[test]
    fn the_published_form_is_read() {
        let masked = read_masked("453985******7062").unwrap();
        assert_eq!(masked.as_str(), "453985******7062");
        assert_eq!(masked.to_string(), "453985******7062");
        assert_eq!(masked.bin(), Bin::parse("453985").ok());
        assert_eq!(masked.last4(), Last4::parse("7062").ok());
    }

    #[test]
    fn our_own_masks_are_read() {
        for (number, _) in PUBLISHED {
            let pan = Pan::parse(number).unwrap();
            let masked = read_masked(&mask(&pan)).unwrap();
            assert_eq!((masked.bin(), masked.last4()), (pan.bin(), Some(pan.last4())), "{number}");
            assert_eq!(error(&mask_four(&pan)), None, "{number}");
        }
    }

    #[test]
    fn fewer_digits_may_be_shown() {
        for text in ["****************", "************7062", "453985**********", "4**************2"] {
            let masked = read_masked(text).unwrap();
            assert_eq!(masked.bin().is_some(), text.starts_with("453985"), "{text}");
            assert_eq!(masked.last4().is_some(), text.ends_with("7062"), "{text}");
        }
    }

    #[test]
    fn more_digits_than_the_mask_shows_are_refused_at_every_length() {
        for length in 12..=19 {
            let shown = mask(&Pan::parse(&number("675912", '8', length)).unwrap());
            assert_eq!(error(&shown), None, "{length}");
            let more = [shown.replacen('*', "8", 1), {
                let at = shown.rfind('*').unwrap();
                format!("{}8{}", &shown[..at], &shown[at + 1..])
            }];
            for text in more {
                assert_eq!(error(&text), Some(MaskedPanError::ShowsTooMuch), "{length}");
            }
        }
        assert_eq!(error("675912****11"), Some(MaskedPanError::ShowsTooMuch), "other digits than the mask's");
        assert_eq!(error("45398588****7062"), Some(MaskedPanError::ShowsTooMuch), "a BIN of eight");
    }

    #[test]
    fn another_form_is_refused() {
        for text in ["", "4", "4539*******", "453985**********7062"] {
            assert_eq!(error(text), Some(MaskedPanError::WrongLength), "{text:?}");
        }
        for text in [
            "4111111111111111",
            "453985XXXXXX7062",
            "453985** ****7062",
            "453985***1**7062",
            "*453985*****7062",
            " 45398*****7062*",
            "453985•••7062",
            "453985******706é",
            "453985******706\n",
        ] {
            assert_eq!(error(text), Some(MaskedPanError::WrongForm), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_hides_at_least_four(text in "[0-9]{0,8}[*]{0,12}[0-9]{0,6}|.{0,20}|[0-9*]{10,20}") {
            if let Ok(masked) = read_masked(&text) {
                prop_assert_eq!(masked.as_str(), &text);
                prop_assert!((12..=19).contains(&text.len()));
                prop_assert!(text.contains("****"));
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                prop_assert!(digits <= 10 && text.len() - digits >= 4);
                prop_assert!(text.bytes().skip(6).take(text.len() - 10).all(|byte| byte == b'*'));
            }
        }
    }
}
