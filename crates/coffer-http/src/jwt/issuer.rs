//! An issuer: what is configured for it, and whether a token is signed by it and in time.

use std::{fmt, str::FromStr, sync::Arc};

use coffer_crypto::{PublicKeyError, PublicKeyKind, parse_public_key};
use coffer_types::{Tenant, Timestamp};
use jsonwebtoken::{Algorithm as Jws, DecodingKey, EncodingKey, crypto};
use zeroize::{Zeroize, Zeroizing};

use super::{
    TokenFault,
    token::{Parts, Times},
};
use crate::credentials::Acl;

/// Seconds: the longest life of a token, unless the configuration says otherwise.
pub const LIFETIME_SECONDS: u32 = 86_400;

/// Seconds: most that an issuer's clock may be ahead of or behind ours.
pub const LEEWAY_SECONDS_MAX: u32 = 60;

/// Characters of an issuer or an audience.
const IDENTITY_CHARS: usize = 255;

/// Different bytes that a shared secret has at least: 32 random hexadecimal digits nearly always have more.
const DISTINCT_BYTES: usize = 8;

/// How tokens are signed (RFC 7518, 3.1; RFC 8037). `none` is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFCs")]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 12] = [
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Its name in a header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether issuer and vault share a secret (HMAC). Otherwise the vault has a public key.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    const fn jws(self) -> Jws {
        match self {
            Self::Hs256 => Jws::HS256,
            Self::Hs384 => Jws::HS384,
            Self::Hs512 => Jws::HS512,
            Self::Rs256 => Jws::RS256,
            Self::Rs384 => Jws::RS384,
            Self::Rs512 => Jws::RS512,
            Self::Ps256 => Jws::PS256,
            Self::Ps384 => Jws::PS384,
            Self::Ps512 => Jws::PS512,
            Self::Es256 => Jws::ES256,
            Self::Es384 => Jws::ES384,
            Self::EdDsa => Jws::EdDSA,
        }
    }

    /// The key in the library's form.
    fn key(self, key: &IssuerKey) -> Result<DecodingKey, IssuerFault> {
        let public = |kind, build: fn(&[u8]) -> DecodingKey| match key {
            IssuerKey::PublicPem(pem) => Ok(build(&parse_public_key(kind, pem)?)),
            IssuerKey::Secret(_) => Err(IssuerFault::WantsPublicKey),
        };
        // RFC 7518, 3.2: a secret has at least as many bytes as the hash.
        let secret = |least| match key {
            IssuerKey::Secret(secret) if secret.len() < least => Err(IssuerFault::ShortSecret(least)),
            IssuerKey::Secret(secret) if is_weak(secret) => Err(IssuerFault::WeakSecret),
            IssuerKey::Secret(secret) => Ok(DecodingKey::from_secret(secret)),
            IssuerKey::PublicPem(_) => Err(IssuerFault::WantsSecret),
        };
        match self {
            Self::Hs256 => secret(32),
            Self::Hs384 => secret(48),
            Self::Hs512 => secret(64),
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                public(PublicKeyKind::Rsa, DecodingKey::from_rsa_der)
            }
            Self::Es256 => public(PublicKeyKind::P256, DecodingKey::from_ec_der),
            Self::Es384 => public(PublicKeyKind::P384, DecodingKey::from_ec_der),
            Self::EdDsa => public(PublicKeyKind::Ed25519, DecodingKey::from_ed_der),
        }
    }
}

/// Whether a secret is a PEM, which is mostly public, or a repetition.
fn is_weak(secret: &[u8]) -> bool {
    let mut distinct: Vec<u8> = secret.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let few = distinct.len() < DISTINCT_BYTES;
    distinct.zeroize();
    few || secret.trim_ascii_start().starts_with(b"-----BEGIN")
}

/// Not the name of an algorithm that Coffer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an algorithm is one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA"
)]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(UnknownAlgorithm)
    }
}

/// What a signature is checked with.
pub enum IssuerKey {
    /// The bytes of a shared secret.
    Secret(Zeroizing<Vec<u8>>),
    /// A public key, `-----BEGIN PUBLIC KEY-----`.
    PublicPem(String),
}

impl fmt::Debug for IssuerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("IssuerKey(..)")
    }
}

/// On whose behalf an issuer makes tokens: always the same, so that a customer's token never passes for a merchant's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerKind {
    /// Merchants' own services. A token with a `customerId` is refused.
    Merchant,
    /// Customers of merchants. A token without a `customerId` is refused.
    Customer,
}

/// One issuer, as it is configured.
#[derive(Debug)]
pub struct IssuerSettings {
    /// What logs and the audit log call it.
    pub name: Arc<str>,
    /// The claim `iss`, by which it is found; 1 to 255 characters.
    pub issuer: String,
    /// What the claim `aud` must be or have; 1 to 255 characters.
    pub audience: String,
    /// How its tokens are signed, whatever they say themselves.
    pub algorithm: Algorithm,
    /// What its signatures are checked with.
    pub key: IssuerKey,
    /// For merchants or for customers.
    pub kind: IssuerKind,
    /// Whether pages in browsers have its tokens: who calls with one is anybody then. A customer always is.
    pub browser: bool,
    /// Whose data its tokens open, the default one first.
    pub tenants: Vec<Tenant>,
    /// What its tokens may do; a token's own `permissions` only narrow it.
    pub acl: Acl,
    /// Seconds by which the clocks may differ, at most [`LEEWAY_SECONDS_MAX`]. 0 is right for clocks that are kept.
    pub leeway_seconds: u32,
    /// Longest life of a token, in seconds; at least 1. [`LIFETIME_SECONDS`] is the usual one.
    pub longest_seconds: u32,
}

