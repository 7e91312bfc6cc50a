//! The shape that a card number and a CVV share: a few secret ASCII digits in a buffer of fixed size.

use zeroize::Zeroizing;

/// Between `min` and `N - 1` ASCII digits, wiped on drop.
///
/// The buffer is already the padded form: one byte that counts the digits, the digits, then zero bytes.
/// Sealing the whole buffer makes every ciphertext equally long, so that its length tells nothing about the
/// number. They have one place in memory: whoever moves the value moves where it points, and copies no digit.
pub(crate) struct SecretDigits<const N: usize>(Box<Zeroizing<[u8; N]>>);

/// Why a text or a buffer is not such digits. The owners translate it into their own errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Empty,
    NotDigits,
    TooShort,
    TooLong,
}

impl<const N: usize> SecretDigits<N> {
    /// Reads digits. A byte that is not `0`..=`9` is reported before a wrong length.
    pub(crate) fn parse(digits: &[u8], min: usize) -> Result<Self, Fault> {
        if digits.is_empty() {
            return Err(Fault::Empty);
        }
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(Fault::NotDigits);
        }
        if digits.len() < min {
            return Err(Fault::TooShort);
        }
        let mut buffer = Box::new(Zeroizing::new([0_u8; N]));
        let count = u8::try_from(digits.len()).map_err(|_| Fault::TooLong)?;
        let place = buffer.get_mut(1..=digits.len()).ok_or(Fault::TooLong)?;
        place.copy_from_slice(digits);
        buffer[0] = count;
        Ok(Self(buffer))
    }

    /// Reads back what [`SecretDigits::padded`] made: exactly `N` bytes, a true count, digits, zeros to the
    /// end.
    pub(crate) fn from_padded(bytes: &[u8], min: usize) -> Result<Self, Fault> {
        if bytes.len() > N {
            return Err(Fault::TooLong);
        }
        let (count, rest) = bytes.split_first().ok_or(Fault::Empty)?;
        if bytes.len() < N {
            return Err(Fault::TooShort);
        }
        let (digits, fill) = rest.split_at_checked(usize::from(*count)).ok_or(Fault::TooLong)?;
        if fill.iter().any(|byte| *byte != 0) {
            return Err(Fault::NotDigits);
        }
        Self::parse(digits, min)
    }

    /// The buffer itself: a copy that is moved leaves its bytes where it was.
    pub(crate) fn padded(&self) -> &[u8; N] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.0[0])
    }

    pub(crate) fn as_str(&self) -> &str {
        match str::from_utf8(&self.0[1..=self.len()]) {
            Ok(digits) => digits,
            Err(_) => unreachable!("the constructors admit ASCII digits only"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Short = SecretDigits<5>;

    fn fault(result: Result<Short, Fault>) -> Option<Fault> {
        result.err()
    }

    #[test]
    fn keeps_digits_and_count() {
        let digits = Short::parse(b"073", 2).unwrap();
        assert_eq!(digits.as_str(), "073");
        assert_eq!(digits.len(), 3);
        assert_eq!(*digits.padded(), [3, b'0', b'7', b'3', 0]);
        assert_eq!(Short::from_padded(&[3, b'0', b'7', b'3', 0], 2).unwrap().as_str(), "073");
    }

    #[test]
    fn refuses_texts_that_are_not_digits_of_the_right_number() {
        assert_eq!(fault(Short::parse(b"", 2)), Some(Fault::Empty));
        assert_eq!(fault(Short::parse(b"1", 2)), Some(Fault::TooShort));
        assert_eq!(fault(Short::parse(b"12", 2)), None);
        assert_eq!(fault(Short::parse(b"1234", 2)), None);
        assert_eq!(fault(Short::parse(b"12345", 2)), Some(Fault::TooLong));
        assert_eq!(fault(Short::parse(&[b'1'; 300], 2)), Some(Fault::TooLong));
        assert_eq!(fault(Short::parse(b"1/", 2)), Some(Fault::NotDigits), "the byte below 0");
        assert_eq!(fault(Short::parse(b"1:", 2)), Some(Fault::NotDigits), "the byte above 9");
    }

    #[test]
    fn refuses_buffers_that_padded_never_makes() {
        assert_eq!(fault(Short::from_padded(&[], 2)), Some(Fault::Empty));
        assert_eq!(
            fault(Short::from_padded(&[2, b'1', b'2', 0], 2)),
            Some(Fault::TooShort),
            "a byte missing"
        );
        assert_eq!(
            fault(Short::from_padded(&[2, b'1', b'2', 0, 0, 0], 2)),
            Some(Fault::TooLong),
            "a byte more"
        );
        assert_eq!(fault(Short::from_padded(&[0, 0, 0, 0, 0], 2)), Some(Fault::Empty), "no digits");
        assert_eq!(
            fault(Short::from_padded(&[1, b'1', 0, 0, 0], 2)),
            Some(Fault::TooShort),
            "below the minimum"
        );
        assert_eq!(fault(Short::from_padded(&[5, b'1', b'2', b'3', b'4'], 2)), Some(Fault::TooLong), "count");
        assert_eq!(
            fault(Short::from_padded(&[3, b'1', b'2', 0, 0], 2)),
            Some(Fault::NotDigits),
            "count too high"
        );
        assert_eq!(
            fault(Short::from_padded(&[2, b'1', b'2', b'3', 0], 2)),
            Some(Fault::NotDigits),
            "count too low"
        );
        assert_eq!(
            fault(Short::from_padded(&[2, 1, 2, 0, 0], 2)),
            Some(Fault::NotDigits),
            "numbers, not digits"
        );
    }
}
