//! `POST /tokens` (4.1).

use coffer_core::{CardFacts, Contact};
use coffer_types::Timestamp;

use super::{
    address::read_address,
    card::{CardNumber, read_expiry_date, read_holder, read_number},
    fields::{self, Words, own},
};
use crate::{
    detector::text_holds_card,
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
            let (number, holder, expiry) = (read_number(card), read_holder(card), read_expiry_date(card));
            let contact = read_optional_address(card);
            front?;
            Some((number?, holder?, expiry?, contact))
        });
        let (length, shape) = REFERENCE_RULE;
        let reference = body.optional_text_like("schemeTransactionReference", length, shape);
        let token = read_token(body, version == Version::V3, now);
        let (number, holder, expiry, contact) = card?;
        let facts = CardFacts {
            holder: Some(holder),
            expiry: Some(expiry),
            contact,
            scheme_reference: reference.map(str::to_owned),
        };
        Some(Self { number, facts, token })
    }
}

/// `billingAddress`, which may be absent. What is wrong with it is reported, and ends the request.
pub(crate) fn read_optional_address(card: Section<'_, '_>) -> Option<Contact> {
    card.optional_section("billingAddress", read_address)
}

/// What a token has beside its card. Whatever is wrong with one part, the others are looked at as well.
pub(crate) fn read_token(body: Section<'_, '_>, needs_entity: bool, now: Timestamp) -> TokenFields {
    let (length, shape) = DESCRIPTION_RULE;
    let description = body.optional_text_like("description", length, shape).map(str::to_owned);
    let namespace: Option<String> =
        body.optional_text_or_integer("namespace", up_to(64), NAMESPACE).map(Into::into);
    // A namespace stands in query strings, and so in the logs of whatever is in between.
    for (name, text) in [("description", &description), ("namespace", &namespace)] {
        if text.as_deref().is_some_and(text_holds_card) {
            let rule = Rule::Other(own::CARD_IN_TEXT);
            body.breaks::<()>(name, "Must not have a card number in it.", rule);
        }
    }
    body.mark("tokenExpiryDateTime", Mark::Format("date-time"));
    let ends_at = body.optional_text("tokenExpiryDateTime", up_to(64));
    let ends_at = ends_at.and_then(|text| moment(body, text, now));
    let entity = |merchant: Section<'_, '_>| merchant.text("entity", up_to(255)).map(str::to_owned);
    let entity = if needs_entity {
        body.section("merchant", entity)
    } else {
        body.optional_section("merchant", entity)
    };
    TokenFields { description, ends_at, namespace, entity }
}

/// The rule of a scheme reference, for whoever changes it alone.
pub(crate) const REFERENCE_RULE: (form::Length, Shape) = (up_to(56), REFERENCE);
/// The rule of a description, for whoever changes it alone.
pub(crate) const DESCRIPTION_RULE: (form::Length, Shape) = (up_to(255), DESCRIPTION);

/// A moment that is to come, in ISO 8601; one without an offset is in UTC.
fn moment(body: Section<'_, '_>, text: &str, now: Timestamp) -> Option<Timestamp> {
    const NAME: &str = "tokenExpiryDateTime";
    let Some(at) = parse_moment(text) else {
        return body.breaks(NAME, "Must be an ISO 8601 date-time.", Rule::Other(own::MOMENT));
    };
    if at <= now {
        return body.breaks(NAME, "Must not be in the past.", Rule::Other(own::PAST));
    }
    Some(at)
}

fn parse_moment(text: &str) -> Option<Timestamp> {
    use jiff::{Timestamp as Moment, civil::DateTime, tz::TimeZone};
    // A token ends at a whole second: one that is given within this second is over.
    let whole_second = |moment: Moment| Timestamp::from_millis(moment.as_second() * 1_000);
    if let Ok(moment) = text.parse::<Moment>() {
        return Some(whole_second(moment));
    }
    // Without an offset; or the last moments of the calendar, which to those who write them are "never".
    let civil: DateTime = text.trim_end_matches(['Z', 'z']).parse().ok()?;
    let moment = civil.to_zoned(TimeZone::UTC).map_or(Moment::MAX, |zoned| zoned.timestamp());
    Some(whole_second(moment))
}
