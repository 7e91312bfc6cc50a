//! How often the same instrument, device, address or e-mail was seen in the last 24 hours, in this organization, by
//! this node. Counted are tokens and plain instruments that were made; the one at hand is counted too.

use std::net::IpAddr;

use coffer_core::{Account, Protected};
use coffer_types::{RoutingNumber, Tenant, Timestamp};

use super::{
    super::{
        contact_hash::canonical,
        convert,
        wire::{ContactBody, RiskBody},
    },
    Subject,
};
use crate::{app::App, edge::Kind};

/// What is counted. Values stay in memory for this moment; the counters keep keyed hashes.
pub(crate) struct Counts(Vec<(Kind, Vec<u8>)>);

impl Counts {
    pub(super) fn of(body: &RiskBody<'_>, ip: Option<IpAddr>, subject: &Subject<'_, '_>) -> Self {
        let instrument = match subject.protected {
            Protected::Card(pan) => Some(pan.expose().as_bytes().to_vec()),
            Protected::Account(account) => Some(account_value(account)),
            // Of what it was made from; the method stands in it, so that it is no card's number.
            Protected::Other(other) if subject.method == "Khelocard" => {
                other.identity.as_ref().map(|identity| identity.as_bytes().to_vec())
            }
            Protected::Other(_) | Protected::Nothing => None,
        };
        let billing = subject.billing_address;
        let values = [
            (Kind::Instrument, instrument),
            (Kind::Device, body.fingerprint.map(|text| text.as_bytes().to_vec())),
            (Kind::Ip, ip.map(|ip| ip.to_string().into_bytes())),
            (Kind::Email, billing.and_then(email)),
            (Kind::BillingAddress, billing.and_then(place)),
        ];
        Self(values.into_iter().filter_map(|(kind, value)| Some((kind, value?))).collect())
    }

    /// What the counters say, with this one.
    pub(super) fn tell(&self, app: &App, tenant: Tenant, now: Timestamp, body: &mut RiskBody<'_>) {
        for (kind, value) in &self.0 {
            let count = app.velocities.count(tenant, *kind, value, now).saturating_add(1);
            match kind {
                Kind::Instrument => body.payment_instrument_velocity = Some(count),
                Kind::Device => body.device_velocity = Some(count),
                Kind::Ip => body.ip_velocity = Some(count),
                Kind::Email => body.email_velocity = Some(count),
                Kind::BillingAddress => body.billing_address_velocity = Some(count),
            }
        }
    }

    /// Counts what has become durable.
    pub(crate) fn add(&self, app: &App, tenant: Tenant, now: Timestamp) {
        for (kind, value) in &self.0 {
            app.velocities.add(tenant, *kind, value, now);
        }
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            zeroize::Zeroize::zeroize(value);
        }
    }
}

/// A number is one account within one bank, as for the fingerprint. No card number has the blank.
fn account_value(account: &Account) -> Vec<u8> {
    let routing = account.routing.as_ref().map_or("", RoutingNumber::as_str);
    [account.number.expose(), " ", routing].concat().into_bytes()
}

/// The primary e-mail address, else the first, in lower case.
fn email(billing: &ContactBody<'_>) -> Option<Vec<u8>> {
    let emails = billing.emails.as_deref()?;
    let primary = emails.iter().find(|email| email.primary == Some(true)).or(emails.first())?;
    Some(primary.value.to_lowercase().into_bytes())
}

/// The place alone, without the people: several may live there.
fn place(billing: &ContactBody<'_>) -> Option<Vec<u8>> {
    let parts = [billing.address, billing.city, billing.postal_code];
    parts.iter().any(Option::is_some).then(|| {
        let contact = coffer_core::Contact {
            first_name: None,
            last_name: None,
            organization: None,
            emails: None,
            phone_numbers: None,
            dob: None,
            job_title: None,
            ..convert::contact(billing)
        };
        let lower = |text: Option<String>| text.map(|text| text.to_lowercase());
        let contact = coffer_core::Contact {
            address: lower(contact.address),
            address2: lower(contact.address2),
            city: lower(contact.city),
            region: lower(contact.region),
            ..contact
        };
        canonical(&contact).to_vec()
    })
}
