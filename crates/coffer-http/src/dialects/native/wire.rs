//! The native requests and answers. No logic.

use std::collections::BTreeMap;

use coffer_core::Contact;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    form::{self, Invalid, Problems, up_to},
    json::Node,
};

/// Longest reason for a reveal, in characters. It goes into the audit log.
const REASON_CHARS: usize = 200;
/// A run of so many digits could be a card number or an account: a reason must not carry one.
const DIGITS_MAX: usize = 11;

/// `POST /instruments/{id}/reveal`.
pub(super) struct RevealRequest<'r> {
    pub(super) reason: &'r str,
}

impl<'r> RevealRequest<'r> {
    pub(super) fn read(body: &'r Node<'r>) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| {
            let reason = body.text("reason", up_to(REASON_CHARS))?;
            if has_long_number(reason) {
                return body.invalid("reason", "Must not contain a long number.");
            }
            Some(Self { reason })
        });
        problems.into_result(request)
    }
}

/// Whether a text has more digits in a row than an innocent reference has, separators left out.
fn has_long_number(text: &str) -> bool {
    let mut run = 0;
    for letter in text.chars() {
        if letter.is_numeric() {
            run += 1;
        } else if !matches!(letter, ' ' | '-' | '.' | '_' | '/') {
            run = 0;
        }
        if run > DIGITS_MAX {
            return true;
        }
    }
    false
}

/// The answer of a redeem.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedeemedBody<'r> {
    #[serde(flatten)]
    pub(super) clear: ClearBody<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contact: Option<ContactBody<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extra: Option<&'r RawValue>,
    /// What a reader of cards sent, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reader: Option<&'r RawValue>,
    pub(super) created_time: String,
    pub(super) used_time: String,
}

/// The answer of a reveal.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevealedBody<'r> {
    #[serde(flatten)]
    pub(super) clear: ClearBody<'r>,
    pub(super) customer: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contact: Option<ContactBody<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extra: Option<&'r RawValue>,
}

/// The answer of a reveal of a referenced token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RevealedReferencedBody<'r> {
    #[serde(flatten)]
    pub(super) clear: ClearBody<'r>,
    /// What it is grouped by: a Payroc terminal.
    pub(super) group: &'r str,
    /// The merchant's reference: Payroc's `secureTokenId`.
    pub(super) reference: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extra: Option<&'r RawValue>,
    /// The dialect's fields of the token itself.
    pub(super) own: &'r RawValue,
}

/// What leaves in the clear: one of `card`, `account` and `other`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ClearBody<'r> {
    /// A card; a partial one without a number.
    Card(CardBody<'r>),
    /// A bank account.
    Account(AccountBody<'r>),
    /// Another method.
    Other(OtherBody<'r>),
}

/// Another method in the clear: its members as its dialect sealed them, and an expiry and a code where it has them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OtherBody<'r> {
    #[serde(flatten)]
    pub(super) members: BTreeMap<&'r str, &'r RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp_year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cvv: Option<&'r str>,
}

/// A bank account in the clear.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountBody<'r> {
    /// The digits, or an IBAN in capitals.
    pub(super) number: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) routing_number: Option<&'r str>,
}

/// A card in the clear.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CardBody<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pan: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp_year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cvv: Option<&'r str>,
}

/// A contact, in the names of the sealed form.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct ContactBody<'r>(pub(super) &'r Contact);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_may_name_a_case_but_no_card() {
        for innocent in ["chargeback 20261121-77", "case 12345678901", "ask Ms. 4 at +1 (555) 2368"] {
            assert!(!has_long_number(innocent), "{innocent}");
        }
        let card = "4111111111111111";
        let spaced = "4111 1111-1111.1111";
        let wide: String =
            card.chars().filter_map(|digit| char::from_u32(digit as u32 - 0x30 + 0xFF10)).collect();
        for number in [card, spaced, &wide, "123456789012"] {
            assert!(has_long_number(&format!("for {number} please")), "{number}");
        }
    }
}
