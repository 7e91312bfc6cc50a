//! Rebilly's requests and answers exactly as documented (sections 4, 5, 6.1 and 7), with their limits. No logic.

use coffer_types::{Cvv, CvvError, Expiry, Pan, PanError, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use time::{Date, macros::format_description};

use crate::{
    form::{self, Invalid, Problems, Section, up_to},
    json::Node,
};

/// The one method that is served so far.
pub(super) const METHOD: &str = "payment-card";

/// `POST /tokens`, section 5.
pub(super) struct TokenRequest<'r> {
    pub(super) pan: Pan,
    pub(super) cvv: Option<Cvv>,
    pub(super) expiry: Expiry,
    pub(super) billing_address: Option<ContactBody<'r>>,
    pub(super) risk_metadata: Option<RiskInput<'r>>,
}

/// `POST /payment-instruments`, token variant, section 4.2.
pub(super) struct ExchangeRequest<'r> {
    pub(super) token: &'r str,
    pub(super) customer: &'r str,
}

impl<'r> TokenRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(super) fn read(body: &'r Node<'r>, now: Timestamp) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| {
            let method = method(body);
            let card = body.section("paymentInstrument", |card| read_card(card, now));
            let billing_address =
                body.optional_section("billingAddress", |address| Some(read_contact(address)));
            let risk_metadata = body.optional_section("riskMetadata", |risk| Some(read_risk(risk)));
            body.optional_section("leadSource", |source| {
                check_lead_source(source);
                Some(())
            });
            method?;
            let (pan, cvv, expiry) = card?;
            Some(Self { pan, cvv, expiry, billing_address, risk_metadata })
        });
        problems.into_result(request)
    }
}

impl<'r> ExchangeRequest<'r> {
    /// Reads a request, or names every field that is wrong.
    pub(super) fn read(body: &'r Node<'r>) -> Result<Self, Vec<Invalid>> {
        let problems = Problems::default();
        let request = form::read(body, &problems, |body| {
            let (token, customer) = (body.text("token", up_to(255)), body.text("customerId", up_to(50)));
            Some(Self { token: token?, customer: customer? })
        });
        problems.into_result(request)
    }
}

fn method<'r>(body: Section<'_, 'r>) -> Option<&'r str> {
    let method = body.text("method", up_to(50))?;
    if method == METHOD { Some(method) } else { body.invalid("method", "Only payment-card is served.") }
}

fn read_card(card: Section<'_, '_>, now: Timestamp) -> Option<(Pan, Option<Cvv>, Expiry)> {
    let pan = card.text("pan", up_to(255)).and_then(|text| match Pan::parse(text) {
        Ok(pan) => Some(pan),
        Err(error) => card.invalid("pan", pan_message(error)),
    });
    let brand = pan.as_ref().and_then(Pan::brand);
    let cvv = card.optional_text("cvv", up_to(255)).and_then(|text| match Cvv::parse(text) {
        Ok(cvv) if pan.is_none() || cvv.fits(brand) => Some(cvv),
        Ok(_) => card.invalid("cvv", "Has the wrong length for this card."),
        Err(CvvError::NotDigits) => card.invalid("cvv", "Must contain digits only."),
        Err(CvvError::WrongLength) => card.invalid("cvv", "Must have 3 or 4 digits."),
    });
    let expiry = read_expiry(card, now);
    Some((pan?, cvv, expiry?))
}

/// 10/2051 is a published test expiry (section 10), so that only the past is refused.
fn read_expiry(card: Section<'_, '_>, now: Timestamp) -> Option<Expiry> {
    let (month, year) = (card.integer("expMonth"), card.integer("expYear"));
    // Each alone first, so that both are named when both are wrong.
    let month = month.and_then(|month| match Expiry::new(2000, month) {
        Ok(_) => Some(month),
        Err(_) => card.invalid("expMonth", "Must be between 1 and 12."),
    });
    let year = year.and_then(|year| match Expiry::new(year, 1) {
        Ok(_) => Some(year),
        Err(_) => card.invalid("expYear", "Must have four digits."),
    });
    // A year that is over is told even when the month is no month.
    let last_month = Expiry::new(year?, 12).ok()?;
    if last_month.is_past(now) {
        return card.invalid("expYear", "The card has expired.");
    }
    let expiry = Expiry::new(year?, month?).ok()?;
    if expiry.is_past(now) { card.invalid("expMonth", "The card has expired.") } else { Some(expiry) }
}

