//! Between printed forms and the core: which record a token or id of any dialect names.

use coffer_core::{CardDetails, Details, Redeemed, Revealed};
use coffer_crypto::{LocatorBytes, forms};
use coffer_types::Cvv;

use super::wire::{CardBody, ContactBody, RedeemedBody, RevealedBody};

/// The locator in a single-use token, in the form of whatever dialect printed it.
pub(super) fn parse_token(text: &str) -> Option<LocatorBytes> {
    forms::parse_grouped(text)
}

/// The locator in an instrument's id: what follows the dialect's prefix.
pub(super) fn parse_instrument(text: &str) -> Option<LocatorBytes> {
    forms::parse_upper(text.rsplit_once('_').map_or(text, |(_, rest)| rest))
}

pub(super) fn redeemed(redeemed: &Redeemed) -> RedeemedBody<'_> {
    RedeemedBody {
        card: card(&redeemed.card, &redeemed.details),
        contact: redeemed.details.contact.as_ref().map(ContactBody),
        extra: redeemed.details.extra.as_deref(),
        created_time: redeemed.created_at.to_rfc3339(),
        used_time: redeemed.used_at.to_rfc3339(),
    }
}

pub(super) fn revealed(revealed: &Revealed) -> RevealedBody<'_> {
    let details = &revealed.details.details;
    RevealedBody {
        card: card(&revealed.card, details),
        customer: &revealed.details.customer,
        contact: details.contact.as_ref().map(ContactBody),
        extra: details.extra.as_deref(),
    }
}

fn card<'r>(card: &'r CardDetails, details: &Details) -> CardBody<'r> {
    CardBody {
        pan: card.pan.expose(),
        exp_month: details.expiry.month(),
        exp_year: details.expiry.year(),
        cvv: card.cvv.as_ref().map(Cvv::expose),
    }
}
