//! The check digit of ISO/IEC 7812-1, annex B.

/// Whether the last digit is the Luhn check digit of the others.
///
/// It catches every wrong digit and every swap of neighbours except 09 and 90. It is a guard against typing
/// errors and no security: one number in ten passes. A text that is empty or has anything but ASCII digits
/// does not pass.
pub fn passes_luhn(digits: &str) -> bool {
    let mut sum = 0_u32;
    for (place, byte) in digits.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0');
        // Every second digit from the right counts double; of a two-digit double both digits are added.
        sum += match (place % 2, digit) {
            (0, _) => digit,
            (_, 0..=4) => digit * 2,
            _ => digit * 2 - 9,
        };
    }
    !digits.is_empty() && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_numbers::{PUBLISHED, check_digit};

    #[test]
    fn every_published_number_passes_and_none_with_one_digit_changed() {
        for (number, _) in PUBLISHED {
            assert!(passes_luhn(number), "{number}");
            for place in 0..number.len() {
                for digit in b'0'..=b'9' {
                    let mut changed = number.as_bytes().to_vec();
                    changed[place] = digit;
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!(passes_luhn(&changed), changed == **number, "{number} at {place}");
                }
            }
        }
    }

    #[test]
    fn only_ascii_digits_can_pass() {
        assert!(passes_luhn("0"));
        assert!(!passes_luhn(""));
        assert!(!passes_luhn("4111 1111 1111 1111"));
        assert!(!passes_luhn("411111111111111١"), "an Arabic-Indic one");
        assert!(!passes_luhn("/0"), "the byte below 0");
        assert!(!passes_luhn("::"), "the byte above 9");
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_fits(body in "[0-9]{1,18}") {
            let right = check_digit(&body);
            for digit in '0'..='9' {
                prop_assert_eq!(passes_luhn(&format!("{body}{digit}")), digit == right);
            }
        }

        #[test]
        fn swapped_neighbours_fail_unless_they_are_0_and_9(body in "[0-9]{11,18}", at in 0_usize..11) {
            let mut number = format!("{body}{}", check_digit(&body)).into_bytes();
            let pair = (number[at], number[at + 1]);
            number.swap(at, at + 1);
            let unnoticed = pair.0 == pair.1 || matches!(pair, (b'0', b'9') | (b'9', b'0'));
            prop_assert_eq!(passes_luhn(&String::from_utf8(number).unwrap()), unnoticed);
        }
    }
}
