//! What makes a text an IBAN (ISO 13616), and how long the IBANs of each country are.

use std::ops::RangeInclusive;

use thiserror::Error;

use super::account::CHARS_MAX;

/// Characters of the shortest IBAN, Norway's.
const CHARS_MIN: usize = 15;

/// What two check digits can be. They are 98 less a remainder of 97, so 00, 01 and 99 would only be second
/// spellings of 97, 98 and 02, and one account would have two numbers.
const CHECK_DIGITS: RangeInclusive<u8> = 2..=98;

/// Why a text is not an IBAN. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IbanError {
    /// There is nothing but blanks.
    #[error("the IBAN is empty")]
    Empty,
    /// Something other than ASCII letters, digits and blanks.
    #[error("the IBAN has a character that is neither a letter nor a digit")]
    WrongCharacter,
    /// More than 34 characters without the blanks.
    #[error("the IBAN has more than 34 characters")]
    TooLong,
    /// Fewer than 15 characters without the blanks.
    #[error("the IBAN has fewer than 15 characters")]
    TooShort,
    /// It does not begin with the two letters of a country.
    #[error("the IBAN does not begin with a country")]
    Country,
    /// The two characters after the country are not the digits 02 to 98.
    #[error("the IBAN has no check digits after the country")]
    CheckDigits,
    /// Not the length that the registry gives for the country. A country that is not in the registry may have any
    /// length from 15 to 34.
    #[error("the IBAN does not have the length that its country uses")]
    WrongLengthForCountry,
    /// The number that the characters stand for does not leave 1 when divided by 97.
    #[error("the check digits of the IBAN are wrong")]
    Checksum,
}

/// Checks at most 34 capitals and digits.
pub(super) fn check(iban: &str) -> Result<(), IbanError> {
    let characters = iban.as_bytes();
    if characters.is_empty() {
        return Err(IbanError::Empty);
    }
    if characters.len() < CHARS_MIN {
        return Err(IbanError::TooShort);
    }
    if !characters[..2].iter().all(u8::is_ascii_uppercase) {
        return Err(IbanError::Country);
    }
    if !is_check_digits(&characters[2..4]) {
        return Err(IbanError::CheckDigits);
    }
    if length_in(&iban[..2]).is_some_and(|length| length != characters.len()) {
        return Err(IbanError::WrongLengthForCountry);
    }
    if remainder(characters) != 1 {
        return Err(IbanError::Checksum);
    }
    Ok(())
}

/// Whether the characters could once have passed [`check`], whatever the tables say today.
pub(super) fn has_shape(characters: &[u8]) -> bool {
    (CHARS_MIN..=CHARS_MAX).contains(&characters.len())
        && characters[..2].iter().all(u8::is_ascii_uppercase)
        && is_check_digits(&characters[2..4])
        && characters.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_check_digits(pair: &[u8]) -> bool {
    let value = |tens: u8, ones: u8| 10 * (tens - b'0') + (ones - b'0');
    matches!(pair, [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] if CHECK_DIGITS.contains(&value(*tens, *ones)))
}

/// The first four characters go to the end, each letter becomes its place in the alphabet and nine, and what
/// remains of the long number after division by 97 is the answer (ISO/IEC 7064, MOD 97-10).
fn remainder(iban: &[u8]) -> u32 {
    let (head, tail) = iban.split_at(4);
    tail.iter().chain(head).fold(0, |rest, character| match character {
        b'0'..=b'9' => (rest * 10 + u32::from(character - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.saturating_sub(b'A')) + 10) % 97,
    })
}

/// Characters of an IBAN of a country (ISO 3166 alpha-2, and XK for Kosovo), as the SWIFT IBAN registry lists
/// them. `None` for a country that is not in it: some print IBANs all the same.
pub(super) fn length_in(country: &str) -> Option<usize> {
    let length = match country {
        "NO" => 15,
        "BE" => 16,
        "DK" | "FI" | "FK" | "FO" | "GL" | "NL" | "SD" => 18,
        "MK" | "SI" => 19,
        "AT" | "BA" | "EE" | "KZ" | "LT" | "LU" | "MN" | "XK" => 20,
        "CH" | "HR" | "LI" | "LV" => 21,
        "BG" | "BH" | "CR" | "DE" | "GB" | "GE" | "IE" | "ME" | "RS" | "VA" => 22,
        "AE" | "GI" | "IL" | "IQ" | "OM" | "SO" | "TL" => 23,
        "AD" | "CZ" | "ES" | "MD" | "PK" | "RO" | "SA" | "SE" | "SK" | "TN" | "VG" => 24,
        "LY" | "PT" | "ST" => 25,
        "IS" | "TR" => 26,
        "BI" | "DJ" | "FR" | "GR" | "IT" | "MC" | "MR" | "SM" => 27,
        "AL" | "AZ" | "BY" | "CY" | "DO" | "GT" | "HN" | "HU" | "LB" | "NI" | "PL" | "SV" => 28,
        "BR" | "EG" | "PS" | "QA" | "UA" => 29,
        "JO" | "KW" | "MU" | "YE" => 30,
        "MT" | "SC" => 31,
        "LC" => 32,
        "RU" => 33,
        _ => return None,
    };
    Some(length)
}

#[cfg(test)]
mod tests;
