//! Customers as they come in and go out, as far as a vault needs them (section 4.2 and the definition).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

use super::{
    LinkBody,
    contact::{ContactBody, read_contact},
    instrument::{CustomFields, read_custom_fields},
    token::check_lead_source,
};
use crate::{
    form::{self, Invalid, Length, Mark, Problems, Section, at_most, up_to},
    json::Node,
};

/// `POST /customers` and `PUT /customers/{id}`.
pub(crate) struct CustomerRequest<'r> {
    pub(crate) payment_token: Option<&'r str>,
    pub(crate) default_instrument: DefaultField<'r>,
    pub(crate) primary_address: Option<ContactBody<'r>>,
    pub(crate) own: CustomerOwn<'r>,
}

/// `defaultPaymentInstrumentId`.
#[derive(Clone, Copy)]
pub(crate) enum DefaultField<'r> {
    Absent,
    Null,
    Id(&'r str),
}

/// What a customer has beside the address; kept as it came. An empty text is none.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerOwn<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    website_id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_payout_instrument_id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_fields: Option<&'r Node<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person_id: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_emails: Option<Vec<&'r str>>,
}

/// The same, read back.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct KeptCustomer<'r> {
    #[serde(borrow)]
    pub(crate) website_id: Option<Cow<'r, str>>,
    #[serde(borrow)]
    pub(crate) preferred_payout_instrument_id: Option<Cow<'r, str>>,
    #[serde(borrow)]
    pub(crate) custom_fields: Option<&'r RawValue>,
    #[serde(borrow)]
    pub(crate) locale: Option<Cow<'r, str>>,
    #[serde(borrow)]
    pub(crate) person_id: Option<Cow<'r, str>>,
    #[serde(borrow)]
    pub(crate) notification_emails: Option<Vec<Cow<'r, str>>>,
}

impl<'r> CustomerRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(crate) fn read(body: &'r Node<'r>) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| Some(Self::fields(body)));
        problems.into_result(request)
    }

    /// The fields of the request, which are also its schema.
    pub(crate) fn fields(body: Section<'_, 'r>) -> Self {
        body.mark("paymentToken", Mark::WriteOnly);
        body.mark("defaultPaymentInstrumentId", Mark::WriteOnly);
        check_lead_source(body);
        let free = |name, max| {
            body.without_card(name, body.optional_text(name, at_most(max)).filter(|text| !text.is_empty()))
        };
        let default = body.optional_text("defaultPaymentInstrumentId", up_to(50)).map(DefaultField::Id);
        let null = body.is_null("defaultPaymentInstrumentId").then_some(DefaultField::Null);
        Self {
            payment_token: body.optional_text("paymentToken", up_to(255)),
            default_instrument: default.or(null).unwrap_or(DefaultField::Absent),
            primary_address: body.optional_section("primaryAddress", |address| Some(read_contact(address))),
            own: CustomerOwn {
                website_id: free("websiteId", 50),
                preferred_payout_instrument_id: free("preferredPayoutInstrumentId", 50),
                custom_fields: read_custom_fields(body),
                locale: free("locale", 35),
                person_id: free("personId", 50),
                notification_emails: body.optional_text_list(
                    "notificationEmails",
                    64,
                    Length { min: 3, max: 255 },
                ),
            },
        }
    }
}

/// A customer in an answer.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Customer")]
pub(crate) struct CustomerBody<'r> {
    pub(crate) id: &'r str,
    pub(crate) email: Option<&'r str>,
    pub(crate) first_name: Option<&'r str>,
    pub(crate) last_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) website_id: Option<Cow<'r, str>>,
    pub(crate) default_payment_instrument: Option<DefaultBody<'r>>,
    pub(crate) preferred_payout_instrument_id: Option<Cow<'r, str>>,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) created_time: String,
    #[schemars(extend("format" = "date-time"))]
    pub(crate) updated_time: String,
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>")]
    pub(crate) custom_fields: CustomFields<'r>,
    pub(crate) primary_address: Option<ContactBody<'r>>,
    pub(crate) revision: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organization_id: Option<&'r str>,
    pub(crate) locale: Option<Cow<'r, str>>,
    pub(crate) person_id: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notification_emails: Option<Vec<Cow<'r, str>>>,
    #[serde(rename = "_links")]
    pub(crate) links: Vec<LinkBody<'r>>,
    #[serde(rename = "_embedded", skip_serializing_if = "Option::is_none")]
    pub(crate) embedded: Option<EmbeddedDefault<'r>>,
}

/// The instrument that is used when none is named.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DefaultPaymentInstrument")]
pub(crate) struct DefaultBody<'r> {
    pub(crate) method: Cow<'r, str>,
    pub(crate) payment_instrument_id: String,
}

/// What `expand` asked for.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EmbeddedInstrument")]
pub(crate) struct EmbeddedDefault<'r> {
    pub(crate) default_payment_instrument: Box<super::InstrumentBody<'r>>,
}
