//! Which numbers belong to which scheme: the data. How it is searched stands in `brand_index.rs`.
//!
//! Source: security reference 5.2, in its order. The rows may stand in any order: a longer prefix goes before
//! a shorter one, a narrower range before a wider one of equal prefix length, and only then the place in this
//! table decides (today no two overlapping rows are alike in both, and a test keeps it so). Where the source
//! leaves a question open, the comment beside the row says what we decided and why.

use crate::Brand;
use crate::limits::{PAN_DIGITS_MAX, PAN_DIGITS_MIN};

/// One row: the numbers whose first `digits` digits lie between `low` and `high`, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BrandRange {
    pub(crate) brand: Brand,
    /// First prefix of the range, written as a number; no prefix starts with 0.
    pub(crate) low: u32,
    /// Last prefix of the range; as many digits as `low`, and the same first digit.
    pub(crate) high: u32,
    /// Digits of the prefix, 1..=8.
    pub(crate) digits: u8,
    /// How long a number of this range may be.
    pub(crate) lengths: Lengths,
    /// Whether the last digit must be the Luhn check digit.
    pub(crate) luhn: bool,
    /// A catch-all that speaks only for numbers which no other row claims.
    pub(crate) residual: bool,
}

/// A set of PAN lengths: bit `n` stands for `n` digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lengths(u32);

impl Lengths {
    /// Every length that a PAN may have; also the rule for a number of no known brand.
    pub(crate) const ANY: Self = Self::span(PAN_DIGITS_MIN, PAN_DIGITS_MAX);

    pub(crate) const fn contains(self, digits: usize) -> bool {
        digits <= PAN_DIGITS_MAX && self.0 & (1 << digits) != 0
    }

    const fn only(digits: usize) -> Self {
        Self(1 << digits)
    }

    const fn span(min: usize, max: usize) -> Self {
        Self((1 << (max + 1)) - (1 << min))
    }

    const fn or(self, digits: usize) -> Self {
        Self(self.0 | 1 << digits)
    }
}

const L15: Lengths = Lengths::only(15);
const L16: Lengths = Lengths::only(16);
const L16_TO_19: Lengths = Lengths::span(16, 19);
/// 13 is the old length; 18 has been seen.
const VISA: Lengths = L16.or(13).or(18).or(19);
/// The source gives 14 to prefix 36 and 16 to 19 to the rest, but published test numbers under 305 and 38
/// have 14 digits: every prefix takes both.
const DINERS: Lengths = L16_TO_19.or(14);
/// Before 3528-3589 there were 1800 and 2131 with 15 digits; later lists give them 16 to 19. Both are taken.
const JCB_OLD: Lengths = L16_TO_19.or(15);
const UNIONPAY: Lengths = Lengths::span(14, 19);
const VERVE: Lengths = L16.or(18).or(19);
const NAPAS: Lengths = L16.or(19);

