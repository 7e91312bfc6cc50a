//! Bech32 (BIP 173) of 32 bytes, as age writes its keys.

use zeroize::Zeroizing;

use crate::primitives::KEY_LEN;

const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Digits of a checksum.
const CHECK: usize = 6;
/// Digits of 256 bits, five each.
const DATA: usize = 52;

/// The bytes behind a prefix and a `1`. All letters are of one case.
pub(super) fn decode(prefix: &str, text: &str) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase());
    let (before, digits) = text.split_at_checked(prefix.len())?;
    let digits = digits.strip_prefix('1')?;
    if is_mixed || !before.eq_ignore_ascii_case(prefix) || digits.len() != DATA + CHECK {
        return None;
    }
    let mut values = Zeroizing::new([0_u8; DATA + CHECK]);
    for (value, digit) in values.iter_mut().zip(digits.bytes()) {
        let place = DIGITS.iter().position(|known| *known == digit.to_ascii_lowercase())?;
        *value = u8::try_from(place).ok()?;
    }
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let whole = high.chain([0]).chain(low).chain(values.iter().copied());
    if polymod(whole) != 1 {
        return None;
    }
    bytes_of(&values[..DATA])
}

/// Eight bits of each byte out of five of each digit; what is left of the last digit is zero.
fn bytes_of(digits: &[u8]) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let mut bytes = Zeroizing::new([0_u8; KEY_LEN]);
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut places = bytes.iter_mut();
    for digit in digits {
        bits = (bits << 5 | u32::from(*digit)) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            *places.next()? = u8::try_from(bits >> held & 0xff).ok()?;
        }
    }
    (bits & ((1 << held) - 1) == 0).then_some(bytes)
}

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |check, value| {
        let top = check >> 25;
        let next = (check & 0x01ff_ffff) << 5 ^ u32::from(value);
        let chosen = GENERATORS.iter().enumerate().filter(|(place, _)| top >> place & 1 == 1);
        chosen.fold(next, |next, (_, generator)| next ^ generator)
    })
}
