//! What is sealed beside what is protected: whose it is and what came with it. Personal data, so never in a clear
//! column.

use std::fmt;

use coffer_types::{Cvv, Expiry};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::protected::Protected;

/// Everything of a single-use token that is neither protected nor CVV. Lives sealed.
#[derive(Deserialize, Serialize)]
pub struct Details {
    /// Month and year on a card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// The person or company to bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The dialect's own fields, as JSON that only it understands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Box<RawValue>>,
}

/// Everything of an instrument that is not protected. Lives sealed.
#[derive(Deserialize, Serialize)]
pub struct InstrumentDetails {
    /// The merchant's reference for the customer, at most 50 characters.
    pub customer: String,
    /// What the token brought. Not flattened: the dialect's own JSON cannot be read back through serde's flatten.
    pub details: Details,
    /// Whether it was taken out of use, for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deactivated: bool,
    /// The number of the short-lived row with the code that came with it, where its tenant keeps codes through an
    /// exchange. It says nothing of whether that is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_code: Option<u64>,
    /// The dialect's fields that an instrument has and a token has not, as JSON that only it understands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<Box<RawValue>>,
}

/// Everything of a customer. Lives sealed.
#[derive(Deserialize, Serialize)]
pub struct CustomerDetails {
    /// The merchant's reference or ours, at most 50 characters.
    pub id: String,
    /// Who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The number of the instrument that is used when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<u64>,
    /// The dialect's own fields, as JSON that only it understands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<Box<RawValue>>,
}

/// What leaves in the clear through redeem, reveal or forward.
pub struct Clear {
    /// What was protected.
    pub protected: Protected,
    /// The verification code, if there is one and it may still be used.
    pub cvv: Option<Cvv>,
    /// What a reader of cards sent, if something is there and may still be used: JSON that only the dialect
    /// understands.
    pub reader: Option<Zeroizing<String>>,
}

/// A postal address with names. Every part is optional; limits are the dialect's.
#[derive(Clone, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Contact {
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// First line of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Second line of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address2: Option<String>,
    /// Third line of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address3: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Region, state or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Telephone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_numbers: Option<Vec<ContactPoint>>,
    /// E-mail addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emails: Option<Vec<ContactPoint>>,
    /// Date of birth, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dob: Option<String>,
    /// Position in the company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
}

/// One telephone number or e-mail address.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub struct ContactPoint {
    /// `main`, `home` and the like.
    pub label: String,
    /// The number or address.
    pub value: String,
    /// Whether it is the first to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<bool>,
}

impl fmt::Debug for Clear {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Clear(..)")
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Details(..)")
    }
}

impl fmt::Debug for InstrumentDetails {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("InstrumentDetails(..)")
    }
}

impl fmt::Debug for CustomerDetails {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CustomerDetails(..)")
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Contact(..)")
    }
}

impl fmt::Debug for ContactPoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ContactPoint(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_reads_back_with_the_dialects_own_fields() {
        let extra = r#"{"fingerprint":"x","httpHeaders":{"Accept":"*/*"}}"#;
        let contact = Contact { first_name: Some("Benjamin".to_owned()), ..Contact::default() };
        let details = Details {
            expiry: Some(Expiry::new(2035, 12).unwrap()),
            contact: Some(contact.clone()),
            extra: Some(RawValue::from_string(extra.to_owned()).unwrap()),
        };
        let own = RawValue::from_string(r#"{"customFields":{"a":1.50}}"#.to_owned()).unwrap();
        let kept = InstrumentDetails {
            customer: "cus_1".to_owned(),
            details,
            deactivated: true,
            kept_code: Some(7),
            own: Some(own),
        };
        let back: InstrumentDetails = serde_json::from_slice(&serde_json::to_vec(&kept).unwrap()).unwrap();
        assert_eq!(back.customer, "cus_1");
        assert_eq!(back.details.expiry, kept.details.expiry);
        assert!(back.details.contact == Some(contact));
        assert_eq!(back.details.extra.as_deref().map(RawValue::get), Some(extra));
        assert!(back.deactivated);
        assert_eq!(back.kept_code, Some(7));
        assert_eq!(back.own.as_deref().map(RawValue::get), Some(r#"{"customFields":{"a":1.50}}"#));
    }
}
