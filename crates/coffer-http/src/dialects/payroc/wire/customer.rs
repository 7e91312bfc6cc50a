//! `customer` and `customFields`, as they come in, are kept and go out (6.1, 6.3). What the contract leaves open has a
//! limit that no name or address of a person reaches.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    fields::{free, optional_free},
    words::{ContactKind, Language, optional_word, word},
};
use crate::detector::is_code;
use crate::form::{DATE, Length, Mark, Section, Shape, at_most, up_to};

/// Characters of a name of a person.
const NAME: usize = 50;
/// Characters of a merchant's own number for a customer.
const REFERENCE: usize = 100;
/// Characters of one line of an address, and of whoever is named above it.
const LINE: usize = 100;
/// Characters of a postal code: the longest in use has ten.
const POSTAL_CODE: usize = 20;
/// Ways to reach one customer.
const CONTACTS: usize = 20;
/// Characters of one of them: the longest address of a mailbox has 254.
const CONTACT: Length = up_to(255);
/// Digits of the longest telephone number (ITU-T E.164).
const PHONE_DIGITS: usize = 15;
/// A merchant's own fields of one token.
const CUSTOM_FIELDS: usize = 50;
const FIELD_NAME: Length = up_to(100);
const FIELD_VALUE: Length = at_most(500);

const COUNTRY: Shape = Shape {
    pattern: "^[A-Z]{2}$",
    accepts: |text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
    message: "Must be an ISO 3166 alpha-2 code in capital letters.",
};

/// A customer. Every member is optional.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Customer<'r> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub(crate) date_of_birth: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) reference_number: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) billing_address: Option<Address<'r>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) shipping_address: Option<Shipping<'r>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) contact_methods: Option<Vec<ContactMethod<'r>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notification_language: Option<Language>,
}

/// An address. A request must have five of its members.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Address<'r> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) address1: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) address2: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) address3: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Cow<'r, str>>,
    /// ISO 3166-1, two letters.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) postal_code: Option<Cow<'r, str>>,
}

/// Where goods go.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "ShippingAddress")]
pub(crate) struct Shipping<'r> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) recipient_name: Option<Cow<'r, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<Address<'r>>,
}

/// A way to reach a customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ContactMethod<'r> {
    pub(crate) r#type: ContactKind,
    #[serde(borrow)]
    pub(crate) value: Cow<'r, str>,
}

/// A field of the merchant's own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CustomField<'r> {
    #[serde(borrow)]
    pub(crate) name: Cow<'r, str>,
    #[serde(borrow)]
    pub(crate) value: Cow<'r, str>,
}

/// The members of `customer`. What is wrong is reported and absent.
pub(crate) fn read_customer<'r>(customer: Section<'_, 'r>) -> Customer<'r> {
    let own = |name, max| optional_free(customer, name, max).map(Cow::Borrowed);
    let date_of_birth = customer.optional_text_like("dateOfBirth", up_to(10), DATE);
    customer.mark("dateOfBirth", Mark::Format("date"));
    Customer {
        first_name: own("firstName", NAME),
        last_name: own("lastName", NAME),
        date_of_birth: date_of_birth.map(Cow::Borrowed),
        reference_number: own("referenceNumber", REFERENCE),
        billing_address: customer.optional_section("billingAddress", |address| Some(read_address(address))),
        shipping_address: customer.optional_section("shippingAddress", |shipping| {
            Some(Shipping {
                recipient_name: optional_free(shipping, "recipientName", LINE).map(Cow::Borrowed),
                address: shipping.optional_section("address", |address| Some(read_address(address))),
            })
        }),
        contact_methods: customer.optional_list("contactMethods", CONTACTS, read_contact),
        notification_language: optional_word(customer, "notificationLanguage"),
    }
}

/// Not every country has states and postal codes: whoever must send some sends an empty one.
fn read_address<'r>(address: Section<'_, 'r>) -> Address<'r> {
    let needed = |name, length| free(address, name, length).map(Cow::Borrowed);
    let own = |name| optional_free(address, name, LINE).map(Cow::Borrowed);
    Address {
        address1: needed("address1", up_to(LINE)),
        address2: own("address2"),
        address3: own("address3"),
        city: needed("city", up_to(LINE)),
        state: needed("state", at_most(LINE)),
        country: address.text_like("country", up_to(2), COUNTRY).map(Cow::Borrowed),
        postal_code: needed("postalCode", at_most(POSTAL_CODE)),
    }
}

/// A telephone number may look like a card number where it is written as one of the world (`+`, at most fifteen
/// digits); no other may.
fn read_contact<'r>(contact: Section<'_, 'r>) -> Option<ContactMethod<'r>> {
    let kind = word(contact, "type");
    let value = contact.text("value", CONTACT);
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    let is_phone = matches!(kind, Some(ContactKind::Phone | ContactKind::Mobile | ContactKind::Fax));
    let value = match value {
        Some(text) if is_phone && text.starts_with('+') && digits(text) <= PHONE_DIGITS => value,
        _ => contact.without_card("value", value),
    };
    Some(ContactMethod { r#type: kind?, value: Cow::Borrowed(value?) })
}

/// `customFields`, which may be absent or null.
pub(crate) fn read_custom_fields<'r>(body: Section<'_, 'r>) -> Option<Vec<CustomField<'r>>> {
    body.optional_list("customFields", CUSTOM_FIELDS, |field| {
        let (name, value) = (free(field, "name", FIELD_NAME), free(field, "value", FIELD_VALUE));
        // What is a code by its name is kept nowhere, whatever its value says.
        if let Some(node) = field.node().and_then(|field| field.member("value"))
            && name.is_some_and(|name| is_code(name, node))
        {
            return field.invalid("name", "Must not be the name of a verification code, PIN or track.");
        }
        Some(CustomField { name: Cow::Borrowed(name?), value: Cow::Borrowed(value?) })
    })
}
