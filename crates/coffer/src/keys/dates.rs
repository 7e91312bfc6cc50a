//! Days, as reports show them.

use jiff::{Timestamp, tz::TimeZone};

/// The day of a time in milliseconds since 1970, UTC: `2026-11-27`.
pub(super) fn day(millis: i64) -> String {
    let time = Timestamp::from_millisecond(millis);
    time.map(|time| time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// The same of the day after: by the end of it what was promised for some time of the day before is true.
pub(super) fn day_after(millis: i64) -> String {
    day(millis.saturating_add(86_400_000))
}
