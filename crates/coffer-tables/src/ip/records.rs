//! The parts of `MaxMind`'s records that we read, as they publish them, and how they become facts.

use coffer_types::Country;
use serde::Deserialize;

use super::IpFacts;
use super::sphere::Place;
use crate::limits::IP_TEXT_CHARS;

/// A record of a City or Enterprise file.
#[derive(Deserialize)]
#[allow(clippy::struct_field_names, reason = "the publisher's format")]
pub(super) struct City<'a> {
    #[serde(borrow, default)]
    pub(super) city: Named<'a>,
    #[serde(borrow, default)]
    country: Coded<'a>,
    #[serde(borrow, default)]
    pub(super) subdivisions: Vec<Named<'a>>,
    #[serde(borrow, default)]
    pub(super) postal: Postal<'a>,
    #[serde(borrow, default)]
    location: Location<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Named<'a> {
    #[serde(default)]
    pub(super) iso_code: Option<&'a str>,
    #[serde(borrow, default)]
    names: Names<'a>,
}

impl<'a> Named<'a> {
    pub(super) fn english(&self) -> Option<&'a str> {
        self.names.en
    }
}

#[derive(Deserialize, Default)]
struct Names<'a> {
    #[serde(default)]
    en: Option<&'a str>,
}

#[derive(Deserialize, Default)]
struct Coded<'a> {
    #[serde(default)]
    iso_code: Option<&'a str>,
}

#[derive(Deserialize, Default)]
pub(super) struct Postal<'a> {
    #[serde(default)]
    pub(super) code: Option<&'a str>,
}

#[derive(Deserialize, Default)]
struct Location<'a> {
    #[serde(default)]
    accuracy_radius: Option<u16>,
    #[serde(default)]
    latitude: Option<f64>,
    #[serde(default)]
    longitude: Option<f64>,
    #[serde(default)]
    time_zone: Option<&'a str>,
}

impl City<'_> {
    pub(super) fn country(&self) -> Option<Country> {
        Country::parse(self.country.iso_code?).ok()
    }

    pub(super) fn place(&self) -> Option<Place> {
        Place::new(self.location.latitude?, self.location.longitude?)
    }

    pub(super) fn tell(&self, facts: &mut IpFacts) {
        facts.country = self.country();
        facts.region = self.subdivisions.first().and_then(|region| text(region.iso_code));
        facts.city = text(self.city.english());
        facts.postal_code = text(self.postal.code);
        facts.time_zone = text(self.location.time_zone);
        if let Some(place) = self.place() {
            facts.latitude = Some(place.latitude());
            facts.longitude = Some(place.longitude());
            facts.accuracy_radius_km = self.location.accuracy_radius;
        }
    }
}

/// A record of an ASN or ISP file; the former has no `isp`.
#[derive(Deserialize)]
pub(super) struct Asn<'a> {
    #[serde(default)]
    autonomous_system_organization: Option<&'a str>,
    #[serde(default)]
    isp: Option<&'a str>,
}

impl Asn<'_> {
    pub(super) fn tell(&self, facts: &mut IpFacts) {
        facts.asn_organization = text(self.autonomous_system_organization);
        facts.isp = text(self.isp).or_else(|| facts.asn_organization.clone());
    }
}

/// A record of an Anonymous-IP or Anonymous-Plus file; the former has no `provider_name`. The publisher leaves out
/// flags that are false.
#[derive(Deserialize, PartialEq, Default)]
#[allow(clippy::struct_field_names, reason = "the publisher's format")]
pub(super) struct Anonymous<'a> {
    #[serde(default)]
    is_anonymous: Option<bool>,
    #[serde(default)]
    is_anonymous_vpn: Option<bool>,
    #[serde(default)]
    is_hosting_provider: Option<bool>,
    #[serde(default)]
    is_public_proxy: Option<bool>,
    #[serde(default)]
    is_residential_proxy: Option<bool>,
    #[serde(default)]
    is_tor_exit_node: Option<bool>,
    #[serde(default)]
    provider_name: Option<&'a str>,
}

impl Anonymous<'_> {
    /// To be told last: it falls back to what the ASN file said. An empty record, with which some files fill the
    /// rest of the address space, is no entry: it tells nothing.
    pub(super) fn tell(&self, facts: &mut IpFacts) {
        if *self == Self::default() {
            return;
        }
        let flag = |flag: Option<bool>| flag.unwrap_or(false);
        let (vpn, hosting) = (flag(self.is_anonymous_vpn), flag(self.is_hosting_provider));
        facts.is_proxy = Some(flag(self.is_public_proxy) || flag(self.is_residential_proxy));
        facts.is_vpn = Some(vpn);
        facts.is_tor = Some(flag(self.is_tor_exit_node));
        facts.is_hosting = Some(hosting);
        let holder = facts.asn_organization.as_ref().filter(|_| vpn || hosting);
        facts.provider = text(self.provider_name).or_else(|| holder.cloned());
    }
}

fn text(text: Option<&str>) -> Option<String> {
    let text = text?;
    (!text.is_empty() && text.chars().count() <= IP_TEXT_CHARS).then(|| text.to_owned())
}
