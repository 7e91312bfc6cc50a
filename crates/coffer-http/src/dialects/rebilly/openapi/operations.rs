//! What the document says of each operation beyond the table of operations.

use coffer_types::Timestamp;
use serde_json::{Value, json};

use super::{
    super::{
        instruments::{FIELDS, OWN_FIELDS},
        wire::{
            CreateRequest, CustomerBody, CustomerRequest, InstrumentBody, OwnInstrumentBody, PatchRequest,
            StorefrontRequest, TokenBody, TokenRequest,
        },
    },
    parameters,
};
use crate::{
    form,
    openapi::{Document, Parameter},
};

/// One operation, described.
pub(super) struct Described {
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Value>,
    /// The statuses of success, each in words.
    pub(super) successes: &'static [(u16, &'static str)],
    /// What all of them answer with.
    pub(super) answer: Value,
    /// Whether the answer is a page of a list.
    pub(super) is_list: bool,
    /// Refusals beside those that the method brings.
    pub(super) refusals: &'static [u16],
}

/// The operation of this id; none when nobody has described it. What is over at `now` is over for good.
pub(super) fn described(document: &mut Document, id: &str, now: Timestamp) -> Option<Described> {
    let described = match id {
        "PostToken" => post_token(document, now),
        "GetTokenCollection" => token_list(document),
        "GetToken" => get_token(document),
        "PostPaymentInstrument" => post_instrument(document, now),
        "GetPaymentInstrumentCollection" => instrument_list(document),
        "GetPaymentInstrument" => get_instrument(document),
        "PatchPaymentInstrument" => patch_instrument(document, now),
        "PostPaymentInstrumentDeactivation" => deactivate(document),
        "PostCustomer" => post_customer(document),
        "GetCustomer" => get_customer(document),
        "PutCustomer" => put_customer(document),
        "StorefrontPostPaymentInstrument" => post_own(document),
        "StorefrontGetPaymentInstrumentCollection" => own_list(document),
        "StorefrontGetPaymentInstrument" => get_own(document),
        "StorefrontPatchPaymentInstrument" => patch_own(document),
        "StorefrontPostPaymentInstrumentDeactivation" => deactivate_own(document),
        _ => return None,
    };
    Some(described)
}

impl Described {
    fn new(
        summary: &'static str,
        description: &'static str,
        successes: &'static [(u16, &'static str)],
        answer: Value,
    ) -> Self {
        let parameters = Vec::new();
        Self {
            summary,
            description,
            parameters,
            request: None,
            successes,
            answer,
            is_list: false,
            refusals: &[],
        }
    }

    /// A page of a list.
    fn list(mut self) -> Self {
        self.answer = json!({ "type": "array", "items": self.answer });
        self.is_list = true;
        self.refusals(&[422])
    }

    fn parameters(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    fn request(mut self, schema: Value) -> Self {
        self.request = Some(schema);
        self.refusals(&[422])
    }

    fn refusals(mut self, refusals: &'static [u16]) -> Self {
        self.refusals = refusals;
        self
    }
}

fn post_token(document: &mut Document, now: Timestamp) -> Described {
    let fields = form::describe(|body| TokenRequest::fields(body, now));
    let request = document.component("TokenRequest", fields);
    Described::new(
        "Create a payment token",
        "Keeps details and gives a token for them, which is used once and lives 30 minutes. A card without `pan` makes \
         a token that can only update an instrument.",
        &[(201, "The token.")],
        document.answer_schema::<TokenBody<'_>>(),
    )
    .request(request)
}

fn token_list(document: &mut Document) -> Described {
    Described::new(
        "Retrieve tokens",
        "The tokens of the last 24 hours, the newest first.",
        &[(200, "A page of the list.")],
        document.answer_schema::<TokenBody<'_>>(),
    )
    .parameters(parameters::paging())
    .list()
}

fn get_token(document: &mut Document) -> Described {
    Described::new(
        "Retrieve a token",
        "A token by its id. A used or expired one stays readable for 24 hours after its creation.",
        &[(200, "The token.")],
        document.answer_schema::<TokenBody<'_>>(),
    )
    .parameters([parameters::token()])
    .refusals(&[404])
}

/// An instrument as the merchant sees it.
fn instrument(document: &mut Document) -> Value {
    document.answer_schema::<InstrumentBody<'_>>()
}

/// The same as its own customer sees it.
fn own_instrument(document: &mut Document) -> Value {
    document.answer_schema::<OwnInstrumentBody<'_>>()
}

/// `expand` of an instrument.
fn expand_customer() -> Parameter {
    parameters::expand(
        "`customer` embeds the customer of an instrument, where there is one. Other names are ignored.",
    )
}

/// `expand` of a customer.
fn expand_default() -> Parameter {
    parameters::expand("`defaultPaymentInstrument` embeds that instrument. Other names are ignored.")
}

fn post_instrument(document: &mut Document, now: Timestamp) -> Described {
    let fields = form::describe(|body| CreateRequest::fields(body, now));
    let request = document.component("PaymentInstrumentRequest", fields);
    Described::new(
        "Create a payment instrument",
        "Exchanges a token, or takes plain details. The token is used up by it. Where the customer has the same card \
         or account already, that instrument is updated and the answer is 303.",
        &[(201, "The new instrument."), (303, "The instrument that the customer had, updated.")],
        instrument(document),
    )
    .parameters([expand_customer()])
    .request(request)
}

