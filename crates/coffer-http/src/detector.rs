//! Finds card numbers and codes where nobody should send them: in fields that are kept and shown as they came
//! (security reference 9).
//!
//! A card number is 13 to 19 digits (12 of Maestro's) that a scheme has, with a right check digit, in digits of any
//! script, whole or in groups with whatever is no letter between them. It begins where a group begins, zeros before it
//! aside, and ends where one ends; in a longer group it may be the beginning, with the length that its scheme mostly
//! uses. So an expiry, a code or a date before or after it hides nothing, and of innocent numbers of that length one in
//! a dozen is refused at most. What looks drawn at random, letters and digits mixed (UUIDs, hashes), is passed over, as
//! are telephone numbers with their `+`.

use std::ops::Range;

use coffer_types::{Brand, Pan, limits, passes_luhn};
use zeroize::Zeroizing;

use crate::json::{self, Node};

pub(crate) use headers::is_secret_header;
pub(crate) use names::is_code;

mod headers;
mod names;
#[cfg(test)]
mod tests;

/// Digits of the longest telephone number in use; numbers of cards that short are hardly left.
const PHONE_DIGITS: usize = 13;
/// Changes between letters and digits in one word, from which on it counts as drawn at random.
const RANDOM_CHANGES: usize = 6;
/// How often JSON may stand in a text of JSON.
const JSON_IN_TEXTS: usize = 3;

/// Whether free JSON holds a card number, or a member that is named as a code.
pub(crate) fn holds_card(node: &Node<'_>) -> bool {
    node_holds(node, JSON_IN_TEXTS)
}

/// Whether a text holds a card number.
pub(crate) fn text_holds_card(text: &str) -> bool {
    let digits = text.chars().filter(|letter| digit(*letter).is_some()).count();
    if digits < limits::PAN_DIGITS_MIN {
        return false;
    }
    // Sized once: a text that grows leaves unwiped copies behind.
    let mut run = Run { digits: Zeroizing::new(String::with_capacity(digits)), ..Run::default() };
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = is_of_word(first);
        let (part, after) =
            rest.split_at(rest.find(|letter| is_of_word(letter) != in_word).unwrap_or(rest.len()));
        rest = after;
        let found = if in_word && is_random(part) {
            run.finish()
        } else {
            part.chars().any(|letter| run.take(letter))
        };
        if found {
            return true;
        }
    }
    run.finish()
}

fn node_holds(node: &Node<'_>, deeper: usize) -> bool {
    match node {
        Node::Null | Node::Bool(_) => false,
        Node::Integer(number) => text_holds_card(&Zeroizing::new(number.unsigned_abs().to_string())),
        Node::Number(number) => text_holds_card(&Zeroizing::new(format!("{:.0}", number.abs().trunc()))),
        Node::Text(text) => text_holds_card(text.as_str()) || json_in_text_holds(text.as_str(), deeper),
        Node::List(nodes) => nodes.iter().any(|node| node_holds(node, deeper)),
        Node::Object(members) => members.iter().any(|(name, value)| {
            is_code(name.as_str(), value) || text_holds_card(name.as_str()) || node_holds(value, deeper)
        }),
    }
}

/// Wallets put JSON into texts of JSON.
fn json_in_text_holds(text: &str, deeper: usize) -> bool {
    let Some(deeper) = deeper.checked_sub(1) else { return false };
    text.trim_start().starts_with(['{', '['])
        && json::parse(text.as_bytes()).is_ok_and(|node| node_holds(&node, deeper))
}

/// The value of a decimal digit of any script (Unicode `Nd`).
pub(crate) fn digit(letter: char) -> Option<char> {
    /// The zeros of all of them (Unicode 17); the other nine follow each.
    const ZEROS: [u32; 76] = [
        0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
        0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80,
        0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
        0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
        0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0,
        0x11de0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec,
        0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
    ];
    if letter.is_ascii() {
        return letter.is_ascii_digit().then_some(letter);
    }
    let code = u32::from(letter);
    let value = ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '-' || letter == '_'
}

