//! No card number stands in the repository but the published test numbers.

use super::{Problem, Tree};
use crate::test_numbers::PUBLISHED;
use std::ops::{Range, RangeInclusive};

/// How many digits a card number has (ISO/IEC 7812-1).
const DIGITS: RangeInclusive<usize> = 12..=19;

/// How cards group their digits when they are written with separators.
const GROUPS: &[&[usize]] =
    &[&[4, 4, 4, 4], &[4, 4, 4, 4, 1], &[4, 4, 4, 4, 2], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4], &[6, 13]];

const SEPARATORS: &[u8] = b" -_";

/// A word of hex digits at least this long is a hash or a sample of bytes.
const HEX_WORD_MIN: usize = 32;

/// Refuses runs of digits, plain or grouped as on a card, that pass the Luhn check.
pub(crate) fn numbers(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            for digits in candidates(line).into_iter().filter(|digits| is_card(digits)) {
                let shown = format!("{}…{}", &digits[..6], &digits[digits.len() - 4..]);
                let what = format!("{shown} passes the card check and is no published test number");
                problems.push(file.problem(number, what));
            }
        }
    }
    problems
}

/// No card number begins with 0, and the published ones may stay.
fn is_card(digits: &str) -> bool {
    DIGITS.contains(&digits.len()) && !digits.starts_with('0') && luhn(digits) && !PUBLISHED.contains(&digits)
}

/// The check of ISO/IEC 7812-1, annex B. `false` for anything but ASCII digits.
pub(crate) fn luhn(digits: &str) -> bool {
    let mut sum = 0;
    for (place, byte) in digits.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0');
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
    }
    !digits.is_empty() && sum % 10 == 0
}

/// The digits of everything in a line that is written like a card number.
fn candidates(line: &str) -> Vec<String> {
    let runs = runs(line);
    let mut found: Vec<String> = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        if !inside_hex_word(line, run) {
            found.push(line[run.clone()].to_owned());
        }
        for layout in GROUPS {
            let Some(groups) = runs.get(place..place + layout.len()) else { continue };
            if groups.iter().map(Range::len).eq(layout.iter().copied()) && joined(line, groups) {
                found.push(groups.iter().map(|group| &line[group.clone()]).collect());
            }
        }
    }
    found
}

/// The longest runs of ASCII digits.
fn runs(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in line.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match found.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}

/// Whether one and the same separator stands between each two groups, and nothing else.
fn joined(line: &str, groups: &[Range<usize>]) -> bool {
    let first = line.as_bytes()[groups[0].end];
    let between =
        |pair: &[Range<usize>]| pair[1].start == pair[0].end + 1 && line.as_bytes()[pair[0].end] == first;
    SEPARATORS.contains(&first) && groups.windows(2).all(between)
}

fn inside_hex_word(line: &str, run: &Range<usize>) -> bool {
    let bytes = line.as_bytes();
    let before = bytes[..run.start].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let after = bytes[run.end..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = &bytes[run.start - before..run.end + after];
    word.len() >= HEX_WORD_MIN && word.len() > run.len() && word.iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::lines_of;

    /// A number that passes the check and is published by nobody, made here so that no file holds it.
    fn unpublished(length: usize) -> String {
        let body = "4".to_owned() + &"1234567".repeat(3)[..length - 2];
        let last = ('0'..='9').find(|last| luhn(&format!("{body}{last}")));
        let number = format!("{body}{}", last.unwrap());
        assert!(!PUBLISHED.contains(&number.as_str()));
        number
    }

    fn refused(text: &str) -> bool {
        !lines_of(numbers, "docs/a.md", text).is_empty()
    }

    #[test]
    fn every_length_of_a_card_number_is_refused_and_no_other() {
        for length in 12..=19 {
            assert!(refused(&unpublished(length)), "{length}");
        }
        assert!(!refused(&unpublished(11)));
        assert!(!refused(&unpublished(20)));
    }

    #[test]
    fn numbers_are_found_wherever_they_hide() {
        let number = unpublished(16);
        let grouped = |by: &str| [&number[..4], &number[4..8], &number[8..12], &number[12..]].join(by);
        for text in
            [grouped(" "), grouped("-"), grouped("_"), format!("\"pan{number}\""), format!("x={number};")]
        {
            assert!(refused(&text));
        }
        let amex = unpublished(15);
        assert!(refused(&format!("{} {} {}", &amex[..4], &amex[4..10], &amex[10..])));
    }

    #[test]
    fn other_digits_pass() {
        let number = unpublished(16);
        let wrong = format!("{}{}", &number[..15], (number.as_bytes()[15] - b'0' + 1) % 10);
        let hash = format!("a{number}b0123456789abcdef0123456789abcdef");
        let mixed = format!("{} {}-{} {}", &number[..4], &number[4..8], &number[8..12], &number[12..]);
        for text in
            [wrong.as_str(), &hash, &mixed, "0000000000000000", "4111111111111111", "4111 1111 1111 1111"]
        {
            assert!(!refused(text), "{text}");
        }
    }

    #[test]
    fn a_problem_never_shows_the_number() {
        let number = unpublished(16);
        let problem = &numbers(&Tree::of(&[("a", &number)]))[0];
        assert!(!problem.what.contains(&number));
        assert!(problem.what.contains(&number[..6]));
    }

    #[test]
    fn the_check_digit_is_checked() {
        assert!(luhn("79927398713") && luhn("0") && luhn("18"));
        assert!(!luhn("79927398710") && !luhn("81") && !luhn("") && !luhn("1a"));
    }
}