/// What is wrong with an issuer's settings. Never says what a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum IssuerFault {
    #[error("another issuer has the same name")]
    SameName,
    #[error("another entry has the same issuer: a token is checked by one key only")]
    SameIssuer,
    #[error("issuer and audience have 1 to 255 characters")]
    Identity,
    #[error("it is for no organization")]
    NoTenants,
    #[error("leeway_seconds is at most 60")]
    Leeway,
    #[error("longest_seconds is at least 1")]
    Longest,
    #[error("the algorithm needs a shared secret as its key")]
    WantsSecret,
    #[error("the algorithm needs a public key")]
    WantsPublicKey,
    #[error("a shared secret for the algorithm has at least {0} bytes (RFC 7518, 3.2)")]
    ShortSecret(usize),
    #[error("a shared secret is drawn at random: this one repeats itself, or is a PEM, which is not secret")]
    WeakSecret,
    #[error("the key: {0}")]
    PublicKey(#[from] PublicKeyError),
}

/// Why no issuer is taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuersError {
    /// The library cannot sign and verify: the program is built wrongly.
    #[error("the signatures of JWTs cannot be checked: the library has no working backend")]
    Backend,
    /// One issuer's settings are wrong.
    #[error("jwt issuer {name}: {fault}")]
    Issuer {
        /// Which issuer.
        name: String,
        /// What is wrong with it.
        fault: IssuerFault,
    },
}

/// Signs and verifies once, so that a program without a backend does not start (`reference/security.md` section 9).
pub(super) fn test_backend() -> Result<(), IssuersError> {
    // An error says that it is installed already.
    let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let works = |message: &[u8], tried: &[u8]| {
        let secret = [7; 32];
        let signature = crypto::sign(message, &EncodingKey::from_secret(&secret), Jws::HS256)?;
        crypto::verify(&signature, tried, &DecodingKey::from_secret(&secret), Jws::HS256)
    };
    match (works(b"test", b"test"), works(b"test", b"tess")) {
        (Ok(true), Ok(false)) => Ok(()),
        _ => Err(IssuersError::Backend),
    }
}

/// An issuer whose key has been read.
pub(super) struct Issuer {
    pub(super) name: Arc<str>,
    pub(super) audience: String,
    pub(super) algorithm: Algorithm,
    pub(super) kind: IssuerKind,
    pub(super) browser: bool,
    pub(super) tenants: Vec<Tenant>,
    pub(super) acl: Acl,
    /// Wiped by the library.
    key: DecodingKey,
    leeway_seconds: u32,
    longest_seconds: u32,
}

impl Issuer {
    pub(super) fn new(settings: &IssuerSettings) -> Result<Self, IssuerFault> {
        let fits = |text: &str| (1..=IDENTITY_CHARS).contains(&text.chars().count());
        if !fits(&settings.issuer) || !fits(&settings.audience) {
            return Err(IssuerFault::Identity);
        }
        if settings.tenants.is_empty() {
            return Err(IssuerFault::NoTenants);
        }
        if settings.leeway_seconds > LEEWAY_SECONDS_MAX {
            return Err(IssuerFault::Leeway);
        }
        if settings.longest_seconds == 0 {
            return Err(IssuerFault::Longest);
        }
        Ok(Self {
            name: Arc::clone(&settings.name),
            audience: settings.audience.clone(),
            algorithm: settings.algorithm,
            kind: settings.kind,
            browser: settings.browser,
            tenants: settings.tenants.clone(),
            acl: settings.acl.clone(),
            key: settings.algorithm.key(&settings.key)?,
            leeway_seconds: settings.leeway_seconds,
            longest_seconds: settings.longest_seconds,
        })
    }

    /// Whether the signature is the issuer's, by its own algorithm and key.
    pub(super) fn has_signed(&self, parts: &Parts<'_>) -> bool {
        let message = parts.message.as_bytes();
        crypto::verify(parts.signature, message, &self.key, self.algorithm.jws()) == Ok(true)
    }

    /// Whether the token has begun, is not over (at its last second it is), and does not live too long. Its life is
    /// counted from its making or its beginning, whichever is earlier.
    pub(super) fn timely(&self, times: &Times, now: Timestamp) -> Result<(), TokenFault> {
        let leeway = i64::from(self.leeway_seconds);
        let begins = Timestamp::from_millis(0).plus_seconds(times.not_before - leeway);
        let ends = Timestamp::from_millis(0).plus_seconds(times.expires + leeway);
        let made = times.issued.map_or(times.not_before, |issued| issued.min(times.not_before));
        match () {
            () if times.expires <= times.not_before => Err(TokenFault::Times),
            () if times.expires - made > i64::from(self.longest_seconds) => Err(TokenFault::TooLong),
            () if now < begins => Err(TokenFault::NotYetValid),
            () if ends <= now => Err(TokenFault::Expired),
            () => Ok(()),
        }
    }
}
