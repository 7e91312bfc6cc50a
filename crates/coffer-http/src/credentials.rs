//! Credentials: what a caller shows, what it is allowed, and for whom. An immutable snapshot; default deny.

use std::{collections::HashMap, fmt, sync::Arc};

use coffer_core::RequestId;
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

    pub(crate) fn act(&self, tenant: Tenant, call: &Call) -> coffer_core::Act {
        let request: RequestId = call.request;
        coffer_core::Act { tenant, actor: Arc::clone(&self.name), origin: Some(call.origin), request }
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
