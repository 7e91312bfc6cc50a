//! `coffer sandbox-jwt`: tokens for a sandbox, and the issuers by which it takes them (`design.md` section 8).
//!
//! One key signs for two issuers. Which of them a token is from is in its signed `iss`, and an issuer's tokens are
//! all of one kind: a customer's token never passes for a merchant's.

use std::{
    collections::HashMap,
    io::{ErrorKind, Write},
    path::Path,
    sync::Arc,
};

use clap::builder::RangedI64ValueParser;
use coffer_crypto::{Ed25519Key, OsEntropy};
use coffer_http::{
    credentials::Acl,
    jwt::{Algorithm, IssuerKey, IssuerKind, IssuerSettings, Issuers},
};
use coffer_types::{Tenant, Timestamp, limits};
use data_encoding::BASE64URL_NOPAD;

use crate::{folder, node::NodeError, sandbox, secret::SecretSource};

/// `iss` of a merchant's token.
const MERCHANTS: &str = "coffer-sandbox";
/// `iss` of a customer's token.
const CUSTOMERS: &str = "coffer-sandbox-customers";
/// `aud` of both.
const AUDIENCE: &str = "coffer";

/// Seconds: how long a sandbox's token may live. A day, and as far as the sandbox's clock can be moved: a token made
/// for a later time lives from now until then.
#[expect(clippy::cast_possible_truncation, reason = "ten years fit")]
pub(crate) const LONGEST_SECONDS: u32 = limits::SANDBOX_CLOCK_SECONDS as u32 + 86_400;

/// The file of the key, beside the sandbox's other keys.
const KEY_FILE: &str = "jwt-key";

/// For whom a token is, and for how long.
pub(crate) struct Whose {
    pub(crate) customer: Option<String>,
    pub(crate) organization: Option<String>,
    /// Its life.
    pub(crate) seconds: u32,
}

/// Prints a token, one line. It is good from now on by the sandbox's own clock, wherever that has been moved to.
pub(crate) fn run(home: &Path, store: Option<&str>, whose: &Whose) -> Result<(), NodeError> {
    if !(store.is_some() || sandbox::is_in(home)) || !home.join(KEY_FILE).exists() {
        let home = home.display();
        return Err(format!(
            "there is no sandbox in {home}: start one first (coffer sandbox --data {home}), \
             or say with --data where it is"
        )
        .into());
    }
    let key = key(home)?;
    let (customer, organization) = (whose.customer.as_deref(), whose.organization.as_deref());
    let token = token(&key, customer, organization, whose.seconds, sandbox::clock(home, store)?.now())?;
    Ok(writeln!(std::io::stdout(), "{token}")?)
}

/// The issuers of a sandbox whose one organization is this tenant.
pub(crate) fn issuers(
    home: &Path,
    tenant: Tenant,
    organizations: &HashMap<String, Tenant>,
) -> Result<Issuers, NodeError> {
    let public = key(home)?.public_pem()?;
    let issuer = |name: &str, issuer: &str, kind| IssuerSettings {
        name: Arc::from(name),
        issuer: issuer.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithm: Algorithm::EdDsa,
        key: IssuerKey::PublicPem(public.clone()),
        kind,
        // A page's call is known by its `Origin`: merchants' services are tried out with the same issuer.
        browser: false,
        tenants: vec![tenant],
        acl: Acl::Full,
        leeway_seconds: 0,
        longest_seconds: LONGEST_SECONDS,
    };
    let both = vec![
        issuer("sandbox JWT", MERCHANTS, IssuerKind::Merchant),
        issuer("sandbox customer JWT", CUSTOMERS, IssuerKind::Customer),
    ];
    Ok(Issuers::new(both, organizations.clone())?)
}

/// A customer's id on the command line: what fits into a path of Rebilly.
pub(crate) fn customer(text: &str) -> Result<String, &'static str> {
    plain(text, b"_@~.-").ok_or("a customer's id has 1 to 50 letters, digits, '_', '@', '~', '.' or '-'")
}

/// An organization on the command line.
pub(crate) fn organization(text: &str) -> Result<String, &'static str> {
    plain(text, b"_-.").ok_or("an organization has 1 to 50 letters, digits, '_', '-' or '.'")
}

/// A life on the command line.
pub(crate) fn seconds() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i64::from(LONGEST_SECONDS))
}

/// The text if nothing in it needs to be escaped in JSON.
fn plain(text: &str, also: &[u8]) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || also.contains(&byte);
    ((1..=50).contains(&text.len()) && text.bytes().all(fits)).then(|| text.to_owned())
}

