//! `POST /tokens` (4.1).

use coffer_core::{CardFacts, Contact};
use coffer_types::{Expiry, Timestamp};

use super::{
    address::read_address,
    card::{CardNumber, read_expiry_date, read_holder, read_number},
    fields::{self, Words, own},
};
use crate::{
    detector::is_known_card,
    dialects::worldpay::{error::Problem, media::Version},
    form::{self, Mark, Problems, Rule, Section, Shape, up_to},
    json::Node,
};

/// Neither of these two letters.
const DESCRIPTION: Shape = Shape {
    pattern: "^[^&<]*$",
    accepts: |text| !text.contains(['&', '<']),
    message: "Must not contain & or <.",
};
/// No underscore at the beginning, no blank, neither of these two letters.
pub(crate) const NAMESPACE: Shape = Shape {
    pattern: r"^(?!_)[^\s&<]*$",
    accepts: |text| {
        !text.starts_with('_') && !text.contains(|one: char| one.is_whitespace() || one == '&' || one == '<')
    },
    message: "Must not begin with _ and not contain blanks, & or <.",
};
/// Letters, digits and blanks.
const REFERENCE: Shape = Shape {
    pattern: "^[a-zA-Z0-9 ]*$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' '),
    message: "Must have letters, digits and blanks only.",
};

/// What every token is made with, whatever its card comes from.
pub(crate) struct TokenFields {
    pub(crate) description: Option<String>,
    pub(crate) ends_at: Option<Timestamp>,
    pub(crate) namespace: Option<String>,
    pub(crate) entity: Option<String>,
}

/// `POST /tokens`.
pub(crate) struct CreateRequest {
    pub(crate) number: CardNumber,
    pub(crate) facts: CardFacts,
    pub(crate) token: TokenFields,
}

impl CreateRequest {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &Node<'_>, version: Version, now: Timestamp) -> Result<Self, Problem> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| Self::fields(body, version, now));
        problems.into_ruled(request).map_err(|found| Problem::Invalid(fields::all(found, Words::Tokens)))
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, '_>, version: Version, now: Timestamp) -> Option<Self> {
        let card = body.section("paymentInstrument", |card| {
            let front = card.one_of("type", &["card/front"]);
            let (number, (holder, expiry, contact)) = (read_number(card), read_card(card));
            front?;
            Some((number?, holder?, expiry?, contact?))
        });
        let reference = read_reference(body);
        let token = read_token(body, version == Version::V3, now);
        let (number, holder, expiry, contact) = card?;
        let facts =
            CardFacts { holder: Some(holder), expiry: Some(expiry), contact, scheme_reference: reference? };
        Some(Self { number, facts, token: token? })
    }
}

/// Holder, expiry and the address, which may be absent.
type Parts = (Option<String>, Option<Expiry>, Option<Option<Contact>>);

pub(crate) fn read_card(card: Section<'_, '_>) -> Parts {
    (read_holder(card), read_expiry_date(card), read_optional_address(card))
}

/// None when there is an address and it is wrong.
pub(crate) fn read_optional_address(card: Section<'_, '_>) -> Option<Option<Contact>> {
    let address = card.optional_section("billingAddress", |address| Some(read_address(address)));
    match address {
        Some(address) => address.map(Some),
        // One that is no object is reported, and the request ends there.
        None => Some(None),
    }
}

/// What a token has beside its card. Whatever is wrong with one part, the others are looked at as well.
pub(crate) fn read_token(body: Section<'_, '_>, needs_entity: bool, now: Timestamp) -> Option<TokenFields> {
    let description = read_description(body);
    let namespace = body.optional_text_or_integer("namespace", up_to(64), NAMESPACE);
    let ends_at = read_end(body, now);
    let entity = |merchant: Section<'_, '_>| merchant.text("entity", up_to(255)).map(str::to_owned);
    let entity = if needs_entity {
        body.section("merchant", entity).map(Some)
    } else {
        Some(body.optional_section("merchant", entity))
    };
    Some(TokenFields {
        description: description?,
        ends_at: ends_at?,
        namespace: namespace.map(Into::into),
        entity: entity?,
    })
}

/// None when there is a description and a card number in it.
fn read_description(body: Section<'_, '_>) -> Option<Option<String>> {
    match body.optional_text_like("description", up_to(255), DESCRIPTION) {
        Some(text) if is_known_card(text) => {
            let rule = Rule::Other(own::CARD_IN_TEXT);
            body.breaks("description", "Must not have a card number in it.", rule)
        }
        description => Some(description.map(str::to_owned)),
    }
}

/// None when there is an end and it is no moment to come.
fn read_end(body: Section<'_, '_>, now: Timestamp) -> Option<Option<Timestamp>> {
    body.mark("tokenExpiryDateTime", Mark::Format("date-time"));
    match body.optional_text("tokenExpiryDateTime", up_to(64)) {
        Some(text) => moment(body, text, now).map(Some),
        None => Some(None),
    }
}

/// `schemeTransactionReference`.
pub(crate) fn read_reference(body: Section<'_, '_>) -> Option<Option<String>> {
    let has = body.has("schemeTransactionReference");
    let reference = body.optional_text_like("schemeTransactionReference", up_to(56), REFERENCE);
    match reference {
        Some(reference) => Some(Some(reference.to_owned())),
        None if has => None,
        None => Some(None),
    }
}

/// The rule of a scheme reference, for whoever changes it alone.
pub(crate) const REFERENCE_RULE: (form::Length, Shape) = (up_to(56), REFERENCE);
/// The rule of a description, for whoever changes it alone.
pub(crate) const DESCRIPTION_RULE: (form::Length, Shape) = (up_to(255), DESCRIPTION);

/// Whether a text begins as a moment at the end of the calendar.
fn is_last(text: &str) -> bool {
    let civil = text.get(..19).and_then(|text| text.parse::<jiff::civil::DateTime>().ok());
    civil.is_some_and(|civil| (civil.year(), civil.month()) == (9_999, 12))
}

/// A moment that is to come, in ISO 8601; one without an offset is in UTC.
fn moment(body: Section<'_, '_>, text: &str, now: Timestamp) -> Option<Timestamp> {
    const NAME: &str = "tokenExpiryDateTime";
    let parsed = text.parse::<jiff::Timestamp>().or_else(|_| {
        let civil = text.parse::<jiff::civil::DateTime>()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp())
    });
    // The last two days of 9999, which some write for never, are a moment that has no place in a timestamp.
    let parsed = parsed.or_else(|error| if is_last(text) { Ok(jiff::Timestamp::MAX) } else { Err(error) });
    let Ok(parsed) = parsed else {
        return body.breaks(NAME, "Must be an ISO 8601 date-time.", Rule::Other(own::MOMENT));
    };
    let at = Timestamp::from_millis(parsed.as_millisecond());
    if at <= now {
        return body.breaks(NAME, "Must not be in the past.", Rule::Other(own::PAST));
    }
    Some(at)
}
