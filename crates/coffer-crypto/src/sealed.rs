//! Sealing and opening one field of one record (`docs/FORMAT.md` 2).

use std::fmt;

use coffer_types::limits;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::aad::{self, Context};
use crate::entropy::{Entropy, EntropyError};
use crate::key::{Class, KeyVersion};
use crate::primitives::{AeadKey, DerivingKey, KEY_LEN, NONCE_LEN, Refused, TAG_LEN};

/// The first byte of a blob.
pub(crate) const FORMAT: u8 = 1;
/// The second byte of a blob: AES-256-GCM under a record key from HKDF-SHA-256.
pub(crate) const ALGORITHM: u8 = 1;
const HEADER_LEN: usize = 6;

/// The most clear bytes that one field may hold.
pub const MAX_CLEAR_LEN: usize = limits::SEALED_BYTES;

/// A part of a record that is sealed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The PAN or account number and what belongs to it.
    Protected,
    /// Personal data and everything else the caller sent along.
    Details,
    /// Sensitive authentication data. Only in [`Class::Sad`], and nothing else is in that class.
    Sad,
}

impl Field {
    /// The stable code in sealed formats; also the nonce. Never renumber, never use a number again.
    pub const fn code(self) -> u8 {
        match self {
            Self::Protected => 1,
            Self::Details => 2,
            Self::Sad => 3,
        }
    }

    const fn nonce(self) -> [u8; NONCE_LEN] {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, self.code()]
    }

    fn fits(self, class: Class) -> bool {
        (self == Self::Sad) == (class == Class::Sad)
    }
}

/// The 32 random bytes that make the record keys of one write of one record. Not secret; it lies once in the
/// row, beside the blobs. Never used for a second write: clone it only to seal the SAD of the same row, whose
/// class gives it another record key.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A fresh salt.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut salt = Self([0; 32]);
        entropy.fill(&mut salt.0)?;
        Ok(salt)
    }

    /// From the store, or from fresh randomness drawn together with other things.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As it lies in the store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Salt(..)")
    }
}

/// A sealed field: format, algorithm, key version, ciphertext, tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob(Vec<u8>);

impl Blob {
    /// From the store. Nothing is checked before [`Opener::open`].
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As it lies in the store: 22 bytes more than the clear field.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The version of the key that it was sealed under, as its header says; for SAD the slot of the ring.
    pub fn key_version(&self) -> Result<KeyVersion, OpenError> {
        self.parts().map(|(version, _)| version).ok_or(OpenError)
    }

    /// Key version, and ciphertext with tag.
    fn parts(&self) -> Option<(KeyVersion, &[u8])> {
        let (header, sealed) = self.0.split_first_chunk::<HEADER_LEN>()?;
        let [FORMAT, ALGORITHM, a, b, c, d] = *header else { return None };
        if sealed.len() < TAG_LEN || sealed.len() > MAX_CLEAR_LEN + TAG_LEN {
            return None;
        }
        Some((KeyVersion::new(u32::from_be_bytes([a, b, c, d])), sealed))
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Blob({} bytes)", self.0.len())
    }
}

/// A field could not be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The keyring holds no key for this tenant.
    #[error("no key for this tenant")]
    UnknownTenant,
    /// The keyring holds no key of this version.
    #[error("no key of this version")]
    UnknownVersion,
    /// SAD is sealed by the ring, everything else by the keyring; each field has its class.
    #[error("this field does not belong to this class of keys")]
    WrongClass,
    /// This sealer has sealed this field before. A second seal would use a nonce twice.
    #[error("this field was already sealed under this salt")]
    Repeated,
    /// More than [`MAX_CLEAR_LEN`] bytes.
    #[error("the field is too long to be sealed")]
    TooLong,
    /// The ring's key of that half minute does not live (any more).
    #[error("the short-lived key is gone")]
    KeyGone,
    /// The primitive refused.
    #[error("sealing failed")]
    Failed,
}

impl From<Refused> for SealError {
    fn from(_: Refused) -> Self {
        Self::Failed
    }
}

/// A field could not be opened: no such key, a forged or damaged blob, or one from another place. Which of
/// these is not known, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the sealed field does not open")]
pub struct OpenError;

/// Seals the fields of one write of one record, each at most once.
pub struct Sealer {
    key: AeadKey,
    context: Context,
    salt: Salt,
    sealed: [bool; 4],
}

impl Sealer {
    pub(crate) fn new(data_key: &DerivingKey, context: Context, salt: Salt) -> Result<Self, SealError> {
        let key = record_key(data_key, &context, &salt)?;
        Ok(Self { key, context, salt, sealed: [false; 4] })
    }

    /// Seals one field. A field sealed before is refused, also when that seal failed.
    pub fn seal(&mut self, field: Field, clear: &[u8]) -> Result<Blob, SealError> {
        if !field.fits(self.context.class) {
            return Err(SealError::WrongClass);
        }
        if clear.len() > MAX_CLEAR_LEN {
            return Err(SealError::TooLong);
        }
        let sealed_before = &mut self.sealed[usize::from(field.code())];
        if std::mem::replace(sealed_before, true) {
            return Err(SealError::Repeated);
        }
        let mut bytes = vec![0; HEADER_LEN + clear.len() + TAG_LEN];
        let (header, sealed) = bytes.split_at_mut(HEADER_LEN);
        header[..2].copy_from_slice(&[FORMAT, ALGORITHM]);
        header[2..].copy_from_slice(&self.context.key_version.get().to_be_bytes());
        self.key.seal(field.nonce(), &aad::sealed_field(&self.context, field), clear, sealed)?;
        Ok(Blob(bytes))
    }

    /// The salt that must lie in the row beside the blobs.
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// The version of the key in use, as it stands in every blob.
    pub fn key_version(&self) -> KeyVersion {
        self.context.key_version
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Sealer(..)")
    }
}

/// Opens the fields of one record.
pub struct Opener {
    key: AeadKey,
    context: Context,
}

impl Opener {
    pub(crate) fn new(data_key: &DerivingKey, context: Context, salt: &Salt) -> Result<Self, OpenError> {
        let key = record_key(data_key, &context, salt).map_err(|_| OpenError)?;
        Ok(Self { key, context })
    }

    /// Opens one field. The clear bytes are wiped when they are dropped.
    pub fn open(&self, field: Field, blob: &Blob) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (key_version, sealed) = blob.parts().ok_or(OpenError)?;
        if key_version != self.context.key_version || !field.fits(self.context.class) {
            return Err(OpenError);
        }
        let aad = aad::sealed_field(&self.context, field);
        self.key.open(field.nonce(), &aad, sealed).ok_or(OpenError)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Opener(..)")
    }
}

fn record_key(data_key: &DerivingKey, context: &Context, salt: &Salt) -> Result<AeadKey, Refused> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    data_key.expand(&aad::record_key(context, salt), bytes.as_mut_slice())?;
    AeadKey::gcm(&bytes)
}
