//! Tokens as they go out (4.3, 4.4, 5).

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    address::AddressBody,
    links::{Curie, Link},
};

/// A token. What is absent is left out, never null.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenBody<'v> {
    pub(crate) token_payment_instrument: TokenReference,
    pub(crate) token_id: String,
    pub(crate) description: &'v str,
    pub(crate) token_expiry_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scheme_transaction_reference: Option<&'v str>,
    pub(crate) payment_instrument: InstrumentBody<'v>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conflicts: Option<ConflictsBody<'v>>,
    #[serde(rename = "_links")]
    pub(crate) links: TokenLinks,
}

/// How payments name the token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenPaymentInstrument")]
pub(crate) struct TokenReference {
    pub(crate) r#type: &'static str,
    pub(crate) href: String,
}

/// The card of a token, masked; in the clear for a caller who may have it so.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PaymentInstrument")]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstrumentBody<'v> {
    pub(crate) r#type: &'static str,
    pub(crate) card_number: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_holder_name: Option<&'v str>,
    pub(crate) card_expiry_date: ExpiryBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) billing_address: Option<AddressBody<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bin: Option<&'v str>,
    pub(crate) last4_digits: &'v str,
    pub(crate) brand: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) funding_type: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country_code: Option<&'v str>,
}

/// Month and year.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardExpiryDate")]
pub(crate) struct ExpiryBody {
    pub(crate) month: u8,
    pub(crate) year: u16,
}

/// What waits beside a token, and only what differs.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Conflicts")]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictsBody<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_instrument: Option<ConflictingInstrument<'v>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scheme_transaction_reference: Option<&'v str>,
    pub(crate) conflicts_expiry_date_time: String,
}

/// What differs of the card.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ConflictingPaymentInstrument")]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConflictingInstrument<'v> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_holder_name: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) card_expiry_date: Option<ExpiryBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) billing_address: Option<AddressBody<'v>>,
}

/// The links of a token: itself, and every part that can be changed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TokenLinks")]
pub(crate) struct TokenLinks {
    #[serde(rename = "tokens:token")]
    pub(crate) token: Link,
    #[serde(rename = "tokens:description")]
    pub(crate) description: Link,
    #[serde(rename = "tokens:cardHolderName")]
    pub(crate) card_holder_name: Link,
    #[serde(rename = "tokens:cardExpiryDate")]
    pub(crate) card_expiry_date: Link,
    #[serde(rename = "tokens:billingAddress")]
    pub(crate) billing_address: Link,
    #[serde(rename = "tokens:schemeTransactionReference", skip_serializing_if = "Option::is_none")]
    pub(crate) scheme_transaction_reference: Option<Link>,
    #[serde(rename = "tokens:conflicts", skip_serializing_if = "Option::is_none")]
    pub(crate) conflicts: Option<Link>,
    pub(crate) curies: [Curie; 1],
}

/// The answer of a query.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tokens")]
pub(crate) struct TokensBody<'v> {
    #[serde(rename = "_embedded")]
    pub(crate) embedded: EmbeddedTokens<'v>,
}

/// What it embeds: an array, also of one token and of none.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EmbeddedTokens")]
pub(crate) struct EmbeddedTokens<'v> {
    pub(crate) tokens: Vec<TokenBody<'v>>,
}
