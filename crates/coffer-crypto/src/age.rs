//! Files that others encrypted with age (<https://c2sp.org/age>, version 1) to X25519 recipients. They are opened
//! here, and none is made.
//!
//! Read by hand and not by the `age` crate: all of the format that is needed is a header and one AEAD, which are made
//! of the primitives that are here already, while the crate brings a second library of cryptography.

mod bech32;
mod header;
mod payload;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "age-writer"))]
mod writer;

use std::fmt;
use std::io::{self, BufRead};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::primitives::{AgreementKey, KEY_LEN};

pub use payload::AgeReader;
#[cfg(any(test, feature = "age-writer"))]
pub use writer::encrypt;

/// What stands before the digits of a secret key.
const PREFIX: &str = "age-secret-key-";

/// Keys in one file of them; each is tried.
const IDENTITIES: usize = 16;

/// Why a file, or a file of keys, is not read. Says nothing of what stands in it.
#[derive(Debug, Error)]
pub enum AgeError {
    /// A file of keys has a line that is none.
    #[error("line {0} of the identities is no X25519 identity of age (AGE-SECRET-KEY-1...)")]
    Identity(usize),
    /// A file of keys has none, or too many.
    #[error("there must be 1 to {IDENTITIES} identities")]
    Identities,
    /// The file does not begin as one of age does.
    #[error("it is not encrypted with age")]
    NotAge,
    /// It is the form for mail.
    #[error("it is armored: encrypt it without -a / --armor")]
    Armored,
    /// It is encrypted with a passphrase.
    #[error("it is encrypted with a passphrase: encrypt it to a recipient")]
    Passphrase,
    /// None of the keys opens it.
    #[error("it is not encrypted to any of the identities")]
    NotForUs,
    /// Its header is not whole, or was changed.
    #[error("its header is damaged")]
    Header,
    /// A part of its content is not whole, or was changed, or its end is missing.
    #[error("it is damaged or cut off: what comes next does not authenticate")]
    Damaged,
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Keys that open files.
pub struct AgeIdentities(Vec<AgreementKey>);

impl AgeIdentities {
    /// Reads what `age-keygen` writes: a key a line, empty lines, and lines that begin with `#`.
    pub fn parse(text: &str) -> Result<Self, AgeError> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            keys.push(identity(line).ok_or(AgeError::Identity(index + 1))?);
        }
        if (1..=IDENTITIES).contains(&keys.len()) { Ok(Self(keys)) } else { Err(AgeError::Identities) }
    }

    /// Opens a file as far as its header: whether it is for one of the keys, and nobody changed for whom it is.
    pub fn open<R: BufRead>(&self, mut file: R) -> Result<AgeReader<R>, AgeError> {
        let header = header::read(&mut file)?;
        let file_key = header.file_key(&self.0)?;
        AgeReader::new(file, &file_key)
    }
}

fn identity(line: &str) -> Option<AgreementKey> {
    let bytes: Zeroizing<[u8; KEY_LEN]> = bech32::decode(PREFIX, line)?;
    AgreementKey::new(&bytes).ok()
}

impl fmt::Debug for AgeIdentities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AgeIdentities(..)")
    }
}
