//! Between Rebilly's words and ours. The only place with both vocabularies.
//!
//! What only this dialect understands of a token or an instrument is sealed as JSON in the core's `extra` and `own`
//! ([`sealed`]); everything else has a type of the core.

mod contact;
mod customer;
mod instrument;
mod sealed;
mod token;

use std::collections::HashMap;

use coffer_core::{Vault, store::CardFace};
use coffer_crypto::{LocatorBytes, forms};
use coffer_types::{Bin, Brand, Tenant, Timestamp, brands};

use crate::query::path_segment;

pub(super) use contact::contact;
pub(super) use customer::{customer, names_differ};
pub(super) use instrument::{
    expanded, instrument, instrument_fingerprint, instrument_method, instrument_status, storefront,
};
pub(super) use sealed::{BankParts, Extra, ExtraParts, Own, extra_of, with_bank_names};
pub(super) use token::{created, new_token, token};

/// What stands before an instrument's locator.
const INSTRUMENT_PREFIX: &str = "inst_";
/// What stands before the locator of a customer whom nobody named.
const CUSTOMER_PREFIX: &str = "cus_";

/// Prints answers for one caller.
#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    pub(super) vault: &'a Vault,
    pub(super) tenant: Tenant,
    /// Scheme, host and path before `/tokens`, with the organization if the caller wrote it.
    pub(super) base: &'a str,
    /// The same before `/payment-instruments` of the storefront, in the order in which the caller wrote it.
    pub(super) storefront: &'a str,
    /// The organizations by their ids.
    pub(super) organizations: &'a HashMap<String, Tenant>,
    pub(super) now: Timestamp,
}

impl<'a> Printer<'a> {
    /// The organization's id.
    pub(super) fn organization(&self) -> Option<&'a str> {
        self.organizations.iter().find(|(_, tenant)| **tenant == self.tenant).map(|(name, _)| name.as_str())
    }

    /// Where an instrument is.
    pub(super) fn instrument_url(&self, id: &str) -> String {
        format!("{}/payment-instruments/{id}", self.base)
    }

    /// Where an instrument is for its customer.
    pub(super) fn storefront_url(&self, id: &str) -> String {
        format!("{}/payment-instruments/{id}", self.storefront)
    }

    /// Where a customer is.
    pub(super) fn customer_url(&self, id: &str) -> String {
        format!("{}/customers/{}", self.base, path_segment(id))
    }

    /// Where a token is.
    pub(super) fn token_url(&self, id: &str) -> String {
        format!("{}/tokens/{id}", self.base)
    }
}

/// A printed token.
pub(super) fn token_id(locator: &LocatorBytes) -> String {
    forms::grouped(locator)
}

/// The locator in a printed token.
pub(super) fn parse_token_id(id: &str) -> Option<LocatorBytes> {
    forms::parse_grouped(id)
}

/// A printed instrument id.
pub(super) fn instrument_id(locator: &LocatorBytes) -> String {
    format!("{INSTRUMENT_PREFIX}{}", forms::upper(locator))
}

/// The locator in a printed instrument id.
pub(super) fn parse_instrument_id(id: &str) -> Option<LocatorBytes> {
    forms::parse_upper(id.strip_prefix(INSTRUMENT_PREFIX)?)
}

/// The id of a customer whom nobody named.
pub(super) fn customer_id(locator: &LocatorBytes) -> String {
    let mut id = format!("{CUSTOMER_PREFIX}{}", forms::upper(locator));
    id.truncate(50);
    id
}

/// The scheme of a card, as answers show it.
fn brand_of(face: &CardFace) -> Option<&'static str> {
    brand(face.brand, face.bin.as_ref())
}

/// Our scheme in Rebilly's spelling. Where Rebilly has no name for the scheme, a co-badged card shows the
/// international network that its BIN belongs to as well, and any other card no brand.
fn brand(known: Option<Brand>, bin: Option<&Bin>) -> Option<&'static str> {
    known.and_then(brand_name).or_else(|| bin.and_then(|bin| brands(bin.as_str()).find_map(brand_name)))
}

fn brand_name(brand: Brand) -> Option<&'static str> {
    match brand {
        Brand::Visa => Some("Visa"),
        Brand::Mastercard => Some("MasterCard"),
        Brand::AmericanExpress => Some("American Express"),
        Brand::Discover => Some("Discover"),
        Brand::DinersClub => Some("Diners Club"),
        Brand::Jcb => Some("JCB"),
        Brand::UnionPay => Some("China UnionPay"),
        Brand::Maestro => Some("Maestro"),
        Brand::Mir
        | Brand::Elo
        | Brand::Hipercard
        | Brand::Hiper
        | Brand::RuPay
        | Brand::Troy
        | Brand::Verve
        | Brand::Dankort
        | Brand::Naranja
        | Brand::Cabal
        | Brand::Uatp
        | Brand::Borica
        | Brand::UkrCard
        | Brand::Humo
        | Brand::UzCard
        | Brand::Napas
        | Brand::TUnion => None,
    }
}

#[cfg(test)]
mod tests {
    use coffer_types::Pan;

    use super::*;

    #[test]
    fn a_customer_is_one_segment_of_a_link() {
        assert_eq!(path_segment("cus_1-a.b~C"), "cus_1-a.b~C");
        assert_eq!(path_segment("a b/c?d#e%\"ä"), "a%20b%2Fc%3Fd%23e%25%22%C3%A4");
    }

    #[test]
    fn a_co_badged_card_shows_its_international_network() {
        // Dankort on Visa, a published test number; and Mir, which Rebilly has no name for.
        let brand_of = |pan: &str| {
            let pan = Pan::parse(pan).unwrap();
            brand(pan.brand(), pan.bin().as_ref())
        };
        assert_eq!(brand_of("5019717010103742"), None);
        assert_eq!(brand_of("2201382000000013"), None);
        assert_eq!(brand_of("4111111111111111"), Some("Visa"));
        assert_eq!(brand_of("6200000000000005"), Some("China UnionPay"));
        assert_eq!(brand(Some(Brand::Dankort), Some(&Bin::parse("457100").unwrap())), Some("Visa"));
    }
}
