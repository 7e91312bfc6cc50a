//! Tokens, lists and sessions as they go out (3.2, 5, 6.1, 6.4, 8.1). What is absent is left out, never null.

use std::borrow::Cow;

use coffer_types::Expiry;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    customer::{CustomField, Customer},
    expiry,
    facts::{AccountType, SourceFacts},
    kept::KeptOwn,
    words::MitAgreement,
};

/// A single-use token.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SingleUseToken")]
pub(crate) struct SingleUseTokenBody<'v> {
    /// As in the path.
    #[schemars(length(min = 4, max = 50))]
    pub(crate) processing_terminal_id: &'v str,
    /// As it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub(crate) operator: Option<&'v str>,
    /// 128 hexadecimal digits.
    #[schemars(regex(pattern = "^[0-9a-f]{128}$"))]
    pub(crate) token: &'v str,
    /// Thirty minutes after the token was made.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) expires_at: String,
    pub(crate) source: SourceBody<'v>,
}

/// A secure token.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SecureToken")]
pub(crate) struct SecureTokenBody<'v> {
    /// The merchant's, or one that was made.
    #[schemars(length(min = 1, max = 200))]
    pub(crate) secure_token_id: &'v str,
    /// As in the path.
    #[schemars(length(min = 4, max = 50))]
    pub(crate) processing_terminal_id: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mit_agreement: Option<MitAgreement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<&'v Customer<'v>>,
    pub(crate) source: SourceBody<'v>,
    /// 12 to 19 digits: what payments name it by. They pass no check of card numbers.
    #[schemars(regex(pattern = "^[0-9]{12,19}$"))]
    pub(crate) token: Cow<'v, str>,
    pub(crate) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_fields: Option<&'v [CustomField<'v>]>,
}

/// What names a secure token.
pub(crate) struct Named<'v> {
    pub(crate) processing_terminal_id: &'v str,
    pub(crate) secure_token_id: &'v str,
    pub(crate) token: Cow<'v, str>,
}

impl<'v> SecureTokenBody<'v> {
    /// Nobody validates details here, so every token says so.
    pub(crate) fn of(named: Named<'v>, own: &'v KeptOwn<'v>, source: SourceBody<'v>) -> Self {
        Self {
            secure_token_id: named.secure_token_id,
            processing_terminal_id: named.processing_terminal_id,
            mit_agreement: own.mit_agreement,
            customer: own.customer.as_ref(),
            source,
            token: named.token,
            status: Status::NotValidated,
            custom_fields: own.custom_fields.as_deref(),
        }
    }
}

/// What somebody made sure of before a secure token was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SecureTokenStatus")]
#[allow(dead_code, reason = "the whole list of the contract: nobody validates details here")]
pub(crate) enum Status {
    NotValidated,
    CvvValidated,
    ValidationFailed,
    IssueNumberValidated,
    CardNumberValidated,
    BankAccountValidated,
}

