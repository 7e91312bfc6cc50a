//! Tokens.

use std::borrow::Cow;

use coffer_core::{
    Created, Details, NewToken, ProtectedKind, Refused, TokenView, lifecycle::TokenStage, store::CardFace,
};
use coffer_types::{Bin, Brand, Expiry, Timestamp};

use super::{
    super::wire::{CardBody, LinkBody, Means, RiskBody, Shown, TokenBody},
    BankParts, Extra, ExtraParts, Printer, contact, extra_of,
};

/// What the vault is asked to keep.
pub(crate) fn new_token(
    method: &str,
    means: Means<'_>,
    risk: &RiskBody<'_>,
    bank: BankParts<'_>,
) -> Result<NewToken, Refused> {
    let extra = ExtraParts {
        method,
        partial: means.protected.kind() == ProtectedKind::Nothing,
        instrument: means.shown.as_deref(),
        wallet: means.wallet.as_ref(),
        risk: Some(risk),
        bank_country: bank.country,
        bank_name: bank.name,
        brand: bank.brand.map(Brand::code),
    };
    let details = Details {
        expiry: means.expiry,
        contact: means.billing_address.as_ref().map(contact),
        extra: Some(extra.to_raw()?),
    };
    Ok(NewToken { protected: means.protected, cvv: means.cvv, reader: None, details })
}

/// The answer to a create.
pub(crate) fn created<'r>(
    printer: Printer<'_>,
    new: &'r NewToken,
    face: Option<&'r CardFace>,
    created: &Created,
    (id, location): (&'r str, &'r str),
) -> TokenBody<'r> {
    body(printer, &new.details, face, (created.created_at, TokenStage::Live), (id, location))
}

/// The answer to a read.
pub(crate) fn token<'r>(
    printer: Printer<'_>,
    view: &'r TokenView,
    names: (&'r str, &'r str),
) -> TokenBody<'r> {
    body(printer, &view.details, view.face.as_ref(), (view.created_at, view.stage), names)
}

/// The times follow section 4.4: nothing announces the future expiry, and each end sets its own time.
fn body<'r>(
    printer: Printer<'_>,
    details: &'r Details,
    face: Option<&'r CardFace>,
    (created_at, stage): (Timestamp, TokenStage),
    (id, location): (&'r str, &'r str),
) -> TokenBody<'r> {
    let (used, expired) = match stage {
        TokenStage::Live => (None, None),
        TokenStage::Used { at } => (Some(at), None),
        TokenStage::Expired { at } => (None, Some(at)),
    };
    let extra = extra_of(details);
    let shown = match &*extra.method {
        "payment-card" => Some(Shown::Card(card(details, face, &extra))),
        _ => extra.instrument.map(Shown::Other),
    };
    TokenBody {
        method: method_of(&extra.method),
        payment_instrument: shown,
        wallet: extra.wallet,
        billing_address: details.contact.as_ref().map(|contact| printer.contact(contact)),
        id,
        is_used: used.is_some(),
        risk_metadata: extra.risk,
        created_time: created_at.to_rfc3339(),
        updated_time: used.or(expired).unwrap_or(created_at).to_rfc3339(),
        usage_time: used.map(Timestamp::to_rfc3339),
        expiration_time: expired.map(Timestamp::to_rfc3339),
        links: [LinkBody { rel: "self", href: Cow::Borrowed(location) }],
    }
}

/// The method's name out of the table.
fn method_of(method: &str) -> &'static str {
    super::super::methods::static_name(method).unwrap_or("payment-card")
}

fn card<'r>(details: &Details, face: Option<&'r CardFace>, extra: &Extra<'_>) -> CardBody<'r> {
    CardBody {
        exp_month: details.expiry.map(Expiry::month),
        exp_year: details.expiry.map(Expiry::year),
        bin: face.and_then(|face| face.bin.as_ref()).map(Bin::as_str),
        last4: face.map(|face| face.last4.as_str()),
        brand: extra.brand(face),
    }
}
