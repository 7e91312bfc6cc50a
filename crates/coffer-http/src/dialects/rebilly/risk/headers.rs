//! The inputs of risk metadata (6.1), completed from the call of a browser.

use std::{borrow::Cow, collections::BTreeMap};

use super::super::wire::{RiskBody, RiskInput};
use crate::{call::Call, json::Node};

/// Headers that are no news of the browser: credentials, cookies, and what proxies and we put there.
const KEPT_OUT: [&str; 9] = [
    "authorization",
    "reb-apikey",
    "cookie",
    "proxy-authorization",
    "forwarded",
    "x-forwarded-for",
    "x-real-ip",
    "content-length",
    "transfer-encoding",
];
/// Parts of names that secrets have, whoever put them there.
const SECRET_PARTS: [&str; 8] = ["auth", "cookie", "jwt", "key", "password", "secret", "session", "token"];
/// Headers that are kept, and characters of each: what a browser sends, with room.
const HEADERS: usize = 32;
const VALUE_CHARS: usize = 512;

/// What the caller said. A browser says neither its address nor its headers: they are those of its call.
pub(super) fn inputs<'r>(input: RiskInput<'r>, call: &Call, is_browser: bool) -> RiskBody<'r> {
    let sent = input.http_headers.map(|headers| without_secrets(headers));
    RiskBody {
        ip_address: input
            .ip_address
            .map(Cow::Borrowed)
            .or_else(|| is_browser.then(|| Cow::Owned(call.origin.to_canonical().to_string()))),
        fingerprint: input.fingerprint,
        http_headers: sent.or_else(|| is_browser.then(|| seen(call))),
        browser_data: input.browser_data,
        extra_data: input.extra_data,
        ..RiskBody::default()
    }
}

/// What the caller sent along of the browser's headers, without what opens an account.
fn without_secrets(headers: &Node<'_>) -> BTreeMap<String, String> {
    let secret = |name: &str| KEPT_OUT[..4].iter().any(|known| name.eq_ignore_ascii_case(known));
    let texts = headers.texts().filter(|(name, _)| !secret(name));
    texts.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn seen(call: &Call) -> BTreeMap<String, String> {
    let told = |name: &str| !KEPT_OUT.contains(&name) && !SECRET_PARTS.iter().any(|part| name.contains(part));
    let texts = call.headers().iter().filter(|(name, _)| told(name.as_str()));
    let texts = texts.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    texts
        .take(HEADERS)
        .map(|(name, value)| (name.to_owned(), value.chars().take(VALUE_CHARS).collect()))
        .collect()
}
