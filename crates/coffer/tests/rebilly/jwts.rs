//! JWTs of every sort, made by the tests' own hands: what the product's library would refuse to write can be written.

use std::fmt::Write as _;

use coffer_core::Clock;
use coffer_crypto::{Ed25519Key, OsEntropy, Sha256};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};

use crate::live::{ALPHA, BETA, Live};

/// `aud` of every issuer here.
pub(crate) const AUDIENCE: &str = "the-vault";

/// Whose JWTs these customers' issuers make.
pub(crate) const CUSTOMER: &str = "cus_jwt";

/// The shared secret of those who list, whom no other issuer may imitate.
const LISTERS: &str = "hs-shared-secret-0002-of-the-tests-own-0002";

/// The shared secret of the other HS256 issuer: 43 bytes.
pub(crate) const SHARED: &str = "hs-shared-secret-0001-of-the-tests-own-0001";

/// Who signs, and how.
pub(crate) struct Issuer {
    /// The claim `iss`, which is also the name in the configuration.
    pub(crate) name: &'static str,
    pub(crate) key: Key,
}

pub(crate) enum Key {
    Shared(&'static str),
    Ed25519(Ed25519Key),
}

/// The issuers of a node: for merchants of one organization and of two, for customers, by either algorithm.
pub(crate) struct Issuers {
    /// Merchants of the first organization, by `EdDSA`.
    pub(crate) merchant: Issuer,
    /// Customers of the first organization, by `EdDSA`.
    pub(crate) customer: Issuer,
    /// Merchants of the second organization and of the first, by HS256.
    pub(crate) both: Issuer,
    /// Merchants of the first organization who may list tokens, by HS256.
    pub(crate) narrow: Issuer,
    /// Merchants and customers of the second organization, by `EdDSA`.
    pub(crate) foreign: Issuer,
    pub(crate) foreign_customer: Issuer,
}

impl Issuer {
    fn ed25519(name: &'static str) -> Self {
        let pem = Ed25519Key::generate_pem(&OsEntropy).expect("randomness");
        Self { name, key: Key::Ed25519(Ed25519Key::parse_pem(&pem).expect("a key")) }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Shared(_) => "HS256",
            Key::Ed25519(_) => "EdDSA",
        }
    }

    pub(crate) fn public_pem(&self) -> String {
        match &self.key {
            Key::Shared(_) => String::new(),
            Key::Ed25519(key) => key.public_pem().expect("a public key"),
        }
    }

    pub(crate) fn sign(&self, message: &str) -> Vec<u8> {
        match &self.key {
            Key::Shared(secret) => hmac_sha256(secret.as_bytes(), message.as_bytes()),
            Key::Ed25519(key) => key.sign(message.as_bytes()).expect("a signature"),
        }
    }

    /// A header and claims as they are given, signed.
    pub(crate) fn token_of(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        format!("{message}.{}", BASE64URL_NOPAD.encode(&self.sign(&message)))
    }

    /// The claims of a good token with some of them changed; null takes one away.
    pub(crate) fn claims(&self, changes: &Value) -> Value {
        let now = now();
        let mut claims = json!({
            "iss": self.name, "aud": AUDIENCE, "iat": now - 600, "nbf": now - 600, "exp": now + 3_600,
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        claims
    }

    /// A good token but for these claims.
    pub(crate) fn token(&self, changes: &Value) -> String {
        self.token_of(&json!({"alg": self.algorithm(), "typ": "JWT"}), &self.claims(changes))
    }
}

impl Issuers {
    pub(crate) fn new() -> Self {
        Self {
            merchant: Issuer::ed25519("merchants"),
            customer: Issuer::ed25519("customers"),
            both: Issuer { name: "merchants-of-both", key: Key::Shared(SHARED) },
            narrow: Issuer { name: "listers", key: Key::Shared(LISTERS) },
            foreign: Issuer::ed25519("foreign-merchants"),
            foreign_customer: Issuer::ed25519("foreign-customers"),
        }
    }

    /// The configuration of the issuers; their keys are written beside it.
    pub(crate) fn config(&self, live: &Live) -> String {
        let all: [(&Issuer, &str, &[&str], &str); 6] = [
            (&self.merchant, "merchant", &[ALPHA], ""),
            (&self.customer, "customer", &[ALPHA], ""),
            (&self.both, "merchant", &[BETA, ALPHA], ""),
            (&self.narrow, "merchant", &[ALPHA], "permissions = [\"GetTokenCollection\"]\n"),
            (&self.foreign, "merchant", &[BETA], ""),
            (&self.foreign_customer, "customer", &[BETA], ""),
        ];
        let mut text = String::new();
        for (issuer, kind, organizations, more) in all {
            let (name, algorithm) = (issuer.name, issuer.algorithm());
            let key = match issuer.key {
                Key::Shared(secret) => {
                    let file = format!("{name}.key");
                    live.write(&file, secret, 0o600);
                    format!("key = {{ file = \"{}\" }}", live.path(&file).display())
                }
                Key::Ed25519(_) => {
                    let file = format!("{name}.pem");
                    live.write(&file, &issuer.public_pem(), 0o644);
                    format!("public_key_file = \"{}\"", live.path(&file).display())
                }
            };
            write!(
                text,
                "[[jwt_issuers]]\nname = \"the {name}\"\nissuer = \"{name}\"\naudience = \"{AUDIENCE}\"\n\
                 algorithm = \"{algorithm}\"\n{key}\nkind = \"{kind}\"\norganizations = {organizations:?}\n{more}"
            )
            .expect("a text");
        }
        text
    }

    /// A token of [`CUSTOMER`].
    pub(crate) fn customer_token(&self) -> String {
        self.customer.token(&json!({"customerId": CUSTOMER}))
    }
}

/// Header and claims as they are signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    Clock::system().now().millis().div_euclid(1_000)
}

/// RFC 2104 with SHA-256.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let digest = |parts: [&[u8]; 2]| {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        hash.finish()
    };
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&digest([key, b""]));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = digest([&block.map(|byte| byte ^ 0x36), message]);
    digest([&block.map(|byte| byte ^ 0x5c), &inner]).to_vec()
}

/// RFC 4231, test cases 2 and 6.
#[test]
fn the_mac_is_the_one_of_the_rfc() {
    for (key, message, mac) in [
        (
            b"Jefe".to_vec(),
            "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            vec![0xaa; 131],
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ] {
        assert_eq!(HEXLOWER.encode(&hmac_sha256(&key, message.as_bytes())), mac);
    }
}
