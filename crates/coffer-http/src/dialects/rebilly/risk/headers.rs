//! The inputs of risk metadata (6.1). Of a browser, its address and its headers are those of its call: what a caller
//! writes of itself would let a fraudster write the risk data. Servers tell them of the browsers that they serve.

use std::{borrow::Cow, collections::BTreeMap};

use super::super::wire::{RiskBody, RiskInput};
use crate::{call::Call, detector::is_secret_header, json::Node};

/// Headers that are no news of the browser: what proxies and the protocol put there.
const NO_NEWS: [&str; 5] =
    ["forwarded", "x-forwarded-for", "x-real-ip", "content-length", "transfer-encoding"];
/// Headers that are kept, and characters of each: what a browser sends, with room.
const HEADERS: usize = 32;
const VALUE_CHARS: usize = 512;

/// What the caller said; of a browser, what its call shows instead, and beside that what its page said.
pub(super) fn inputs<'r>(input: RiskInput<'r>, call: &Call, is_browser: bool) -> RiskBody<'r> {
    let claimed = input.http_headers.map(without_secrets);
    let (ip_address, http_headers) = if is_browser {
        let mut headers = seen(call);
        for (name, value) in claimed.unwrap_or_default() {
            if call.headers().get(&name).is_none() && !NO_NEWS.contains(&name.to_ascii_lowercase().as_str()) {
                headers.insert(name, value);
            }
        }
        (Some(Cow::Owned(call.origin.to_canonical().to_string())), Some(headers))
    } else {
        (input.ip_address.map(Cow::Borrowed), claimed)
    };
    RiskBody {
        ip_address,
        fingerprint: input.fingerprint,
        http_headers,
        browser_data: input.browser_data,
        extra_data: input.extra_data,
        ..RiskBody::default()
    }
}

/// What the caller sent along of the browser's headers, without what must not be kept.
fn without_secrets(headers: &Node<'_>) -> BTreeMap<String, String> {
    let texts = headers.texts().filter(|(name, value)| !is_secret_header(name, value));
    texts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What the call itself shows.
fn seen(call: &Call) -> BTreeMap<String, String> {
    let told = |name: &str, value: &str| !NO_NEWS.contains(&name) && !is_secret_header(name, value);
    let texts = call.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    texts
        .filter(|(name, value)| told(name, value))
        .take(HEADERS)
        .map(|(name, value)| (name.to_owned(), value.chars().take(VALUE_CHARS).collect()))
        .collect()
}
