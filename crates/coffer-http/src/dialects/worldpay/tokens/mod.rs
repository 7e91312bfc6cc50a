//! `/tokens`: make, find, change and delete reusable tokens.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod read;
pub(super) mod update;

use coffer_crypto::LocatorKind;
use coffer_types::{RecordNumber, Tenant};

use super::{convert, error::Problem};
use crate::{app::App, call::Call, query::strict_parameter};

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

/// Whether a token is of the namespace that the query adds to its name; 404 if not, for then another token is meant.
async fn is_asked(app: &App, call: &Call, tenant: Tenant, number: RecordNumber) -> Result<(), Problem> {
    let asked = strict_parameter(call.query(), "namespace").map_err(|_| Problem::NotFound)?;
    let Some(asked) = asked else { return Ok(()) };
    let view = app.vault.read_reusable(tenant, number).await?;
    let is_same = view.is_some_and(|view| view.details.namespace.as_deref() == Some(asked.as_str()));
    if is_same { Ok(()) } else { Err(Problem::NotFound) }
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
