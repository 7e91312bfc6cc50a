//! Tokens as they come in and go out (section 5).

use std::borrow::Cow;

use coffer_types::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    LinkBody,
    bank::BankBody,
    contact::ContactBody,
    means::{KhelocardBody, KlarnaBody, Means, PayPalBody, PlaidBody, WalletBody, WalletShown, read_means},
    risk::{RiskInput, read_risk},
};
use crate::{
    dialects::rebilly::methods,
    form::{self, Invalid, Mark, Problems, Section, at_most},
    json::Node,
};

/// `POST /tokens`.
pub(crate) struct TokenRequest<'r> {
    pub(crate) method: &'static str,
    pub(crate) means: Means<'r>,
    pub(crate) risk: RiskInput<'r>,
}

impl<'r> TokenRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>, now: Timestamp) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| Self::fields(body, now));
        problems.into_result(request)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>, now: Timestamp) -> Option<Self> {
        let risk = body.optional_section("riskMetadata", |risk| Some(read_risk(risk)));
        // An ancient library of Rebilly's puts it here.
        let fingerprint = body.without_card("fingerprint", body.optional_text("fingerprint", at_most(50)));
        check_lead_source(body);
        let (method, means) = read_means(body, now)?;
        let mut risk = risk.unwrap_or_default();
        risk.fingerprint = risk.fingerprint.or(fingerprint.filter(|text| !text.is_empty()));
        Some(Self { method, means, risk })
    }
}

/// `leadSource`, section 5.3: accepted within its limits, kept nowhere, never returned.
pub(super) fn check_lead_source(body: Section<'_, '_>) {
    const TEXTS: [&str; 10] = [
        "medium",
        "source",
        "campaign",
        "term",
        "content",
        "affiliate",
        "subAffiliate",
        "salesAgent",
        "clickId",
        "path",
    ];
    body.optional_section("leadSource", |source| {
        for name in TEXTS {
            source.optional_text(name, at_most(512));
        }
        source.optional_text("referrer", at_most(2083));
        Some(())
    });
    body.mark("leadSource", Mark::WriteOnly);
}

/// A token in an answer.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Token")]
pub(crate) struct TokenBody<'r> {
    #[schemars(extend("enum" = methods::names().collect::<Vec<_>>()))]
    pub(crate) method: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_instrument: Option<Shown<'r>>,
    #[serde(flatten)]
    pub(crate) wallet: Option<WalletBody<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) billing_address: Option<ContactBody<'r>>,
    pub(crate) id: &'r str,
    pub(crate) is_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<super::RiskBody<'_>>")]
    pub(crate) risk_metadata: Option<&'r RawValue>,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_time: String,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) updated_time: String,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) usage_time: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) expiration_time: Option<String>,
    #[serde(rename = "_links")]
    pub(crate) links: [LinkBody<'r>; 1],
}

/// What a token shows of what it was made from.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Shown<'r> {
    /// A card.
    Card(CardBody<'r>),
    /// Any other method's members, as they were sealed.
    Other(&'r RawValue),
}

impl schemars::JsonSchema for Shown<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Shown")
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let forms = [
            generator.subschema_for::<CardBody<'_>>(),
            generator.subschema_for::<BankBody<'_>>(),
            generator.subschema_for::<PayPalBody<'_>>(),
            generator.subschema_for::<WalletShown<'_>>(),
            generator.subschema_for::<PlaidBody<'_>>(),
            generator.subschema_for::<KhelocardBody<'_>>(),
            generator.subschema_for::<KlarnaBody<'_>>(),
        ];
        schemars::json_schema!({ "anyOf": forms })
    }
}

/// The masked card of a token.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Card")]
pub(crate) struct CardBody<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp_year: Option<u16>,
    pub(crate) bin: Option<&'r str>,
    pub(crate) last4: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = BRANDS))]
    pub(crate) brand: Option<&'static str>,
}

/// The schemes that have a name here, in Rebilly's spelling.
pub(super) const BRANDS: [&str; 8] =
    ["Visa", "MasterCard", "American Express", "Discover", "Diners Club", "JCB", "China UnionPay", "Maestro"];
