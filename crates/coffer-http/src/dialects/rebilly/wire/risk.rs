//! `riskMetadata`: what comes in (6.1) and what goes out, derived members included (6.2).

use std::{borrow::Cow, collections::BTreeMap};

use coffer_types::limits;
use serde::Serialize;

use crate::{
    detector::is_secret_header,
    form::{Length, Mark, Section, Shape, at_most, up_to},
    json::Node,
};

/// The inputs. What is derived is ignored on input.
#[derive(Default)]
pub(crate) struct RiskInput<'r> {
    pub(crate) ip_address: Option<&'r str>,
    pub(crate) fingerprint: Option<&'r str>,
    pub(crate) http_headers: Option<&'r Node<'r>>,
    pub(crate) browser_data: Option<BrowserData<'r>>,
    pub(crate) extra_data: Option<ExtraData<'r>>,
}

/// What a browser tells of itself.
#[derive(Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BrowserData<'r> {
    pub(crate) color_depth: i64,
    pub(crate) is_java_enabled: bool,
    pub(crate) language: &'r str,
    pub(crate) screen_width: i64,
    pub(crate) screen_height: i64,
    pub(crate) time_zone_offset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_ad_block_enabled: Option<bool>,
}

/// Sessions of other companies' risk services.
#[derive(Serialize, schemars::JsonSchema)]
pub(crate) struct ExtraData<'r> {
    #[serde(rename = "kountFraudSessionId", skip_serializing_if = "Option::is_none")]
    kount: Option<&'r str>,
    #[serde(rename = "payPalMerchantSessionId", skip_serializing_if = "Option::is_none")]
    pay_pal: Option<&'r str>,
    #[serde(rename = "threatMetrixSessionId", skip_serializing_if = "Option::is_none")]
    threat_metrix: Option<&'r str>,
}

const ADDRESS: Shape = Shape {
    pattern: "^[0-9A-Fa-f:.]+$",
    accepts: |text| text.parse::<std::net::IpAddr>().is_ok(),
    message: "Must be an IPv4 or IPv6 address.",
};

const SESSION: Shape = Shape {
    pattern: "^[a-zA-Z0-9_-]+$",
    accepts: |text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'),
    message: "May contain letters, digits, hyphens and underscores only.",
};

/// The inputs. What is derived is not asked for.
pub(super) fn read_risk<'r>(risk: Section<'_, 'r>) -> RiskInput<'r> {
    risk.mark("ipAddress", Mark::FormatOf(&["ipv4", "ipv6"]));
    RiskInput {
        ip_address: risk.optional_text_like("ipAddress", up_to(45), ADDRESS),
        // An empty one is no device.
        fingerprint: risk
            .without_card("fingerprint", risk.optional_text("fingerprint", at_most(50)))
            .filter(|text| !text.is_empty()),
        http_headers: read_headers(risk),
        browser_data: risk.optional_section("browserData", read_browser),
        extra_data: risk.optional_section("extraData", |extra| Some(read_extra(extra))),
    }
}

/// What is kept of them has a bound; what is not kept is not counted.
fn read_headers<'r>(risk: Section<'_, 'r>) -> Option<&'r Node<'r>> {
    let length = Length { min: 0, max: limits::RISK_HEADER_CHARS };
    let headers = risk.optional_texts("httpHeaders", limits::RISK_HEADERS, length)?;
    let kept = headers.texts().filter(|(name, value)| !is_secret_header(name, value));
    if kept.map(|(name, value)| name.len() + value.len()).sum::<usize>() > limits::RISK_HEADERS_BYTES {
        return risk.invalid("httpHeaders", "Must have at most 8192 bytes in all.");
    }
    Some(headers)
}

/// A browser that cannot tell one of the values sends null for it: the object is dropped then, the token is made. What
/// it does tell must be right all the same.
fn read_browser<'r>(browser: Section<'_, 'r>) -> Option<BrowserData<'r>> {
    let tells = |name| {
        browser.mark(name, Mark::Nullable);
        !browser.is_null(name)
    };
    let integer = |name, min, max| if tells(name) { browser.integer_within(name, min, max) } else { None };
    let color_depth = integer("colorDepth", 1, 48);
    let is_java_enabled = if tells("isJavaEnabled") { browser.bool("isJavaEnabled") } else { None };
    let language = if tells("language") { browser.text("language", at_most(8)) } else { None };
    let screen_width = integer("screenWidth", 0, 65_535);
    let screen_height = integer("screenHeight", 0, 65_535);
    let time_zone_offset = integer("timeZoneOffset", -1410, 1410);
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
    let kept = |name, text| extra.without_card(name, text);
    ExtraData {
        kount: kept(
            "kountFraudSessionId",
            extra.optional_text("kountFraudSessionId", Length { min: 10, max: 32 }),
        ),
        pay_pal: kept("payPalMerchantSessionId", extra.optional_text("payPalMerchantSessionId", up_to(64))),
        threat_metrix: kept(
            "threatMetrixSessionId",
            extra.optional_text_like("threatMetrixSessionId", up_to(128), SESSION),
        ),
    }
}

/// Everything that goes out: the inputs as they came, and what is derived from them. What is not known is absent.
#[derive(Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RiskMetadata")]
pub(crate) struct RiskBody<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip_address: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_data: Option<BrowserData<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extra_data: Option<ExtraData<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_proxy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_vpn: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_tor: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_hosting: Option<bool>,
    /// The name that older clients know for `hostingName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vpn_service_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hosting_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) isp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) longitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
    /// Kilometres around the coordinates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accuracy_radius: Option<u16>,
    /// Kilometres between the place of the IP address and that of the billing address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) distance: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_mismatched_billing_address_country: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_mismatched_bank_country: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_mismatched_time_zone: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_mismatched_holder_name: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_fake_name: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_high_risk_country: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payment_instrument_velocity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_velocity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip_velocity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email_velocity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) billing_address_velocity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) score: Option<i32>,
}
