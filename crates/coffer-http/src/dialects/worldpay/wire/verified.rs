//! `POST /verifiedTokens/cardOnFile` and `/oneTime` (section 11): as a token, of a card or of a session.

use std::borrow::Cow;

use coffer_core::{CardFacts, Contact};
use coffer_types::{Expiry, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    card::{CardNumber, read_cvc, read_expiry_date, read_holder, read_number},
    create::{TokenFields, read_optional_address, read_token},
    fields::{self, Words},
    links::{Curie, Link},
    token::TokenBody,
};
use crate::{
    dialects::worldpay::error::Problem,
    form::{self, Length, Problems, Section, Shape, Variant, up_to},
    json::Node,
};

/// Three capital letters.
const CURRENCY: Shape = Shape {
    pattern: "^[A-Z]*$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_uppercase()),
    message: "Must be three capital letters.",
};

/// The card of a request.
pub(crate) enum Instrument<'r> {
    /// Its details. A code that came with them was read and is gone.
    Plain { number: CardNumber, expiry: Expiry },
    /// A session in which a browser left them.
    Checkout { session: &'r str },
}

/// The request of both.
pub(crate) struct VerifiedRequest<'r> {
    pub(crate) instrument: Instrument<'r>,
    pub(crate) facts: CardFacts,
    pub(crate) token: TokenFields,
}

impl<'r> VerifiedRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>, now: Timestamp) -> Result<Self, Problem> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| Self::fields(body, now));
        problems.into_ruled(request).map_err(|found| Problem::Invalid(fields::all(found, Words::Tokens)))
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>, now: Timestamp) -> Option<Self> {
        let card = body.section("paymentInstrument", |card| {
            let variants = [
                Variant { names: &["card/plain"], read: &read_plain },
                Variant { names: &["card/checkout"], read: &read_checkout },
            ];
            card.variant("type", &variants).map(|(_, read)| read)
        });
        let currency = body.text_like("verificationCurrency", Length { min: 3, max: 3 }, CURRENCY);
        // What the statement of a verification would say: there is none, so that it is read and kept nowhere.
        body.optional_section("narrative", |narrative| {
            let line = narrative.text("line1", up_to(24));
            narrative.optional_text("line2", Length { min: 0, max: 24 });
            line
        });
        let token = read_token(body, true, now);
        let (instrument, holder, contact) = card?;
        currency?;
        let expiry = match &instrument {
            Instrument::Plain { expiry, .. } => Some(*expiry),
            Instrument::Checkout { .. } => None,
        };
        let facts = CardFacts { holder: Some(holder), expiry, contact, scheme_reference: None };
        Some(Self { instrument, facts, token })
    }
}

type Read<'r> = (Instrument<'r>, String, Option<Contact>);

fn read_plain<'r>(card: Section<'_, 'r>) -> Option<Read<'r>> {
    let (number, expiry, holder) = (read_number(card), read_expiry_date(card), read_holder(card));
    let contact = read_optional_address(card);
    // A code is for a verification: there is none, so that it is read and gone.
    read_cvc(card);
    Some((Instrument::Plain { number: number?, expiry: expiry? }, holder?, contact))
}

fn read_checkout<'r>(card: Section<'_, 'r>) -> Option<Read<'r>> {
    let session = card.text("sessionHref", up_to(2_048));
    let (holder, contact) = (read_holder(card), read_optional_address(card));
    Some((Instrument::Checkout { session: session? }, holder?, contact))
}

/// The answer of version 3.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerifiedToken")]
pub(crate) struct VerifiedBody<'v> {
    #[serde(rename = "_embedded")]
    pub(crate) embedded: Embedded<'v>,
}

/// What it embeds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerifiedTokenEmbedded")]
pub(crate) struct Embedded<'v> {
    pub(crate) verification: VerificationBody<'v>,
    pub(crate) token: TokenBody<'v>,
}

/// What is said of the verification that a vault cannot make.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Verification")]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationBody<'v> {
    pub(crate) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'static str>,
    pub(crate) checked_at: String,
    pub(crate) payment_instrument: VerifiedCard<'v>,
    #[serde(rename = "_links")]
    pub(crate) links: VerificationLinks,
}

/// The card in it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerifiedPaymentInstrument")]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerifiedCard<'v> {
    pub(crate) r#type: &'static str,
    pub(crate) card: VerifiedFacts<'v>,
}

/// What is known of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerifiedCardFacts")]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerifiedFacts<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country_code: Option<&'v str>,
    pub(crate) brand: Cow<'v, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) funding_type: Option<&'v str>,
}

/// Its links.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "VerificationLinks")]
pub(crate) struct VerificationLinks {
    #[serde(rename = "verifications:verification")]
    pub(crate) verification: Link,
    pub(crate) curies: [Curie; 1],
}

/// The answer of versions 1 and 2.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FlatVerifiedToken")]
pub(crate) struct FlatBody {
    pub(crate) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'static str>,
    #[serde(rename = "_links")]
    pub(crate) links: FlatLinks,
}

/// Its links.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FlatVerifiedTokenLinks")]
pub(crate) struct FlatLinks {
    #[serde(rename = "verifications:verification")]
    pub(crate) verification: Link,
    #[serde(rename = "tokens:token")]
    pub(crate) token: Link,
    #[serde(rename = "tokens:conflicts", skip_serializing_if = "Option::is_none")]
    pub(crate) conflicts: Option<Link>,
    pub(crate) curies: [Curie; 2],
}
