//! Bytes that came as hex digits: what readers send (Payroc reference 4.3).

use data_encoding::HEXLOWER_PERMISSIVE;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a text is not hex. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HexError {
    /// There is nothing.
    #[error("the hex text is empty")]
    Empty,
    /// Half a byte too many.
    #[error("the hex text has an odd number of digits")]
    OddLength,
    /// Something other than `0` to `9`, `a` to `f` and `A` to `F`.
    #[error("the hex text has a character that is not a hex digit")]
    NotHex,
}

/// Reads an even number of hex digits, in capitals, small letters or both, into bytes that are wiped on drop.
///
/// It has no bound of its own, for it needs half of what its caller already holds: a text out of a body has at most
/// [`BODY_BYTES`](crate::limits::BODY_BYTES).
pub fn read_hex(text: &str) -> Result<Zeroizing<Vec<u8>>, HexError> {
    if text.is_empty() {
        return Err(HexError::Empty);
    }
    if !text.len().is_multiple_of(2) {
        return Err(HexError::OddLength);
    }
    let mut bytes = Zeroizing::new(vec![0; text.len() / 2]);
    HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| HexError::NotHex)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use data_encoding::{HEXLOWER, HEXUPPER};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn capitals_and_small_letters_are_the_same_digits() {
        assert_eq!(*read_hex("00fFaA9F").unwrap(), [0x00, 0xFF, 0xAA, 0x9F]);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(read_hex(""), Err(HexError::Empty));
        for text in ["0", "5A0", "0x1"] {
            assert_eq!(read_hex(text), Err(HexError::OddLength), "{text:?}");
        }
        for text in ["0x10", "5G", "g5", "5A 0", " 5A ", "5A\r\n", "/0", ":0", "@0", "`0", "é", "5A=="] {
            assert_eq!(read_hex(text), Err(HexError::NotHex), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in prop::collection::vec(any::<u8>(), 1..64)) {
            prop_assert_eq!(&*read_hex(&HEXLOWER.encode(&bytes)).unwrap(), &bytes);
            prop_assert_eq!(&*read_hex(&HEXUPPER.encode(&bytes)).unwrap(), &bytes);
        }

        #[test]
        fn any_text_is_answered(text in ".{0,12}") {
            let hex = !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
            prop_assert_eq!(read_hex(&text).is_ok(), hex);
        }
    }
}
