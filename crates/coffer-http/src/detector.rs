//! Finds card numbers and codes where nobody should send them: in fields that are kept and shown as they came
//! (security reference 9).

use coffer_types::{Pan, limits, passes_luhn};

use crate::json::Node;

/// Names that a verification code has, whatever its case and separators.
const CODES: [&str; 8] =
    ["cvv", "cvv2", "cvc", "cvc2", "cid", "csc", "cardverificationvalue", "securitycode"];
/// Digits of the shortest card number that is looked for; shorter ones are too often something else.
const DIGITS_MIN: usize = 13;

/// Whether free JSON holds a card number, or a member that is named as a code.
pub(crate) fn holds_card(node: &Node<'_>) -> bool {
    match node {
        Node::Null | Node::Bool(_) | Node::Number(_) => false,
        Node::Integer(number) => is_card(&number.to_string()),
        Node::Text(text) => is_card(text.as_str()),
        Node::List(nodes) => nodes.iter().any(holds_card),
        Node::Object(members) => members
            .iter()
            .any(|(name, value)| is_code(name.as_str()) || is_card(name.as_str()) || holds_card(value)),
    }
}

fn is_code(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    CODES.iter().any(|code| plain.eq_ignore_ascii_case(code))
}

/// Whether a text has a run of digits, separators left out, that is long enough and passes the Luhn check.
pub(crate) fn is_card(text: &str) -> bool {
    has_run(text, |_| true)
}

/// The same, of a scheme that we know. For texts in which shops write the time in milliseconds, every tenth of which
/// passes the Luhn check.
pub(crate) fn is_known_card(text: &str) -> bool {
    has_run(text, |run| Pan::parse(run).is_ok_and(|pan| pan.brand().is_some()))
}

fn has_run(text: &str, is_meant: impl Fn(&str) -> bool) -> bool {
    let mut run = String::new();
    // No card number begins with 0.
    let ends = |run: &str| {
        let long = (DIGITS_MIN..=limits::PAN_DIGITS_MAX).contains(&run.len());
        long && !run.starts_with('0') && passes_luhn(run) && is_meant(run)
    };
    for letter in text.chars() {
        match letter {
            digit if digit.is_ascii_digit() => run.push(digit),
            ' ' | '-' | '.' | '/' | '_' => {}
            _ => {
                if ends(&run) {
                    return true;
                }
                run.clear();
            }
        }
    }
    ends(&run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn cards_and_codes_are_found_wherever_they_are() {
        for body in [
            r#"{"a":"4111111111111111"}"#,
            r#"{"a":"card 4111 1111-1111.1111!"}"#,
            r#"{"a":{"b":["x","4111111111111111"]}}"#,
            r#"{"a":4111111111111111}"#,
            r#"{"4111111111111111":1}"#,
            r#"{"cvv":"123"}"#,
            r#"{"a":{"CVV-2":"1"}}"#,
            r#"[{"card_verification_value":1}]"#,
        ] {
            assert!(holds_card(&parse(body.as_bytes()).unwrap()), "{body}");
        }
    }

    #[test]
    fn what_is_innocent_passes() {
        for body in [
            "{}",
            r#"{"order":"20261122-0001","phone":"+1 512 710 1640","n":12345678901234,"zeros":"0000000000000000"}"#,
            r#"{"a":"4111111111111112","b":true,"c":null,"d":1.5,"description":"cvv was checked"}"#,
            r#"{"long":"41111111111111111111111111"}"#,
        ] {
            assert!(!holds_card(&parse(body.as_bytes()).unwrap()), "{body}");
        }
    }

    #[test]
    fn a_time_in_milliseconds_is_no_card_of_a_scheme() {
        let time = format!("TR{}", 1_783_000_000_000_u64);
        assert!(is_card(&time) && !is_known_card(&time));
        for card in ["4444333322221111", "3714-496353-98431", "card 4911830000000."] {
            assert!(is_known_card(card), "{card}");
        }
    }
}
