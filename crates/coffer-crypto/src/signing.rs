//! Keys of signatures: public keys of others, checked before they are used, and a signing key of our own.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::PublicEncryptingKey,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey,
    },
};
use data_encoding::BASE64;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyError};

/// What kind of public key is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyKind {
    /// RSA of 2,048 to 8,192 bits.
    Rsa,
    /// A point on NIST P-256.
    P256,
    /// A point on NIST P-384.
    P384,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// Why a text is no public key of the kind that is wanted. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublicKeyError {
    /// Not one PEM block with the label `PUBLIC KEY`.
    #[error("it is not one PEM block that begins with -----BEGIN PUBLIC KEY-----")]
    Pem,
    /// Another kind of key, another curve, too few or too many bits, or damaged.
    #[error("it is not a public key of the kind that the algorithm needs (RSA: 2048 to 8192 bits)")]
    Kind,
}

/// Reads a public key (`SubjectPublicKeyInfo`, RFC 5280) in PEM form (RFC 7468) and gives its DER bytes, after the
/// library has taken them for a key of this kind.
pub fn parse_public_key(kind: PublicKeyKind, pem: &str) -> Result<Vec<u8>, PublicKeyError> {
    let der = from_pem("PUBLIC KEY", pem).ok_or(PublicKeyError::Pem)?;
    let accepted = match kind {
        PublicKeyKind::Rsa => PublicEncryptingKey::from_der(&der).is_ok(),
        PublicKeyKind::P256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, der.as_slice()).is_ok(),
        PublicKeyKind::P384 => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, der.as_slice()).is_ok(),
        PublicKeyKind::Ed25519 => ParsedPublicKey::new(&ED25519, der.as_slice()).is_ok(),
    };
    if accepted { Ok(der.to_vec()) } else { Err(PublicKeyError::Kind) }
}

/// A key that signs with Ed25519 (RFC 8032). AWS-LC wipes it when it is freed.
pub struct Ed25519Key(Ed25519KeyPair);

/// The text is not an Ed25519 key, or the library failed. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is not an Ed25519 key in PKCS#8 and PEM form")]
pub struct Ed25519KeyError;

impl Ed25519Key {
    /// A new key, in the form of a key file: PKCS#8 version 1 (RFC 5208) as PEM.
    pub fn generate_pem(entropy: &dyn Entropy) -> Result<Zeroizing<String>, EntropyError> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut_slice())?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| EntropyError)?;
        let der = pair.to_pkcs8v1().map_err(|_| EntropyError)?;
        Ok(Zeroizing::new(to_pem("PRIVATE KEY", der.as_ref())))
    }

    /// Reads a key file.
    pub fn parse_pem(pem: &str) -> Result<Self, Ed25519KeyError> {
        let der = from_pem("PRIVATE KEY", pem).ok_or(Ed25519KeyError)?;
        Ed25519KeyPair::from_pkcs8(&der).map(Self).map_err(|_| Ed25519KeyError)
    }

    /// The public half, as [`parse_public_key`] reads it.
    pub fn public_pem(&self) -> Result<String, Ed25519KeyError> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().map_err(|_| Ed25519KeyError)?;
        Ok(to_pem("PUBLIC KEY", der.as_ref()))
    }

    /// The signature of a message, 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Ed25519KeyError> {
        self.0.try_sign(message).map(|signature| signature.as_ref().to_vec()).map_err(|_| Ed25519KeyError)
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ed25519Key(..)")
    }
}

