//! Percent-encoded texts of queries and paths.

use std::{borrow::Cow, fmt::Write};

/// One parameter of a query string, decoded; none when it is absent or no text.
pub(crate) fn parameter(query: &str, wanted: &str) -> Option<String> {
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(name, _)| decode(name).as_deref() == Some(wanted))?;
    decode(value)
}

/// The same, where what is no text must not be taken for absent.
pub(crate) fn strict_parameter(query: &str, wanted: &str) -> Result<Option<String>, Undecodable> {
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    match pairs.find(|(name, _)| decode(name).as_deref() == Some(wanted)) {
        None => Ok(None),
        Some((_, value)) => decode(value).map(Some).ok_or(Undecodable),
    }
}

/// A broken escape, or no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undecodable;

/// A part of a path, decoded (RFC 3986): a plus is a plus.
pub(crate) fn path_part(text: &str) -> Option<String> {
    decode(&text.replace('+', "%2B"))
}

/// Percent-decoding of a query (WHATWG URL, `application/x-www-form-urlencoded`), but a broken escape is an error.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A free text as one segment of a URI's path (RFC 3986, 2.3): all but unreserved characters percent-encoded.
pub(crate) fn path_segment(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut segment = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        if plain(byte) {
            segment.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    Cow::Owned(segment)
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
