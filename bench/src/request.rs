//! The bytes of the requests, made before the clock runs wherever they do not change.

use crate::Failure;
use std::io::Write;

/// A create request as a browser's form sends it: a published test card, the whole address, risk data, source.
const CREATE: &str = include_str!("create.json");

/// Fixed by the contract of the sandbox.
const SECRET_KEY: &str = "REB-APIKEY: sk_sandbox_coffer\r\n";
const REDEEM_KEY: &str = "Authorization: Bearer ck_sandbox_redeem\r\n";
/// `sandbox:sandbox`, as Basic shows it.
const WORLDPAY_USER: &str = "Authorization: Basic c2FuZGJveDpzYW5kYm94\r\n";

/// The API key of Payroc's merchant account, shown where a request has no body.
const PAYROC_KEY: &str = "x-api-key: sandbox\r\nContent-Length: 0\r\n";

const JSON: &str = "application/json";
const WORLDPAY_TOKENS: &str = "application/vnd.worldpay.tokens-v3.hal+json";

/// The body of [`create`] and [`echo`], without white space.
fn create_body() -> Result<Vec<u8>, Failure> {
    let body: Result<serde_json::Value, _> = serde_json::from_str(CREATE);
    body.and_then(|body| serde_json::to_vec(&body)).map_err(Failure::while_doing("preparing the body"))
}

/// The create body for the yardstick.
pub(crate) fn echo() -> Result<Vec<u8>, Failure> {
    Ok(post("/echo", "", &create_body()?))
}

/// Makes a single-use token.
pub(crate) fn create() -> Result<Vec<u8>, Failure> {
    Ok(post("/rebilly/tokens", SECRET_KEY, &create_body()?))
}

