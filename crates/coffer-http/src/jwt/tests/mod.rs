//! Tokens that are taken and tokens that are not, against issuers of every algorithm.

mod claims;
mod keys;
mod signatures;
mod start;

use std::{collections::HashMap, sync::Arc};

use coffer_types::{Tenant, Timestamp};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm as Jws, EncodingKey, crypto};
use serde_json::{Value, json};

use self::keys::{SECRET, keys};
use super::*;

/// The moment of every test, in seconds.
const NOW: i64 = 1_700_000_000;

fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1_000)
}

fn tenant(number: u32) -> Tenant {
    Tenant::new(number).unwrap()
}

fn organizations() -> HashMap<String, Tenant> {
    HashMap::from([
        ("org_1".to_owned(), tenant(1)),
        ("org_2".to_owned(), tenant(2)),
        ("org_3".to_owned(), tenant(3)),
    ])
}

/// An issuer for merchants of the organizations 1 and 2 that signs with HS256.
fn settings() -> IssuerSettings {
    IssuerSettings {
        name: Arc::from("backend"),
        issuer: "https://id.example".to_owned(),
        audience: "vault".to_owned(),
        algorithm: Algorithm::Hs256,
        key: IssuerKey::Secret(SECRET.to_vec().into()),
        kind: IssuerKind::Merchant,
        browser: false,
        tenants: vec![tenant(1), tenant(2)],
        acl: Acl::Full,
        leeway_seconds: 0,
        longest_seconds: LIFETIME_SECONDS,
    }
}

fn customers() -> IssuerSettings {
    IssuerSettings { kind: IssuerKind::Customer, ..settings() }
}

fn issuers(settings: IssuerSettings) -> Issuers {
    Issuers::new(vec![settings], organizations()).unwrap()
}

/// Claims of a token that is good for an hour around now.
fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "vault", "nbf": NOW - 1_800, "exp": NOW + 1_800})
}

/// The claims with one of them set, or without it.
fn with(name: &str, value: Option<Value>) -> Value {
    let mut claims = claims();
    match value {
        Some(value) => claims[name] = value,
        None => drop(claims.as_object_mut().unwrap().remove(name)),
    }
    claims
}

/// A token of exactly this header and payload.
fn raw(header: &str, payload: &str, key: &EncodingKey, algorithm: Jws) -> String {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let message = format!("{}.{}", part(header), part(payload));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// A token of these claims, signed as the issuer of [`settings`] signs.
fn signed(claims: &Value) -> String {
    raw(r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string(), &EncodingKey::from_secret(SECRET), Jws::HS256)
}

fn is_taken(issuers: &Issuers, token: &str) -> bool {
    issuers.check(token, now()).is_some()
}
