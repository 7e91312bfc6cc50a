//! A card of another provider becomes a secure token, as `POST …/secure-tokens` makes it: its `secureTokenId` is the
//! card's reference there, which nobody gets twice. So a card that comes again finds its token, by the reference and
//! not by the number: the same card under two references is two tokens, as it is over HTTP.

use coffer_core::{
    Act, Details, Named, NewInstrument, NewReferenced, ReferencedError, ReferencedSource, ReferencedView,
    Refused,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    convert::{self, Shown},
    settings::Terminal,
    wire::{
        create::SecureRequest,
        expiry,
        source::{AnySource, Taking},
    },
};
use crate::{
    import::{Column, ForeignAddress, ForeignCard, Importer, NotKept, Taken, Wrong},
    json,
};

/// What the merchant calls a token, and its digits.
pub(crate) const NAMES: [&str; 2] = ["secureTokenId", "token"];

/// Which column a field comes from.
const COLUMNS: [(&str, Column); 11] = [
    ("secureTokenId", Column::Reference),
    ("cardNumber", Column::Pan),
    ("expiryDate", Column::Expiry),
    ("cardholderName", Column::Name),
    ("billingAddress", Column::Line1),
    ("address1", Column::Line1),
    ("address2", Column::Line2),
    ("city", Column::City),
    ("state", Column::Region),
    ("postalCode", Column::PostalCode),
    ("country", Column::Country),
];

/// The request that would have brought the card.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'c> {
    secure_token_id: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Customer<'c>>,
    source: CardSource<'c>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Customer<'c> {
    billing_address: Address<'c>,
}

/// Whoever has no state or postal code sends an empty one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address1: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address2: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'c str>,
    state: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'c str>,
    postal_code: &'c str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardSource<'c> {
    r#type: &'static str,
    card_details: CardDetails<'c>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardDetails<'c> {
    entry_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cardholder_name: Option<&'c str>,
    keyed_data: KeyedData<'c>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyedData<'c> {
    data_format: &'static str,
    card_number: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_date: Option<String>,
}

impl<'c> Body<'c> {
    fn of(card: &ForeignCard<'c>) -> Self {
        let keyed_data = KeyedData {
            data_format: "plainText",
            card_number: card.pan,
            expiry_date: card.expiry.map(expiry::show),
        };
        let card_details = CardDetails { entry_method: "keyed", cardholder_name: card.name, keyed_data };
        let address = |address: &ForeignAddress<'c>| Address {
            address1: address.line1,
            address2: address.line2,
            city: address.city,
            state: address.region.unwrap_or_default(),
            country: address.country,
            postal_code: address.postal_code.unwrap_or_default(),
        };
        Self {
            secure_token_id: card.reference,
            customer: card.address.as_ref().map(|from| Customer { billing_address: address(from) }),
            source: CardSource { r#type: "card", card_details },
        }
    }
}

/// What the dialect's own reader made of a card, and what is sealed for the dialect alone.
fn read(
    importer: &Importer,
    terminal: &Terminal,
    card: &ForeignCard<'_>,
) -> Result<(NewInstrument, Box<RawValue>), NotKept> {
    // Two digits of a year are what the dialect has.
    if card.expiry.is_some_and(|expiry| expiry.year() / 100 != 20) {
        return Err(NotKept::Wrong(Wrong::one(Column::Expiry, "Must be a year from 2000 to 2099.")));
    }
    let text = json::wiped_text(&Body::of(card)).ok_or(Refused::Unavailable)?;
    let parsed = json::parse(text.as_bytes()).map_err(|_| Refused::Unavailable)?;
    let taking = Taking { now: importer.now(), allow_expired: terminal.expired_cards };
    let request = SecureRequest::read(&parsed, taking).map_err(|problems| {
        let wrong = problems.into_iter().map(|(field, _)| Wrong::at(&field.field, &COLUMNS, field.message));
        NotKept::Wrong(wrong.collect())
    })?;
    let AnySource::Given(mut given) = request.source else { return Err(Refused::Unavailable.into()) };
    let own = convert::raw(&convert::known_fields(terminal, request.own))?;
    convert::accepts(terminal, &given.facts).map_err(|_| not_taken())?;
    convert::complete(&mut given.facts, &given.protected, &importer.tables.bins());
    Ok((convert::new_instrument(given).map_err(|_| not_taken())?, own))
}

fn not_taken() -> NotKept {
    NotKept::Wrong(Wrong::one(Column::Pan, "The terminal is not set up to take cards."))
}

/// Whether the reference has a token already, and it is this card's.
pub(crate) async fn look(
    importer: &Importer,
    (id, terminal): (&str, &Terminal),
    card: &ForeignCard<'_>,
) -> Result<bool, NotKept> {
    let (new, _) = read(importer, terminal, card)?;
    Ok(find(importer, id, card, &new).await?.is_some())
}

async fn find(
    importer: &Importer,
    id: &str,
    card: &ForeignCard<'_>,
    new: &NewInstrument,
) -> Result<Option<ReferencedView>, NotKept> {
    match importer.vault.find_reference(importer.tenant, id, card.reference, &new.protected).await? {
        Named::Free => Ok(None),
        Named::Same(view) => Ok(Some(view)),
        Named::Other => Err(NotKept::Wrong(Wrong::one(
            Column::Reference,
            "It is, or was, the secureTokenId of another card.",
        ))),
    }
}

/// Makes or finds the token of the reference.
pub(crate) async fn keep(
    importer: &Importer,
    act: &Act,
    (id, terminal): (&str, &Terminal),
    card: &ForeignCard<'_>,
) -> Result<Taken, NotKept> {
    let (new, own) = read(importer, terminal, card)?;
    let names = |view: &ReferencedView| {
        let shown = Shown::of(view)?;
        let body = shown.body();
        Ok::<_, Refused>(vec![body.secure_token_id.to_owned(), body.token.into_owned()])
    };
    let make = |details: Details| (details, own.clone());
    let (source, reference) = (ReferencedSource::Given(&new), Some(card.reference));
    let referenced = NewReferenced { group: id, reference, source, make: &make, forms: convert::FORMS };
    match importer.vault.create_referenced(act, &referenced, None, names).await {
        Ok(names) => Ok(Taken { made: true, differs: false, names: names? }),
        Err(ReferencedError::Taken) => {
            let view = find(importer, id, card, &new).await?.ok_or(Refused::Contended)?;
            let differs = view.details.details.expiry != card.expiry;
            Ok(Taken { made: false, differs, names: names(&view)? })
        }
        Err(ReferencedError::Refused(refused)) => Err(refused.into()),
        Err(_) => Err(Refused::Unavailable.into()),
    }
}
