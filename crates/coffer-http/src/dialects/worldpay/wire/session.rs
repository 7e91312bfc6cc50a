//! `POST /sessions/card` and `/sessions/payments/cvc`: what a browser leaves for a merchant (section 12).

use coffer_types::{Cvv, Expiry};

use super::{
    card::{CardNumber, read_cvc, read_form_expiry, read_number},
    fields::{self, Words, own},
};
use crate::{
    dialects::worldpay::error::Problem,
    form::{self, Problems, Rule, Section, up_to},
    json::Node,
};

/// Longest identity of a checkout.
const IDENTITY_CHARS: usize = 255;

/// A card.
pub(crate) struct CardSession {
    pub(crate) number: CardNumber,
    pub(crate) expiry: Expiry,
    pub(crate) cvv: Option<Cvv>,
}

/// A verification code alone.
pub(crate) struct CvvSession {
    pub(crate) cvv: Cvv,
}

/// What is wrong with a session, and whether it is a number that is no card number.
pub(crate) struct Wrong {
    pub(crate) problem: Problem,
    pub(crate) is_bad_number: bool,
}

impl CardSession {
    /// Reads what a card session is made of; whose it is, was looked at before ([`identity`]).
    pub(crate) fn read(body: &Node<'_>) -> Result<Self, Wrong> {
        let problems = Problems::default();
        let session = form::read(body, &problems, Self::fields);
        problems.into_ruled(session).map_err(|found| {
            let is_luhn = |rule: &Rule| *rule == Rule::Other(own::LUHN);
            let is_bad_number = found.iter().any(|(_, rule)| is_luhn(rule));
            Wrong { problem: Problem::Invalid(fields::all(found, Words::Sessions)), is_bad_number }
        })
    }

    pub(crate) fn fields(body: Section<'_, '_>) -> Option<Self> {
        let identity = body.text("identity", up_to(IDENTITY_CHARS));
        let (number, expiry) = (read_number(body), read_form_expiry(body));
        let cvv = read_cvc(body);
        identity?;
        Some(Self { number: number?, expiry: expiry?, cvv })
    }
}

impl CvvSession {
    /// The same of a code alone.
    pub(crate) fn read(body: &Node<'_>) -> Result<Self, Problem> {
        let problems = Problems::default();
        let session = form::read(body, &problems, Self::fields);
        problems.into_ruled(session).map_err(|found| Problem::Invalid(fields::all(found, Words::Sessions)))
    }

    pub(crate) fn fields(body: Section<'_, '_>) -> Option<Self> {
        let identity = body.text("identity", up_to(IDENTITY_CHARS));
        let cvv = read_cvc(body);
        if cvv.is_none() && !body.has("cvc") {
            return body.breaks("cvc", "Is required.", Rule::Missing);
        }
        identity?;
        Some(Self { cvv: cvv? })
    }
}

/// What of a session can be told without its being whole: whose it would be, so that the owner's limits hold first.
pub(crate) fn identity<'r>(body: &'r Node<'r>) -> Option<&'r str> {
    match body.member("identity") {
        Some(Node::Text(text)) => Some(text.as_str()),
        _ => None,
    }
}
