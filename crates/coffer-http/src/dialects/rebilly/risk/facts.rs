//! Facts: what follows from the tables and from what the caller said.

use std::collections::BTreeSet;

use coffer_tables::{Address, IpData, IpFacts, offset_minutes};
use coffer_types::{Country, Timestamp};

use super::super::{
    fake_names::looks_fake,
    wire::{ContactBody, RiskBody},
};

/// What the IP data says of an address.
pub(super) fn of_address(
    body: &mut RiskBody<'_>,
    facts: IpFacts,
    data: &IpData,
    billing: Option<&ContactBody<'_>>,
    now: Timestamp,
) {
    body.distance = billing.and_then(|billing| data.distance_km(&facts, &address(billing)));
    body.has_mismatched_time_zone = mismatched_time_zone(body, &facts, now);
    body.is_proxy = facts.is_proxy;
    body.is_vpn = facts.is_vpn;
    body.is_tor = facts.is_tor;
    body.is_hosting = facts.is_hosting;
    body.vpn_service_name.clone_from(&facts.provider);
    body.hosting_name = facts.provider;
    body.isp = facts.isp;
    body.country = facts.country.map(|country| country.as_str().to_owned());
    body.region = facts.region;
    body.city = facts.city;
    // The definition has ten characters for it.
    body.postal_code = facts.postal_code.filter(|code| code.chars().count() <= 10);
    body.time_zone = facts.time_zone;
    body.latitude = facts.latitude;
    body.longitude = facts.longitude;
    body.accuracy_radius = facts.accuracy_radius_km;
}

fn address<'a>(billing: &'a ContactBody<'_>) -> Address<'a> {
    Address {
        country: country(billing),
        region: billing.region,
        city: billing.city,
        postal_code: billing.postal_code,
    }
}

fn country(billing: &ContactBody<'_>) -> Option<Country> {
    billing.country.and_then(|text| Country::parse(text).ok())
}

/// A browser counts the minutes that it is behind UTC, a zone those that it is ahead.
fn mismatched_time_zone(body: &RiskBody<'_>, facts: &IpFacts, now: Timestamp) -> Option<bool> {
    let browser = body.browser_data.as_ref()?.time_zone_offset;
    let zone = offset_minutes(facts.time_zone.as_deref()?, now)?;
    Some(browser != -i64::from(zone))
}

/// What the names say.
pub(super) fn of_holder(body: &mut RiskBody<'_>, billing: Option<&ContactBody<'_>>) {
    body.has_fake_name = billing.and_then(|billing| looks_fake(billing.first_name, billing.last_name));
}

/// What the countries of address, IP address and bank say of each other.
pub(super) fn of_countries(
    body: &mut RiskBody<'_>,
    billing: Option<&ContactBody<'_>>,
    bank: Option<Country>,
    high_risk: &BTreeSet<Country>,
) {
    let billing = billing.and_then(country);
    let ip = body.country.as_deref().and_then(|text| Country::parse(text).ok());
    let differ = |one: Option<Country>, other: Option<Country>| Some(one? != other?);
    body.has_mismatched_billing_address_country = differ(billing, ip);
    body.has_mismatched_bank_country = differ(bank, ip);
    let known: Vec<Country> = [billing, ip].into_iter().flatten().collect();
    body.is_high_risk_country =
        (!known.is_empty()).then(|| known.iter().any(|country| high_risk.contains(country)));
}
