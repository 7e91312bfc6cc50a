//! The month in which a card ends.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Timestamp;

/// The last month in which a card is valid. Not a secret, but personal data beside a PAN's parts: it has no
/// `Display`, so that each place that shows it does so on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(i64, i64)", into = "(i64, i64)")]
pub struct Expiry {
    year: u16,
    month: u8,
}

/// Why two numbers are not an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExpiryError {
    /// The month is not 1..=12. Reported before a wrong year.
    #[error("the expiry month does not lie between 1 and 12")]
    Month,
    /// The year does not have four digits, 1000..=9999.
    #[error("the expiry year does not have four digits")]
    Year,
}

/// The last place on earth to begin a month, in hours ahead of UTC.
const LAST_PLACE_HOURS: i8 = -12;

impl TryFrom<(i64, i64)> for Expiry {
    type Error = ExpiryError;

    /// From year and month, as a sealed record keeps them.
    fn try_from((year, month): (i64, i64)) -> Result<Self, ExpiryError> {
        Self::new(year, month)
    }
}

impl From<Expiry> for (i64, i64) {
    fn from(expiry: Expiry) -> Self {
        (i64::from(expiry.year), i64::from(expiry.month))
    }
}

impl Expiry {
    /// Takes a year of four digits and a month. Whether the card is still valid is asked by
    /// [`Expiry::is_past`].
    pub fn new(year: i64, month: i64) -> Result<Self, ExpiryError> {
        let month = u8::try_from(month).ok().filter(|m| (1..=12).contains(m)).ok_or(ExpiryError::Month)?;
        let year = u16::try_from(year).ok().filter(|y| (1000..=9999).contains(y)).ok_or(ExpiryError::Year)?;
        Ok(Self { year, month })
    }

    /// Reads four ASCII digits, year and month, as chips and stripes hold them (ISO/IEC 7813, EMV Book 3). The year is
    /// one of 2000 to 2099.
    pub(crate) fn parse_yymm(text: &str) -> Option<Self> {
        if text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (year, month) = text.split_at(2);
        Self::new(2000 + year.parse::<i64>().ok()?, month.parse().ok()?).ok()
    }

    /// The month, 1..=12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The year, four digits.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Whether the card has ended. A card is valid through the last day of its month in the zone of its
    /// issuer, which we do not know: until the month has ended everywhere, that is at UTC-12 (security
    /// reference 5.3).
    pub fn is_past(self, now: Timestamp) -> bool {
        (i32::from(self.year), self.month) < now.year_month(LAST_PLACE_HOURS)
    }

    /// The first year of which some month has not ended everywhere.
    pub fn first_open_year(now: Timestamp) -> i64 {
        i64::from(now.year_month(LAST_PLACE_HOURS).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;
    /// 2026-11-01T00:00:00Z.
    const NOVEMBER: Timestamp = Timestamp::from_millis(1_793_491_200_000);

    fn expiry(year: i64, month: i64) -> Expiry {
        Expiry::new(year, month).unwrap()
    }

    #[test]
    fn takes_months_and_years_that_exist() {
        for month in 1..=12 {
            let expiry = expiry(2030, month);
            assert_eq!((i64::from(expiry.year()), i64::from(expiry.month())), (2030, month));
        }
        for month in [i64::MIN, -1, 0, 13, 256 + 1, i64::MAX] {
            assert_eq!(Expiry::new(2030, month), Err(ExpiryError::Month), "{month}");
        }
        for year in [i64::MIN, -2030, 0, 30, 999, 10_000, 65_536 + 2030, i64::MAX] {
            assert_eq!(Expiry::new(year, 12), Err(ExpiryError::Year), "{year}");
        }
        assert!(Expiry::new(1000, 1).is_ok() && Expiry::new(9999, 12).is_ok());
        assert_eq!(Expiry::new(0, 0), Err(ExpiryError::Month), "the month is named first");
    }

    #[test]
    fn two_digits_of_a_year_are_of_this_century() {
        assert_eq!(Expiry::parse_yymm("3012"), Some(expiry(2030, 12)));
        assert_eq!(Expiry::parse_yymm("0001"), Some(expiry(2000, 1)));
        assert_eq!(Expiry::parse_yymm("9909"), Some(expiry(2099, 9)));
        for text in ["", "301", "30120", "3000", "3013", "1230", "+112", "30+1", "30 1", "３0", "301x"] {
            assert_eq!(Expiry::parse_yymm(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_month_ends_when_it_has_ended_at_utc_minus_12() {
        assert_eq!(NOVEMBER.to_rfc3339(), "2026-11-01T00:00:00Z");
        let october = expiry(2026, 10);
        assert!(!october.is_past(NOVEMBER.plus_seconds(-1)));
        assert!(!october.is_past(NOVEMBER));
        assert!(!october.is_past(NOVEMBER.plus_seconds(12 * HOUR - 1)));
        assert!(!october.is_past(Timestamp::from_millis(NOVEMBER.millis() + 12 * HOUR * 1_000 - 1)));
        assert!(october.is_past(NOVEMBER.plus_seconds(12 * HOUR)));
        assert!(!expiry(2026, 11).is_past(NOVEMBER.plus_seconds(12 * HOUR)));
        assert!(expiry(2026, 9).is_past(NOVEMBER));
        assert!(expiry(2025, 12).is_past(NOVEMBER));
        assert!(!expiry(2027, 1).is_past(NOVEMBER));
    }

    #[test]
    fn december_ends_with_its_year() {
        let new_year = Timestamp::from_millis(1_798_761_600_000);
        assert_eq!(new_year.to_rfc3339(), "2027-01-01T00:00:00Z");
        assert!(!expiry(2026, 12).is_past(new_year.plus_seconds(12 * HOUR - 1)));
        assert!(expiry(2026, 12).is_past(new_year.plus_seconds(12 * HOUR)));
        assert!(!expiry(2027, 1).is_past(new_year.plus_seconds(12 * HOUR)));
    }

    #[test]
    fn february_ends_after_its_leap_day() {
        let march = Timestamp::from_millis(1_835_481_600_000);
        assert_eq!(march.plus_seconds(-1).to_rfc3339(), "2028-02-29T23:59:59Z");
        assert!(!expiry(2028, 2).is_past(march.plus_seconds(12 * HOUR - 1)));
        assert!(expiry(2028, 2).is_past(march.plus_seconds(12 * HOUR)));
    }
}
