//! Time zones by name, from the database that is compiled in: a host without zone files answers the same.

use coffer_types::Timestamp;
use jiff::tz::TimeZoneDatabase;

/// Seconds of a minute.
const MINUTE: i32 = 60;

/// Minutes that the clocks of `zone` (IANA name, letter case does not count) are ahead of UTC at that moment,
/// summer time included; negative west of Greenwich. A fraction of a minute (local times before standard time)
/// is cut off.
///
/// `None` for a zone that the database does not know and for moments outside the years -9999 to 9999.
pub fn offset_minutes(zone: &str, at: Timestamp) -> Option<i32> {
    let zone = TimeZoneDatabase::bundled().get(zone).ok().filter(|zone| !zone.is_unknown())?;
    let at = jiff::Timestamp::from_millisecond(at.millis()).ok()?;
    Some(zone.to_offset(at).seconds() / MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(zone: &str, seconds: i64) -> Option<i32> {
        offset_minutes(zone, Timestamp::from_millis(seconds * 1_000))
    }

    const JANUARY: i64 = 1_705_320_000; // 2024-01-15T12:00:00Z
    const JULY: i64 = 1_721_044_800; // 2024-07-15T12:00:00Z

    #[test]
    fn winter_and_summer_on_both_halves_of_the_earth() {
        let known = [
            ("America/New_York", -300, -240),
            ("Europe/Dublin", 0, 60),
            ("Europe/Vienna", 60, 120),
            ("Australia/Sydney", 660, 600),
            ("Australia/Lord_Howe", 660, 630),
            ("Asia/Kolkata", 330, 330),
            ("Asia/Kathmandu", 345, 345),
            ("America/St_Johns", -210, -150),
            ("Pacific/Kiritimati", 840, 840),
            ("Pacific/Pago_Pago", -660, -660),
            ("UTC", 0, 0),
        ];
        for (zone, january, july) in known {
            assert_eq!(offset(zone, JANUARY), Some(january), "{zone} in January");
            assert_eq!(offset(zone, JULY), Some(july), "{zone} in July");
        }
        assert_eq!(offset("america/new_york", JULY), Some(-240));
    }

    #[test]
    fn the_clocks_change_at_the_second() {
        let spring = 1_710_054_000; // 2024-03-10T07:00:00Z
        assert_eq!(offset("America/New_York", spring - 1), Some(-300));
        assert_eq!(offset("America/New_York", spring), Some(-240));
        let autumn = 1_730_613_600; // 2024-11-03T06:00:00Z
        assert_eq!(offset("America/New_York", autumn - 1), Some(-240));
        assert_eq!(offset("America/New_York", autumn), Some(-300));
        assert_eq!(
            offset_minutes("America/New_York", Timestamp::from_millis(spring * 1_000 - 1)),
            Some(-300)
        );
    }

    #[test]
    fn what_is_no_zone_has_no_offset() {
        for zone in
            ["", "Etc/Unknown", "Mars/Base", "America", "../etc/passwd", "-05:00", "America/New_York "]
        {
            assert_eq!(offset(zone, JULY), None, "{zone:?}");
        }
        assert_eq!(offset_minutes("UTC", Timestamp::from_millis(i64::MAX)), None);
        assert_eq!(offset_minutes("UTC", Timestamp::from_millis(i64::MIN)), None);
    }
}
