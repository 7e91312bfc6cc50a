//! `billingAddress` and `primaryAddress`, section 5.2, as they come in and go out.

use serde::Serialize;

use crate::form::{DATE, Length, Mark, Section, Shape, at_most, up_to};

/// Entries of `phoneNumbers` and of `emails`. The definition has no limit; nobody has so many.
const CONTACT_POINTS: usize = 64;

/// An address with names. Every member is optional.
#[derive(Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Contact")]
pub(crate) struct ContactBody<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address2: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postal_code: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_numbers: Option<Vec<ContactPointBody<'r>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) emails: Option<Vec<ContactPointBody<'r>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date"))]
    pub(crate) dob: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job_title: Option<&'r str>,
    /// Equal for equal addresses of one organization. Given back, never taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hash: Option<String>,
}

/// One entry of `phoneNumbers` or `emails`.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "ContactPoint")]
pub(crate) struct ContactPointBody<'r> {
    pub(crate) label: &'r str,
    pub(crate) value: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) primary: Option<bool>,
}

const COUNTRY: Shape = Shape {
    pattern: "^[A-Z]{2}$",
    accepts: |text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
    message: "Must be an ISO 3166 alpha-2 code in capital letters.",
};

const POSTAL_CODE: Shape = Shape {
    // The definition's `\w`, spelled out: regular expressions differ in what they take it for.
    pattern: r"^[A-Za-z0-9_\s-]+$",
    accepts: |text| {
        text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter) || is_blank(letter))
    },
    message: "May contain letters, digits, spaces and hyphens only.",
};

const EMAIL: Shape = Shape {
    pattern: r"^\S+@[^\s@]+$",
    accepts: |text| {
        let parts = text.rsplit_once('@');
        parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
            && !text.contains(is_blank)
    },
    message: "Must be an e-mail address.",
};

/// What `\s` is in a regular expression of ECMA-262.
fn is_blank(letter: char) -> bool {
    (letter.is_whitespace() && letter != '\u{85}') || letter == '\u{feff}'
}

/// Reads an address.
pub(super) fn read_contact<'r>(address: Section<'_, 'r>) -> ContactBody<'r> {
    address.mark("hash", Mark::ReadOnly);
    address.mark("dob", Mark::Format("date"));
    let free = |name, max| address.without_card(name, address.optional_text(name, up_to(max)));
    ContactBody {
        first_name: free("firstName", 45),
        last_name: free("lastName", 45),
        organization: free("organization", 255),
        address: free("address", 60),
        address2: free("address2", 60),
        city: free("city", 45),
        region: free("region", 45),
        country: address.optional_text_like("country", up_to(2), COUNTRY),
        postal_code: address.optional_text_like("postalCode", up_to(10), POSTAL_CODE),
        phone_numbers: address
            .optional_list("phoneNumbers", CONTACT_POINTS, |phone| read_point(phone, at_most(50), None)),
        emails: address
            .optional_list("emails", CONTACT_POINTS, |email| read_point(email, up_to(255), Some(EMAIL))),
        dob: address.optional_text_like("dob", up_to(10), DATE),
        job_title: free("jobTitle", 255),
        hash: None,
    }
}

fn read_point<'r>(
    point: Section<'_, 'r>,
    length: Length,
    shape: Option<Shape>,
) -> Option<ContactPointBody<'r>> {
    let label = point.without_card("label", point.text("label", at_most(45)));
    // A telephone number without a shape may look like a card number; nothing else may.
    let value = match shape {
        Some(shape) => point.without_card("value", point.text_like("value", length, shape)),
        None => point.text("value", length),
    };
    let primary = point.optional_bool("primary");
    Some(ContactPointBody { label: label?, value: value?, primary })
}
