//! Card numbers for the tests of this crate: the published test numbers, and numbers built from a prefix.

use crate::Brand;

/// The published test numbers (security reference 5.2, Rebilly reference 10) with the brand that they show.
pub(crate) const PUBLISHED: &[(&str, Brand)] = &[
    ("4242424242424242", Brand::Visa),
    ("4111111111111111", Brand::Visa),
    ("4222222222222", Brand::Visa),
    ("4000000000000002", Brand::Visa),
    ("5555555555554444", Brand::Mastercard),
    ("5105105105105100", Brand::Mastercard),
    ("2223003122003222", Brand::Mastercard),
    ("2221000000000009", Brand::Mastercard),
    ("2720990000000007", Brand::Mastercard),
    ("378282246310005", Brand::AmericanExpress),
    ("371449635398431", Brand::AmericanExpress),
    ("6011111111111117", Brand::Discover),
    ("6011000990139424", Brand::Discover),
    ("30569309025904", Brand::DinersClub),
    ("36227206271667", Brand::DinersClub),
    ("38520000023237", Brand::DinersClub),
    ("3530111333300000", Brand::Jcb),
    ("3566002020360505", Brand::Jcb),
    ("6200000000000005", Brand::UnionPay),
    ("6253111111111114", Brand::UnionPay),
    ("6243030000000001", Brand::UnionPay),
    ("6759649826438453", Brand::Maestro),
    ("6759641111111119", Brand::Maestro),
    ("6771790000000018", Brand::Maestro),
    ("6362970000457013", Brand::Elo),
    ("2201382000000013", Brand::Mir),
    ("9792030394440796", Brand::Troy),
    ("6062826786276634", Brand::Hipercard),
    ("5019717010103742", Brand::Dankort),
];

/// The Luhn check digit of `body`, worked out on paper's terms: write the doubles down, add up all digits.
pub(crate) fn check_digit(body: &str) -> char {
    let mut written = String::new();
    for (place, digit) in body.chars().rev().enumerate() {
        let value = digit.to_digit(10).unwrap();
        written += &(if place % 2 == 0 { value * 2 } else { value }).to_string();
    }
    let sum: u32 = written.chars().map(|digit| digit.to_digit(10).unwrap()).sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap()
}

/// A number of `length` digits that starts with `prefix`, goes on with `fill` and ends in its check digit.
pub(crate) fn number(prefix: &str, fill: char, length: usize) -> String {
    let mut body = prefix.to_owned();
    while body.len() < length - 1 {
        body.push(fill);
    }
    let check = check_digit(&body);
    body.push(check);
    assert_eq!(body.len(), length, "the prefix leaves room for a check digit");
    body
}

/// The same number with a check digit that is wrong.
pub(crate) fn with_wrong_check_digit(number: &str) -> String {
    let (body, check) = number.split_at(number.len() - 1);
    let wrong = (check.parse::<u32>().unwrap() + 1) % 10;
    format!("{body}{wrong}")
}
