//! Tag, length, value: BER as cards use it (ISO/IEC 7816-4, 5.2.2; EMV Book 3, annex B).

use super::ChipError;

/// Bytes of the longest tag (ISO/IEC 7816-4).
const TAG_BYTES_MAX: usize = 3;

/// One object.
pub(super) struct Object<'a> {
    /// The bytes of the tag, the first in the highest place.
    pub(super) tag: u32,
    /// Whether the value is a template: objects itself.
    pub(super) constructed: bool,
    pub(super) value: &'a [u8],
}

/// The first object and what is behind it; `None` when there are none but zero bytes, which stand between objects
/// without a meaning.
pub(super) fn first(data: &[u8]) -> Result<Option<(Object<'_>, &[u8])>, ChipError> {
    let Some(start) = data.iter().position(|byte| *byte != 0) else { return Ok(None) };
    let data = &data[start..];
    let (tag, rest) = tag(data)?;
    let (length, rest) = length(rest)?;
    let (value, rest) = rest.split_at_checked(length).ok_or(ChipError::Truncated)?;
    let constructed = data[0] & 0b0010_0000 != 0;
    Ok(Some((Object { tag, constructed, value }, rest)))
}

/// A first byte whose low five bits are all set has others behind it, each but the last with its high bit set.
fn tag(data: &[u8]) -> Result<(u32, &[u8]), ChipError> {
    let mut tag = 0;
    for (place, byte) in data.iter().enumerate().take(TAG_BYTES_MAX) {
        tag = tag << 8 | u32::from(*byte);
        let goes_on = if place == 0 { byte & 0b0001_1111 == 0b0001_1111 } else { byte & 0b1000_0000 != 0 };
        if !goes_on {
            return Ok((tag, &data[place + 1..]));
        }
    }
    Err(if data.len() < TAG_BYTES_MAX { ChipError::Truncated } else { ChipError::Tag })
}

/// Up to 127 in one byte; else a byte that says how many follow, one or two. 80 begins an indefinite length, which
/// cards do not use.
fn length(data: &[u8]) -> Result<(usize, &[u8]), ChipError> {
    match data {
        [short @ ..=0x7F, rest @ ..] => Ok((usize::from(*short), rest)),
        [0x81, length, rest @ ..] => Ok((usize::from(*length), rest)),
        [0x82, high, low, rest @ ..] => Ok((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        [] | [0x81 | 0x82, ..] => Err(ChipError::Truncated),
        [_, ..] => Err(ChipError::Length),
    }
}
