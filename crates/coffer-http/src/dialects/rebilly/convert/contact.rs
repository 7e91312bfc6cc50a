//! Addresses.

use coffer_core::{Contact, ContactPoint};
use data_encoding::HEXLOWER;

use super::{
    super::{
        contact_hash::canonical,
        wire::{ContactBody, ContactPointBody},
    },
    Printer,
};

/// What the vault keeps of an address.
pub(crate) fn contact(body: &ContactBody<'_>) -> Contact {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Contact {
        first_name: own(body.first_name),
        last_name: own(body.last_name),
        organization: own(body.organization),
        address: own(body.address),
        address2: own(body.address2),
        address3: None,
        city: own(body.city),
        region: own(body.region),
        country: own(body.country),
        postal_code: own(body.postal_code),
        phone_numbers: body.phone_numbers.as_deref().map(points),
        emails: body.emails.as_deref().map(points),
        dob: own(body.dob),
        job_title: own(body.job_title),
    }
}

fn points(bodies: &[ContactPointBody<'_>]) -> Vec<ContactPoint> {
    let point = |body: &ContactPointBody<'_>| ContactPoint {
        label: body.label.to_owned(),
        value: body.value.to_owned(),
        primary: body.primary,
    };
    bodies.iter().map(point).collect()
}

impl Printer<'_> {
    /// An address with its hash.
    pub(super) fn contact<'r>(&self, contact: &'r Contact) -> ContactBody<'r> {
        ContactBody {
            first_name: contact.first_name.as_deref(),
            last_name: contact.last_name.as_deref(),
            organization: contact.organization.as_deref(),
            address: contact.address.as_deref(),
            address2: contact.address2.as_deref(),
            city: contact.city.as_deref(),
            region: contact.region.as_deref(),
            country: contact.country.as_deref(),
            postal_code: contact.postal_code.as_deref(),
            phone_numbers: contact.phone_numbers.as_deref().map(point_bodies),
            emails: contact.emails.as_deref().map(point_bodies),
            dob: contact.dob.as_deref(),
            job_title: contact.job_title.as_deref(),
            hash: self.contact_hash(contact),
        }
    }

    /// Forty hexadecimal digits, as the definition's example has. Keyed and by organization: a plain hash of an address
    /// can be searched for.
    fn contact_hash(&self, contact: &Contact) -> Option<String> {
        let canonical = canonical(contact);
        let hash = |label| self.vault.keyed_hash(self.tenant, label, &canonical).ok();
        let (first, second) = (hash("rebilly contact v1")?, hash("rebilly contact v1, second half")?);
        Some(HEXLOWER.encode(&[&first[..], &second[..4]].concat()))
    }
}

fn point_bodies(points: &[ContactPoint]) -> Vec<ContactPointBody<'_>> {
    points
        .iter()
        .map(|point| ContactPointBody { label: &point.label, value: &point.value, primary: point.primary })
        .collect()
}
