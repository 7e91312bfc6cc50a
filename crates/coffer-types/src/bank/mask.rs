//! The account number for display.

use super::{AccountNumber, AccountTail};

/// The number for display: a `*` for each hidden character and the last four, `****3159` (Payroc reference 5). A number
/// of one to four digits is hidden whole: [`AccountNumber::last4`] decides what may be seen.
pub fn mask_account(account: &AccountNumber) -> String {
    let tail = account.last4();
    let shown = tail.as_ref().map_or("", AccountTail::as_str);
    let hidden = account.expose().len() - shown.len();
    format!("{}{shown}", "*".repeat(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        mask_account(&AccountNumber::parse_bban(text).unwrap())
    }

    #[test]
    fn a_star_for_each_hidden_digit_and_the_last_four() {
        assert_eq!(masked("32183159"), "****3159", "Payroc reference 5");
        assert_eq!(masked("123455929"), "*****5929");
        assert_eq!(masked("12345"), "*2345");
        assert_eq!(
            masked("00000000000000000"),
            "*************0000",
            "17 digits, the longest of the United States"
        );
        let iban = AccountNumber::parse_iban("DE89 3704 0044 0532 0130 00").unwrap();
        assert_eq!(mask_account(&iban), "******************3000");
    }

    #[test]
    fn a_number_of_four_digits_is_hidden_whole() {
        for (text, mask) in [("1", "*"), ("12", "**"), ("123", "***"), ("1234", "****")] {
            assert_eq!(masked(text), mask);
        }
    }
}
