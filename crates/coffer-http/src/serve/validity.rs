//! Until when a certificate is good: the one field of X.509 that an operator must watch (RFC 5280, 4.1).

use coffer_types::Timestamp;
use jiff::{civil::DateTime, tz::TimeZone};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The `notAfter` of a certificate (DER).
pub(super) fn ends(certificate: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = of_tag(certificate, SEQUENCE)?;
    let (mut fields, _) = of_tag(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        fields = element(fields)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (validity, _) = of_tag(fields, SEQUENCE)?;
    let (tag, text, _) = element(element(validity)?.2)?;
    let text = str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        // Two digits of the year, of 1950 to 2049.
        UTC_TIME if text < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(time.timestamp().as_millisecond()))
}

/// The content of the first element, which must have this tag, and what follows it.
fn of_tag(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(bytes)?;
    (tag == wanted).then_some((content, rest))
}

/// Tag and content of the first element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, short], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = match short {
        0..=0x7F => (usize::from(short), rest),
        0x81..=0x84 => {
            let (long, rest) = rest.split_at_checked(usize::from(short & 0x7F))?;
            (long.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(year: i32) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut wanted = rcgen::CertificateParams::new(["vault.example".to_owned()]).unwrap();
        wanted.not_after = rcgen::date_time_ymd(year, 3, 4);
        wanted.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_forms() {
        // 2049 is the last year of the short form.
        for (year, expected) in [(2031, "2031-03-04T00:00:00"), (2049, "2049-03-04"), (2050, "2050-03-04")] {
            let told = ends(&made(year)).unwrap().to_rfc3339();
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_certificate_has_no_end_and_no_fault() {
        let whole = made(2031);
        for length in 0..whole.len() {
            assert_eq!(ends(&whole[..length]), None, "{length}");
        }
        for at in 0..whole.len().min(400) {
            let mut bent = whole.clone();
            bent[at] ^= 0x80;
            let _ = ends(&bent);
        }
    }
}
