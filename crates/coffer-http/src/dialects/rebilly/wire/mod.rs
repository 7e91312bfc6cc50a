//! Rebilly's requests and answers exactly as documented (sections 4, 5, 6 and 7), with their limits. No logic.
//!
//! A request's `fields` function reads it and is its schema too ([`crate::form`]); an answer's struct is its schema.

mod bank;
mod card;
mod contact;
mod customer;
mod instrument;
mod means;
mod risk;
mod token;

use std::borrow::Cow;

use serde::Serialize;

pub(super) use bank::BankBody;
pub(super) use card::{EXPIRED, ExpiryChange};
pub(super) use contact::{ContactBody, ContactPointBody};
pub(super) use customer::{
    CustomerBody, CustomerRequest, DefaultBody, DefaultField, EmbeddedDefault, KeptCustomer,
};
pub(super) use instrument::{
    CardInstrumentBody, CreateRequest, CustomFields, EmbeddedBody, From, InstrumentBody,
    KhelocardInstrumentBody, KindBody, OtherBody, OwnFields, OwnInstrumentBody, PatchRequest, Plain,
    RiskShown, Sticky, StorefrontRequest,
};
pub(super) use means::{KhelocardBody, Means, WalletBody};
pub(super) use risk::{RiskBody, RiskInput};
pub(super) use token::{CardBody, Shown, TokenBody, TokenRequest};

/// An entry of `_links`.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "Link")]
pub(super) struct LinkBody<'r> {
    pub(super) rel: &'static str,
    #[schemars(extend("format" = "uri"))]
    pub(super) href: Cow<'r, str>,
}
