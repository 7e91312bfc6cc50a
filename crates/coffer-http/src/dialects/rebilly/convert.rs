//! Between Rebilly's words and ours. The only place with both vocabularies.

use std::{borrow::Cow, collections::BTreeMap};

use coffer_core::{
    Contact, ContactPoint, Created, Details, InstrumentView, NewToken, Refused, TokenView,
    lifecycle::TokenStage,
};
use coffer_crypto::{LocatorBytes, forms};
use coffer_types::{Bin, Brand, Timestamp, brands};
use data_encoding::HEXLOWER;
use serde_json::value::to_raw_value;

use super::wire::{
    CardBody, ContactBody, ContactPointBody, InstrumentBody, LinkBody, METHOD, TokenBody, TokenRequest,
};

/// What stands before an instrument's locator.
const INSTRUMENT_PREFIX: &str = "inst_";

/// What the vault is asked to keep.
pub(super) fn new_token(request: TokenRequest<'_>) -> Result<NewToken, Refused> {
    let extra = match &request.risk_metadata {
        Some(risk) => Some(to_raw_value(risk).map_err(|_| Refused::Unavailable)?),
        None => None,
    };
    let contact = request.billing_address.as_ref().map(contact);
    Ok(NewToken {
        pan: request.pan,
        cvv: request.cvv,
        details: Details { expiry: request.expiry, contact, extra },
    })
}

/// The printed form of a new token.
pub(super) fn token_id(created: &Created) -> String {
    forms::grouped(&created.locator)
}

/// The answer to a create.
pub(super) fn created<'r>(new: &'r NewToken, view: &'r CreatedView, location: &'r str) -> TokenBody<'r> {
    let card = card(&new.details, view.bin.as_ref(), view.last4.as_str(), view.brand);
    token_body(card, &new.details, &view.id, location, view.created_at, TokenStage::Live)
}

/// The clear parts of a new token, so that the answer can borrow them.
pub(super) struct CreatedView {
    pub(super) id: String,
    created_at: Timestamp,
    bin: Option<Bin>,
    last4: coffer_types::Last4,
    brand: Option<Brand>,
}

impl CreatedView {
    pub(super) fn of(new: &NewToken, created: &Created) -> Self {
        let (bin, last4, brand) = (new.pan.bin(), new.pan.last4(), new.pan.brand());
        Self { id: token_id(created), created_at: created.created_at, bin, last4, brand }
    }
}

/// The answer to a read.
pub(super) fn token<'r>(view: &'r TokenView, id: &'r str, location: &'r str) -> TokenBody<'r> {
    let card = card(&view.details, view.bin.as_ref(), view.last4.as_str(), view.brand);
    token_body(card, &view.details, id, location, view.created_at, view.stage)
}

fn card<'r>(details: &Details, bin: Option<&'r Bin>, last4: &'r str, known: Option<Brand>) -> CardBody<'r> {
    CardBody {
        exp_month: details.expiry.month(),
        exp_year: details.expiry.year(),
        bin: bin.map(Bin::as_str),
        last4,
        brand: brand(known, bin),
    }
}

/// The times follow section 4.4: nothing announces the future expiry, and each end sets its own time.
fn token_body<'r>(
    card: CardBody<'r>,
    details: &'r Details,
    id: &'r str,
    location: &'r str,
    created_at: Timestamp,
    stage: TokenStage,
) -> TokenBody<'r> {
    let (used, expired) = match stage {
        TokenStage::Live => (None, None),
        TokenStage::Used { at } => (Some(at), None),
        TokenStage::Expired { at } => (None, Some(at)),
    };
    TokenBody {
        method: METHOD,
        payment_instrument: card,
        billing_address: details.contact.as_ref().map(contact_body),
        id,
        is_used: used.is_some(),
        risk_metadata: details.extra.as_deref(),
        created_time: created_at.to_rfc3339(),
        updated_time: used.or(expired).unwrap_or(created_at).to_rfc3339(),
        usage_time: used.map(Timestamp::to_rfc3339),
        expiration_time: expired.map(Timestamp::to_rfc3339),
        links: [LinkBody { rel: "self", href: Cow::Borrowed(location) }],
    }
}

/// An instrument of section 7. A fresh card is `inactive` until a payment was approved, which a vault never sees.
pub(super) fn instrument<'r>(view: &'r InstrumentView, base: &str) -> InstrumentBody<'r> {
    let details = &view.details.details;
    let id = instrument_id(&view.locator);
    let own = format!("{base}/payment-instruments/{id}");
    let customer = format!("{base}/customers/{}", path_segment(&view.details.customer));
    InstrumentBody {
        id,
        customer_id: &view.details.customer,
        method: METHOD,
        status: "inactive",
        fingerprint: HEXLOWER.encode(view.fingerprint.as_bytes()),
        bin: view.bin.as_ref().map(Bin::as_str),
        last4: view.last4.as_str(),
        exp_year: details.expiry.year(),
        exp_month: details.expiry.month(),
        brand: brand(view.brand, view.bin.as_ref()),
        billing_address: details.contact.as_ref().map(contact_body),
        use_as_backup: false,
        created_time: view.created_at.to_rfc3339(),
        updated_time: view.updated_at.to_rfc3339(),
        custom_fields: BTreeMap::new(),
        risk_metadata: details.extra.as_deref(),
        revision: view.generation.get(),
        links: [
            LinkBody { rel: "self", href: Cow::Owned(own) },
            LinkBody { rel: "customer", href: Cow::Owned(customer) },
        ],
    }
}

/// A free text as one segment of a URI's path (RFC 3986, 2.3): all but unreserved characters percent-encoded.
fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 0xF)]);
        }
    }
    segment
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

fn instrument_id(locator: &LocatorBytes) -> String {
    format!("{INSTRUMENT_PREFIX}{}", forms::upper(locator))
}

/// The locator in a printed instrument id.
pub(super) fn parse_instrument_id(id: &str) -> Option<LocatorBytes> {
    forms::parse_upper(id.strip_prefix(INSTRUMENT_PREFIX)?)
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

fn contact(body: &ContactBody<'_>) -> Contact {
    let own = |text: Option<&str>| text.map(str::to_owned);
    Contact {
        first_name: own(body.first_name),
        last_name: own(body.last_name),
        organization: own(body.organization),
        address: own(body.address),
        address2: own(body.address2),
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

fn contact_body(contact: &Contact) -> ContactBody<'_> {
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
    }
}

fn point_bodies(points: &[ContactPoint]) -> Vec<ContactPointBody<'_>> {
    points
        .iter()
        .map(|point| ContactPointBody { label: &point.label, value: &point.value, primary: point.primary })
        .collect()
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
