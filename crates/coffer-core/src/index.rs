//! Unique keys that are keyed hashes, and what several of them begin with. Every label stands here and nowhere else:
//! the vault makes keys by them, and a check of its records makes the same ones again.

use coffer_crypto::{Fingerprint, Keyring, SealError};
use coffer_types::{RecordNumber, Tenant};

use crate::store::{IndexKind, UniqueKey};

type Made = Result<UniqueKey, SealError>;

/// What the keys of one customer's instruments begin with. It tells nothing of the customer.
pub(crate) fn customer_prefix(keys: &Keyring, tenant: Tenant, customer: &str) -> Result<[u8; 8], SealError> {
    Ok(first_half(&keys.index_key(tenant, "customer v1", &[customer.as_bytes()])?))
}

pub(crate) fn customer_id(keys: &Keyring, tenant: Tenant, id: &str) -> Made {
    let value = keys.index_key(tenant, "customer id v1", &[id.as_bytes()])?;
    Ok(UniqueKey { tenant, kind: IndexKind::CustomerId, value })
}

/// A referenced token's, by what its merchant calls it within a group.
pub(crate) fn reference(keys: &Keyring, tenant: Tenant, group: &str, reference: &str) -> Made {
    let value = keys.index_key(tenant, "reference v1", &[group.as_bytes(), reference.as_bytes()])?;
    Ok(UniqueKey { tenant, kind: IndexKind::Reference, value })
}

pub(crate) fn digits(keys: &Keyring, tenant: Tenant, digits: &str) -> Made {
    let value = keys.index_key(tenant, "digits v1", &[digits.as_bytes()])?;
    Ok(UniqueKey { tenant, kind: IndexKind::Digits, value })
}

/// What the keys of one group's members begin with. It tells nothing of the group.
pub(crate) fn group_prefix(keys: &Keyring, tenant: Tenant, group: &str) -> Result<[u8; 8], SealError> {
    Ok(first_half(&keys.index_key(tenant, "group v1", &[group.as_bytes()])?))
}

pub(crate) fn member(keys: &Keyring, tenant: Tenant, group: &str, number: RecordNumber) -> Made {
    let mut value = [0; 16];
    value[..8].copy_from_slice(&group_prefix(keys, tenant, group)?);
    value[8..].copy_from_slice(&number.get().to_be_bytes());
    Ok(UniqueKey { tenant, kind: IndexKind::GroupMember, value })
}

/// By which a card is matched within its namespace; no namespace is a group of its own.
pub(crate) fn reusable_card(
    keys: &Keyring,
    tenant: Tenant,
    namespace: Option<&str>,
    fingerprint: &Fingerprint,
) -> Made {
    let grouped = [u8::from(namespace.is_some())];
    let parts: [&[u8]; 3] = [&grouped, namespace.unwrap_or_default().as_bytes(), fingerprint.as_bytes()];
    let value = keys.index_key(tenant, "reusable card v1", &parts)?;
    Ok(UniqueKey { tenant, kind: IndexKind::ReusableCard, value })
}

/// What the keys of a namespace's places are made of. It tells nothing of the namespace, which may be an e-mail
/// address.
pub(crate) fn namespace(keys: &Keyring, tenant: Tenant, namespace: &str) -> Result<[u8; 16], SealError> {
    keys.index_key(tenant, "namespace v1", &[namespace.as_bytes()])
}

/// The first half of a keyed hash.
pub(crate) fn first_half(hash: &[u8; 16]) -> [u8; 8] {
    let mut half = [0; 8];
    half.copy_from_slice(&hash[..8]);
    half
}
