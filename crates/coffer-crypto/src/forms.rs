//! How locators are printed. Each form is strict: one locator, one text; every other text is no locator.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD, HEXLOWER};

use crate::locator::{LOCATOR_LEN, LocatorBytes, LocatorKind, SHORT_NAME_LEN, ShortName, TAIL_LEN};

/// Base32 characters of a locator: 28 bytes are 44.8 groups of five bits.
const CHARS: usize = 45;
const GROUP: usize = 9;
const GROUPED_LEN: usize = 49;
/// Base64 characters of a kind and a locator: 29 bytes are 38.7 groups of six bits.
const SEGMENT_LEN: usize = 39;
/// Hexadecimal digits of a locator and its tail.
const LONG_LEN: usize = 2 * (LOCATOR_LEN + TAIL_LEN);
/// Digits of base 34 that thirteen bytes need.
const SHORT_LEN: usize = 21;
/// The ten digits and the capital letters without `I` and `O`.
const SHORT_ALPHABET: &[u8; 34] = b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";

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

/// A kind and a locator as one segment of a path: 39 characters from `A-Za-z0-9_-`.
pub fn segment(kind: LocatorKind, locator: &LocatorBytes) -> String {
    let mut bytes = [kind.code(); 1 + LOCATOR_LEN];
    bytes[1..].copy_from_slice(&locator.0);
    BASE64URL_NOPAD.encode(&bytes)
}

/// Reads exactly what [`segment`] writes.
pub fn parse_segment(text: &str) -> Option<(LocatorKind, LocatorBytes)> {
    let text: &[u8; SEGMENT_LEN] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 1 + LOCATOR_LEN];
    BASE64URL_NOPAD.decode_mut(text, &mut bytes).ok()?;
    let [kind, locator @ ..] = bytes;
    Some((LocatorKind::from_code(kind)?, LocatorBytes(locator)))
}

/// A locator and its tail: 128 lower-case hexadecimal digits.
pub fn long(locator: &LocatorBytes, tail: &[u8; TAIL_LEN]) -> String {
    let mut bytes = [0; LOCATOR_LEN + TAIL_LEN];
    bytes[..LOCATOR_LEN].copy_from_slice(&locator.0);
    bytes[LOCATOR_LEN..].copy_from_slice(tail);
    HEXLOWER.encode(&bytes)
}

/// Reads what [`long`] writes. Whether the tail is the locator's own is not looked at here.
pub fn parse_long(text: &str) -> Option<(LocatorBytes, [u8; TAIL_LEN])> {
    let text: &[u8; LONG_LEN] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; LOCATOR_LEN + TAIL_LEN];
    HEXLOWER.decode_mut(text, &mut bytes).ok()?;
    let (locator, tail) = bytes.split_first_chunk::<LOCATOR_LEN>()?;
    Some((LocatorBytes(*locator), tail.try_into().ok()?))
}

/// A locator alone: 56 lower-case hexadecimal digits.
pub fn hex(locator: &LocatorBytes) -> String {
    HEXLOWER.encode(&locator.0)
}

/// Reads exactly what [`hex`] writes.
pub fn parse_hex(text: &str) -> Option<LocatorBytes> {
    let text: &[u8; 2 * LOCATOR_LEN] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; LOCATOR_LEN];
    HEXLOWER.decode_mut(text, &mut bytes).ok()?;
    Some(LocatorBytes(bytes))
}

/// 21 characters from the digits and the capital letters without `I` and `O`.
pub fn short(name: &ShortName) -> String {
    let mut value = name.0.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    let mut text = [b'0'; SHORT_LEN];
    for digit in text.iter_mut().rev() {
        *digit = usize::try_from(value % 34).map_or(b'0', |at| SHORT_ALPHABET[at]);
        value /= 34;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// Reads exactly what [`short`] writes.
pub fn parse_short(text: &str) -> Option<ShortName> {
    let text: &[u8; SHORT_LEN] = text.as_bytes().try_into().ok()?;
    let mut value = 0_u128;
    for byte in text {
        let digit = SHORT_ALPHABET.iter().position(|known| known == byte)?;
        value = value * 34 + u128::try_from(digit).ok()?;
    }
    let bytes = value.to_be_bytes();
    let (beyond, name) = bytes.split_at(bytes.len() - SHORT_NAME_LEN);
    // 34 to the power of 21 is a little more than thirteen bytes hold.
    if beyond.iter().any(|byte| *byte != 0) {
        return None;
    }
    name.try_into().ok().map(ShortName)
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

    #[test]
    fn a_segment_says_its_kind_and_reads_back() {
        for kind in (0..=u8::MAX).filter_map(LocatorKind::from_code) {
            let text = segment(kind, &locator());
            assert_eq!(text.len(), SEGMENT_LEN);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(parse_segment(&text), Some((kind, locator())));
        }
        let text = segment(LocatorKind::Reusable, &locator());
        let unknown = BASE64URL_NOPAD.encode(&[&[99][..], &locator().0].concat());
        let standard = text.replace('_', "/");
        for other in ["", &text[1..], &format!("{text}A"), &format!("{text}="), &unknown, &standard] {
            assert!(parse_segment(other).is_none() || *other == text, "{other}");
        }
        let spare = format!("{}{}", &text[..38], if text.ends_with('A') { 'B' } else { 'A' });
        assert_ne!(parse_segment(&spare), parse_segment(&text), "no second text for one locator");
    }

    #[test]
    fn the_forms_in_hexadecimal_digits_read_back() {
        let tail = std::array::from_fn(|at| u8::try_from(255 - at).unwrap());
        let text = long(&locator(), &tail);
        assert_eq!(text.len(), 128);
        assert!(text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{text}");
        assert_eq!(parse_long(&text), Some((locator(), tail)));
        let short_text = hex(&locator());
        assert_eq!((short_text.len(), short_text.as_str()), (56, &text[..56]));
        assert_eq!(parse_hex(&short_text), Some(locator()));
        for other in ["", &text[1..], &format!("{text}0"), &text.to_uppercase(), &text.replace('0', "g")] {
            assert_eq!(parse_long(other), None, "{other}");
        }
        for other in ["", &short_text[2..], &text, &short_text.to_uppercase(), &short_text.replace('0', "g")]
        {
            assert_eq!(parse_hex(other), None, "{other}");
        }
    }

    #[test]
    fn a_short_name_has_21_letters_of_its_alphabet_and_reads_back() {
        let highest = ShortName([u8::MAX; SHORT_NAME_LEN]);
        let some = ShortName(std::array::from_fn(|at| u8::try_from(at * 19 % 256).unwrap()));
        for name in [ShortName([0; SHORT_NAME_LEN]), some, highest] {
            let text = short(&name);
            assert_eq!(text.len(), SHORT_LEN);
            assert!(text.bytes().all(|byte| SHORT_ALPHABET.contains(&byte)), "{text}");
            assert_eq!(parse_short(&text), Some(name));
        }
        assert_eq!(short(&ShortName([0; SHORT_NAME_LEN])), "0".repeat(21));
        for other in
            ["", "0", &"Z".repeat(21), &"0".repeat(20), &"0".repeat(22), &"I".repeat(21), &"a".repeat(21)]
        {
            assert_eq!(parse_short(other), None, "{other}");
        }
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
