//! Credentials: what a caller shows, what it is allowed, and for whom. An immutable snapshot; default deny.

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc};

use coffer_core::{Act, network};
use coffer_crypto::{CredentialHasher, sha256};
use coffer_types::Tenant;
use ipnet::IpNet;

pub use crate::acl::{Acl, Grant, Permissions};
use crate::{call::Call, edge::Origins};

/// What kind of credential, and so by which door and in which form it is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// Rebilly secret API key, in `REB-APIKEY` (`reference/rebilly.md` 2.2).
    RebillySecret,
    /// Rebilly publishable API key, in `Authorization`, bare or as `Bearer`.
    RebillyPublishable,
    /// Worldpay user and password (Basic), which may do everything but reveal (`reference/worldpay.md` 1).
    WorldpayUser,
    /// Worldpay user and password that may reveal and nothing else (5.1).
    WorldpayReveal,
    /// The public identity of a Worldpay checkout, in the body of what a browser sends (12).
    WorldpayCheckout,
    /// Payroc API key, in `x-api-key`, for which bearer tokens are given out (`reference/payroc.md` 1.1).
    PayrocKey,
    /// Native bearer key that may redeem and reveal.
    NativeRedeem,
    /// Native bearer key for administration. It opens no details.
    NativeAdmin,
}

impl CredentialKind {
    /// What the audit log tells of the address of a caller with such a credential. A publishable key is used by a
    /// shopper's browser: of that address, which is personal data, only the network. All others are used by a
    /// merchant's servers: the address itself.
    fn told_origin(self, address: IpAddr) -> IpAddr {
        match self {
            Self::RebillyPublishable | Self::WorldpayCheckout => network(address),
            Self::RebillySecret
            | Self::WorldpayUser
            | Self::WorldpayReveal
            | Self::PayrocKey
            | Self::NativeRedeem
            | Self::NativeAdmin => address,
        }
    }
}

/// The secret in an `Authorization` header of the scheme `Bearer`, in whatever case the scheme is written and however
/// many spaces follow it (RFC 9110, 11.1 and 11.4). None for any other scheme, and for none.
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, secret) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim_start_matches(' '))
}

/// One credential.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its name in the configuration, which logs and the audit log show in place of the secret.
    pub name: Arc<str>,
    /// What kind.
    pub kind: CredentialKind,
    /// Whose data it opens, the default one first.
    pub tenants: Vec<Tenant>,
    /// Which operations it may do, of those that its kind may do at all.
    pub acl: Acl,
    /// From which addresses it is taken (Rebilly's `allowedIps`, `reference/rebilly.md` 2.2). None: from all. Rebilly
    /// refuses private networks here; in front of a vault of one's own they are what callers have.
    pub allowed_ips: Option<Vec<IpNet>>,
    /// Web origins whose pages may use it.
    pub origins: Origins,
    /// Entities of a Worldpay account that it may name; none for every other kind.
    pub entities: Vec<String>,
    /// Of a key for which bearer tokens are given out, what tells it from a later key of the same name: a digest of the
    /// secret. None for every other kind.
    pub digest: Option<KeyDigest>,
}

/// A digest of a secret. Nothing of it is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The bytes, for a keyed hash and nothing else.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("KeyDigest(..)")
    }
}

impl Credential {
    /// Whether the credential is for this tenant.
    pub fn covers(&self, tenant: Tenant) -> bool {
        self.tenants.contains(&tenant)
    }

    /// Whether it may do this operation on this tenant's data: the tenant is its own and the list allows it. Whether
    /// its kind may do the operation is the dialect's question.
    pub fn permits(&self, tenant: Tenant, operation: &str) -> bool {
        self.covers(tenant) && self.acl.permits(tenant, operation)
    }

    /// Whether it is taken from a caller at this address. An IPv4 address in IPv6 form is the IPv4 address.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed_ips
            .as_ref()
            .is_none_or(|allowed| allowed.iter().any(|network| network.contains(&address)))
    }

    /// What this credential does in this call, for the audit log.
    pub(crate) fn act(&self, tenant: Tenant, call: &Call) -> Act {
        let origin = Some(self.kind.told_origin(call.origin));
        Act {
            tenant,
            actor: Arc::clone(&self.name),
            origin,
            request: call.request,
            subject: None,
            token: None,
        }
    }
}

/// All credentials of a node, found by a keyed hash: the secrets themselves are not kept.
pub struct Credentials {
    hasher: CredentialHasher,
    known: HashMap<[u8; 32], Arc<Credential>>,
}

impl Credentials {
    /// None yet.
    pub fn new(hasher: CredentialHasher) -> Self {
        Self { hasher, known: HashMap::new() }
    }

    /// Adds a credential by its secret. False, and nothing is changed, when the same secret is there already.
    #[must_use]
    pub fn add(&mut self, secret: &str, mut credential: Credential) -> bool {
        let hash = self.hasher.hash(secret.as_bytes());
        if self.known.contains_key(&hash) {
            return false;
        }
        if credential.kind == CredentialKind::PayrocKey {
            credential.digest = Some(KeyDigest(sha256(secret.as_bytes())));
        }
        self.known.insert(hash, Arc::new(credential));
        true
    }

