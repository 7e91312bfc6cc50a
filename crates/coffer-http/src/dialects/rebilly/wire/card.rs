//! Card numbers, codes and expiries (section 5, security reference 5).

use coffer_types::{Cvv, CvvError, Expiry, Pan, PanError, Timestamp};

use super::bank::DIGITS;
use crate::form::{Length, Mark, Section, up_to};

/// Digits of a card number. What its brand asks for beyond that is in no schema.
const NUMBER: Length = Length { min: 12, max: 19 };
/// Digits of a code; the brand says which.
pub(super) const CODE: Length = Length { min: 3, max: 4 };
/// Years that have four digits.
const YEARS: (i64, i64) = (1_000, 9_999);

/// A card as a token takes it.
pub(crate) struct CardFields {
    /// None: a partial token, which updates a card that is there.
    pub(crate) pan: Option<Pan>,
    pub(crate) cvv: Option<Cvv>,
    pub(crate) expiry: Expiry,
}

/// The members of a card. `encryptedCvv` is not asked for: it is ignored.
pub(super) fn read_card(card: Section<'_, '_>, now: Timestamp) -> Option<CardFields> {
    let pan = card.optional_text_like("pan", NUMBER, DIGITS).map(|text| parse_pan(card, text));
    let cvv = read_cvv(card, pan.as_ref().and_then(Option::as_ref));
    let expiry = read_expiry(card, now);
    card.mark("pan", Mark::WriteOnly);
    for name in ["bin", "last4", "brand"] {
        card.mark(name, Mark::ReadOnly);
    }
    // A number that was sent and is wrong was reported; it does not make the token a partial one.
    let pan = match pan {
        Some(pan) => Some(pan?),
        None => None,
    };
    Some(CardFields { pan, cvv, expiry: expiry? })
}

/// A card whose number must be there.
pub(super) fn read_whole_card(card: Section<'_, '_>, now: Timestamp) -> Option<(Pan, Option<Cvv>, Expiry)> {
    let pan = card.text_like("pan", NUMBER, DIGITS).and_then(|text| parse_pan(card, text));
    let cvv = read_cvv(card, pan.as_ref());
    let expiry = read_expiry(card, now);
    card.mark("pan", Mark::WriteOnly);
    Some((pan?, cvv, expiry?))
}

fn parse_pan(card: Section<'_, '_>, text: &str) -> Option<Pan> {
    match Pan::parse(text) {
        Ok(pan) => Some(pan),
        Err(error) => card.invalid("pan", pan_message(error)),
    }
}

/// The code, which must fit the card where the card is known.
pub(super) fn read_cvv(card: Section<'_, '_>, pan: Option<&Pan>) -> Option<Cvv> {
    card.mark("cvv", Mark::WriteOnly);
    let text = card.optional_text_like("cvv", CODE, DIGITS)?;
    match Cvv::parse(text) {
        Ok(cvv) if pan.is_none_or(|pan| cvv.fits(pan.brand())) => Some(cvv),
        Ok(_) => card.invalid("cvv", "Has the wrong length for this card."),
        Err(error) => card.invalid("cvv", cvv_message(error)),
    }
}

/// What is wrong with a code.
pub(super) fn cvv_message(error: CvvError) -> &'static str {
    match error {
        CvvError::NotDigits => "Must contain digits only.",
        CvvError::WrongLength => "Must have 3 or 4 digits.",
    }
}

/// What is said of an expiry that is over.
pub(crate) const EXPIRED: &str = "The card has expired.";

/// 10/2051 is a published test expiry (section 10), so that only the past is refused.
pub(super) fn read_expiry(card: Section<'_, '_>, now: Timestamp) -> Option<Expiry> {
    let month = card.integer_within("expMonth", 1, 12);
    let year = card.integer_within("expYear", YEARS.0, YEARS.1);
    mark_year(card, now);
    // The year alone first, so that both are named when both are wrong.
    let year = open_year(card, year, now);
    let expiry = Expiry::new(year?, month?).ok()?;
    if expiry.is_past(now) { card.invalid("expMonth", EXPIRED) } else { Some(expiry) }
}

/// What a change says of an expiry: of one part, of both or of none. What it does not say is on the card, and is not
/// known here.
#[derive(Clone, Copy, Default)]
pub(crate) struct ExpiryChange {
    pub(crate) month: Option<i64>,
    pub(crate) year: Option<i64>,
}

pub(super) fn read_expiry_change(card: Section<'_, '_>, now: Timestamp) -> ExpiryChange {
    let month = card.optional_integer_within("expMonth", 1, 12);
    let year = card.optional_integer_within("expYear", YEARS.0, YEARS.1);
    mark_year(card, now);
    ExpiryChange { month, year: open_year(card, year, now) }
}

/// The document tells the year that is no more over. The reader says it in other words.
fn mark_year(card: Section<'_, '_>, now: Timestamp) {
    card.mark("expYear", Mark::Minimum(Expiry::first_open_year(now)));
}

/// A year that is over is told even when the month is no month, or is not there.
fn open_year(card: Section<'_, '_>, year: Option<i64>, now: Timestamp) -> Option<i64> {
    let is_over = year? < Expiry::first_open_year(now);
    if is_over { card.invalid("expYear", EXPIRED) } else { year }
}

/// A length for whatever another company made: long enough for a signed token, short enough for a body.
pub(super) const FOREIGN: Length = up_to(4096);

fn pan_message(error: PanError) -> &'static str {
    match error {
        PanError::Empty => "Must not be empty.",
        PanError::NotDigits => "Must contain digits only.",
        PanError::TooShort => "Must have at least 12 digits.",
        PanError::TooLong => "Must have at most 19 digits.",
        PanError::WrongLengthForBrand => "Has the wrong length for this kind of card.",
        PanError::CheckDigit => "Is not a card number: the check digit is wrong.",
    }
}
