//! The table against the source, written down a second time, and each of its ends against a search that knows
//! nothing of the index.

use super::*;
use crate::brand_index::ranges;
use crate::test_numbers::{PUBLISHED, number, with_wrong_check_digit};
use crate::{Pan, PanError, brands};

/// Brand, prefixes, lengths as the source writes them, and `~` for "no Luhn", `?` for "residual".
const SOURCE: &[(Brand, &str, &str)] = &[
    (Brand::Visa, "4", "13 16 18 19"),
    (Brand::Mastercard, "51-55 222100-272099", "16"),
    (Brand::AmericanExpress, "34 37", "15"),
    (Brand::Discover, "6011 644-649 65 622126-622925", "16 17 18 19"),
    (Brand::DinersClub, "300-305 3095 36 38 39", "14 16 17 18 19"),
    (Brand::Jcb, "3528-3589", "16 17 18 19"),
    (Brand::Jcb, "3337-3349", "16"),
    (Brand::Jcb, "1800 2131", "15 16 17 18 19"),
    (Brand::UnionPay, "62 8100-8171", "14 15 16 17 18 19"),
    (Brand::Maestro, "5018 5020 5038 5893 6304 6759 6761-6763 50? 56-58? 6?", "12 13 14 15 16 17 18 19"),
    (Brand::Mir, "2200-2204", "16 17 18 19"),
    (Brand::Elo, "401178-401179 431274 438935 451416 457393 457631-457632 504175 506699-506778", "16"),
    (Brand::Elo, "509000-509999 627780 636297 636368 650031-650033 650035-650051 650405-650439", "16"),
    (Brand::Elo, "650485-650538 650541-650598 650700-650718 650720-650727 650901-650978", "16"),
    (Brand::Elo, "651652-651679 655000-655019 655021-655058", "16"),
    (Brand::Hipercard, "606282", "16"),
    (Brand::Hiper, "637095 637568 637599 637609 637612 63737423 63743358", "16"),
    (Brand::RuPay, "508500-508999 606985-607984 608001-608500 652150-653149 81-82 353 356", "16"),
    (Brand::Troy, "9792", "16"),
    (Brand::Verve, "506099-506198 507865-507964 650002-650027", "16 18 19"),
    (Brand::Dankort, "5019 4571", "16"),
    (Brand::Naranja, "589562 402918 527572", "16"),
    (Brand::Cabal, "604203 604324 604330 604337-604338", "16"),
    (Brand::Uatp, "1", "15"),
    (Brand::Borica, "2205", "16 17 18 19"),
    (Brand::UkrCard, "60400100-60420099", "16 17 18 19"),
    (Brand::Humo, "9860~", "16"),
    (Brand::UzCard, "8600~ 5614~", "16"),
    (Brand::Napas, "9704~", "16 19"),
    (Brand::TUnion, "31", "19"),
];

#[test]
fn the_table_says_what_the_source_says() {
    let mut expected = Vec::new();
    for (brand, prefixes, lengths) in SOURCE {
        for prefix in prefixes.split(' ') {
            let span = prefix.trim_end_matches(['~', '?']);
            let (low, high) = span.split_once('-').unwrap_or((span, span));
            let (luhn, residual) = (!prefix.ends_with('~'), prefix.ends_with('?'));
            expected.push((
                brand.code(),
                low.to_owned(),
                high.to_owned(),
                (*lengths).to_owned(),
                luhn,
                residual,
            ));
        }
    }
    let mut found: Vec<_> = RANGES
        .iter()
        .map(|r| {
            let lengths: Vec<_> = (0..40).filter(|n| r.lengths.contains(*n)).map(|n| n.to_string()).collect();
            (r.brand.code(), r.low.to_string(), r.high.to_string(), lengths.join(" "), r.luhn, r.residual)
        })
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    for brand in Brand::ALL {
        assert!(RANGES.iter().any(|range| range.brand == brand), "{brand:?} has a range");
    }
}

/// Whether the row holds the number, by comparing text.
fn holds(range: &BrandRange, number: &str) -> bool {
    let prefix = &number[..usize::from(range.digits)];
    range.low.to_string().as_str() <= prefix && prefix <= range.high.to_string().as_str()
}

