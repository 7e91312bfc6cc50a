//! One custodian's share of a root, and its text (`docs/FORMAT.md` 12).

use std::fmt;

use data_encoding::BASE32_NOPAD;
use thiserror::Error;
use zeroize::Zeroizing;

use super::shamir::{MismatchError, Scheme};
use crate::digest::sha256;
use crate::key::KeyBytes;
use crate::primitives::KEY_LEN;
use crate::root::ROOT_ID_LEN;
use crate::{Environment, RootId};

const FORMAT: u8 = 1;
const SHARE_LEN: usize = 50;
const CHECKSUM_LEN: usize = 4;
const BODY_LEN: usize = SHARE_LEN - CHECKSUM_LEN;
const GROUP: usize = 5;
const DIGITS: usize = SHARE_LEN * 8 / 5;

/// Characters of a share's text: sixteen groups of five, joined by `-`.
pub const SHARE_TEXT_LEN: usize = DIGITS + DIGITS / GROUP - 1;

/// Characters of a text that are looked at, spaces and hyphens included.
const TEXT_LIMIT: usize = 4 * SHARE_TEXT_LEN;

/// A share of a root, one of the points of a polynomial whose value at zero is the root. Fewer than the threshold tell
/// nothing of it. Wiped on drop.
pub struct Share {
    pub(super) environment: Environment,
    pub(super) root: RootId,
    pub(super) scheme: Scheme,
    /// The place of the point, from 1.
    pub(super) index: u8,
    /// Drawn once a split: tells apart the shares of two splits of one root.
    pub(super) set: [u8; 2],
    pub(super) value: KeyBytes,
}

/// A text is no share. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ShareTextError {
    /// Too short or too long.
    #[error("a share has {DIGITS} letters and digits, in groups of {GROUP}; this has {0}")]
    Length(usize),
    /// A character that no share has.
    #[error("group {group}, character {character}: a share has letters, and digits from 2 to 7")]
    Character {
        /// The group, from 1.
        group: usize,
        /// The character in its group, from 1.
        character: usize,
    },
    /// The checksum is another one.
    #[error("a character of this share is mistyped: its checksum does not fit")]
    Checksum,
    /// Made by a later version, or no share at all.
    #[error("this version of Coffer does not know shares of this format")]
    Format,
}

impl Share {
    /// The environment whose store the root opens.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Which root it is a share of.
    pub fn root(&self) -> RootId {
        self.root
    }

    /// How many shares there are, and how many make the root.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Which of the shares it is, from 1.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// What is handed to the custodian, once: [`SHARE_TEXT_LEN`] characters `a-z`, `2-7` and `-`. It is secret.
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = self.to_bytes();
        let mut digits = Zeroizing::new(vec![0; DIGITS]);
        BASE32_NOPAD.encode_mut(bytes.as_slice(), digits.as_mut_slice());
        // With all the room that is needed: a text that grows leaves a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(SHARE_TEXT_LEN));
        for (at, digit) in digits.iter().enumerate() {
            if at > 0 && at % GROUP == 0 {
                text.push('-');
            }
            text.push(char::from(digit.to_ascii_lowercase()));
        }
        text
    }

    /// Reads a share as it is typed: either case, with any spaces and hyphens between the characters.
    pub fn parse(text: &str) -> Result<Self, ShareTextError> {
        let digits = digits(text)?;
        let mut bytes = Zeroizing::new(vec![0; SHARE_LEN]);
        let decoded = BASE32_NOPAD.decode_mut(digits.as_slice(), bytes.as_mut_slice());
        decoded.map_err(|_| ShareTextError::Format)?;
        let (body, checksum) = bytes.split_at(BODY_LEN);
        if sha256(body)[..CHECKSUM_LEN] != *checksum {
            return Err(ShareTextError::Checksum);
        }
        Self::from_body(body).ok_or(ShareTextError::Format)
    }

    /// Whether it belongs to the same split as another, and is not the same one.
    pub(super) fn goes_with(&self, other: &Self) -> Result<(), MismatchError> {
        if self.environment != other.environment {
            return Err(MismatchError::Environment);
        }
        if self.root != other.root {
            return Err(MismatchError::Root);
        }
        if self.scheme != other.scheme {
            return Err(MismatchError::Scheme);
        }
        if self.set != other.set {
            return Err(MismatchError::Split);
        }
        if self.index == other.index {
            return Err(MismatchError::Twice(self.index));
        }
        Ok(())
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(vec![0; SHARE_LEN]);
        bytes[0] = FORMAT;
        bytes[1] = self.environment.code();
        bytes[2..10].copy_from_slice(self.root.as_bytes());
        bytes[10] = (self.scheme.threshold() - 1) << 4 | (self.scheme.count() - 1);
        bytes[11] = self.index;
        bytes[12..14].copy_from_slice(&self.set);
        bytes[14..BODY_LEN].copy_from_slice(self.value.expose());
        let checksum = sha256(&bytes[..BODY_LEN]);
        bytes[BODY_LEN..].copy_from_slice(&checksum[..CHECKSUM_LEN]);
        bytes
    }

    fn from_body(body: &[u8]) -> Option<Self> {
        let (head, value) = body.split_first_chunk::<14>()?;
        let value = value.first_chunk::<KEY_LEN>()?;
        let [format, environment, middle @ .., shares, index, set0, set1] = head;
        let root: [u8; ROOT_ID_LEN] = *middle;
        let scheme = Scheme::new((shares >> 4) + 1, (shares & 15) + 1).ok()?;
        let known = *format == FORMAT && (1..=scheme.count()).contains(index);
        known.then_some(())?;
        Some(Self {
            environment: environment_of(*environment)?,
            root: RootId::from_bytes(root),
            scheme,
            index: *index,
            set: [*set0, *set1],
            value: KeyBytes::filled(|bytes| bytes.copy_from_slice(value)),
        })
    }
}

fn environment_of(code: u8) -> Option<Environment> {
    [Environment::Sandbox, Environment::Live].into_iter().find(|environment| environment.code() == code)
}

/// The characters of a share without what may stand between them, in upper case.
fn digits(text: &str) -> Result<Zeroizing<Vec<u8>>, ShareTextError> {
    if text.len() > TEXT_LIMIT {
        return Err(ShareTextError::Length(text.len()));
    }
    let (mut digits, mut length) = (Zeroizing::new(vec![0; DIGITS]), 0);
    for typed in text.chars().filter(|typed| !typed.is_whitespace() && *typed != '-') {
        let digit = typed.to_ascii_uppercase();
        if !matches!(digit, 'A'..='Z' | '2'..='7') {
            let (group, character) = (length / GROUP + 1, length % GROUP + 1);
            return Err(ShareTextError::Character { group, character });
        }
        if let (Some(place), Ok(digit)) = (digits.get_mut(length), u8::try_from(digit)) {
            *place = digit;
        }
        length += 1;
    }
    if length == DIGITS { Ok(digits) } else { Err(ShareTextError::Length(length)) }
}

impl fmt::Debug for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Share({} of {}, ..)", self.index, self.scheme.count())
    }
}