/// The content of a text that is one PEM block with this label and nothing else.
fn from_pem(label: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let inside = text.trim_ascii().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let inside = inside.strip_suffix(&format!("-----END {label}-----"))?;
    let mut letters = Zeroizing::new(Vec::with_capacity(inside.len()));
    letters.extend(inside.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    BASE64.decode(&letters).ok().filter(|content| !content.is_empty()).map(Zeroizing::new)
}

/// One PEM block, 64 letters a line.
fn to_pem(label: &str, content: &[u8]) -> String {
    let letters = Zeroizing::new(BASE64.encode(content));
    // Sized once: a buffer that grows leaves unwiped copies behind.
    let mut text = String::with_capacity(letters.len() + letters.len() / 64 + 2 * label.len() + 64);
    text.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    };

    use super::*;
    use crate::OsEntropy;

    fn p256() -> String {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        to_pem("PUBLIC KEY", der.as_ref())
    }

    fn rsa() -> String {
        let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        to_pem("PUBLIC KEY", der.as_ref())
    }

    /// A public key of 1,024 bits: structure by hand (RFC 8017, A.1.1), for the library makes none so short.
    fn short_rsa() -> String {
        let mut modulus = vec![0xC3_u8; 128];
        modulus[127] = 0xC5;
        let integer =
            |bytes: &[u8]| [&[0x02, 0x81, u8::try_from(bytes.len() + 1).unwrap(), 0], bytes].concat();
        let body = [integer(&modulus), vec![0x02, 0x03, 1, 0, 1]].concat();
        let key = [&[0x30, 0x81, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
        let bits = [&[0x03, 0x81, u8::try_from(key.len() + 1).unwrap(), 0], key.as_slice()].concat();
        let rsa_oid =
            [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];
        let info = [rsa_oid.as_slice(), &bits].concat();
        to_pem("PUBLIC KEY", &[&[0x30, 0x81, u8::try_from(info.len()).unwrap()], info.as_slice()].concat())
    }

    #[test]
    fn a_key_of_each_kind_is_taken_for_that_kind_only() {
        let ed25519 = Ed25519Key::parse_pem(&Ed25519Key::generate_pem(&OsEntropy).unwrap()).unwrap();
        let keys = [
            (PublicKeyKind::Rsa, rsa()),
            (PublicKeyKind::P256, p256()),
            (PublicKeyKind::Ed25519, ed25519.public_pem().unwrap()),
        ];
        let kinds = [PublicKeyKind::Rsa, PublicKeyKind::P256, PublicKeyKind::P384, PublicKeyKind::Ed25519];
        for (own, pem) in &keys {
            for kind in kinds {
                let read = parse_public_key(kind, pem);
                if kind == *own {
                    assert!(read.is_ok(), "{kind:?}");
                } else {
                    assert_eq!(read, Err(PublicKeyError::Kind), "{own:?} as {kind:?}");
                }
            }
        }
        let short = short_rsa();
        let der = from_pem("PUBLIC KEY", &short).unwrap();
        assert!(ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_slice()).is_ok(), "only too short");
        assert_eq!(parse_public_key(PublicKeyKind::Rsa, &short), Err(PublicKeyError::Kind));
    }

    #[test]
    fn what_is_not_one_block_of_that_label_is_refused() {
        let good = p256();
        for text in [
            String::new(),
            good.replace("PUBLIC KEY", "PRIVATE KEY"),
            good.replace("PUBLIC KEY", "CERTIFICATE"),
            good.replace("-----BEGIN", "x-----BEGIN"),
            format!("{good}{good}"),
            good.replace('M', "*"),
            "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----".to_owned(),
        ] {
            assert_eq!(parse_public_key(PublicKeyKind::P256, &text), Err(PublicKeyError::Pem), "{text}");
        }
        let windows = format!("\r\n {}\r\n", good.replace('\n', "\r\n"));
        assert!(parse_public_key(PublicKeyKind::P256, &windows).is_ok());
    }

    #[test]
    fn signs_what_the_public_half_verifies() {
        let pem = Ed25519Key::generate_pem(&OsEntropy).unwrap();
        assert!(
            pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with("-----END PRIVATE KEY-----\n")
        );
        assert_ne!(*pem, *Ed25519Key::generate_pem(&OsEntropy).unwrap());
        let key = Ed25519Key::parse_pem(&pem).unwrap();
        let public = parse_public_key(PublicKeyKind::Ed25519, &key.public_pem().unwrap()).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert_eq!(signature.len(), 64);
        let public = UnparsedPublicKey::new(&ED25519, public);
        assert!(public.verify(b"message", &signature).is_ok());
        assert!(public.verify(b"messagf", &signature).is_err());
        assert_eq!(format!("{key:?}"), "Ed25519Key(..)");
        for wrong in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", &p256()] {
            assert_eq!(Ed25519Key::parse_pem(wrong).err(), Some(Ed25519KeyError));
        }
    }

    #[test]
    fn a_source_that_fails_makes_no_key() {
        struct Dry;
        impl Entropy for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
                Err(EntropyError)
            }
        }
        assert_eq!(Ed25519Key::generate_pem(&Dry).err(), Some(EntropyError));
    }
}
