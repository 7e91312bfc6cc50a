//! Where AWS-LC is called (SHA-256 alone is in `digest`): authenticated encryption, HKDF, HMAC and key
//! agreement, each in the one shape that Coffer uses. The published Wycheproof vectors run through exactly
//! these functions.

use aws_lc_rs::{aead, agreement, hkdf, hmac};
use zeroize::Zeroizing;

#[cfg(test)]
mod wycheproof;

/// Bytes of every symmetric key.
pub(crate) const KEY_LEN: usize = 32;
/// Bytes of a nonce (96 bits).
pub(crate) const NONCE_LEN: usize = 12;
/// Bytes of an authentication tag (128 bits).
pub(crate) const TAG_LEN: usize = 16;

/// A primitive refused: wrong length, or data that does not authenticate. It never says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

impl From<aws_lc_rs::error::Unspecified> for Refused {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

/// A key for authenticated encryption with a 96-bit nonce and a 128-bit tag. AWS-LC wipes it when it is
/// freed.
pub(crate) struct AeadKey(aead::LessSafeKey);

impl AeadKey {
    /// AES-256-GCM (NIST SP 800-38D). The caller owes a nonce that is new for this key.
    pub(crate) fn gcm(key: &[u8; KEY_LEN]) -> Result<Self, Refused> {
        Ok(Self(aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, key)?)))
    }

    /// AES-256-GCM-SIV (RFC 8452): with a fixed nonce it is deterministic and shows only that two inputs
    /// were equal.
    pub(crate) fn gcm_siv(key: &[u8; KEY_LEN]) -> Result<Self, Refused> {
        Ok(Self(aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM_SIV, key)?)))
    }

    /// ChaCha20-Poly1305 (RFC 8439), for files of others alone.
    pub(crate) fn chacha(key: &[u8; KEY_LEN]) -> Result<Self, Refused> {
        Ok(Self(aead::LessSafeKey::new(aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key)?)))
    }

    /// Writes ciphertext and tag to `out`, which must be [`TAG_LEN`] longer than `clear`.
    pub(crate) fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        clear: &[u8],
        out: &mut [u8],
    ) -> Result<(), Refused> {
        let (ciphertext, tag) = out.split_at_mut_checked(clear.len()).ok_or(Refused)?;
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        Ok(self.0.seal_out_of_place_scatter(nonce, aead::Aad::from(aad), clear, ciphertext, &[], tag)?)
    }

    /// Opens ciphertext and tag. `None` unless every bit of key, nonce, AAD, ciphertext and tag is right.
    pub(crate) fn open(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut clear = Zeroizing::new(vec![0; sealed.len().checked_sub(TAG_LEN)?]);
        let (ciphertext, tag) = sealed.split_at_checked(clear.len())?;
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        self.0.open_separate_gather(nonce, aead::Aad::from(aad), ciphertext, tag, &mut clear).ok()?;
        Some(clear)
    }
}

/// A uniformly random key from which others are derived by HKDF-Expand with SHA-256 (RFC 5869, 2.3). It is
/// random already, so the extract step is not needed (RFC 5869, 3.3). Wiped on drop.
pub(crate) struct DerivingKey(hkdf::Prk);

impl DerivingKey {
    pub(crate) fn new(key: &[u8; KEY_LEN]) -> Self {
        Self(hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key))
    }

    /// From a secret that is not uniformly random and another key (RFC 5869, 2.2): whoever lacks one of them has
    /// nothing.
    pub(crate) fn extract(key: &[u8], secret: &[u8]) -> Self {
        Self(hkdf::Salt::new(hkdf::HKDF_SHA256, key).extract(secret))
    }

    /// Fills `out`, at most 8,160 bytes. `info` must be unambiguous: it is one of the frames of `aad`.
    pub(crate) fn expand(&self, info: &[u8], out: &mut [u8]) -> Result<(), Refused> {
        Ok(self.0.expand(&[info], Length(out.len()))?.fill(out)?)
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// A private key for X25519 (RFC 7748) with its public half. AWS-LC wipes it when it is freed.
pub(crate) struct AgreementKey {
    private: agreement::PrivateKey,
    public: [u8; KEY_LEN],
}

impl AgreementKey {
    /// Every 32 random bytes are a private key.
    pub(crate) fn new(secret: &[u8; KEY_LEN]) -> Result<Self, Refused> {
        let private =
            agreement::PrivateKey::from_private_key(&agreement::X25519, secret).map_err(|_| Refused)?;
        let public = private.compute_public_key()?;
        let public = public.as_ref().try_into().map_err(|_| Refused)?;
        Ok(Self { private, public })
    }

    pub(crate) fn public(&self) -> &[u8; KEY_LEN] {
        &self.public
    }

    /// Gives what both halves make to `derive`. A public key that makes zeros is refused.
    pub(crate) fn agree<R>(
        &self,
        theirs: &[u8; KEY_LEN],
        derive: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Refused> {
        let theirs = agreement::UnparsedPublicKey::new(&agreement::X25519, theirs);
        agreement::agree(&self.private, theirs, Refused, |secret| Ok(derive(secret)))
    }
}

/// A key for HMAC-SHA-256 (FIPS 198-1), its two inner states computed once.
pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The MAC over the parts, one after the other. The caller sees to it that they cannot be cut
    /// differently.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        first_bytes(context.sign().as_ref())
    }
}

/// The first `N` bytes of something at least as long (a full MAC or digest).
pub(crate) fn first_bytes<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (out, byte) in out.iter_mut().zip(bytes) {
        *out = *byte;
    }
    out
}