/// Where the money comes from, masked.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schemars(rename = "MaskedSource")]
pub(crate) enum SourceBody<'v> {
    Card {
        /// Empty where nobody told it.
        #[schemars(length(max = 50))]
        cardholder_name: &'v str,
        /// At most the first six and the last four digits, and a `*` for each other one.
        #[schemars(regex(pattern = r"^[0-9]{0,6}\*+[0-9]{0,4}$"), length(min = 12, max = 19))]
        card_number: &'v str,
        /// Month and year, `MMYY`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(regex(pattern = "^(0[1-9]|1[0-2])[0-9]{2}$"))]
        expiry_date: Option<String>,
        /// The scheme, and what is known of the kind of card: `Visa`, `Visa Credit`.
        #[serde(skip_serializing_if = "Option::is_none")]
        card_type: Option<&'v str>,
        /// ISO 4217.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(regex(pattern = "^[A-Z]{3}$"))]
        currency: Option<&'v str>,
        /// Absent where the operator's tables do not know the card.
        #[serde(skip_serializing_if = "Option::is_none")]
        debit: Option<bool>,
    },
    Ach {
        #[schemars(length(min = 1, max = 29))]
        name_on_account: &'v str,
        /// At most the last four digits, and a `*` for each other one.
        #[schemars(regex(pattern = r"^\*+([0-9]{4})?$"), length(min = 4, max = 17))]
        account_number: &'v str,
        #[schemars(regex(pattern = "^[0-9]{9}$"))]
        routing_number: &'v str,
        /// In lists, and where one token is read.
        #[serde(skip_serializing_if = "Option::is_none")]
        account_type: Option<AccountType>,
    },
    Pad {
        #[schemars(length(min = 1, max = 29))]
        name_on_account: &'v str,
        /// At most the last four digits, and a `*` for each other one.
        #[schemars(regex(pattern = r"^\*+([0-9]{4})?$"), length(min = 7, max = 12))]
        account_number: &'v str,
        #[schemars(regex(pattern = "^[0-9]{5}$"))]
        transit_number: &'v str,
        #[schemars(regex(pattern = "^[0-9]{3}$"))]
        institution_number: &'v str,
        /// In lists, and where one token is read.
        #[serde(skip_serializing_if = "Option::is_none")]
        account_type: Option<AccountType>,
    },
}

impl<'v> SourceBody<'v> {
    /// As most endpoints show it.
    pub(crate) fn of(facts: &'v SourceFacts, expiry: Option<Expiry>) -> Self {
        let mut body = Self::with_account_type(facts, expiry);
        if let Self::Ach { account_type, .. } | Self::Pad { account_type, .. } = &mut body {
            *account_type = None;
        }
        body
    }

    /// As endpoints 2 and 4 show it: bank accounts have their type.
    pub(crate) fn with_account_type(facts: &'v SourceFacts, expiry: Option<Expiry>) -> Self {
        match facts {
            SourceFacts::Card(card) => Self::Card {
                cardholder_name: &card.cardholder_name,
                card_number: &card.number,
                expiry_date: expiry.map(expiry::show),
                card_type: card.card_type.as_deref(),
                currency: card.currency.as_deref(),
                debit: card.debit,
            },
            SourceFacts::Ach(ach) => Self::Ach {
                name_on_account: &ach.name_on_account,
                account_number: &ach.number,
                routing_number: &ach.routing_number,
                account_type: ach.account_type,
            },
            SourceFacts::Pad(pad) => Self::Pad {
                name_on_account: &pad.name_on_account,
                account_number: &pad.number,
                transit_number: &pad.transit_number,
                institution_number: &pad.institution_number,
                account_type: pad.account_type,
            },
        }
    }
}

/// One page of secure tokens.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SecureTokens")]
pub(crate) struct ListBody<'v> {
    /// As asked for.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) limit: usize,
    /// On this page.
    #[schemars(range(max = 100))]
    pub(crate) count: usize,
    /// Whether there is a link to a next page.
    pub(crate) has_more: bool,
    /// `next` and `previous`, where there are such pages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Vec<LinkBody>,
    pub(crate) data: Vec<SecureTokenBody<'v>>,
}

/// Where something else is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Link")]
pub(crate) struct LinkBody {
    /// What is there: `next`, `previous`, `self`.
    pub(crate) rel: &'static str,
    /// `get` in lists, `GET` elsewhere, as documented.
    #[schemars(regex(pattern = "^(get|GET)$"))]
    pub(crate) method: &'static str,
    /// Absolute: clients follow it as it is.
    #[schemars(extend("format" = "uri"))]
    pub(crate) href: String,
}

/// A session of a browser.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "HostedFieldsSession")]
pub(crate) struct SessionBody<'v> {
    /// As in the path.
    #[schemars(length(min = 4, max = 50))]
    pub(crate) processing_terminal_id: &'v str,
    /// What a browser shows, in its paths.
    #[schemars(regex(pattern = "^[0-9a-f]{56}$"))]
    pub(crate) token: &'v str,
    /// Ten minutes after the session was opened.
    #[schemars(extend("format" = "date-time"))]
    pub(crate) expires_at: String,
}
