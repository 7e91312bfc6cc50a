//! A card of another provider becomes an instrument of a customer, as `POST /payment-instruments` with plain details
//! makes it. An instrument belongs to somebody: whoever the file has no customer for is called by the reference. The
//! same card of the same customer is one instrument, and what comes again is its expiry and address from then on.

use coffer_core::{Act, Keep, KeepError, Kept, NewInstrument, Protected, Refused};
use serde::Serialize;

use super::{
    convert::{self, BankParts},
    instruments::create::{new_instrument, own},
    wire::{CreateRequest, From, OwnFields, Plain},
};
use crate::{
    import::{Column, ForeignCard, Importer, NotKept, Taken, Wrong},
    json,
};

/// An instrument's id, and whose it is.
pub(crate) const NAMES: [&str; 2] = ["paymentInstrumentId", "customerId"];

/// Which column a field comes from.
const COLUMNS: [(&str, Column); 12] = [
    ("pan", Column::Pan),
    ("expMonth", Column::Expiry),
    ("expYear", Column::Expiry),
    ("customerId", Column::Customer),
    ("firstName", Column::Name),
    ("lastName", Column::Name),
    ("address", Column::Line1),
    ("address2", Column::Line2),
    ("city", Column::City),
    ("region", Column::Region),
    ("postalCode", Column::PostalCode),
    ("country", Column::Country),
];

/// The request that would have brought the card.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'c> {
    method: &'static str,
    customer_id: &'c str,
    pan: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp_year: Option<u16>,
    billing_address: Address<'c>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'c str>,
    #[serde(rename = "address", skip_serializing_if = "Option::is_none")]
    line: Option<&'c str>,
    #[serde(rename = "address2", skip_serializing_if = "Option::is_none")]
    second_line: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'c str>,
}

/// Whose instrument a card becomes.
pub(crate) fn customer<'c>(card: &ForeignCard<'c>) -> &'c str {
    card.customer.unwrap_or(card.reference)
}

impl<'c> Body<'c> {
    fn of(card: &ForeignCard<'c>) -> Self {
        // The last word of a name is the family's: most exports have one column for both.
        let (first_name, last_name) = match card.name.map(|name| name.rsplit_once(' ').ok_or(name)) {
            Some(Ok((first, last))) => (Some(first), Some(last)),
            Some(Err(only)) => (None, Some(only)),
            None => (None, None),
        };
        let address = card.address.unwrap_or_default();
        Self {
            method: "payment-card",
            customer_id: customer(card),
            pan: card.pan,
            exp_month: card.expiry.map(coffer_types::Expiry::month),
            exp_year: card.expiry.map(coffer_types::Expiry::year),
            billing_address: Address {
                first_name: first_name.filter(|name| !name.is_empty()),
                last_name: last_name.filter(|name| !name.is_empty()),
                line: address.line1,
                second_line: address.line2,
                city: address.city,
                region: address.region,
                country: address.country,
                postal_code: address.postal_code,
            },
        }
    }
}

fn read(importer: &Importer, card: &ForeignCard<'_>) -> Result<NewInstrument, NotKept> {
    let text = json::wiped_text(&Body::of(card)).ok_or(Refused::Unavailable)?;
    let parsed = json::parse(text.as_bytes()).map_err(|_| Refused::Unavailable)?;
    let request = CreateRequest::read(&parsed, importer.now()).map_err(|problems| {
        let wrong = problems.into_iter().map(|field| Wrong::at(&field.field, &COLUMNS, field.message));
        // Without a column of customers the reference is at fault.
        let own = |wrong: Wrong| match wrong.column {
            Column::Customer if card.customer.is_none() => Wrong { column: Column::Reference, ..wrong },
            _ => wrong,
        };
        NotKept::Wrong(wrong.map(own).collect())
    })?;
    let From::Plain(plain) = request.from else { return Err(Refused::Unavailable.into()) };
    let plain: Plain<'_> = *plain;
    let bins = importer.tables.bins();
    let facts = match &plain.protected {
        Protected::Card(pan) => bins.find(pan),
        _ => None,
    };
    let bank = facts.as_ref().map(|facts| BankParts {
        country: facts.country.as_ref().map(coffer_types::Country::as_str),
        name: facts.bank,
        brand: facts.brand,
    });
    Ok(new_instrument(plain, bank.unwrap_or_default(), None)?)
}

/// Whether the customer has the card already.
pub(crate) async fn look(importer: &Importer, card: &ForeignCard<'_>) -> Result<bool, NotKept> {
    let new = read(importer, card)?;
    let found = importer.vault.find_instrument(importer.tenant, customer(card), &new.protected).await?;
    Ok(found.is_some())
}

/// Makes or updates the customer's instrument.
pub(crate) async fn keep(importer: &Importer, act: &Act, card: &ForeignCard<'_>) -> Result<Taken, NotKept> {
    let (new, customer) = (read(importer, card)?, customer(card));
    let known = importer.vault.read_customer(importer.tenant, customer).await?;
    let contact = known.as_ref().and_then(|known| known.details.contact.as_ref());
    let own = own(OwnFields::default(), contact);
    let render = |kept: &Kept| {
        let names =
            vec![convert::instrument_id(&kept.instrument.locator), kept.instrument.details.customer.clone()];
        Taken { made: !kept.updated, differs: false, names }
    };
    let kept = importer.vault.keep(act, &new, Keep { customer, own: &own }, render).await;
    kept.map_err(|error| match error {
        KeepError::Nothing => NotKept::Wrong(Wrong::one(Column::Pan, "There is nothing to keep.")),
        KeepError::Refused(refused) => NotKept::Refused(refused),
    })
}
