//! Between printed forms and the core: which record a token or id of any dialect names.

use coffer_core::{Clear, Details, Protected, Redeemed, Revealed, RevealedReferenced, Vault};
use coffer_crypto::{LocatorBytes, LocatorKind, forms};
use coffer_types::{Cvv, Expiry, RoutingNumber};

use super::wire::{
    AccountBody, CardBody, ClearBody, ContactBody, OtherBody, RedeemedBody, RevealedBody,
    RevealedReferencedBody,
};

/// The locator in a single-use token, in the form of whatever dialect printed it, and what it is one of: a token, or a
/// session that a browser left.
pub(super) fn parse_token(vault: &Vault, text: &str) -> Option<(LocatorKind, LocatorBytes)> {
    if let Some(locator) = forms::parse_grouped(text).or_else(|| vault.parse_long_form(text)) {
        return Some((LocatorKind::SingleUseToken, locator));
    }
    let is_session = |kind: &LocatorKind| matches!(kind, LocatorKind::CardSession | LocatorKind::CvvSession);
    forms::parse_segment(text).filter(|(kind, _)| is_session(kind))
}

/// The locator in an instrument's id: what follows the dialect's prefix.
pub(super) fn parse_instrument(text: &str) -> Option<LocatorBytes> {
    forms::parse_upper(text.rsplit_once('_').map_or(text, |(_, rest)| rest))
}

pub(super) fn redeemed(redeemed: &Redeemed) -> RedeemedBody<'_> {
    RedeemedBody {
        clear: clear(&redeemed.clear, &redeemed.details),
        contact: redeemed.details.contact.as_ref().map(ContactBody),
        extra: redeemed.details.extra.as_deref(),
        // What was sealed is a JSON object.
        reader: redeemed.clear.reader.as_ref().and_then(|json| serde_json::from_str(json).ok()),
        created_time: redeemed.created_at.to_rfc3339(),
        used_time: redeemed.used_at.to_rfc3339(),
    }
}

pub(super) fn revealed(revealed: &Revealed) -> RevealedBody<'_> {
    let details = &revealed.details.details;
    RevealedBody {
        clear: clear(&revealed.clear, details),
        customer: &revealed.details.customer,
        contact: details.contact.as_ref().map(ContactBody),
        extra: details.extra.as_deref(),
    }
}

pub(super) fn revealed_referenced(revealed: &RevealedReferenced) -> RevealedReferencedBody<'_> {
    let kept = &revealed.view.details;
    RevealedReferencedBody {
        clear: clear(&revealed.clear, &kept.details),
        group: &kept.group,
        reference: &kept.reference,
        extra: kept.details.extra.as_deref(),
        own: &kept.own,
    }
}

fn clear<'r>(clear: &'r Clear, details: &Details) -> ClearBody<'r> {
    let cvv = clear.cvv.as_ref().map(Cvv::expose);
    let (exp_month, exp_year) = (details.expiry.map(Expiry::month), details.expiry.map(Expiry::year));
    match &clear.protected {
        Protected::Card(pan) => {
            ClearBody::Card(CardBody { pan: Some(pan.expose()), exp_month, exp_year, cvv })
        }
        Protected::Nothing => ClearBody::Card(CardBody { pan: None, exp_month, exp_year, cvv }),
        Protected::Account(account) => ClearBody::Account(AccountBody {
            number: account.number.expose(),
            routing_number: account.routing.as_ref().map(RoutingNumber::as_str),
        }),
        Protected::Other(other) => ClearBody::Other(OtherBody {
            // What was sealed is a JSON object.
            members: serde_json::from_str(&other.json).unwrap_or_default(),
            exp_month,
            exp_year,
            cvv,
        }),
    }
}
