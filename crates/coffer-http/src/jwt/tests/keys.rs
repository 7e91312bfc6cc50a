//! Keys of every kind, made once for all tests.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
    },
};
use data_encoding::BASE64;
use jsonwebtoken::EncodingKey;

/// 64 bytes, enough for every HMAC.
pub(super) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A pair: what signs, and what is configured.
pub(super) struct Pair {
    pub(super) private: EncodingKey,
    pub(super) public: String,
}

pub(super) struct Keys {
    pub(super) rsa: Pair,
    pub(super) other_rsa: Pair,
    pub(super) p256: Pair,
    pub(super) p384: Pair,
    pub(super) ed25519: Pair,
}

pub(super) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        rsa: rsa(),
        other_rsa: rsa(),
        p256: ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        p384: ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
        ed25519: ed25519(),
    })
}

fn rsa() -> Pair {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    // Behind 26 bytes of PKCS#8 lies the key as RFC 8017 writes it, which is what the library signs with.
    let private = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
    Pair { private, public: pem(&pair.public_key().as_der().unwrap()) }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Pair {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
    Pair { private, public: pem(&pair.public_key().as_der().unwrap()) }
}

fn ed25519() -> Pair {
    let pair = Ed25519KeyPair::generate().unwrap();
    let private = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
    Pair { private, public: pem(&pair.public_key().as_der().unwrap()) }
}

fn pem(key: &PublicKeyX509Der<'_>) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(key.as_ref()))
}