/// The key in the sandbox's folder, which the sandbox makes if it is not there.
fn key(home: &Path) -> Result<Ed25519Key, NodeError> {
    let path = home.join(KEY_FILE);
    if !path.exists() {
        let pem = Ed25519Key::generate_pem(&OsEntropy)?;
        match folder::write_new(&path, pem.as_bytes()) {
            // Two starts may both find none.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(format!("{}: {error}", path.display()).into());
            }
            _ => {}
        }
    }
    let pem = SecretSource::file(path.clone()).read()?;
    Ed25519Key::parse_pem(&pem).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// A token from now on. Its texts have been through [`customer`] and [`organization`].
fn token(
    key: &Ed25519Key,
    customer: Option<&str>,
    organization: Option<&str>,
    seconds: u32,
    now: Timestamp,
) -> Result<String, NodeError> {
    let now = now.millis().div_euclid(1_000);
    let issuer = if customer.is_some() { CUSTOMERS } else { MERCHANTS };
    let claim = |name: &str, value: Option<&str>| {
        value.map(|value| format!(",\"{name}\":\"{value}\"")).unwrap_or_default()
    };
    let payload = format!(
        "{{\"iss\":\"{issuer}\",\"aud\":\"{AUDIENCE}\",\"iat\":{now},\"nbf\":{now},\"exp\":{}{}{}}}",
        now.saturating_add(i64::from(seconds)),
        claim("customerId", customer),
        claim("organizationId", organization),
    );
    let part = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let message = format!("{}.{}", part(b"{\"typ\":\"JWT\",\"alg\":\"EdDSA\"}"), part(payload.as_bytes()));
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", part(&signature)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use coffer_http::jwt::BearerKind;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_700_000_000_999)
    }

    #[test]
    fn a_sandbox_takes_its_tokens_and_knows_customers_from_merchants() {
        let home = tempfile::tempdir().unwrap();
        let tenant = Tenant::new(1).unwrap();
        let organizations = HashMap::from([("org_sandbox".to_owned(), tenant)]);
        let issuers = issuers(home.path(), tenant, &organizations).unwrap();
        let key = key(home.path()).unwrap();
        let make = |customer, organization| token(&key, customer, organization, 60, now()).unwrap();
        let kind = |token: &str, at: Timestamp| issuers.check(token, at).map(|bearer| bearer.kind);
        assert_eq!(kind(&make(None, None), now()), Some(BearerKind::Merchant));
        assert_eq!(kind(&make(None, Some("org_sandbox")), now()), Some(BearerKind::Merchant));
        assert_eq!(kind(&make(None, Some("org_other")), now()), None);
        let customer = BearerKind::Customer { customer: "cus_1".to_owned() };
        assert_eq!(kind(&make(Some("cus_1"), Some("org_sandbox")), now()), Some(customer));
        assert_eq!(kind(&make(None, None), now().plus_seconds(60)), None, "it is over");
        let longest = token(&key, None, None, LONGEST_SECONDS, now()).unwrap();
        let moved = now().plus_seconds(i64::try_from(limits::SANDBOX_CLOCK_SECONDS).unwrap());
        assert_eq!(kind(&longest, moved), Some(BearerKind::Merchant), "the clock was moved");
        let stranger = Ed25519Key::parse_pem(&Ed25519Key::generate_pem(&OsEntropy).unwrap()).unwrap();
        assert_eq!(kind(&token(&stranger, None, None, 60, now()).unwrap(), now()), None);
    }

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let home = tempfile::tempdir().unwrap();
        let first = key(home.path()).unwrap().public_pem().unwrap();
        assert_eq!(key(home.path()).unwrap().public_pem().unwrap(), first);
        let path = home.path().join("jwt-key");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(key(home.path()).unwrap_err().to_string().contains("0600"));
        std::fs::write(&path, "no key").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(key(home.path()).unwrap_err().to_string().contains("jwt-key"));
    }

    #[test]
    fn what_would_break_the_json_is_no_argument() {
        assert_eq!(customer("cus_@~-.1"), Ok("cus_@~-.1".to_owned()));
        for wrong in ["", "a\"b", "a\\b", "a b", "ä", &"c".repeat(51)] {
            assert!(customer(wrong).is_err() && organization(wrong).is_err(), "{wrong}");
        }
        assert!(organization("org_sandbox").is_ok() && organization("org@1").is_err());
    }
}
