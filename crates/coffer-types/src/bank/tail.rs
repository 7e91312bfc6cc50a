//! The part of an account number that may be kept and shown in clear.

use std::fmt;

use thiserror::Error;

/// Characters that may be shown (security reference 6).
pub(super) const TAIL_CHARS: usize = 4;

/// The last four characters of an account number, capitals and digits: an IBAN can end in letters. Comes from
/// [`AccountNumber::last4`](crate::AccountNumber::last4), or back from a store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountTail([u8; TAIL_CHARS]);

/// Why a text is not the last four characters of an account. Carries nothing of it: it may be a whole number in
/// the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AccountTailError {
    /// Not exactly four bytes.
    #[error("not four characters")]
    WrongLength,
    /// Something other than `A` to `Z` and `0` to `9`.
    #[error("a character that is neither a capital nor a digit")]
    WrongCharacter,
}

impl AccountTail {
    /// Reads four capitals or digits.
    pub fn parse(text: &str) -> Result<Self, AccountTailError> {
        Self::from_bytes(text.as_bytes())
    }

    /// Reads four capitals or digits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AccountTailError> {
        let tail = <[u8; TAIL_CHARS]>::try_from(bytes).map_err(|_| AccountTailError::WrongLength)?;
        let fits = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if tail.iter().all(fits) { Ok(Self(tail)) } else { Err(AccountTailError::WrongCharacter) }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        match str::from_utf8(&self.0) {
            Ok(text) => text,
            Err(_) => unreachable!("the constructor admits ASCII only"),
        }
    }
}

impl fmt::Display for AccountTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountTail({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_shows() {
        for text in ["3000", "0000", "1S3A", "AUSD"] {
            let tail = AccountTail::parse(text).unwrap();
            assert_eq!(tail.as_str(), text);
            assert_eq!(tail.to_string(), text);
            assert_eq!(format!("{tail:?}"), format!("AccountTail({text})"));
            assert_eq!(AccountTail::from_bytes(text.as_bytes()), Ok(tail));
        }
        assert_ne!(AccountTail::parse("3000"), AccountTail::parse("3001"));
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "300", "30000", "000123456789"] {
            assert_eq!(AccountTail::parse(text), Err(AccountTailError::WrongLength), "{text:?}");
        }
        for text in ["30 0", "300a", "/000", ":000", "@AAA", "[AAA", "3\u{661}0"] {
            assert_eq!(AccountTail::parse(text), Err(AccountTailError::WrongCharacter), "{text:?}");
        }
    }
}
