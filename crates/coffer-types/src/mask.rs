//! The one place that decides how much of a card number may be seen.

use crate::Pan;

/// Digits that always stay hidden.
const HIDDEN_MIN: usize = 4;
/// Digits shown at the end.
pub(crate) const CLEAR_LAST: usize = 4;
/// Digits shown at the front, at most.
const CLEAR_FIRST_MAX: usize = 6;

/// The number for display: the first six and last four digits with a `*` for each digit between.
///
/// Never fewer than four digits are hidden: a number of 13 digits shows its first five, one of 12 its first
/// four. No format shows more or other digits than this one, because two truncations of one number can be
/// laid side by side (security reference 3; PCI DSS 3.4.1 for display and FAQ 1091 for storage). The longest published
/// PCI maximum, eight and four, is not used: it leaves a thousand candidates.
pub fn mask(pan: &Pan) -> String {
    let digits = pan.expose();
    let hidden_from = clear_first(digits.len());
    let hidden_to = digits.len() - CLEAR_LAST;
    let mut shown = String::with_capacity(digits.len());
    shown.push_str(&digits[..hidden_from]);
    shown.extend(std::iter::repeat_n('*', hidden_to - hidden_from));
    shown.push_str(&digits[hidden_to..]);
    shown
}

/// The number as Worldpay shows it: the first four and the last four digits, with a `*` for each digit between (seed
/// 001, Worldpay reference 4.3). It shows a part of what [`mask`] shows, so that both laid side by side tell no more.
pub fn mask_four(pan: &Pan) -> String {
    let digits = pan.expose();
    let hidden = digits.len() - 2 * CLEAR_LAST;
    let (first, last) = (&digits[..CLEAR_LAST], &digits[CLEAR_LAST + hidden..]);
    format!("{first}{}{last}", "*".repeat(hidden))
}

/// How many digits at the front of a number of `digits` digits may be seen beside the last four.
pub(crate) fn clear_first(digits: usize) -> usize {
    digits.saturating_sub(CLEAR_LAST + HIDDEN_MIN).min(CLEAR_FIRST_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_numbers::{PUBLISHED, number};

    #[test]
    fn every_length_has_its_mask() {
        let masks = [
            (12, "6759****"),
            (13, "67591****"),
            (14, "675912****"),
            (15, "675912*****"),
            (16, "675912******"),
            (17, "675912*******"),
            (18, "675912********"),
            (19, "675912*********"),
        ];
        for (length, front) in masks {
            let text = number("675912", '8', length);
            let expected = format!("{front}{}", &text[length - 4..]);
            assert_eq!(mask(&Pan::parse(&text).unwrap()), expected, "{length}");
        }
    }

    #[test]
    fn four_and_four_show_no_more_than_the_mask() {
        for (number, _) in PUBLISHED {
            let pan = Pan::parse(number).unwrap();
            let (four, six) = (mask_four(&pan), mask(&pan));
            assert_eq!(four.len(), number.len());
            assert_eq!((&four[..4], &four[four.len() - 4..]), (&number[..4], &number[number.len() - 4..]));
            assert!(four[4..four.len() - 4].bytes().all(|byte| byte == b'*'), "{four}");
            let tells_more = |(four, six): (char, char)| four != '*' && six == '*';
            assert!(!four.chars().zip(six.chars()).any(tells_more), "{four} {six}");
        }
    }

    #[test]
    fn a_mask_is_as_long_as_its_number_and_hides_at_least_four() {
        for (number, _) in PUBLISHED {
            let shown = mask(&Pan::parse(number).unwrap());
            assert_eq!(shown.len(), number.len());
            assert!(shown.matches('*').count() >= 4, "{shown}");
            assert!(shown.bytes().zip(number.bytes()).all(|(a, b)| a == b || a == b'*'), "{shown}");
        }
        assert_eq!(mask(&Pan::parse("4222222222222").unwrap()), "42222****2222");
        assert_eq!(mask(&Pan::parse("378282246310005").unwrap()), "378282*****0005");
    }

    #[test]
    fn the_bin_never_says_more_than_the_mask() {
        for length in 12..=19 {
            let pan = Pan::parse(&number("675912", '8', length)).unwrap();
            let shown = mask(&pan);
            assert!(pan.bin().is_none_or(|bin| shown.starts_with(bin.as_str())), "{length}");
            assert!(shown.ends_with(pan.last4().as_str()), "{length}");
        }
    }
}
