//! Credentials: what a caller shows, what it is allowed, and for whom. An immutable snapshot; default deny.

use std::{collections::HashMap, fmt, net::IpAddr, sync::Arc};

use coffer_core::{Act, network};
use coffer_crypto::CredentialHasher;
use coffer_types::Tenant;

use crate::call::Call;

/// What kind of credential, and so by which door and in which form it is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// Rebilly secret API key, in `REB-APIKEY` (`reference/rebilly.md` 2.2).
    RebillySecret,
    /// Rebilly publishable API key, in `Authorization`, bare or as `Bearer`.
    RebillyPublishable,
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
            Self::RebillyPublishable => network(address),
            Self::RebillySecret | Self::NativeRedeem | Self::NativeAdmin => address,
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
}

impl Credential {
    /// Whether the credential is for this tenant.
    pub fn covers(&self, tenant: Tenant) -> bool {
        self.tenants.contains(&tenant)
    }

    /// What this credential does in this call, for the audit log.
    pub(crate) fn act(&self, tenant: Tenant, call: &Call) -> Act {
        let origin = Some(self.kind.told_origin(call.origin));
        Act { tenant, actor: Arc::clone(&self.name), origin, request: call.request }
    }
}

/// All credentials of a node, found by a keyed hash: the secrets themselves are not kept.
pub struct Credentials {
    hasher: CredentialHasher,
    known: HashMap<[u8; 32], Credential>,
}

impl Credentials {
    /// None yet.
    pub fn new(hasher: CredentialHasher) -> Self {
        Self { hasher, known: HashMap::new() }
    }

    /// Adds a credential by its secret. False, and nothing is changed, when the same secret is there already.
    #[must_use]
    pub fn add(&mut self, secret: &str, credential: Credential) -> bool {
        let hash = self.hasher.hash(secret.as_bytes());
        if self.known.contains_key(&hash) {
            return false;
        }
        self.known.insert(hash, credential);
        true
    }

    /// Who shows this secret.
    pub fn find(&self, presented: &str) -> Option<&Credential> {
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