fn pan_message(error: PanError) -> &'static str {
    match error {
        PanError::Empty => "Must not be empty.",
        PanError::NotDigits => "Must contain digits only.",
        PanError::TooShort => "Must have at least 12 digits.",
        PanError::TooLong => "Must have at most 19 digits.",
        PanError::WrongLengthForBrand => "Has the wrong length for this kind of card.",
        PanError::CheckDigit => "Is not a card number: the check digit is wrong.",
    }
}

/// `billingAddress`, section 5.2, as it comes in and goes out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContactBody<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) organization: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address2: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) city: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) country: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) postal_code: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone_numbers: Option<Vec<ContactPointBody<'r>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) emails: Option<Vec<ContactPointBody<'r>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dob: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) job_title: Option<&'r str>,
}

/// One entry of `phoneNumbers` or `emails`.
#[derive(Serialize)]
pub(super) struct ContactPointBody<'r> {
    pub(super) label: &'r str,
    pub(super) value: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) primary: Option<bool>,
}

fn read_contact<'r>(address: Section<'_, 'r>) -> ContactBody<'r> {
    ContactBody {
        first_name: address.optional_text("firstName", up_to(45)),
        last_name: address.optional_text("lastName", up_to(45)),
        organization: address.optional_text("organization", up_to(255)),
        address: address.optional_text("address", up_to(60)),
        address2: address.optional_text("address2", up_to(60)),
        city: address.optional_text("city", up_to(45)),
        region: address.optional_text("region", up_to(45)),
        country: read_country(address),
        postal_code: read_postal_code(address),
        phone_numbers: address.optional_list("phoneNumbers", |phone| read_point(phone, up_to(50))),
        emails: address.optional_list("emails", read_email),
        dob: read_date(address),
        job_title: address.optional_text("jobTitle", up_to(255)),
    }
}

fn read_country<'r>(address: Section<'_, 'r>) -> Option<&'r str> {
    let country = address.optional_text("country", up_to(2))?;
    if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Some(country)
    } else {
        address.invalid("country", "Must be an ISO 3166 alpha-2 code in capital letters.")
    }
}

fn read_postal_code<'r>(address: Section<'_, 'r>) -> Option<&'r str> {
    let code = address.optional_text("postalCode", up_to(10))?;
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter) || letter.is_whitespace();
    if code.chars().all(allowed) {
        Some(code)
    } else {
        address.invalid("postalCode", "May contain letters, digits, spaces and hyphens only.")
    }
}

fn read_date<'r>(address: Section<'_, 'r>) -> Option<&'r str> {
    let text = address.optional_text("dob", up_to(10))?;
    match Date::parse(text, format_description!("[year]-[month]-[day]")) {
        Ok(_) => Some(text),
        Err(_) => address.invalid("dob", "Must be a date of the form YYYY-MM-DD."),
    }
}

fn read_point<'r>(point: Section<'_, 'r>, length: form::Length) -> Option<ContactPointBody<'r>> {
    let (label, value) = (point.text("label", up_to(45)), point.text("value", length));
    let primary = point.optional_bool("primary");
    Some(ContactPointBody { label: label?, value: value?, primary })
}

fn read_email<'r>(email: Section<'_, 'r>) -> Option<ContactPointBody<'r>> {
    let point = read_point(email, up_to(255))?;
    let whole = !point.value.contains(char::is_whitespace);
    match point.value.rsplit_once('@') {
        Some((local, domain)) if whole && !local.is_empty() && !domain.is_empty() => Some(point),
        _ => email.invalid("value", "Must be an e-mail address."),
    }
}

/// The inputs of `riskMetadata`, section 6.1. What is derived is ignored on input.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RiskInput<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_headers: Option<&'r Node<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    browser_data: Option<BrowserData<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_data: Option<ExtraData<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BrowserData<'r> {
    color_depth: i64,
    is_java_enabled: bool,
    language: &'r str,
    screen_width: i64,
    screen_height: i64,
    time_zone_offset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_ad_block_enabled: Option<bool>,
}

#[derive(Serialize)]
struct ExtraData<'r> {
    #[serde(rename = "kountFraudSessionId", skip_serializing_if = "Option::is_none")]
    kount: Option<&'r str>,
    #[serde(rename = "payPalMerchantSessionId", skip_serializing_if = "Option::is_none")]
    pay_pal: Option<&'r str>,
    #[serde(rename = "threatMetrixSessionId", skip_serializing_if = "Option::is_none")]
    threat_metrix: Option<&'r str>,
}