    /// Whether some publishable key, of one of these tenants where they are known, may be used by a page of this
    /// origin. A preflight shows no key.
    pub(crate) fn allow_origin(&self, origin: &str, tenants: Option<&[Tenant]>) -> bool {
        let is_meant =
            |known: &Credential| tenants.is_none_or(|tenants| tenants.iter().any(|one| known.covers(*one)));
        let publishable =
            self.known.values().filter(|known| known.kind == CredentialKind::RebillyPublishable);
        publishable.into_iter().any(|known| is_meant(known) && known.origins.allows(origin))
    }

    /// The credentials of a kind.
    pub(crate) fn of_kind(&self, kind: CredentialKind) -> impl Iterator<Item = &Arc<Credential>> {
        self.known.values().filter(move |known| known.kind == kind)
    }

    /// Whether some credential is like this.
    pub(crate) fn any(&self, like: impl Fn(&Credential) -> bool) -> bool {
        self.known.values().any(|known| like(known))
    }

    /// Who shows this secret.
    pub fn find(&self, presented: &str) -> Option<&Arc<Credential>> {
        self.known.get(&self.hasher.hash(presented.as_bytes()))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Credentials({})", self.known.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_and_no_other_scheme_is_read() {
        for shown in ["Bearer key", "bearer key", "BEARER key", "bEaReR   key"] {
            assert_eq!(bearer(shown), Some("key"), "{shown}");
        }
        assert_eq!(bearer("Bearer Key of Two"), Some("Key of Two"), "the secret is as it was shown");
        for shown in ["", "Bearer", "key", "Basic key", "Bearerkey", "Bearer\tkey", " Bearer key", "Bear key"]
        {
            assert_eq!(bearer(shown), None, "{shown}");
        }
        assert_eq!(bearer("Bearer "), Some(""), "nobody has the empty secret");
    }

    fn credential(tenants: &[u32], acl: Acl) -> Credential {
        Credential {
            name: Arc::from("test"),
            kind: CredentialKind::RebillySecret,
            tenants: tenants.iter().map(|number| Tenant::new(*number).unwrap()).collect(),
            acl,
            allowed_ips: None,
            origins: Origins::Any,
            entities: Vec::new(),
            digest: None,
        }
    }

    #[test]
    fn full_access_ends_at_the_own_tenants() {
        let (own, foreign) = (Tenant::new(1).unwrap(), Tenant::new(2).unwrap());
        let full = credential(&[1], Acl::Full);
        assert!(full.permits(own, "PostToken") && !full.permits(foreign, "PostToken"));
        // A list that names a foreign tenant opens nothing there.
        let grant = Grant { tenants: vec![own, foreign], permissions: Permissions::All };
        let listed = credential(&[1], Acl::Grants(vec![grant]));
        assert!(listed.permits(own, "PostToken") && !listed.permits(foreign, "PostToken"));
        assert!(!credential(&[1], Acl::Grants(Vec::new())).permits(own, "PostToken"), "default deny");
    }

    #[test]
    fn an_address_is_admitted_by_its_network_in_either_form() {
        let mut credential = credential(&[1], Acl::Full);
        let admits = |credential: &Credential, address: &str| credential.admits(address.parse().unwrap());
        assert!(
            admits(&credential, "203.0.113.9") && admits(&credential, "2001:db8::1"),
            "no list, no limit"
        );
        credential.allowed_ips = Some(vec!["10.1.0.0/16".parse().unwrap(), "2001:db8::/64".parse().unwrap()]);
        for inside in ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "2001:db8::ffff"] {
            assert!(admits(&credential, inside), "{inside}");
        }
        // `::a01:203` is 10.1.2.3 in the IPv4-compatible form, which is another address.
        for outside in ["10.0.255.255", "10.2.0.0", "::ffff:10.2.0.0", "2001:db8:0:1::", "::a01:203"] {
            assert!(!admits(&credential, outside), "{outside}");
        }
        credential.allowed_ips = Some(Vec::new());
        assert!(!admits(&credential, "10.1.0.1"), "an empty list admits nobody");
        credential.allowed_ips = Some(vec!["0.0.0.0/0".parse().unwrap()]);
        assert!(admits(&credential, "::ffff:192.0.2.1") && !admits(&credential, "2001:db8::1"));
    }

    #[test]
    fn of_a_shopper_only_the_network_is_told() {
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        let shopper = CredentialKind::RebillyPublishable;
        assert_eq!(shopper.told_origin(address).to_string(), "192.0.2.0");
        for server in
            [CredentialKind::RebillySecret, CredentialKind::NativeRedeem, CredentialKind::NativeAdmin]
        {
            assert_eq!(server.told_origin(address), address, "{server:?}");
        }
    }
}
