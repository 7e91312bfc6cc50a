//! Instruments.

use std::borrow::Cow;

use coffer_core::{CustomerView, Details, InstrumentView};
use coffer_crypto::Fingerprint;
use coffer_types::{Bin, Expiry};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    super::{
        methods,
        wire::{
            BankBody, CardInstrumentBody, ContactBody, CustomFields, EmbeddedBody, InstrumentBody,
            KhelocardBody, KhelocardInstrumentBody, KindBody, LinkBody, OtherBody, OwnInstrumentBody,
            RiskShown,
        },
    },
    Extra, Own, Printer, customer as customer_body, extra_of, instrument_id,
};

/// An instrument of section 7.
pub(crate) fn instrument<'r>(printer: Printer<'_>, view: &'r InstrumentView) -> InstrumentBody<'r> {
    let customer = &view.details.customer;
    let (extra, fields) = (extra_of(&view.details.details), Own::of(&view.details));
    let mut own = storefront(printer, view);
    own.links = vec![
        LinkBody { rel: "self", href: Cow::Owned(printer.instrument_url(&own.id)) },
        LinkBody { rel: "customer", href: Cow::Owned(printer.customer_url(customer)) },
    ];
    if let KindBody::Other(other) = &mut own.kind {
        other.reference_data = fields.reference_data;
    }
    InstrumentBody {
        own,
        customer_id: customer,
        sticky_gateway_account_id: fields.sticky,
        risk_metadata: risk(extra.risk, fields.has_mismatched_holder_name),
        revision: view.generation.get(),
        embedded: None,
    }
}

/// The same with its customer, where one was asked for and is known.
pub(crate) fn expanded<'r>(
    printer: Printer<'r>,
    view: &'r InstrumentView,
    customer: Option<&'r CustomerView>,
) -> InstrumentBody<'r> {
    let embedded = customer.map(|view| EmbeddedBody { customer: customer_body(printer, view, None) });
    InstrumentBody { embedded, ..instrument(printer, view) }
}

/// The same as its own customer sees it.
pub(crate) fn storefront<'r>(printer: Printer<'_>, view: &'r InstrumentView) -> OwnInstrumentBody<'r> {
    let details = &view.details.details;
    let (extra, own) = (extra_of(details), Own::of(&view.details));
    let id = instrument_id(&view.locator);
    let method = instrument_method(&extra);
    let url = printer.storefront_url(&id);
    OwnInstrumentBody {
        id,
        method,
        status: instrument_status(printer, view, method),
        fingerprint: instrument_fingerprint(view.fingerprint, method),
        billing_address: billing_address(printer, details, method),
        use_as_backup: own.use_as_backup,
        created_time: view.created_at.to_rfc3339(),
        updated_time: view.updated_at.to_rfc3339(),
        last_payment_time: None,
        custom_fields: own.custom_fields.map_or(CustomFields::None {}, CustomFields::Kept),
        kind: kind(view, method, extra),
        links: vec![LinkBody { rel: "self", href: Cow::Owned(url) }],
    }
}

/// The definition asks for an address at all but cards and accounts, and an empty one is one.
fn billing_address<'r>(printer: Printer<'_>, details: &'r Details, method: &str) -> Option<ContactBody<'r>> {
    match &details.contact {
        Some(contact) => Some(printer.contact(contact)),
        None => (!matches!(method, "payment-card" | "ach")).then(ContactBody::default),
    }
}

/// An e-check has no instrument of its own: it is a bank account (section 7).
pub(crate) fn instrument_method(extra: &Extra<'_>) -> &'static str {
    match methods::static_name(&extra.method) {
        Some("echeck") => "ach",
        // What a wallet holds is a card; its payload, and so its number, is sealed.
        Some("digital-wallet") | None => "payment-card",
        Some(name) => name,
    }
}

/// A fresh card is `inactive` until a payment was approved, which a vault never sees; other methods have no such state
/// but `PayPal`.
pub(crate) fn instrument_status(printer: Printer<'_>, view: &InstrumentView, method: &str) -> &'static str {
    let expired = view.details.details.expiry.is_some_and(|expiry| expiry.is_past(printer.now));
    match method {
        _ if view.details.deactivated => "deactivated",
        "payment-card" if expired => "expired",
        "payment-card" | "paypal" => "inactive",
        _ => "active",
    }
}

/// The definition has a fingerprint for these alone.
pub(crate) fn instrument_fingerprint(fingerprint: Option<Fingerprint>, method: &str) -> Option<String> {
    let fingerprint = fingerprint.filter(|_| matches!(method, "payment-card" | "ach" | "Khelocard"))?;
    Some(HEXLOWER.encode(fingerprint.as_bytes()))
}

fn kind<'r>(view: &'r InstrumentView, method: &str, extra: Extra<'r>) -> KindBody<'r> {
    let expiry = view.details.details.expiry;
    match method {
        "payment-card" => {
            let face = view.face.as_ref();
            KindBody::Card(CardInstrumentBody {
                bin: face.and_then(|face| face.bin.as_ref()).map(Bin::as_str),
                last4: face.map(|face| face.last4.as_str()),
                exp_year: expiry.map(Expiry::year),
                exp_month: expiry.map(Expiry::month),
                brand: extra.brand(face),
                digital_wallet: shown::<WalletKind<'r>>(extra.instrument).map(|wallet| wallet.r#type),
                bank_country: extra.bank_country,
                bank_name: extra.bank_name,
            })
        }
        "ach" => shown::<BankBody<'r>>(extra.instrument)
            .map_or(KindBody::Other(OtherBody::default()), KindBody::Bank),
        "Khelocard" => match shown::<KhelocardBody<'r>>(extra.instrument) {
            Some(card) => KindBody::Khelocard(KhelocardInstrumentBody {
                number: format!("************{}", card.last4),
                last4: card.last4,
                exp_year: card.exp_year,
                exp_month: card.exp_month,
            }),
            None => KindBody::Other(OtherBody::default()),
        },
        _ => KindBody::Other(OtherBody::default()),
    }
}

/// Of a wallet, whose it is.
#[derive(Deserialize)]
struct WalletKind<'r> {
    #[serde(borrow)]
    r#type: Cow<'r, str>,
}

/// What was sealed to be shown.
fn shown<'r, T: serde::Deserialize<'r>>(raw: Option<&'r RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// The token's risk metadata, with the one member that only the customer tells.
fn risk(raw: Option<&RawValue>, mismatch: Option<bool>) -> Option<RiskShown<'_>> {
    let raw = raw?;
    let Some(mismatch) = mismatch else { return Some(RiskShown::AsSealed(raw)) };
    let Ok(Value::Object(mut members)) = serde_json::from_str(raw.get()) else { return None };
    members.insert("hasMismatchedHolderName".to_owned(), Value::Bool(mismatch));
    Some(RiskShown::Completed(Box::new(Value::Object(members))))
}
