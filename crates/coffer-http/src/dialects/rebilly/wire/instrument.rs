//! Instruments as they come in and go out (sections 4.2 and 7).

use std::borrow::Cow;

use coffer_core::Protected;
use coffer_types::{Cvv, Expiry, Timestamp, limits};
use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

use super::{
    LinkBody,
    bank::{BankBody, BankChange, BankFields, read_bank, read_bank_change},
    card::{ExpiryChange, read_cvv, read_expiry_change, read_whole_card},
    contact::ContactBody,
    means::{address, optional_address, other},
    risk::{RiskInput, read_risk},
    token::BRANDS,
};
use crate::{
    detector::holds_card,
    dialects::rebilly::methods,
    form::{self, Invalid, Length, Mark, Problems, Section, at_most, up_to},
    json::Node,
};

/// Texts of `referenceData`, which is kept and listed as well, and the longest. The definition's example has one.
const REFERENCES: (usize, Length) = (64, at_most(limits::CUSTOM_FIELDS_BYTES));

/// What an instrument has that a token has not.
#[derive(Default)]
pub(crate) struct OwnFields<'r> {
    pub(crate) custom_fields: Option<&'r Node<'r>>,
    pub(crate) reference_data: Option<&'r Node<'r>>,
    pub(crate) use_as_backup: Option<bool>,
}

/// `POST /payment-instruments`.
pub(crate) struct CreateRequest<'r> {
    pub(crate) customer: &'r str,
    pub(crate) own: OwnFields<'r>,
    pub(crate) from: From<'r>,
}

/// What an instrument is made from.
pub(crate) enum From<'r> {
    /// A single-use token.
    Token(&'r str),
    /// Details in the call itself.
    Plain(Box<Plain<'r>>),
}

/// The details of an instrument that is made without a token.
pub(crate) struct Plain<'r> {
    pub(crate) method: &'static str,
    pub(crate) protected: Protected,
    pub(crate) expiry: Option<Expiry>,
    pub(crate) shown: Option<Box<RawValue>>,
    pub(crate) billing_address: ContactBody<'r>,
    pub(crate) reference_data: Option<&'r Node<'r>>,
    pub(crate) risk: RiskInput<'r>,
}

impl<'r> CreateRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>, now: Timestamp) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| Self::fields(body, now));
        problems.into_result(request)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>, now: Timestamp) -> Option<Self> {
        mark_read_only(body);
        let customer = body.without_card("customerId", body.text("customerId", up_to(50)));
        let own = read_own(body);
        let from = body.when_present(
            "token",
            |body| body.text("token", up_to(255)).map(From::Token),
            |body| read_plain(body, now).map(|plain| From::Plain(Box::new(plain))),
        );
        Some(Self { customer: customer?, own, from: from? })
    }
}

/// A plain instrument: a card, a bank account, or a method that has nothing but an address.
fn read_plain<'r>(body: Section<'_, 'r>, now: Timestamp) -> Option<Plain<'r>> {
    let risk = body.optional_section("riskMetadata", |risk| Some(read_risk(risk)));
    let card = |body: Section<'_, 'r>| read_plain_card(body, now);
    let forms: [form::Variant<'_, 'r, Plain<'r>>; 3] = [
        form::Variant { names: &["payment-card"], read: &card },
        form::Variant { names: &["ach"], read: &read_plain_bank },
        form::Variant { names: methods::without_details(), read: &read_plain_other },
    ];
    let (method, mut plain) = body.variant("method", &forms)?;
    plain.method = methods::static_name(method)?;
    if let Protected::Nothing = plain.protected {
        plain.protected = other(plain.method, &[], &[])?;
    }
    plain.risk = risk.unwrap_or_default();
    Some(plain)
}

fn read_plain_card<'r>(body: Section<'_, 'r>, now: Timestamp) -> Option<Plain<'r>> {
    let card = read_whole_card(body, now);
    let billing_address = address(body);
    // The code was checked; an instrument has no place for it (PCI DSS 3.3.1).
    let (pan, _, expiry) = card?;
    Some(Plain { expiry: Some(expiry), ..Plain::of(Protected::Card(pan), billing_address?) })
}

fn read_plain_bank<'r>(body: Section<'_, 'r>) -> Option<Plain<'r>> {
    let bank = read_bank(body);
    let billing_address = address(body);
    let BankFields { account, shown } = bank?;
    let shown = to_raw_value(&shown).ok();
    Some(Plain { shown, ..Plain::of(Protected::Account(account), billing_address?) })
}

