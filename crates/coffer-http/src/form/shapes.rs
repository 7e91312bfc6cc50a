//! Shapes that more than one dialect asks for.

use jiff::civil::Date;

use super::Shape;

/// A day of the calendar. That the month has such a day is in no schema, but in the format `date`.
pub(crate) const DATE: Shape = Shape {
    pattern: r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    accepts: |text| {
        let digit_or_dash = |(at, byte): (usize, u8)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        let has_shape = text.len() == 10 && text.bytes().enumerate().all(digit_or_dash);
        has_shape && Date::strptime("%Y-%m-%d", text).is_ok()
    },
    message: "Must be a date of the form YYYY-MM-DD.",
};
