//! `/tokens`: make, find, change and delete reusable tokens.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod read;
pub(super) mod update;

use coffer_crypto::LocatorKind;
use coffer_types::{RecordNumber, Tenant};

use super::convert;
use crate::{app::App, call::Call};

/// The token that a path names, by its link or by its `tokenId`; none for every other text. What belongs to another
/// account is the same as what does not exist.
fn named(app: &App, call: &Call, tenant: Tenant) -> Named {
    let text = call.param("token").unwrap_or_default();
    if let Some(name) = convert::parse_token_id(text) {
        return app.vault.locate_short(tenant, &name).map_or(Named::Nothing, Named::Token);
    }
    let Some((kind, locator)) = convert::parse_link(text) else { return Named::Nothing };
    if kind == LocatorKind::Conflict {
        return Named::Conflict(locator);
    }
    let located = app.vault.locate(kind, &locator).filter(|(owner, _)| *owner == tenant);
    match (kind, located) {
        (LocatorKind::Reusable, Some((_, number))) => Named::Token(number),
        (
            LocatorKind::ReusableDescription
            | LocatorKind::ReusableHolder
            | LocatorKind::ReusableExpiry
            | LocatorKind::ReusableAddress
            | LocatorKind::ReusableSchemeReference,
            Some((_, number)),
        ) => Named::Attribute(kind, number),
        _ => Named::Nothing,
    }
}

/// What a path names.
enum Named {
    /// A token.
    Token(RecordNumber),
    /// A part of one.
    Attribute(LocatorKind, RecordNumber),
    /// What waits beside one.
    Conflict(coffer_crypto::LocatorBytes),
    /// Nothing of this account.
    Nothing,
}
