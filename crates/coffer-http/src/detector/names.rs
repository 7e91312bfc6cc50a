//! Names of members that hold what nobody may keep: verification codes, PINs, tracks (PCI DSS 3.3.1).

use crate::json::Node;

/// Names of codes, PINs and tracks, without case and separators.
const NAMES: [&str; 32] = [
    "cav",
    "cav2",
    "cavv2",
    "cardcode",
    "cardpin",
    "cardsecuritycode",
    "cardverification",
    "cardverificationcode",
    "cardverificationvalue",
    "cid",
    "csc",
    "cvc",
    "cvd",
    "cvn",
    "cvv",
    "debitpin",
    "encryptedpin",
    "encryptedpinblock",
    "magneticstripe",
    "magneticstripedata",
    "magstripe",
    "magstripedata",
    "pin",
    "pinblock",
    "pinnumber",
    "securitycode",
    "trackdata",
    "tracks",
    "verificationcode",
    "verificationvalue",
    "cardpinblock",
    "swipedata",
];
/// Words of which a code's name has one.
const WORDS: [&str; 4] = ["cvv", "cvc", "cvn", "cvd"];
/// Words that tell of a code without giving it: `cvvResult`, `cvcCheck`. `pincode` is a postal code in India.
const ABOUT: [&str; 13] = [
    "check", "expire", "match", "pincode", "present", "provided", "required", "response", "result", "sent",
    "status", "valid", "verified",
];

/// Whether a member is a code, a PIN or a track by its name. One that is named as telling of it is one when its value
/// looks like a code.
pub(crate) fn is_code(name: &str, value: &Node<'_>) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let name = plain.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let has_number = name.len() < plain.len();
    let is_track = (name == "track" && has_number) || is_track_part(&plain);
    let has_word =
        plain.contains("cvv") || WORDS.iter().any(|word| name.starts_with(word) || name.ends_with(word));
    if !(has_word || is_track || NAMES.contains(&name) || plain == "pincode") {
        return false;
    }
    !ABOUT.iter().any(|about| plain.contains(about)) || looks_like_code(value)
}

/// `track1data`, `track2equivalentdata`, and the like.
fn is_track_part(plain: &str) -> bool {
    let rest = plain.strip_prefix("track").and_then(|rest| rest.strip_prefix(['1', '2', '3']));
    rest.is_some_and(|rest| ["data", "equivalent", "equivalentdata"].contains(&rest))
}

/// Three or four digits.
fn looks_like_code(value: &Node<'_>) -> bool {
    match value {
        Node::Integer(number) => (100..=9_999).contains(number),
        Node::Text(text) => {
            let text = text.as_str().trim();
            (3..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}
