//! How locators are printed. Each form is strict: one locator, one text; every other text is no locator.

use data_encoding::BASE32_NOPAD;

use crate::locator::{LOCATOR_LEN, LocatorBytes};

/// Base32 characters of a locator: 28 bytes are 44.8 groups of five bits.
const CHARS: usize = 45;
const GROUP: usize = 9;
const GROUPED_LEN: usize = 49;

/// Five groups of nine from `a-z2-7`, joined by hyphens: 49 characters.
pub fn grouped(locator: &LocatorBytes) -> String {
    let chars = encode(locator);
    let mut text = String::with_capacity(GROUPED_LEN);
    for (at, char) in chars.iter().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(char.to_ascii_lowercase()));
    }
    text
}

/// Reads exactly what [`grouped`] writes.
pub fn parse_grouped(text: &str) -> Option<LocatorBytes> {
    let text: &[u8; GROUPED_LEN] = text.as_bytes().try_into().ok()?;
    let mut chars = [0; CHARS];
    for (group, out) in text.chunks(GROUP + 1).zip(chars.chunks_exact_mut(GROUP)) {
        let (group, hyphen) = group.split_at_checked(GROUP)?;
        if !matches!(hyphen, b"-" | b"") || group.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        out.copy_from_slice(&group.to_ascii_uppercase());
    }
    decode(&chars)
}

/// 45 characters from `A-Z2-7`, for ids with a prefix of their own.
pub fn upper(locator: &LocatorBytes) -> String {
    encode(locator).iter().map(|byte| char::from(*byte)).collect()
}

/// Reads exactly what [`upper`] writes.
pub fn parse_upper(text: &str) -> Option<LocatorBytes> {
    decode(text.as_bytes().try_into().ok()?)
}

fn encode(locator: &LocatorBytes) -> [u8; CHARS] {
    let mut chars = [0; CHARS];
    BASE32_NOPAD.encode_mut(&locator.0, &mut chars);
    chars
}

/// Refuses other characters, and a last character whose spare bit is set.
fn decode(chars: &[u8; CHARS]) -> Option<LocatorBytes> {
    let mut bytes = [0; LOCATOR_LEN];
    BASE32_NOPAD.decode_mut(chars, &mut bytes).ok()?;
    Some(LocatorBytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locator() -> LocatorBytes {
        let mut bytes = [0; LOCATOR_LEN];
        for (byte, value) in bytes.iter_mut().zip((0..=u8::MAX).step_by(9)) {
            *byte = value;
        }
        LocatorBytes(bytes)
    }

    #[test]
    fn both_forms_read_back() {
        let grouped_text = grouped(&locator());
        assert_eq!(grouped_text.len(), 49);
        assert_eq!(grouped_text.split('-').map(str::len).collect::<Vec<_>>(), [9; 5]);
        assert_eq!(parse_grouped(&grouped_text), Some(locator()));
        let upper_text = upper(&locator());
        assert_eq!(upper_text.len(), 45);
        assert_eq!(parse_upper(&upper_text), Some(locator()));
        assert_eq!(grouped_text.replace('-', "").to_uppercase(), upper_text);
    }

    /// Every other byte at every place: refused, or another locator. None names the same one.
    #[test]
    fn no_two_texts_name_one_locator() {
        for (text, parse) in
            [(grouped(&locator()), parse_grouped as fn(&str) -> _), (upper(&locator()), parse_upper)]
        {
            for at in 0..text.len() {
                for byte in (0..=127_u8).filter(|byte| *byte != text.as_bytes()[at]) {
                    let mut other = text.clone().into_bytes();
                    other[at] = byte;
                    let other = String::from_utf8(other).unwrap();
                    assert_ne!(parse(&other), Some(locator()), "{at} {byte}");
                }
            }
        }
    }

    #[test]
    fn the_spare_bit_must_be_zero() {
        let all_zero = LocatorBytes([0; LOCATOR_LEN]);
        let text = upper(&all_zero);
        assert_eq!(text, "A".repeat(45));
        assert_eq!(parse_upper(&format!("{}B", &text[1..])), None);
        assert_ne!(parse_upper(&format!("{}C", &text[1..])), None, "the other bits of that place carry data");
        assert_eq!(parse_grouped(&format!("{}b", &grouped(&all_zero)[..48])), None);
    }

    #[test]
    fn other_shapes_are_refused() {
        let text = grouped(&locator());
        let one_upper = format!("{}{}", text[..1].to_uppercase(), &text[1..]);
        let bare = text.replace('-', "");
        let shifted = format!("{}-{}-{}", &bare[..8], &bare[8..18], &bare[18..]);
        let four_bytes = format!("{}é", &text[..47]);
        for other in
            ["", "-", &bare, &shifted, &one_upper, &four_bytes, &text[1..], &text[..48], &format!("{text}a")]
        {
            assert_eq!(parse_grouped(other), None, "{other}");
        }
        assert_eq!(parse_upper(&text), None);
        assert_eq!(parse_upper(&upper(&locator()).to_lowercase()), None);
        assert_eq!(parse_upper(&upper(&locator())[1..]), None);
    }
}
