//! The only card numbers that may stand in this repository: published for testing, charged by nobody.

/// Test numbers that card brands and payment companies publish, and the first and last of published ranges.
pub(crate) const PUBLISHED: &[&str] = &[
    // Visa
    "4111111111111111",
    "4242424242424242",
    "4000000000000002",
    "4222222222222",
    // MasterCard
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "2221000000000009",
    "2720990000000007",
    // American Express
    "378282246310005",
    "371449635398431",
    // Discover
    "6011111111111117",
    "6011000990139424",
    // Diners Club
    "30569309025904",
    "36227206271667",
    "38520000023237",
    // JCB
    "3530111333300000",
    "3566002020360505",
    // UnionPay
    "6200000000000005",
    "6243030000000001",
    "6253111111111114",
    // Maestro
    "6759641111111119",
    "6759649826438453",
    "6771790000000018",
    // Elo, Mir, Troy, Hipercard, Dankort
    "6362970000457013",
    "2201382000000013",
    "9792030394440796",
    "6062826786276634",
    "5019717010103742",
    // Worldpay's Try environment
    "4444333322221111",
    "4911830000000",
    "4000000000002701",
    "5454545454545454",
    "5200000000002235",
    "5163613613613613",
    "343434343434343",
    "340000000002708",
    "3528000700000000",
    "3338000000000296",
    "6011000400000000",
    "6011000000002117",
    "4150580996517927",
    "5131072454408923",
    "5817020000000000",
    "4434020000000006",
    "5163150000000005",
    // Payroc's test environment; its American Express has 16 digits
    "3400000000000000",
    "5100270000000007",
    "3600000000000008",
    "6011000000000004",
    "3528000000000007",
    "5000330000000000",
    "5001650000000000",
    "6301144000000009",
    "4539858876047062",
    "4000060000000006",
    "4001020000000009",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::card::luhn;

    #[test]
    fn every_number_passes_the_check_and_stands_once() {
        for (place, number) in PUBLISHED.iter().enumerate() {
            assert!((12..=19).contains(&number.len()), "entry {place}");
            assert!(luhn(number), "entry {place}");
            assert!(!PUBLISHED[..place].contains(number), "entry {place}");
        }
    }
}
