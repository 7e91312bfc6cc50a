//! The number of a bank account.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use super::iban::{self, IbanError};
use super::tail::{AccountTail, TAIL_CHARS};

/// Characters of the longest account number: the longest IBAN (ISO 13616). That leaves room for every national
/// number: one of the United States has at most 17 digits, the national part of an IBAN at most 30 characters.
pub(super) const CHARS_MAX: usize = 34;

/// Bytes before the characters in the sealed form: kind and count.
const HEAD_BYTES: usize = 2;
const SEALED_BYTES: usize = HEAD_BYTES + CHARS_MAX;
const BBAN_BYTE: u8 = 1;
const IBAN_BYTE: u8 = 2;

/// The number of a bank account: 1 to 34 digits of a national number, or an IBAN. Wiped on drop.
///
/// There is no clone, no comparison, no serialization and no way to print one; [`AccountNumber::expose`] opens
/// it, and [`AccountNumber::last4`] is all that may be shown: an account has no public part in front.
///
/// ```
/// let account = coffer_types::AccountNumber::parse_iban("DE89 3704 0044 0532 0130 00")?;
/// assert_eq!(account.kind(), coffer_types::AccountKind::Iban);
/// assert_eq!(account.last4().unwrap().as_str(), "3000");
/// assert_eq!(format!("{account:?}"), "AccountNumber(..)");
/// # Ok::<(), coffer_types::IbanError>(())
/// ```
///
/// ```compile_fail
/// let account = coffer_types::AccountNumber::parse_bban("000123456789").unwrap();
/// let second = account.clone(); // an account number has no clone
/// ```
///
/// ```compile_fail
/// let account = coffer_types::AccountNumber::parse_bban("000123456789").unwrap();
/// println!("{account}"); // an account number cannot be displayed
/// ```
///
/// ```compile_fail
/// let account = coffer_types::AccountNumber::parse_bban("000123456789").unwrap();
/// assert!(account == account); // an account number cannot be compared
/// ```
pub struct AccountNumber(
    /// The sealed form: kind, count, characters, zeros.
    Zeroizing<[u8; SEALED_BYTES]>,
);

/// How an account number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// Basic bank account number: the digits that one country or bank uses. Needs a routing number beside it.
    Bban,
    /// International bank account number, ISO 13616.
    Iban,
}

/// Why a text is not a national account number. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BbanError {
    /// There is nothing.
    #[error("the account number is empty")]
    Empty,
    /// Something other than the ASCII digits 0 to 9.
    #[error("the account number has a character that is not a digit")]
    NotDigits,
    /// More than 34 digits.
    #[error("the account number has more than 34 digits")]
    TooLong,
}

/// Why bytes are not what [`AccountNumber::to_sealed`] made. Carries nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealedAccountError {
    /// Not 36 bytes.
    #[error("a sealed account number does not have its fixed size")]
    Size,
    /// The first byte names no kind of account number.
    #[error("a sealed account number is of no known kind")]
    Kind,
    /// The count, the characters or the zeros after them are not those of the kind.
    #[error("a sealed account number has a content that its kind never has")]
    Content,
}

impl AccountNumber {
    /// Bytes of the sealed form.
    pub const SEALED_BYTES: usize = SEALED_BYTES;

    /// Reads a national account number: 1 to 34 ASCII digits, and nothing between them. Leading zeros belong to
    /// the number and stay.
    ///
    /// National numbers have no common check digit. Thirty-four is the length of the longest IBAN; an account of
    /// the United States has at most 17 digits.
    pub fn parse_bban(text: &str) -> Result<Self, BbanError> {
        if text.is_empty() {
            return Err(BbanError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BbanError::NotDigits);
        }
        Self::hold(BBAN_BYTE, text.bytes()).ok_or(BbanError::TooLong)
    }

    /// Reads an IBAN (ISO 13616): blanks (U+0020) are left out and letters made capitals, as an IBAN is written
    /// in groups of four and in either case. The first rule that is broken is the error, in the order of
    /// [`IbanError`]; its entries say the rules.
    pub fn parse_iban(text: &str) -> Result<Self, IbanError> {
        let characters = || text.bytes().filter(|byte| *byte != b' ');
        if !characters().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(IbanError::WrongCharacter);
        }
        let account = Self::hold(IBAN_BYTE, characters().map(|byte| byte.to_ascii_uppercase()));
        let account = account.ok_or(IbanError::TooLong)?;
        iban::check(account.expose())?;
        Ok(account)
    }

    /// The number in clear: digits, or an IBAN in capitals without blanks.
    pub fn expose(&self) -> &str {
        match str::from_utf8(&self.0[HEAD_BYTES..HEAD_BYTES + usize::from(self.0[1])]) {
            Ok(text) => text,
            Err(_) => unreachable!("the constructors admit ASCII only"),
        }
    }

    /// How the number is written.
    pub fn kind(&self) -> AccountKind {
        if self.0[0] == IBAN_BYTE { AccountKind::Iban } else { AccountKind::Bban }
    }

    /// The last four characters; `None` for a number of one to four digits, of which nothing would stay hidden.
    pub fn last4(&self) -> Option<AccountTail> {
        let hidden = self.expose().len().checked_sub(TAIL_CHARS).filter(|hidden| *hidden > 0)?;
        AccountTail::parse(&self.expose()[hidden..]).ok()
    }

    /// The form that is sealed, 36 bytes whatever the number, so that the length of a ciphertext tells nothing:
    /// one byte for the kind (1 national, 2 IBAN), one with the count of characters, the ASCII characters,
    /// zeros.
    pub fn to_sealed(&self) -> Zeroizing<[u8; SEALED_BYTES]> {
        self.0.clone()
    }

    /// Reads back what [`AccountNumber::to_sealed`] made. Checks the shape and not country or check digits
    /// again: a number that was once accepted must stay readable when the tables change.
    pub fn from_sealed(bytes: &[u8]) -> Result<Self, SealedAccountError> {
        if bytes.len() != SEALED_BYTES {
            return Err(SealedAccountError::Size);
        }
        let (kind, count) = (bytes[0], usize::from(bytes[1]));
        let admits: fn(&[u8]) -> bool = match kind {
            BBAN_BYTE => |characters| !characters.is_empty() && characters.iter().all(u8::is_ascii_digit),
            IBAN_BYTE => iban::has_shape,
            _ => return Err(SealedAccountError::Kind),
        };
        let split = bytes[HEAD_BYTES..].split_at_checked(count);
        let (characters, fill) = split.ok_or(SealedAccountError::Content)?;
        if !admits(characters) || fill.iter().any(|byte| *byte != 0) {
            return Err(SealedAccountError::Content);
        }
        Self::hold(kind, characters.iter().copied()).ok_or(SealedAccountError::Content)
    }

    /// Puts the characters into their buffer, with no copy elsewhere. `None` when there are more than fit.
    fn hold(kind: u8, characters: impl Iterator<Item = u8>) -> Option<Self> {
        let mut buffer = Zeroizing::new([0_u8; SEALED_BYTES]);
        buffer[0] = kind;
        for character in characters {
            let place = HEAD_BYTES + usize::from(buffer[1]);
            *buffer.get_mut(place)? = character;
            buffer[1] += 1;
        }
        Some(Self(buffer))
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountNumber(..)")
    }
}

#[cfg(test)]
mod tests;
