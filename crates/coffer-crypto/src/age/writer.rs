//! Makes files as age does, for tests: whoever exports cards does it elsewhere.

use data_encoding::BASE64_NOPAD;

use super::header::{FILE_KEY_LEN, WRAP_INFO};
use super::payload::{PIECE, SALT};
use super::{AgeError, AgeIdentities};
use crate::entropy::{Entropy, OsEntropy};
use crate::primitives::{AeadKey, AgreementKey, DerivingKey, KEY_LEN, MacKey, NONCE_LEN, TAG_LEN};

/// Encrypts to the first of the identities.
pub fn encrypt(identities: &AgeIdentities, clear: &[u8]) -> Result<Vec<u8>, AgeError> {
    written(identities, clear).ok_or(AgeError::Header)
}

fn written(identities: &AgeIdentities, clear: &[u8]) -> Option<Vec<u8>> {
    let (file_key, salt) = (random::<FILE_KEY_LEN>()?, random::<SALT>()?);
    let theirs = identities.0.first()?.public();
    let own = AgreementKey::new(&random::<KEY_LEN>()?).ok()?;
    let both = [*own.public(), *theirs].concat();
    let agreed = own.agree(theirs, |secret| DerivingKey::extract(&both, secret)).ok()?;
    let wrapped = seal(&derived(&agreed, WRAP_INFO)?, [0; NONCE_LEN], &file_key)?;
    let mut out = format!(
        "age-encryption.org/v1\n-> X25519 {}\n{}\n---",
        BASE64_NOPAD.encode(own.public()),
        BASE64_NOPAD.encode(&wrapped)
    )
    .into_bytes();
    let mac = MacKey::new(&derived(&DerivingKey::extract(&[], &file_key), b"header")?).mac(&[&out]);
    out.extend_from_slice(format!(" {}\n", BASE64_NOPAD.encode(&mac)).as_bytes());
    out.extend_from_slice(&salt);
    let key = derived(&DerivingKey::extract(&salt, &file_key), b"payload")?;
    let pieces: Vec<&[u8]> = if clear.is_empty() { vec![clear] } else { clear.chunks(PIECE).collect() };
    for (place, piece) in pieces.iter().enumerate() {
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&u64::try_from(place).ok()?.to_be_bytes());
        nonce[11] = u8::from(place + 1 == pieces.len());
        out.extend(seal(&key, nonce, piece)?);
    }
    Some(out)
}

fn derived(from: &DerivingKey, info: &[u8]) -> Option<[u8; KEY_LEN]> {
    let mut key = [0; KEY_LEN];
    from.expand(info, &mut key).ok()?;
    Some(key)
}

fn seal(key: &[u8; KEY_LEN], nonce: [u8; NONCE_LEN], clear: &[u8]) -> Option<Vec<u8>> {
    let mut out = vec![0; clear.len() + TAG_LEN];
    AeadKey::chacha(key).ok()?.seal(nonce, &[], clear, &mut out).ok()?;
    Some(out)
}

fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    OsEntropy.fill(&mut bytes).ok()?;
    Some(bytes)
}
