//! Bearer tokens (section 1.1): what an API key is exchanged for. Nothing of one is stored: it says whose key it was
//! made for and until when, under a key of the tenant that every node has, so that it outlives a restart and is good
//! on every node. It names the key by a keyed hash of its secret: when the key is deleted, its tokens are nobody's.

use std::{collections::HashMap, sync::Arc};

use coffer_core::{Refused, Vault};
use coffer_crypto::is_same_mac;
use coffer_types::{Tenant, Timestamp};
use data_encoding::BASE64URL_NOPAD;

use crate::credentials::{Credential, CredentialKind, Credentials};

/// Seconds of a token's life, as documented.
pub(super) const SECONDS: i64 = 3_600;

/// The first byte of a token.
const VERSION: u8 = 1;
/// Version, tenant, end in seconds, and the key's hash.
const HEAD: usize = 1 + 4 + 8 + 16;
const TOKEN: usize = HEAD + 16;
/// Letters of a printed token.
const LETTERS: usize = TOKEN * 4 / 3;

const KEY_LABEL: &str = "api key v1";
const TOKEN_LABEL: &str = "bearer token v1";

/// The API keys of a node, by what tokens name them by.
#[derive(Default)]
pub(crate) struct ApiKeys(HashMap<(Tenant, [u8; 16]), Arc<Credential>>);

impl ApiKeys {
    /// All API keys among these credentials.
    pub(crate) fn of(vault: &Vault, credentials: &Credentials) -> Self {
        let keys = credentials.of_kind(CredentialKind::PayrocKey).flat_map(|credential| {
            let hashed =
                |tenant| Some(((tenant, hash(vault, tenant, credential).ok()?), Arc::clone(credential)));
            credential.tenants.iter().copied().filter_map(hashed).collect::<Vec<_>>()
        });
        Self(keys.collect())
    }

    /// The key that a token was made for; none for every text that is no token, or one that is over.
    pub(super) fn find(&self, vault: &Vault, shown: &str) -> Option<(&Arc<Credential>, Tenant)> {
        if shown.len() != LETTERS {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(shown.as_bytes()).ok()?;
        let (head, tag) = bytes.split_at_checked(HEAD)?;
        let [version, rest @ ..] = head else { return None };
        let (tenant, rest) = rest.split_first_chunk::<4>()?;
        let (end, key) = rest.split_first_chunk::<8>()?;
        let tenant = Tenant::new(u32::from_be_bytes(*tenant)).ok()?;
        let expected = vault.keyed_hash(tenant, TOKEN_LABEL, head).ok()?;
        if *version != VERSION || !is_same_mac(&expected, tag) {
            return None;
        }
        let end = i64::from_be_bytes(*end);
        if vault.now() >= Timestamp::from_millis(end.checked_mul(1_000)?) {
            return None;
        }
        let found = self.0.get(&(tenant, key.try_into().ok()?))?;
        Some((found, tenant))
    }
}

/// A token for a key, good for [`SECONDS`].
pub(super) fn issue(vault: &Vault, credential: &Credential, tenant: Tenant) -> Result<String, Refused> {
    let end = vault.now().plus_seconds(SECONDS).millis().div_euclid(1_000);
    let mut bytes = Vec::with_capacity(TOKEN);
    bytes.push(VERSION);
    bytes.extend_from_slice(&tenant.get().to_be_bytes());
    bytes.extend_from_slice(&end.to_be_bytes());
    bytes.extend_from_slice(&hash(vault, tenant, credential)?);
    bytes.extend_from_slice(&vault.keyed_hash(tenant, TOKEN_LABEL, &bytes)?);
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

fn hash(vault: &Vault, tenant: Tenant, credential: &Credential) -> Result<[u8; 16], Refused> {
    let digest = credential.digest.ok_or(Refused::Unavailable)?;
    vault.keyed_hash(tenant, KEY_LABEL, digest.as_bytes())
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ApiKeys({})", self.0.len())
    }
}