/// Whether letters and digits are mixed as nobody writes them.
fn is_random(word: &str) -> bool {
    let kinds = word.chars().map(|letter| (letter.is_ascii_digit(), letter.is_alphabetic()));
    let changes = kinds.clone().zip(kinds.skip(1)).filter(|(one, next)| {
        let (digit_first, letter_first) = (one.0 && next.1, one.1 && next.0);
        digit_first || letter_first
    });
    changes.count() >= RANDOM_CHANGES
}

/// Groups of digits with no letter between them.
#[derive(Default)]
struct Run {
    digits: Zeroizing<String>,
    groups: Vec<Range<usize>>,
    in_group: bool,
    /// Whether the letter before was a `+` that nothing stood before.
    plus: bool,
    /// Whether the first group has a `+` before it.
    phone: bool,
}

impl Run {
    /// Takes the next letter; whether a card number has ended before it.
    fn take(&mut self, letter: char) -> bool {
        if let Some(digit) = digit(letter) {
            let at = self.digits.len();
            if !self.in_group {
                self.phone |= self.groups.is_empty() && self.plus;
                self.groups.push(at..at);
            }
            self.digits.push(digit);
            if let Some(group) = self.groups.last_mut() {
                group.end = at + 1;
            }
            self.in_group = true;
            return false;
        }
        self.in_group = false;
        self.plus = letter == '+';
        letter.is_alphanumeric() && self.finish()
    }

    /// Whether a card number is among the groups; forgets them.
    fn finish(&mut self) -> bool {
        let is_phone = self.phone && self.digits.len() <= PHONE_DIGITS;
        let found = !is_phone && (0..self.groups.len()).any(|first| self.begins_at(first));
        self.digits.clear();
        self.groups.clear();
        (self.in_group, self.phone) = (false, false);
        found
    }

    /// Whether a card number begins with this group.
    fn begins_at(&self, first: usize) -> bool {
        let group = &self.digits[self.groups[first].clone()];
        let number = group.trim_start_matches('0');
        let begins = self.groups[first].end - number.len();
        if number.is_empty() {
            return false;
        }
        if is_card(number) || [14, 15, 16].iter().any(|length| is_begun_by_card(number, *length)) {
            return true;
        }
        let following = &self.groups[first + 1..];
        let ends = following.iter().enumerate().map(|(index, group)| (index, group.end));
        ends.take_while(|(_, end)| end - begins <= limits::PAN_DIGITS_MAX).any(|(index, end)| {
            is_card(&self.digits[begins..end]) && is_written(number.len(), &following[..=index])
        })
    }
}

/// Whether somebody writes a number in such groups. Groups of one or two digits are all alike then: others are dates,
/// coordinates and the like.
fn is_written(first: usize, following: &[Range<usize>]) -> bool {
    let Some((last, between)) = following.split_last() else { return true };
    let last = last.len();
    first >= 3 || (between.iter().all(|group| group.len() == first) && last <= first)
}

/// Whether this is a whole card number.
fn is_card(digits: &str) -> bool {
    brand(digits).is_some_and(|brand| digits.len() > limits::PAN_DIGITS_MIN || brand == Brand::Maestro)
}

/// Whether a longer number begins with a card number of this length, which its scheme mostly uses.
fn is_begun_by_card(number: &str, length: usize) -> bool {
    let Some((digits, rest)) = number.split_at_checked(length) else { return false };
    let usual = |brand: Brand| match brand {
        Brand::Maestro => false,
        Brand::AmericanExpress => length == 15,
        Brand::DinersClub => length == 14,
        _ => length == 16,
    };
    !rest.is_empty() && brand(digits).is_some_and(usual)
}

/// The scheme of a card number. The numbers of UATP begin with 1, as times do.
fn brand(digits: &str) -> Option<Brand> {
    if digits.len() < limits::PAN_DIGITS_MIN || !passes_luhn(digits) {
        return None;
    }
    Pan::parse(digits).ok()?.brand().filter(|brand| *brand != Brand::Uatp)
}
