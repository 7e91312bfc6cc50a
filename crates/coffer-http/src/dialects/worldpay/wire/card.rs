//! The parts of a card (4.1).

use coffer_types::{Cvv, Expiry, Pan, PanError};

use super::fields::own;
use crate::{
    detector::is_known_card,
    form::{Length, Mark, Rule, Section, Shape, up_to},
};

/// Digits of a card number, as documented. Shorter ones than any card has are of no brand.
const NUMBER: Length = Length { min: 10, max: 19 };
/// Digits of a verification code.
const CODE: Length = Length { min: 3, max: 4 };
/// Years. The documentation begins with 1; a year of fewer than four digits is a mistake.
const YEARS: (i64, i64) = (1_000, 9_999);

/// Digits and nothing else.
const DIGITS: Shape = Shape {
    pattern: "^[0-9]*$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_digit()),
    message: "Must contain digits only.",
};

/// A card number that passes its check digit.
pub(crate) enum CardNumber {
    /// One that can be kept.
    Known(Pan),
    /// Of no brand that we know: too short, or of a length that its brand does not have.
    Unknown,
}

/// `cardNumber`.
pub(crate) fn read_number(card: Section<'_, '_>) -> Option<CardNumber> {
    card.mark("cardNumber", Mark::WriteOnly);
    let text = card.text_like("cardNumber", NUMBER, DIGITS)?;
    match Pan::parse(text) {
        Ok(pan) => Some(CardNumber::Known(pan)),
        Err(PanError::TooShort | PanError::WrongLengthForBrand) if coffer_types::passes_luhn(text) => {
            Some(CardNumber::Unknown)
        }
        Err(_) => card.breaks("cardNumber", "The check digit is wrong.", Rule::Other(own::LUHN)),
    }
}

/// `cardHolderName`.
pub(crate) fn read_holder(card: Section<'_, '_>) -> Option<String> {
    let holder = card.text("cardHolderName", up_to(255))?;
    if is_known_card(holder) {
        let rule = Rule::Other(own::CARD_IN_TEXT);
        return card.breaks("cardHolderName", "Must not have a card number in it.", rule);
    }
    Some(holder.to_owned())
}

/// `cardExpiryDate`. A card that has expired is taken: a vault is filled with old ones (section 9).
pub(crate) fn read_expiry_date(card: Section<'_, '_>) -> Option<Expiry> {
    card.section("cardExpiryDate", read_expiry)
}

/// `cardExpiryDate` of a session: a first-party client passes on what a form has, which is text.
pub(crate) fn read_form_expiry(card: Section<'_, '_>) -> Option<Expiry> {
    card.section("cardExpiryDate", |date| {
        let month = date.integer_or_digits_within("month", 1, 12);
        let year = date.integer_or_digits_within("year", YEARS.0, YEARS.1);
        Expiry::new(year?, month?).ok()
    })
}

/// Its members.
pub(crate) fn read_expiry(date: Section<'_, '_>) -> Option<Expiry> {
    let month = date.integer_within("month", 1, 12);
    let year = date.integer_within("year", YEARS.0, YEARS.1);
    Expiry::new(year?, month?).ok()
}

/// `cvc`, which may be absent and which some clients write as an integer. Read, so that what is wrong is told.
pub(crate) fn read_cvc(card: Section<'_, '_>) -> Option<Cvv> {
    card.mark("cvc", Mark::WriteOnly);
    let text = card.optional_text_or_integer("cvc", CODE, DIGITS)?;
    Cvv::parse(&text).ok()
}
