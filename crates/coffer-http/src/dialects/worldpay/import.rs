//! A card of another provider becomes a reusable token, as `POST /tokens` makes it. A token that is there stays as it
//! is: what differs is told and does not wait beside it, for nobody would resolve it within half an hour.

use coffer_core::{
    Act, CardFacts, Lifetime, NewReusable, Protected, Refused, Source, TokenizeError, Tokenized,
};
use coffer_crypto::forms;
use coffer_types::{Expiry, limits};
use serde::Serialize;

use super::{
    convert::{self, OwnFields, Printer},
    error::Problem,
    media::Version,
    tokens::create::default_description,
    wire::{card::CardNumber, create::CreateRequest},
};
use crate::{
    import::{Column, ForeignAddress, ForeignCard, Importer, NotKept, Taken, Wrong},
    json,
};

/// A token's `tokenId` and its link.
pub(crate) const NAMES: [&str; 2] = ["tokenId", "href"];

/// Which column a field comes from.
const COLUMNS: [(&str, Column); 15] = [
    ("cardNumber", Column::Pan),
    ("cardHolderName", Column::Name),
    ("cardExpiryDate", Column::Expiry),
    ("month", Column::Expiry),
    ("year", Column::Expiry),
    ("namespace", Column::Namespace),
    ("billingAddress", Column::Line1),
    ("address1", Column::Line1),
    ("address2", Column::Line2),
    ("city", Column::City),
    ("state", Column::Region),
    ("postalCode", Column::PostalCode),
    ("countryCode", Column::Country),
    ("description", Column::Reference),
    ("merchant", Column::Reference),
];

/// The request that would have brought the card.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'c> {
    payment_instrument: Instrument<'c>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'c str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Instrument<'c> {
    r#type: &'static str,
    card_number: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_holder_name: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_expiry_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<Address<'c>>,
}

#[derive(Serialize)]
struct Date {
    month: u8,
    year: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address1: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address2: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<&'c str>,
}

/// What the dialect's own reader made of a card.
struct Read {
    protected: Protected,
    facts: CardFacts,
    namespace: Option<String>,
}

fn read(importer: &Importer, card: &ForeignCard<'_>) -> Result<Read, NotKept> {
    let date = |expiry: Expiry| Date { month: expiry.month(), year: expiry.year() };
    let body = Body {
        payment_instrument: Instrument {
            r#type: "card/front",
            card_number: card.pan,
            card_holder_name: card.name,
            card_expiry_date: card.expiry.map(date),
            billing_address: card.address.as_ref().map(Address::of),
        },
        namespace: card.namespace,
    };
    let text = json::wiped_text(&body).ok_or(Refused::Unavailable)?;
    let parsed = json::parse(text.as_bytes()).map_err(|_| Refused::Unavailable)?;
    // The version in which nobody names an entity: entities are for credentials.
    let request = CreateRequest::read(&parsed, Version::V2, importer.now());
    let CreateRequest { number, facts, token } = request.map_err(|problem| match problem {
        Problem::Invalid(fields) => {
            let wrong =
                |field: super::error::InvalidField| Wrong::at(&field.json_path, &COLUMNS, field.message);
            NotKept::Wrong(fields.into_iter().map(wrong).collect())
        }
        _ => NotKept::Refused(Refused::Unavailable),
    })?;
    match number {
        CardNumber::Known(pan) if convert::is_known(&pan) => {
            Ok(Read { protected: Protected::Card(pan), facts, namespace: token.namespace })
        }
        _ => Err(not_taken()),
    }
}

impl<'c> Address<'c> {
    fn of(address: &ForeignAddress<'c>) -> Self {
        Self {
            address1: address.line1,
            address2: address.line2,
            postal_code: address.postal_code,
            city: address.city,
            state: address.region,
            country_code: address.country,
        }
    }
}

fn not_taken() -> NotKept {
    NotKept::Wrong(Wrong::one(Column::Pan, "Card number is of no brand that is known here"))
}

fn full() -> NotKept {
    NotKept::Wrong(Wrong::one(Column::Namespace, NAMESPACE_FULL))
}

/// What is said of a namespace that is full.
pub(crate) const NAMESPACE_FULL: &str = "Namespace has as many tokens as it may";

/// Whether the card has a token already.
pub(crate) async fn look(importer: &Importer, card: &ForeignCard<'_>) -> Result<bool, NotKept> {
    let Read { protected, namespace, .. } = read(importer, card)?;
    let found = importer.vault.find_reusable(importer.tenant, namespace.as_deref(), &protected).await?;
    Ok(found.is_some())
}

/// How many tokens a namespace still takes.
pub(crate) async fn places_left(importer: &Importer, namespace: &str) -> Result<usize, Refused> {
    let tokens = importer.vault.read_namespace(importer.tenant, namespace).await?;
    Ok(usize::from(limits::NAMESPACE_TOKENS).saturating_sub(tokens.len()))
}

/// Makes or finds the card's token.
pub(crate) async fn keep(
    importer: &Importer,
    act: &Act,
    card: &ForeignCard<'_>,
    lifetime: Lifetime,
) -> Result<Taken, NotKept> {
    let Read { protected, facts, namespace } = read(importer, card)?;
    let description = default_description(importer.now());
    let new = NewReusable {
        source: Source::Card(&protected),
        namespace: namespace.as_deref(),
        description: &description,
        ends_at: None,
        facts: facts.clone(),
        may_conflict: false,
    };
    let bins = importer.tables.bins();
    let own = |protected: &Protected| OwnFields::of(protected, &bins);
    let base = format!("{}/worldpay", importer.public_url);
    let printer = Printer { base: &base };
    let render = |tokenized: &Tokenized| {
        let (view, _) = convert::outcome(tokenized);
        let made = matches!(tokenized, Tokenized::Created(_));
        let differs = !made && !view.details.facts.differing(&facts).is_empty();
        Taken { made, differs, names: vec![forms::short(&view.names.short), printer.token_href(view)] }
    };
    importer.vault.tokenize(act, &new, lifetime, own, render).await.map_err(|error| match error {
        TokenizeError::NamespaceFull => full(),
        TokenizeError::NotTaken | TokenizeError::NotUsable => not_taken(),
        TokenizeError::Refused(refused) => NotKept::Refused(refused),
    })
}
