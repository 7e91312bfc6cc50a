//! Moments, and the little calendar arithmetic that the product needs.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Serialized as that number.
///
/// This type never asks what time it is; the clock is a parameter of whoever does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

const MILLIS_PER_SECOND: i64 = 1_000;
const SECONDS_PER_HOUR: i64 = 3_600;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// The moment so many milliseconds after the start of 1970 in UTC; before it, when negative.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the start of 1970 in UTC.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later, or earlier when negative. Stops at the ends of the type.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MILLIS_PER_SECOND)))
    }

    /// The calendar year and month (1..=12) at a place whose clocks are `offset_hours` ahead of UTC.
    pub const fn year_month(self, offset_hours: i8) -> (i32, u8) {
        let local = self.seconds() + offset_hours as i64 * SECONDS_PER_HOUR;
        let (year, month, _) = date_of_day(local.div_euclid(SECONDS_PER_DAY));
        (year, month)
    }

    /// The moment in UTC as RFC 3339 writes it, whole seconds, fractions cut off: `2019-08-24T14:15:22Z`.
    /// The format ends with the year 9999, and so do the promises of this method.
    pub fn to_rfc3339(self) -> String {
        let (year, month, day) = date_of_day(self.seconds().div_euclid(SECONDS_PER_DAY));
        let second = self.seconds().rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / SECONDS_PER_HOUR, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    const fn seconds(self) -> i64 {
        self.0.div_euclid(MILLIS_PER_SECOND)
    }
}

/// Days from 1 March of the year 0 to 1 January 1970. Years that begin in March have the leap day at their
/// end.
const DAYS_TO_1970: i64 = 719_468;
const DAYS_IN_400_YEARS: i64 = 146_097;
const DAYS_IN_100_YEARS: i64 = 36_524;
const DAYS_IN_4_YEARS: i64 = 1_461;
const DAYS_IN_YEAR: i64 = 365;
/// The day of such a year on which each month, March first, begins.
const MONTH_STARTS: [i64; 12] = [0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337];

/// Year, month and day of the Gregorian calendar, `day` days after 1970-01-01.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "i64 milliseconds span 3e8 years")]
const fn date_of_day(day: i64) -> (i32, u8, u8) {
    let since_march_0 = day + DAYS_TO_1970;
    let cycles = since_march_0.div_euclid(DAYS_IN_400_YEARS);
    let mut rest = since_march_0.rem_euclid(DAYS_IN_400_YEARS);
    // The last century of a cycle and the last year of four are a day longer than the division expects.
    let centuries = at_most_3(rest / DAYS_IN_100_YEARS);
    rest -= centuries * DAYS_IN_100_YEARS;
    let fours = rest / DAYS_IN_4_YEARS;
    rest -= fours * DAYS_IN_4_YEARS;
    let years = at_most_3(rest / DAYS_IN_YEAR);
    rest -= years * DAYS_IN_YEAR;

    let mut month = MONTH_STARTS.len() - 1;
    while MONTH_STARTS[month] > rest {
        month -= 1;
    }
    let day_of_month = rest - MONTH_STARTS[month] + 1;
    let march_year = cycles * 400 + centuries * 100 + fours * 4 + years;
    let (year, month) = if month < 10 { (march_year, month + 3) } else { (march_year + 1, month - 9) };
    (year as i32, month as u8, day_of_month as u8)
}

const fn at_most_3(count: i64) -> i64 {
    if count > 3 { 3 } else { count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn known_moments_in_rfc_3339() {
        let known = [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_000_000_000, "2001-09-09T01:46:40Z"),
            (1_078_012_800, "2004-02-29T00:00:00Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (1_566_656_122, "2019-08-24T14:15:22Z"),
            (2_147_483_647, "2038-01-19T03:14:07Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
        ];
        for (seconds, text) in known {
            assert_eq!(at(seconds).to_rfc3339(), text);
        }
    }

    #[test]
    fn fractions_are_cut_off_towards_the_past() {
        assert_eq!(Timestamp::from_millis(999).to_rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_millis(-1).to_rfc3339(), "1969-12-31T23:59:59Z");
    }

    /// Walks the calendar a day at a time by the rules one learns at school.
    #[test]
    fn a_thousand_years_day_by_day() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for since_1970 in 0..366_000_i64 {
            assert_eq!(date_of_day(since_1970), (year, month, day), "{since_1970}");
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                2 => 28 + u8::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (year, month, day) = match (day == days, month) {
                (false, _) => (year, month, day + 1),
                (true, 12) => (year + 1, 1, 1),
                (true, _) => (year, month + 1, 1),
            };
        }
        assert!(year > 2970);
    }

    #[test]
    fn the_month_depends_on_the_place() {
        let new_year = at(1_735_689_600); // 2025-01-01T00:00:00Z
        assert_eq!(new_year.year_month(0), (2025, 1));
        assert_eq!(new_year.year_month(-12), (2024, 12));
        assert_eq!(new_year.plus_seconds(-1).year_month(0), (2024, 12));
        assert_eq!(new_year.plus_seconds(-1).year_month(14), (2025, 1));
        assert_eq!(new_year.plus_seconds(12 * 3_600 - 1).year_month(-12), (2024, 12));
        assert_eq!(new_year.plus_seconds(12 * 3_600).year_month(-12), (2025, 1));
    }

    #[test]
    fn adding_seconds_stops_at_the_ends() {
        assert_eq!(Timestamp::from_millis(250).plus_seconds(1_800).millis(), 1_800_250);
        assert_eq!(Timestamp::from_millis(250).plus_seconds(-1).millis(), -750);
        assert_eq!(Timestamp::from_millis(i64::MAX).plus_seconds(1).millis(), i64::MAX);
        assert_eq!(Timestamp::from_millis(0).plus_seconds(i64::MIN).millis(), i64::MIN);
        assert_eq!(Timestamp::from_millis(i64::MAX).year_month(14), (292_278_994, 8));
        assert_eq!(Timestamp::from_millis(i64::MIN).year_month(-12), (-292_275_055, 5));
    }
}