/// The row that must win, by trying every row.
fn best(number: &str) -> Option<&'static BrandRange> {
    let rank = |r: &&BrandRange| (r.residual, 8 - r.digits, r.high - r.low);
    RANGES.iter().filter(|range| holds(range, number)).min_by_key(rank)
}

fn same(a: &BrandRange, b: &BrandRange) -> bool {
    (a.brand, a.low, a.high) == (b.brand, b.low, b.high)
}

#[test]
fn both_ends_of_every_range_are_inside() {
    for range in RANGES {
        for (prefix, fill) in [(range.low, '0'), (range.high, '9')] {
            let number = number(&prefix.to_string(), fill, 19);
            assert!(ranges(&number).any(|found| same(found, range)), "{range:?} holds its end {number}");
            let winner = best(&number).unwrap();
            assert!(same(ranges(&number).next().unwrap(), winner), "{number} belongs to {winner:?}");
            assert_eq!(brands(&number).next(), Some(winner.brand), "{number}");
            assert!(range.residual || brands(&number).any(|brand| brand == range.brand), "{number}");
        }
    }
}

#[test]
fn one_step_outside_every_range_is_outside() {
    for range in RANGES {
        for (prefix, fill) in [(range.low - 1, '9'), (range.high + 1, '0')] {
            let prefix = format!("{prefix:0width$}", width = usize::from(range.digits));
            let number = number(&prefix, fill, 19);
            assert!(!ranges(&number).any(|found| same(found, range)), "{range:?} does not hold {number}");
            assert_eq!(brands(&number).next(), best(&number).map(|range| range.brand), "{number}");
        }
    }
}

#[test]
fn no_two_overlapping_rows_have_the_same_precedence() {
    for (at, a) in RANGES.iter().enumerate() {
        for b in &RANGES[at + 1..] {
            let alike = (a.residual, a.digits, a.high - a.low) == (b.residual, b.digits, b.high - b.low);
            assert!(!alike || a.high < b.low || b.high < a.low, "{a:?} and {b:?}");
        }
    }
}

/// `brands` names each brand once because of this.
#[test]
fn no_number_is_in_two_rows_of_one_brand() {
    for range in RANGES {
        for (prefix, fill) in [(range.low, '0'), (range.high, '9')] {
            let number = number(&prefix.to_string(), fill, 19);
            let of_brand = |other: &&BrandRange| other.brand == range.brand && !other.residual;
            assert!(ranges(&number).filter(of_brand).count() <= 1, "{number}");
            assert!(ranges(&number).filter(|other| other.residual).count() <= 1, "{number}");
        }
    }
}

#[test]
fn length_and_check_digit_follow_the_most_specific_range_at_every_end() {
    for range in RANGES {
        for (prefix, fill) in [(range.low, '0'), (range.high, '9')] {
            for length in PAN_DIGITS_MIN..=PAN_DIGITS_MAX {
                let right = number(&prefix.to_string(), fill, length);
                let wrong = with_wrong_check_digit(&right);
                let rule = best(&right).unwrap();
                if rule.lengths.contains(length) {
                    assert_eq!(Pan::parse(&right).unwrap().brand(), Some(rule.brand), "{right}");
                    assert_eq!(
                        Pan::parse(&wrong).err(),
                        rule.luhn.then_some(PanError::CheckDigit),
                        "{wrong}"
                    );
                } else {
                    assert_eq!(Pan::parse(&right).err(), Some(PanError::WrongLengthForBrand), "{right}");
                }
            }
        }
    }
}

#[test]
fn every_published_number_shows_its_brand() {
    for (number, brand) in PUBLISHED {
        assert_eq!(Pan::parse(number).unwrap().brand(), Some(*brand), "{number}");
    }
}

