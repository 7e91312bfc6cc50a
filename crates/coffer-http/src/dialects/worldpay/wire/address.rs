//! A billing address as it comes in and goes out (4.1).

use coffer_core::Contact;
use schemars::JsonSchema;
use serde::Serialize;

use super::fields::own;
use crate::{
    detector::is_card,
    form::{Length, Rule, Section, Shape, up_to},
};

/// Two capital letters; the shape alone is checked, for the documentation's own examples name no countries.
const COUNTRY: Shape = Shape {
    pattern: "^[A-Z]*$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_uppercase()),
    message: "Must be two capital letters.",
};
/// Parts that may be absent may be empty as well, which is the same: some clients always write them.
const LINE: Length = Length { min: 0, max: 80 };
const STATE: Length = Length { min: 0, max: 30 };

/// Reads an address. No line may have a card number in it.
pub(crate) fn read_address(address: Section<'_, '_>) -> Option<Contact> {
    let address1 = address.text("address1", up_to(80));
    let address2 = address.optional_text("address2", LINE);
    let address3 = address.optional_text("address3", LINE);
    let postal_code = address.text("postalCode", up_to(15));
    let city = address.text("city", up_to(50));
    let state = address.optional_text("state", STATE);
    let country = address.text_like("countryCode", Length { min: 2, max: 2 }, COUNTRY);
    let lines = [
        ("address1", address1),
        ("address2", address2),
        ("address3", address3),
        ("postalCode", postal_code),
        ("city", city),
        ("state", state),
    ];
    let mut clean = true;
    for (name, line) in lines {
        if line.is_some_and(is_card) {
            clean = false;
            address.breaks::<()>(
                name,
                "Must not have a card number in it.",
                Rule::Other(own::CARD_IN_ADDRESS),
            );
        }
    }
    let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let contact = Contact {
        address: Some(address1?.to_owned()),
        address2: own(address2),
        address3: own(address3),
        postal_code: Some(postal_code?.to_owned()),
        city: Some(city?.to_owned()),
        region: own(state),
        country: Some(country?.to_owned()),
        ..Contact::default()
    };
    clean.then_some(contact)
}

/// An address as it goes out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BillingAddress")]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddressBody<'v> {
    address1: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address2: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address3: Option<&'v str>,
    postal_code: &'v str,
    city: &'v str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'v str>,
    country_code: &'v str,
}

impl<'v> AddressBody<'v> {
    /// What was read is whole: its four parts are there.
    pub(crate) fn of(contact: &'v Contact) -> Self {
        fn text(part: Option<&String>) -> &str {
            part.map(String::as_str).unwrap_or_default()
        }
        Self {
            address1: text(contact.address.as_ref()),
            address2: contact.address2.as_deref(),
            address3: contact.address3.as_deref(),
            postal_code: text(contact.postal_code.as_ref()),
            city: text(contact.city.as_ref()),
            state: contact.region.as_deref(),
            country_code: text(contact.country.as_ref()),
        }
    }
}