fn instrument_list(document: &mut Document) -> Described {
    Described::new(
        "Retrieve payment instruments",
        "The instruments of the organization.",
        &[(200, "A page of the list.")],
        instrument(document),
    )
    .parameters(parameters::instruments(&FIELDS))
    .parameters([expand_customer()])
    .list()
}

fn get_instrument(document: &mut Document) -> Described {
    Described::new(
        "Retrieve a payment instrument",
        "An instrument by its id.",
        &[(200, "The instrument.")],
        instrument(document),
    )
    .parameters([parameters::instrument()])
    .refusals(&[404])
}

fn patch_instrument(document: &mut Document, now: Timestamp) -> Described {
    let fields = form::describe(|body| Some(PatchRequest::fields(body, now)));
    let request = document.component("PaymentInstrumentPatch", fields);
    Described::new(
        "Update a payment instrument",
        "By a token, by plain fields, or by both; what is absent stays, one part of an expiry too. A card token \
         without a number keeps the number. A change of nothing writes nothing. Fields that the instrument's method \
         does not have are invalid.",
        &[(200, "The instrument.")],
        instrument(document),
    )
    .parameters([parameters::instrument(), expand_customer()])
    .request(request)
    .refusals(&[404, 422])
}

fn deactivate(document: &mut Document) -> Described {
    Described::new(
        "Deactivate a payment instrument",
        "Takes an instrument out of use, for good. Any body is ignored.",
        &[(201, "The instrument.")],
        instrument(document),
    )
    .parameters([parameters::instrument()])
    .refusals(&[404, 409])
}

fn customer_request(document: &mut Document) -> Value {
    let fields = form::describe(|body| Some(CustomerRequest::fields(body)));
    document.component("CustomerRequest", fields)
}

fn post_customer(document: &mut Document) -> Described {
    let request = customer_request(document);
    Described::new(
        "Create a customer",
        "A customer with an id of ours. `paymentToken` is exchanged for the default instrument.",
        &[(201, "The customer.")],
        document.answer_schema::<CustomerBody<'_>>(),
    )
    .parameters([expand_default()])
    .request(request)
}

fn get_customer(document: &mut Document) -> Described {
    Described::new(
        "Retrieve a customer",
        "A customer by its id. Every member is there but where `fields` asks for some.",
        &[(200, "The customer, or the members that `fields` names.")],
        document.part_schema::<CustomerBody<'_>>("CustomerPart", &["id"]),
    )
    .parameters([parameters::customer(), expand_default(), parameters::fields()])
    .refusals(&[404])
}

fn put_customer(document: &mut Document) -> Described {
    let request = customer_request(document);
    Described::new(
        "Create or replace a customer",
        "A customer with an id of the merchant's. `paymentToken` is exchanged for the default instrument.",
        &[(200, "The customer that was there, replaced."), (201, "The new customer.")],
        document.answer_schema::<CustomerBody<'_>>(),
    )
    .parameters([parameters::customer(), expand_default()])
    .request(request)
}

fn post_own(document: &mut Document) -> Described {
    let request = form::describe(StorefrontRequest::create_fields);
    let request = document.component("StorefrontPaymentInstrumentRequest", request);
    Described::new(
        "Create a payment instrument of one's own",
        "Exchanges a token. With a customer's JWT the instrument is that customer's; with a publishable key a new \
         customer is made, named as the token's billing address.",
        &[(201, "The instrument.")],
        own_instrument(document),
    )
    .request(request)
}

fn own_list(document: &mut Document) -> Described {
    Described::new(
        "Retrieve payment instruments of one's own",
        "The instruments of the customer whose JWT is shown.",
        &[(200, "A page of the list.")],
        own_instrument(document),
    )
    .parameters(parameters::instruments(&OWN_FIELDS))
    .list()
}

fn patch_own(document: &mut Document) -> Described {
    let request = form::describe(|body| Some(StorefrontRequest::patch_fields(body)));
    let request = document.component("StorefrontPaymentInstrumentPatch", request);
    Described::new(
        "Update a payment instrument of one's own",
        "By a token, by another address, or by both; what is absent stays.",
        &[(200, "The instrument.")],
        own_instrument(document),
    )
    .parameters([parameters::instrument()])
    .request(request)
    .refusals(&[404, 422])
}

fn get_own(document: &mut Document) -> Described {
    Described::new(
        "Retrieve a payment instrument of one's own",
        "An instrument of the customer whose JWT is shown. Another's is as one that is not there.",
        &[(200, "The instrument.")],
        own_instrument(document),
    )
    .parameters([parameters::instrument()])
    .refusals(&[404])
}

fn deactivate_own(document: &mut Document) -> Described {
    Described::new(
        "Deactivate a payment instrument of one's own",
        "Takes an instrument out of use, for good. Any body is ignored.",
        &[(201, "The instrument.")],
        own_instrument(document),
    )
    .parameters([parameters::instrument()])
    .refusals(&[404, 409])
}