/// Numbers on both sides of the ends that are easy to get wrong, worked out by hand.
const NEIGHBOURS: &[(&str, Option<Brand>)] = &[
    ("0", None),
    ("2199", None),
    ("2200", Some(Brand::Mir)),
    ("2204", Some(Brand::Mir)),
    ("2205", Some(Brand::Borica)),
    ("2206", None),
    ("2130", None),
    ("2131", Some(Brand::Jcb)),
    ("2132", None),
    ("222099", None),
    ("222100", Some(Brand::Mastercard)),
    ("272099", Some(Brand::Mastercard)),
    ("272100", None),
    ("299", None),
    ("300", Some(Brand::DinersClub)),
    ("305", Some(Brand::DinersClub)),
    ("306", None),
    ("3094", None),
    ("3095", Some(Brand::DinersClub)),
    ("3096", None),
    ("31", Some(Brand::TUnion)),
    ("32", None),
    ("33", None),
    ("34", Some(Brand::AmericanExpress)),
    ("350", None),
    ("3527", None),
    ("3528", Some(Brand::Jcb)),
    ("3589", Some(Brand::Jcb)),
    ("3590", None),
    ("36", Some(Brand::DinersClub)),
    ("37", Some(Brand::AmericanExpress)),
    ("401177", Some(Brand::Visa)),
    ("401178", Some(Brand::Elo)),
    ("401179", Some(Brand::Elo)),
    ("401180", Some(Brand::Visa)),
    ("4570", Some(Brand::Visa)),
    ("4571", Some(Brand::Dankort)),
    ("4572", Some(Brand::Visa)),
    ("49", Some(Brand::Visa)),
    ("506098", Some(Brand::Maestro)),
    ("506099", Some(Brand::Verve)),
    ("506198", Some(Brand::Verve)),
    ("506199", Some(Brand::Maestro)),
    ("506778", Some(Brand::Elo)),
    ("506779", Some(Brand::Maestro)),
    ("508499", Some(Brand::Maestro)),
    ("508500", Some(Brand::RuPay)),
    ("508999", Some(Brand::RuPay)),
    ("509000", Some(Brand::Elo)),
    ("51", Some(Brand::Mastercard)),
    ("55", Some(Brand::Mastercard)),
    ("5613", Some(Brand::Maestro)),
    ("5614", Some(Brand::UzCard)),
    ("58", Some(Brand::Maestro)),
    ("59", None),
    ("6010", Some(Brand::Maestro)),
    ("6011", Some(Brand::Discover)),
    ("6012", Some(Brand::Maestro)),
    ("60400099", Some(Brand::Maestro)),
    ("60400100", Some(Brand::UkrCard)),
    ("60420099", Some(Brand::UkrCard)),
    ("60420100", Some(Brand::Maestro)),
    ("61", Some(Brand::Maestro)),
    ("622125", Some(Brand::UnionPay)),
    ("622126", Some(Brand::Discover)),
    ("622925", Some(Brand::Discover)),
    ("622926", Some(Brand::UnionPay)),
    ("63", Some(Brand::Maestro)),
    ("643", Some(Brand::Maestro)),
    ("644", Some(Brand::Discover)),
    ("650001", Some(Brand::Discover)),
    ("650002", Some(Brand::Verve)),
    ("650027", Some(Brand::Verve)),
    ("650028", Some(Brand::Discover)),
    ("650033", Some(Brand::Elo)),
    ("650034", Some(Brand::Discover)),
    ("650035", Some(Brand::Elo)),
    ("655020", Some(Brand::Discover)),
    ("655058", Some(Brand::Elo)),
    ("655059", Some(Brand::Discover)),
    ("66", Some(Brand::Maestro)),
    ("7", None),
    ("80", None),
    ("8100", Some(Brand::UnionPay)),
    ("8171", Some(Brand::UnionPay)),
    ("8172", Some(Brand::RuPay)),
    ("82", Some(Brand::RuPay)),
    ("83", None),
    ("8599", None),
    ("8601", None),
    ("9703", None),
    ("9705", None),
    ("9791", None),
    ("9793", None),
    ("9859", None),
    ("9861", None),
];

#[test]
fn neighbours_worked_out_by_hand() {
    for (prefix, brand) in NEIGHBOURS {
        for fill in ['0', '9'] {
            let number = number(prefix, fill, 16);
            // A filled-up short prefix can run into a narrower range; those cases are listed with their own
            // prefix.
            if best(&number).is_none_or(|range| usize::from(range.digits) <= prefix.len()) {
                assert_eq!(brands(&number).next(), *brand, "{number}");
            }
        }
        assert_eq!(brands(prefix).next(), *brand, "{prefix}");
    }
}