fn read_risk<'r>(risk: Section<'_, 'r>) -> RiskInput<'r> {
    let address = risk.optional_text("ipAddress", up_to(45)).and_then(|text| {
        if text.parse::<std::net::IpAddr>().is_ok() {
            Some(text)
        } else {
            risk.invalid("ipAddress", "Must be an IPv4 or IPv6 address.")
        }
    });
    RiskInput {
        ip_address: address,
        fingerprint: risk.optional_text("fingerprint", up_to(50)),
        http_headers: risk.optional_texts("httpHeaders"),
        browser_data: risk.optional_section("browserData", read_browser),
        extra_data: risk.optional_section("extraData", |extra| Some(read_extra(extra))),
    }
}

/// A browser that cannot tell one of the values sends null for it: the object is dropped then, the token is made.
fn read_browser<'r>(browser: Section<'_, 'r>) -> Option<BrowserData<'r>> {
    let required =
        ["colorDepth", "isJavaEnabled", "language", "screenWidth", "screenHeight", "timeZoneOffset"];
    if required.iter().any(|name| browser.is_null(name)) {
        return None;
    }
    let color_depth = browser.integer_within("colorDepth", 1, 48);
    let is_java_enabled = browser.bool("isJavaEnabled");
    let language = browser.text("language", up_to(8));
    let screen_width = browser.integer_within("screenWidth", 0, 65_535);
    let screen_height = browser.integer_within("screenHeight", 0, 65_535);
    let time_zone_offset = browser.integer_within("timeZoneOffset", -1410, 1410);
    let is_ad_block_enabled = browser.optional_bool("isAdBlockEnabled");
    Some(BrowserData {
        color_depth: color_depth?,
        is_java_enabled: is_java_enabled?,
        language: language?,
        screen_width: screen_width?,
        screen_height: screen_height?,
        time_zone_offset: time_zone_offset?,
        is_ad_block_enabled,
    })
}

fn read_extra<'r>(extra: Section<'_, 'r>) -> ExtraData<'r> {
    let metrix = extra.optional_text("threatMetrixSessionId", up_to(128));
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    ExtraData {
        kount: extra.optional_text("kountFraudSessionId", form::Length { min: 10, max: 32 }),
        pay_pal: extra.optional_text("payPalMerchantSessionId", up_to(64)),
        threat_metrix: metrix.and_then(|id| {
            if id.bytes().all(allowed) {
                Some(id)
            } else {
                extra.invalid(
                    "threatMetrixSessionId",
                    "May contain letters, digits, hyphens and underscores only.",
                )
            }
        }),
    }
}

/// `leadSource`, section 5.3: accepted within its limits, kept nowhere, never returned.
fn check_lead_source(source: Section<'_, '_>) {
    const TEXTS: [&str; 10] = [
        "medium",
        "source",
        "campaign",
        "term",
        "content",
        "affiliate",
        "subAffiliate",
        "salesAgent",
        "clickId",
        "path",
    ];
    for name in TEXTS {
        source.optional_text(name, form::Length { min: 0, max: 512 });
    }
    source.optional_text("referrer", form::Length { min: 0, max: 2083 });
}

/// A token in an answer, section 5.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenBody<'r> {
    pub(super) method: &'static str,
    pub(super) payment_instrument: CardBody<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) billing_address: Option<ContactBody<'r>>,
    pub(super) id: &'r str,
    pub(super) is_used: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_metadata: Option<&'r RawValue>,
    pub(super) created_time: String,
    pub(super) updated_time: String,
    pub(super) usage_time: Option<String>,
    pub(super) expiration_time: Option<String>,
    #[serde(rename = "_links")]
    pub(super) links: [LinkBody<'r>; 1],
}

/// The masked card of a token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CardBody<'r> {
    pub(super) exp_month: u8,
    pub(super) exp_year: u16,
    pub(super) bin: Option<&'r str>,
    pub(super) last4: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) brand: Option<&'static str>,
}

/// An entry of `_links`.
#[derive(Serialize)]
pub(super) struct LinkBody<'r> {
    pub(super) rel: &'static str,
    pub(super) href: std::borrow::Cow<'r, str>,
}

/// A card instrument in an answer, section 7.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstrumentBody<'r> {
    pub(super) id: String,
    pub(super) customer_id: &'r str,
    pub(super) method: &'static str,
    pub(super) status: &'static str,
    pub(super) fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bin: Option<&'r str>,
    pub(super) last4: &'r str,
    pub(super) exp_year: u16,
    pub(super) exp_month: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) brand: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) billing_address: Option<ContactBody<'r>>,
    pub(super) use_as_backup: bool,
    pub(super) created_time: String,
    pub(super) updated_time: String,
    pub(super) custom_fields: std::collections::BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk_metadata: Option<&'r RawValue>,
    pub(super) revision: u32,
    #[serde(rename = "_links")]
    pub(super) links: [LinkBody<'r>; 2],
}
