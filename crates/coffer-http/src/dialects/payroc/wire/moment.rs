//! A moment as requests write it: RFC 3339, with an offset.

use jiff::Timestamp;

use crate::form::Shape;

/// A date, a time with seconds and at most nine digits behind them, and an offset. That the month has such a day is in
/// no schema, but in the format `date-time`.
pub(super) const MOMENT: Shape = Shape {
    pattern: concat!(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?",
        r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ),
    accepts: |text| has_shape(text) && text.parse::<Timestamp>().is_ok(),
    message: "Must be a date and time of RFC 3339, such as 2026-11-01T10:00:00Z.",
};

/// Whether a text is as the pattern says.
fn has_shape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((moment, rest)) = bytes.split_at_checked("0000-00-00T00:00:00".len()) else { return false };
    let fraction = match rest.split_first() {
        Some((b'.', digits)) => digits.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    let (has_fraction, is_dotted) = ((1..=9).contains(&fraction), rest.first() == Some(&b'.'));
    let offset = if is_dotted { rest.get(1 + fraction..).unwrap_or_default() } else { rest };
    (has_fraction || !is_dotted)
        && moment.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => byte.eq_ignore_ascii_case(&b'T'),
            13 | 16 => *byte == b':',
            _ => byte.is_ascii_digit(),
        })
        && is_time(moment.get(11..).unwrap_or_default(), 3)
        && match offset {
            [b'Z' | b'z'] => true,
            [b'+' | b'-', time @ ..] => is_time(time, 2),
            _ => false,
        }
}

/// Whether bytes are so many numbers of two digits with colons between them, the first an hour.
fn is_time(bytes: &[u8], numbers: usize) -> bool {
    let mut parts = bytes.split(|byte| *byte == b':');
    let mut is_below = |most: u8| match parts.next() {
        Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => (tens - b'0') * 10 + (ones - b'0') < most,
        _ => false,
    };
    is_below(24) && (1..numbers).all(|_| is_below(60)) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The reader, the pattern and the format, which says of days what the pattern does not.
    fn says(text: &str) -> (bool, bool) {
        let schema = json!({ "pattern": MOMENT.pattern, "format": "date-time" });
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        ((MOMENT.accepts)(text), validator.is_valid(&json!(text)))
    }

    #[test]
    fn moments_of_rfc_3339_are_taken_and_nothing_else() {
        for good in [
            "2026-11-01T10:00:00Z",
            "2026-11-01t10:00:00z",
            "2026-11-01T10:00:00.234Z",
            "2026-10-31T10:00:00+01:00",
            "2026-10-31T23:59:59.123456789-23:59",
            "2024-02-29T00:00:00Z",
        ] {
            assert_eq!(says(good), (true, true), "{good}");
        }
        for bad in [
            "",
            "yesterday",
            "2026-11-01",
            "2026-11-01T10:00Z",
            "2026-11-01T10:00:00",
            "2026-11-01 10:00:00Z",
            "2026-11-01T10:00:00Z ",
            "2026-11-01T10:00:00.Z",
            "2026-11-01T10:00:00.1234567890Z",
            "2026-11-01T10:00:00,5Z",
            "2026-11-01T24:00:00Z",
            "2026-11-01T10:60:00Z",
            "2026-11-01T10:00:61Z",
            "2026-11-01T10:00:00+24:00",
            "2026-11-01T10:00:00+0100",
            "2026-11-01T10:00:00+01",
            "2026-11-01T10:00:00[UTC]",
            "2026-02-29T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "+026-11-01T10:00:00Z",
            "2026-11-01T10:00:0\u{663}Z",
            "2026/11/01T10:00:00Z",
        ] {
            assert_eq!(says(bad), (false, false), "{bad}");
        }
    }
}
