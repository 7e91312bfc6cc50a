//! Moments as a caller writes them in a filter.

use coffer_types::Timestamp;
use jiff::{Timestamp as Moment, civil::Date, tz::TimeZone};

const DAY_MILLIS: i64 = 86_400_000;
const SECOND_MILLIS: i64 = 1_000;

/// The first and the last millisecond of what a text means: a day (`YYYY-MM-DD`, in UTC), a whole second, or, with a
/// fraction, a millisecond (RFC 3339). Answers print whole seconds; so what was printed finds its row.
///
/// A plus sign that nobody encoded arrives as a blank; it is taken for what it was.
pub(super) fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    let (start, millis) = if is_date(text) {
        let date = Date::strptime("%Y-%m-%d", text).ok()?;
        // The last day of the calendar is "no end" to those who write it.
        let start = date.to_zoned(TimeZone::UTC).map_or(Moment::MAX, |zoned| zoned.timestamp());
        (start, DAY_MILLIS)
    } else {
        let text = with_plus(text);
        if !has_shape(&text) {
            return None;
        }
        let moment = text.parse::<Moment>().ok().or_else(|| no_end(&text))?;
        (moment, if text.contains('.') { 1 } else { SECOND_MILLIS })
    };
    let first = i64::try_from(start.as_nanosecond().div_euclid(1_000_000)).ok()?;
    Some((Timestamp::from_millis(first), Timestamp::from_millis(first.saturating_add(millis - 1))))
}

/// The last moments of the calendar are "no end" to those who write them. In another year they must be moments.
fn no_end(text: &str) -> Option<Moment> {
    let rest = text.strip_prefix("9999-12-3")?;
    format!("9998-12-3{rest}").parse::<Moment>().ok().map(|_| Moment::MAX)
}

/// A date, a `T`, a time with seconds and an offset: ISO 8601 has more forms, RFC 3339 has not.
fn has_shape(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else { return false };
    let clock = time.get(1..9).is_some_and(|clock| {
        clock.bytes().enumerate().all(|(at, byte)| match at {
            2 | 5 => byte == b':',
            _ => byte.is_ascii_digit(),
        })
    });
    is_date(date) && time.starts_with(['T', 't']) && clock && time.len() > 9
}

fn is_date(text: &str) -> bool {
    let digit_or_dash = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(digit_or_dash)
}

/// `2024-05-01T10:00:00 02:00` with its plus sign.
fn with_plus(text: &str) -> String {
    match text.rsplit_once(' ') {
        Some((moment, offset)) if moment.len() > 10 => format!("{moment}+{offset}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_as_much_as_it_says() {
        const SECOND: i64 = 1_566_656_122_000; // 2019-08-24T14:15:22Z
        const DAY: i64 = 1_566_604_800_000;
        for (text, first, last) in [
            ("2019-08-24T14:15:22Z", SECOND, SECOND + 999),
            ("2019-08-24t14:15:22z", SECOND, SECOND + 999),
            ("2019-08-24T16:15:22+02:00", SECOND, SECOND + 999),
            ("2019-08-24T16:15:22 02:00", SECOND, SECOND + 999),
            ("2019-08-24T10:15:22-04:00", SECOND, SECOND + 999),
            ("2019-08-24T14:15:22.5Z", SECOND + 500, SECOND + 500),
            ("2019-08-24T14:15:22.123456Z", SECOND + 123, SECOND + 123),
            ("2019-08-24", DAY, DAY + DAY_MILLIS - 1),
            ("1970-01-01", 0, DAY_MILLIS - 1),
            ("9999-12-31", 253_402_207_200_999, 253_402_207_200_999 + DAY_MILLIS - 1),
            ("1969-12-31T23:59:59.9999Z", -1, -1),
        ] {
            let expected = (Timestamp::from_millis(first), Timestamp::from_millis(last));
            assert_eq!(span(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "now",
            "2019",
            "2019-08",
            "2019-8-24",
            "2019-02-29",
            "2019-13-01",
            "2019-08-24T14:15:22",
            "2019-08-24T25:00:00Z",
            "2019-08-24T14:15Z",
            "+2019-08-24",
            "2019-08-2٣",
            "1566656122",
            "12019-08-24T14:15:22Z",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