/// The table.
pub(crate) const RANGES: &[BrandRange] = &[
    one(Brand::Visa, 4, VISA),
    span(Brand::Mastercard, 51, 55, L16),
    span(Brand::Mastercard, 222_100, 272_099, L16),
    one(Brand::AmericanExpress, 34, L15),
    one(Brand::AmericanExpress, 37, L15),
    one(Brand::Discover, 6011, L16_TO_19),
    span(Brand::Discover, 644, 649, L16_TO_19),
    one(Brand::Discover, 65, L16_TO_19),
    // Shared with UnionPay, whose prefix is shorter: Discover comes first and UnionPay second.
    span(Brand::Discover, 622_126, 622_925, L16_TO_19),
    span(Brand::DinersClub, 300, 305, DINERS),
    one(Brand::DinersClub, 3095, DINERS),
    one(Brand::DinersClub, 36, DINERS),
    one(Brand::DinersClub, 38, DINERS),
    one(Brand::DinersClub, 39, DINERS),
    span(Brand::Jcb, 3528, 3589, L16_TO_19),
    // Worldpay reference 13 publishes a test number below 3338: the scheme's oldest range.
    span(Brand::Jcb, 3337, 3349, L16),
    one(Brand::Jcb, 1800, JCB_OLD),
    one(Brand::Jcb, 2131, JCB_OLD),
    one(Brand::UnionPay, 62, UNIONPAY),
    // "810-8171 (81)" is read as 8100-8171: the rest of 81 belongs to RuPay.
    span(Brand::UnionPay, 8100, 8171, UNIONPAY),
    one(Brand::Maestro, 5018, Lengths::ANY),
    one(Brand::Maestro, 5020, Lengths::ANY),
    one(Brand::Maestro, 5038, Lengths::ANY),
    one(Brand::Maestro, 5893, Lengths::ANY),
    one(Brand::Maestro, 6304, Lengths::ANY),
    one(Brand::Maestro, 6759, Lengths::ANY),
    span(Brand::Maestro, 6761, 6763, Lengths::ANY),
    // The wide Maestro ranges. Published test numbers need them (6771...). They are residual: without that, a
    // Hipercard, RuPay or Verve number would read as co-badged with Maestro, which it is not.
    one(Brand::Maestro, 50, Lengths::ANY).residual(),
    span(Brand::Maestro, 56, 58, Lengths::ANY).residual(),
    one(Brand::Maestro, 6, Lengths::ANY).residual(),
    span(Brand::Mir, 2200, 2204, L16_TO_19),
    span(Brand::Elo, 401_178, 401_179, L16),
    one(Brand::Elo, 431_274, L16),
    one(Brand::Elo, 438_935, L16),
    one(Brand::Elo, 451_416, L16),
    one(Brand::Elo, 457_393, L16),
    span(Brand::Elo, 457_631, 457_632, L16),
    one(Brand::Elo, 504_175, L16),
    span(Brand::Elo, 506_699, 506_778, L16),
    span(Brand::Elo, 509_000, 509_999, L16),
    one(Brand::Elo, 627_780, L16),
    one(Brand::Elo, 636_297, L16),
    one(Brand::Elo, 636_368, L16),
    span(Brand::Elo, 650_031, 650_033, L16),
    span(Brand::Elo, 650_035, 650_051, L16),
    span(Brand::Elo, 650_405, 650_439, L16),
    span(Brand::Elo, 650_485, 650_538, L16),
    span(Brand::Elo, 650_541, 650_598, L16),
    span(Brand::Elo, 650_700, 650_718, L16),
    span(Brand::Elo, 650_720, 650_727, L16),
    span(Brand::Elo, 650_901, 650_978, L16),
    span(Brand::Elo, 651_652, 651_679, L16),
    span(Brand::Elo, 655_000, 655_019, L16),
    span(Brand::Elo, 655_021, 655_058, L16),
    one(Brand::Hipercard, 606_282, L16),
    one(Brand::Hiper, 637_095, L16),
    one(Brand::Hiper, 637_568, L16),
    one(Brand::Hiper, 637_599, L16),
    one(Brand::Hiper, 637_609, L16),
    one(Brand::Hiper, 637_612, L16),
    one(Brand::Hiper, 63_737_423, L16),
    one(Brand::Hiper, 63_743_358, L16),
    span(Brand::RuPay, 508_500, 508_999, L16),
    span(Brand::RuPay, 606_985, 607_984, L16),
    span(Brand::RuPay, 608_001, 608_500, L16),
    span(Brand::RuPay, 652_150, 653_149, L16),
    // "81/82 ranges" without their ends: all of both, behind UnionPay's 8100-8171.
    span(Brand::RuPay, 81, 82, L16),
    // Co-badged with JCB, whose prefix is longer: JCB comes first and RuPay second.
    one(Brand::RuPay, 353, L16),
    one(Brand::RuPay, 356, L16),
    // Troy also has ranges inside 65 that no public list names; those numbers read as Discover, their
    // network.
    one(Brand::Troy, 9792, L16),
    span(Brand::Verve, 506_099, 506_198, VERVE),
    span(Brand::Verve, 507_865, 507_964, VERVE),
    span(Brand::Verve, 650_002, 650_027, VERVE),
    one(Brand::Dankort, 5019, L16),
    one(Brand::Dankort, 4571, L16),
    one(Brand::Naranja, 589_562, L16),
    one(Brand::Naranja, 402_918, L16),
    one(Brand::Naranja, 527_572, L16),
    one(Brand::Cabal, 604_203, L16),
    one(Brand::Cabal, 604_324, L16),
    one(Brand::Cabal, 604_330, L16),
    span(Brand::Cabal, 604_337, 604_338, L16),
    // "1 (not 1800)": JCB's 1800 is longer and comes first.
    one(Brand::Uatp, 1, L15),
    one(Brand::Borica, 2205, L16_TO_19),
    span(Brand::UkrCard, 60_400_100, 60_420_099, L16_TO_19),
    // Some ranges of these three do not use Luhn, and no public list says which: it is required in none.
    one(Brand::Humo, 9860, L16).without_luhn(),
    one(Brand::UzCard, 8600, L16).without_luhn(),
    one(Brand::UzCard, 5614, L16).without_luhn(),
    one(Brand::Napas, 9704, NAPAS).without_luhn(),
    one(Brand::TUnion, 31, Lengths::only(19)),
];

const fn one(brand: Brand, prefix: u32, lengths: Lengths) -> BrandRange {
    span(brand, prefix, prefix, lengths)
}

/// A wrong row stops the build: the table is a constant.
const fn span(brand: Brand, low: u32, high: u32, lengths: Lengths) -> BrandRange {
    let digits = low.ilog10() + 1;
    assert!(low <= high && digits == high.ilog10() + 1, "the ends of a range are in order and equally long");
    assert!(low / 10_u32.pow(digits - 1) == high / 10_u32.pow(digits - 1), "a range keeps its first digit");
    assert!(digits <= 8, "a prefix has at most eight digits");
    #[allow(clippy::cast_possible_truncation, reason = "at most 8, as asserted")]
    let digits = digits as u8;
    BrandRange { brand, low, high, digits, lengths, luhn: true, residual: false }
}

impl BrandRange {
    const fn residual(self) -> Self {
        Self { residual: true, ..self }
    }

    const fn without_luhn(self) -> Self {
        Self { luhn: false, ..self }
    }
}

#[cfg(test)]
mod tests;
