//! `expiryDate`: month and year in four digits, `MMYY` (4.3).

use coffer_types::Expiry;

use super::source::Taking;
use crate::form::{Length, Section, Shape};

/// What is said of an expiry that is over.
pub(crate) const EXPIRED: &str = "The card has expired.";

const NAME: &str = "expiryDate";
const FOUR: Length = Length { min: 4, max: 4 };
/// Years are of this century: no card outlives it, and none of the last one is left.
const CENTURY: i64 = 2_000;

/// A month that exists and a year.
const MONTH_AND_YEAR: Shape = Shape {
    pattern: "^(0[1-9]|1[0-2])[0-9]{2}$",
    accepts: |text| parse(text).is_some(),
    message: "Must be a month from 01 to 12 and two digits of a year, MMYY.",
};

/// An expiry that must be there.
pub(super) fn read_expiry(section: Section<'_, '_>, taking: Taking) -> Option<Expiry> {
    let expiry = parse(section.text_like(NAME, FOUR, MONTH_AND_YEAR)?)?;
    open(section, NAME, expiry, taking)
}

/// One that may be absent or null.
pub(super) fn read_optional_expiry(section: Section<'_, '_>, taking: Taking) -> Option<Expiry> {
    let expiry = parse(section.optional_text_like(NAME, FOUR, MONTH_AND_YEAR)?)?;
    open(section, NAME, expiry, taking)
}

/// The same of a card that had one before: it may be over already.
pub(super) fn read_changed_expiry(
    section: Section<'_, '_>,
    before: Option<Expiry>,
    taking: Taking,
) -> Option<Expiry> {
    let expiry = parse(section.optional_text_like(NAME, FOUR, MONTH_AND_YEAR)?)?;
    if Some(expiry) == before { Some(expiry) } else { open(section, NAME, expiry, taking) }
}

/// Refuses an expiry that is over where it may not be. `name` is the member that it was read out of.
pub(super) fn open(section: Section<'_, '_>, name: &str, expiry: Expiry, taking: Taking) -> Option<Expiry> {
    if expiry.is_past(taking.now) && !taking.allow_expired {
        return section.invalid(name, EXPIRED);
    }
    Some(expiry)
}

fn parse(text: &str) -> Option<Expiry> {
    let is_digits = text.len() == FOUR.max && text.bytes().all(|byte| byte.is_ascii_digit());
    let (month, year) = text.split_at_checked(2).filter(|_| is_digits)?;
    Expiry::new(CENTURY + year.parse::<i64>().ok()?, month.parse().ok()?).ok()
}

/// An expiry as it goes out.
pub(crate) fn show(expiry: Expiry) -> String {
    format!("{:02}{:02}", expiry.month(), expiry.year() % 100)
}