fn read_plain_other<'r>(body: Section<'_, 'r>) -> Option<Plain<'r>> {
    let (reference_data, billing_address) = (read_reference_data(body), address(body));
    Some(Plain { reference_data, ..Plain::of(Protected::Nothing, billing_address?) })
}

impl<'r> Plain<'r> {
    fn of(protected: Protected, billing_address: ContactBody<'r>) -> Self {
        let risk = RiskInput::default();
        Self { method: "", protected, expiry: None, shown: None, billing_address, reference_data: None, risk }
    }
}

/// `customFields` are kept and shown as they came: no card number and no code may be among them.
pub(super) fn read_custom_fields<'r>(body: Section<'_, 'r>) -> Option<&'r Node<'r>> {
    harmless(body, "customFields", body.optional_object("customFields")?)
}

/// `referenceData` of an alternative method is kept and shown in the same way.
fn read_reference_data<'r>(body: Section<'_, 'r>) -> Option<&'r Node<'r>> {
    harmless(body, "referenceData", body.optional_texts("referenceData", REFERENCES.0, REFERENCES.1)?)
}

fn harmless<'r>(body: Section<'_, 'r>, name: &str, fields: &'r Node<'r>) -> Option<&'r Node<'r>> {
    if holds_card(fields) {
        return body.invalid(name, "Must not contain a card number or its code.");
    }
    if serde_json::to_vec(fields).is_ok_and(|json| json.len() > limits::CUSTOM_FIELDS_BYTES) {
        return body.invalid(name, "Must have at most 8192 bytes as JSON.");
    }
    Some(fields)
}

fn read_own<'r>(body: Section<'_, 'r>) -> OwnFields<'r> {
    let (custom_fields, use_as_backup) = (read_custom_fields(body), body.optional_bool("useAsBackup"));
    OwnFields { custom_fields, use_as_backup, ..OwnFields::default() }
}

/// `PATCH /payment-instruments/{id}`: nothing is required, and what is absent stays.
pub(crate) struct PatchRequest<'r> {
    pub(crate) token: Option<&'r str>,
    pub(crate) cvv: Option<Cvv>,
    pub(crate) expiry: ExpiryChange,
    pub(crate) bank: BankChange<'r>,
    pub(crate) billing_address: Option<ContactBody<'r>>,
    pub(crate) sticky: Option<Sticky<'r>>,
    pub(crate) own: OwnFields<'r>,
}

/// `stickyGatewayAccountId`: null takes it away, and so does an empty text.
#[derive(Clone, Copy)]
pub(crate) enum Sticky<'r> {
    Set(&'r str),
    Removed,
}

impl<'r> PatchRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>, now: Timestamp) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| Some(Self::fields(body, now)));
        problems.into_result(request)
    }

    /// A change of nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            token: None,
            cvv: None,
            expiry: ExpiryChange::default(),
            bank: BankChange { bank_name: None, account_type: None },
            billing_address: None,
            sticky: None,
            own: OwnFields::default(),
        }
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>, now: Timestamp) -> Self {
        mark_read_only(body);
        let sticky = body.optional_text("stickyGatewayAccountId", at_most(50));
        let sticky = body.without_card("stickyGatewayAccountId", sticky);
        let sticky = sticky.map(|id| if id.is_empty() { Sticky::Removed } else { Sticky::Set(id) });
        let removed = body.is_null("stickyGatewayAccountId").then_some(Sticky::Removed);
        Self {
            token: body.optional_text("token", up_to(255)),
            cvv: read_cvv(body, None),
            expiry: read_expiry_change(body, now),
            bank: read_bank_change(body),
            billing_address: optional_address(body),
            sticky: sticky.or(removed),
            own: read_own(body),
        }
    }
}

/// `POST` and `PATCH` on `/storefront/payment-instruments`: the customer is the caller.
pub(crate) struct StorefrontRequest<'r> {
    pub(crate) token: Option<&'r str>,
    pub(crate) custom_fields: Option<&'r Node<'r>>,
    pub(crate) billing_address: Option<ContactBody<'r>>,
}

impl<'r> StorefrontRequest<'r> {
    /// Reads a `POST`, which must have a token.
    pub(crate) fn read_create(body: &'r Node<'r>) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, Self::create_fields);
        problems.into_result(request)
    }

    /// Reads a `PATCH`.
    pub(crate) fn read_patch(body: &'r Node<'r>) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| Some(Self::patch_fields(body)));
        problems.into_result(request)
    }

    /// The fields of a `POST`, which are also its schema.
    pub(crate) fn create_fields(body: Section<'_, 'r>) -> Option<Self> {
        let (token, custom_fields) = (body.text("token", up_to(255)), read_custom_fields(body));
        Some(Self { token: Some(token?), custom_fields, billing_address: None })
    }

    /// The fields of a `PATCH`, which are also its schema.
    pub(crate) fn patch_fields(body: Section<'_, 'r>) -> Self {
        Self {
            token: body.optional_text("token", up_to(255)),
            custom_fields: read_custom_fields(body),
            billing_address: optional_address(body),
        }
    }
}