/// Trades a token for a payment instrument of a customer.
pub(crate) fn redeem(to: &mut Vec<u8>, token: &str, customer: &str) {
    let length = r#"{"token":"","customerId":""}"#.len() + token.len() + customer.len();
    begin(to, format_args!("POST /rebilly/payment-instruments"), SECRET_KEY, Some((JSON, length)));
    put(to, format_args!(r#"{{"token":"{token}","customerId":"{customer}"}}"#));
}

/// Makes a reusable token in a namespace, or finds the one that is there.
pub(crate) fn tokenize(to: &mut Vec<u8>, namespace: &str) {
    const CARD: &str = concat!(
        r#"","merchant":{"entity":"default"},"paymentInstrument":{"type":"card/front","#,
        r#""cardNumber":"4444333322221111","cardHolderName":"Sherlock Holmes","#,
        r#""cardExpiryDate":{"month":5,"year":2035},"billingAddress":{"address1":"221B Baker Street","#,
        r#""city":"London","postalCode":"NW1 6XE","countryCode":"GB"}}}"#
    );
    let length = r#"{"namespace":""#.len() + namespace.len() + CARD.len();
    begin(to, format_args!("POST /worldpay/tokens"), WORLDPAY_USER, Some((WORLDPAY_TOKENS, length)));
    put(to, format_args!(r#"{{"namespace":"{namespace}{CARD}"#));
}

/// Asks for a bearer token. There is no body.
pub(crate) fn authorize() -> Vec<u8> {
    let mut bytes = Vec::new();
    begin(&mut bytes, format_args!("POST /payroc/authorize"), PAYROC_KEY, None);
    bytes
}

/// Makes a single-use token under an idempotency key of its own: a UUID of version 4 whose random digits are two
/// numbers, the second of which is never the same twice.
pub(crate) fn payroc(to: &mut Vec<u8>, bearer: &str, process: u32, number: u64) {
    const CARD: &str = concat!(
        r#"{"channel":"web","operator":"Jane","source":{"type":"card","cardDetails":{"entryMethod":"keyed","#,
        r#""keyedData":{"dataFormat":"plainText","cardNumber":"4539858876047062","expiryDate":"1235","#,
        r#""cvv":"234"},"cardholderName":"Sarah Hazel Hopper"}}}"#
    );
    let (high, low) = (number >> 48 & 0xfff, number & 0xffff_ffff_ffff);
    to.clear();
    put(
        to,
        format_args!(
            "POST /payroc/v1/processing-terminals/1234001/single-use-tokens HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Authorization: Bearer {bearer}\r\nIdempotency-Key: {process:08x}-0000-4{high:03x}-8000-{low:012x}\r\n\
             Content-Type: {JSON}\r\nContent-Length: {}\r\n\r\n{CARD}",
            CARD.len()
        ),
    );
}

/// Trades a token for the clear details.
pub(crate) fn native_redeem(to: &mut Vec<u8>, token: &str) {
    begin(to, format_args!("POST /coffer/v1/tokens/{token}/redeem"), REDEEM_KEY, Some((JSON, 2)));
    put(to, format_args!("{{}}"));
}

/// Reads a token's masked form.
pub(crate) fn read(to: &mut Vec<u8>, token: &str) {
    begin(to, format_args!("GET /rebilly/tokens/{token}"), SECRET_KEY, None);
}

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    begin(&mut bytes, format_args!("POST {path}"), headers, Some((JSON, body.len())));
    bytes.extend_from_slice(body);
    bytes
}

/// Everything before the body, in place of what `to` held.
fn begin(
    to: &mut Vec<u8>,
    method_and_path: std::fmt::Arguments<'_>,
    headers: &str,
    body: Option<(&str, usize)>,
) {
    to.clear();
    put(to, format_args!("{method_and_path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}"));
    if let Some((media, length)) = body {
        put(to, format_args!("Content-Type: {media}\r\nContent-Length: {length}\r\n"));
    }
    to.extend_from_slice(b"\r\n");
}

fn put(to: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing into memory cannot fail.
    let _ = to.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Method, path, the named header and the body, as a server would read them.
    fn parsed(request: &[u8], header: &str) -> (String, String, String, Value) {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Request::new(&mut headers);
        let length = head.parse(request).unwrap().unwrap();
        let value = |name: &str| {
            let found = head.headers.iter().find(|header| header.name == name);
            found.map(|header| String::from_utf8(header.value.to_vec()).unwrap()).unwrap_or_default()
        };
        let body = &request[length..];
        if !body.is_empty() {
            assert_eq!(value("Content-Length"), body.len().to_string());
            assert!([JSON, WORLDPAY_TOKENS].contains(&value("Content-Type").as_str()));
        }
        let body = serde_json::from_slice(body).unwrap_or_default();
        (head.method.unwrap().into(), head.path.unwrap().into(), value(header), body)
    }

    #[test]
    fn create_carries_a_published_card_and_the_echo_the_same_body() {
        let (method, path, key, body) = parsed(&create().unwrap(), "REB-APIKEY");
        assert_eq!(
            (method.as_str(), path.as_str(), key.as_str()),
            ("POST", "/rebilly/tokens", "sk_sandbox_coffer")
        );
        assert_eq!(body["paymentInstrument"]["pan"], "4111111111111111");
        assert_eq!(parsed(&echo().unwrap(), "Host").3, body);
    }

    #[test]
    fn redeem_replaces_what_the_buffer_held() {
        let mut bytes = b"before".to_vec();
        redeem(&mut bytes, "tok", "cus");
        let (method, path, _, body) = parsed(&bytes, "Host");
        assert_eq!((method.as_str(), path.as_str()), ("POST", "/rebilly/payment-instruments"));
        assert_eq!(body, json!({"token": "tok", "customerId": "cus"}));
    }

    #[test]
    fn a_reusable_token_is_of_a_published_card_in_the_namespace() {
        let mut bytes = Vec::new();
        tokenize(&mut bytes, "space");
        let (method, path, user, body) = parsed(&bytes, "Authorization");
        assert_eq!((method.as_str(), path.as_str()), ("POST", "/worldpay/tokens"));
        assert_eq!(user, "Basic c2FuZGJveDpzYW5kYm94");
        assert_eq!((&body["namespace"], &body["merchant"]["entity"]), (&json!("space"), &json!("default")));
        assert_eq!(body["paymentInstrument"]["cardNumber"], "4444333322221111");
    }

    #[test]
    fn a_bearer_token_is_asked_for_without_a_body() {
        let (method, path, key, body) = parsed(&authorize(), "x-api-key");
        assert_eq!((method.as_str(), path.as_str()), ("POST", "/payroc/authorize"));
        assert_eq!((key.as_str(), body), ("sandbox", Value::Null));
        assert_eq!(parsed(&authorize(), "Content-Length").2, "0");
    }

    #[test]
    fn payroc_is_shown_the_bearer_token_and_a_key_of_the_requests_own() {
        let mut bytes = b"before".to_vec();
        payroc(&mut bytes, "shown", 0xabc, 0x0123_4567_89ab_cdef);
        let (method, path, bearer, body) = parsed(&bytes, "Authorization");
        let expected = "/payroc/v1/processing-terminals/1234001/single-use-tokens";
        assert_eq!((method.as_str(), path.as_str()), ("POST", expected));
        assert_eq!(bearer, "Bearer shown");
        let card = &body["source"]["cardDetails"]["keyedData"]["cardNumber"];
        assert_eq!((&body["channel"], card), (&json!("web"), &json!("4539858876047062")));
        let key = parsed(&bytes, "Idempotency-Key").2;
        assert_eq!(key, "00000abc-0000-4123-8000-456789abcdef", "version 4, of the usual variant");
    }

    #[test]
    fn native_redeem_and_read_name_the_token_in_the_path() {
        let mut bytes = Vec::new();
        native_redeem(&mut bytes, "tok");
        let (_, path, key, body) = parsed(&bytes, "Authorization");
        assert_eq!(
            (path.as_str(), key.as_str()),
            ("/coffer/v1/tokens/tok/redeem", "Bearer ck_sandbox_redeem")
        );
        assert_eq!(body, json!({}));
        read(&mut bytes, "tok");
        let (method, path, _, body) = parsed(&bytes, "Host");
        assert_eq!((method.as_str(), path.as_str(), body), ("GET", "/rebilly/tokens/tok", Value::Null));
    }
}