/// An instrument in an answer, section 7: what its own customer sees, and what only the merchant does.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentInstrument")]
pub(crate) struct InstrumentBody<'r> {
    #[serde(flatten)]
    pub(crate) own: OwnInstrumentBody<'r>,
    pub(crate) customer_id: &'r str,
    pub(crate) sticky_gateway_account_id: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<super::RiskBody<'_>>")]
    pub(crate) risk_metadata: Option<RiskShown<'r>>,
    pub(crate) revision: u32,
    #[serde(rename = "_embedded", skip_serializing_if = "Option::is_none")]
    pub(crate) embedded: Option<EmbeddedBody<'r>>,
}

/// An instrument as its own customer sees it.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StorefrontPaymentInstrument")]
pub(crate) struct OwnInstrumentBody<'r> {
    pub(crate) id: String,
    pub(crate) method: &'r str,
    #[schemars(extend("enum" = STATUSES))]
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
    #[serde(flatten)]
    pub(crate) kind: KindBody<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) billing_address: Option<ContactBody<'r>>,
    pub(crate) use_as_backup: bool,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_time: String,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) updated_time: String,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) last_payment_time: Option<String>,
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub(crate) custom_fields: CustomFields<'r>,
    #[serde(rename = "_links")]
    pub(crate) links: Vec<LinkBody<'r>>,
}

/// What can become of an instrument in a vault (section 7).
const STATUSES: [&str; 4] = ["active", "inactive", "expired", "deactivated"];

/// What only instruments of one kind have.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum KindBody<'r> {
    /// A card.
    Card(CardInstrumentBody<'r>),
    /// A bank account.
    Bank(BankBody<'r>),
    /// A Khelocard.
    Khelocard(KhelocardInstrumentBody<'r>),
    /// Any other method.
    Other(OtherBody<'r>),
}

impl schemars::JsonSchema for KindBody<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Kind")
    }

    /// The method decides which members there are.
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let of = |methods: &[&str], members: schemars::Schema| {
            let method = json!({ "method": { "enum": methods } });
            json!({ "allOf": [members], "properties": method })
        };
        let forms = [
            of(&["payment-card"], generator.subschema_for::<CardInstrumentBody<'_>>()),
            of(&["ach"], generator.subschema_for::<BankBody<'_>>()),
            of(&["Khelocard"], generator.subschema_for::<KhelocardInstrumentBody<'_>>()),
            of(methods::without_details(), generator.subschema_for::<OtherBody<'_>>()),
        ];
        schemars::json_schema!({ "oneOf": forms })
    }
}

/// The members of a card.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CardInstrument")]
pub(crate) struct CardInstrumentBody<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bin: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last4: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp_year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = BRANDS))]
    pub(crate) brand: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) digital_wallet: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_country: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bank_name: Option<Cow<'r, str>>,
}

/// The members of a Khelocard.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "KhelocardInstrument")]
pub(crate) struct KhelocardInstrumentBody<'r> {
    /// Masked.
    pub(crate) number: String,
    pub(crate) last4: Cow<'r, str>,
    pub(crate) exp_year: u16,
    pub(crate) exp_month: u8,
}

/// The members of any other method.
#[derive(Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "OtherInstrument")]
pub(crate) struct OtherBody<'r> {
    /// What the merchant gave with the instrument. The storefront does not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<std::collections::BTreeMap<String, String>>")]
    pub(crate) reference_data: Option<&'r RawValue>,
}

/// The merchant's own fields.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum CustomFields<'r> {
    /// As they were sealed.
    Kept(&'r RawValue),
    /// None were given.
    None {},
}

/// `riskMetadata` of an instrument.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum RiskShown<'r> {
    /// As the token had it.
    AsSealed(&'r RawValue),
    /// With what only the customer tells.
    Completed(Box<serde_json::Value>),
}

/// What `expand` asked for.
#[derive(Serialize, schemars::JsonSchema)]
pub(crate) struct EmbeddedBody<'r> {
    pub(crate) customer: super::CustomerBody<'r>,
}

/// Marks what the definition gives back of an instrument and never takes.
fn mark_read_only(body: Section<'_, '_>) {
    for name in ["id", "status", "fingerprint", "createdTime", "updatedTime", "revision", "_links"] {
        body.mark(name, Mark::ReadOnly);
    }
}
