//! From the first digits of a number to its brands.
//!
//! The table is sorted at compile time by first digit and then by precedence, so a look-up walks one short
//! run of rows (at most some fifty, two comparisons each) and what it meets first is the most specific.

use crate::Brand;
use crate::brand_ranges::{BrandRange, RANGES};

/// All brands whose ranges hold this number, the most specific first, each once.
///
/// `digits` is a PAN or the beginning of one; a range counts only when its whole prefix is there. Precedence:
/// the longest prefix, then the narrowest range, then the place in the table. The wide Maestro ranges answer
/// only when nothing else does. A text that starts with anything but ASCII digits has no brand.
pub fn brands(digits: &str) -> impl Iterator<Item = Brand> + use<> {
    ranges(digits)
        .enumerate()
        .filter(|(before, range)| *before == 0 || !range.residual)
        .map(|(_, range)| range.brand)
}

/// All rows of the table that hold this number, the most specific first, residual ones last.
pub(crate) fn ranges(digits: &str) -> impl Iterator<Item = &'static BrandRange> + use<> {
    let lead = Lead::of(digits);
    let run = lead.map_or(&[][..], |lead| {
        let first_digit = (lead.value / 10_u32.pow(LEAD_DIGITS - 1)) as usize;
        &INDEX.entries[INDEX.starts[first_digit]..INDEX.starts[first_digit + 1]]
    });
    run.iter().filter(move |entry| lead.is_some_and(|lead| entry.holds(lead))).map(|entry| &entry.range)
}

/// No prefix in the table is longer.
const LEAD_DIGITS: u32 = 8;

/// The first digits of a number, filled up with zeros to eight.
#[derive(Clone, Copy)]
struct Lead {
    value: u32,
    digits: u8,
}

impl Lead {
    fn of(text: &str) -> Option<Self> {
        let mut lead = Self { value: 0, digits: 0 };
        for byte in text.bytes().take(LEAD_DIGITS as usize) {
            if !byte.is_ascii_digit() {
                return None;
            }
            lead = Self { value: lead.value * 10 + u32::from(byte - b'0'), digits: lead.digits + 1 };
        }
        lead.value *= 10_u32.pow(LEAD_DIGITS - u32::from(lead.digits));
        (lead.digits > 0).then_some(lead)
    }
}

/// A row with its ends written out to eight digits.
#[derive(Clone, Copy)]
struct Entry {
    first: u32,
    last: u32,
    range: BrandRange,
}

impl Entry {
    const fn of(range: BrandRange) -> Self {
        let scale = 10_u32.pow(LEAD_DIGITS - range.digits as u32);
        Self { first: range.low * scale, last: range.high * scale + (scale - 1), range }
    }

    const fn first_digit(&self) -> usize {
        (self.first / 10_u32.pow(LEAD_DIGITS - 1)) as usize
    }

    const fn holds(&self, lead: Lead) -> bool {
        self.first <= lead.value && lead.value <= self.last && self.range.digits <= lead.digits
    }

    const fn goes_before(&self, other: &Self) -> bool {
        if self.first_digit() != other.first_digit() {
            return self.first_digit() < other.first_digit();
        }
        if self.range.residual != other.range.residual {
            return other.range.residual;
        }
        if self.range.digits != other.range.digits {
            return self.range.digits > other.range.digits;
        }
        self.last - self.first < other.last - other.first
    }
}

struct Index {
    entries: [Entry; RANGES.len()],
    /// The entries for numbers that start with `d` stand at `starts[d]..starts[d + 1]`.
    starts: [usize; 11],
}

static INDEX: Index = Index::build();

impl Index {
    const fn build() -> Self {
        let mut entries = [Entry::of(RANGES[0]); RANGES.len()];
        let mut starts = [0; 11];
        let mut filled = 0;
        while filled < RANGES.len() {
            let entry = Entry::of(RANGES[filled]);
            // Insertion sort: stable, so that rows of equal precedence keep their order.
            let mut at = filled;
            while at > 0 && entry.goes_before(&entries[at - 1]) {
                entries[at] = entries[at - 1];
                at -= 1;
            }
            entries[at] = entry;
            let mut digit = entry.first_digit() + 1;
            while digit < starts.len() {
                starts[digit] += 1;
                digit += 1;
            }
            filled += 1;
        }
        Self { entries, starts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(digits: &str) -> Vec<Brand> {
        brands(digits).collect()
    }

    #[test]
    fn the_most_specific_brand_comes_first_and_its_network_after_it() {
        assert_eq!(list("45710000"), [Brand::Dankort, Brand::Visa]);
        assert_eq!(list("40117800"), [Brand::Elo, Brand::Visa]);
        assert_eq!(list("52757200"), [Brand::Naranja, Brand::Mastercard]);
        assert_eq!(list("62212600"), [Brand::Discover, Brand::UnionPay]);
        assert_eq!(list("62778000"), [Brand::Elo, Brand::UnionPay]);
        assert_eq!(list("65003100"), [Brand::Elo, Brand::Discover]);
        assert_eq!(list("65000200"), [Brand::Verve, Brand::Discover]);
        assert_eq!(list("65215000"), [Brand::RuPay, Brand::Discover]);
        assert_eq!(list("35300000"), [Brand::Jcb, Brand::RuPay]);
        assert_eq!(list("81000000"), [Brand::UnionPay, Brand::RuPay]);
        assert_eq!(list("18000000"), [Brand::Jcb, Brand::Uatp]);
    }

    #[test]
    fn a_wide_maestro_range_speaks_only_for_unclaimed_numbers() {
        assert_eq!(list("60628200"), [Brand::Hipercard]);
        assert_eq!(list("50190000"), [Brand::Dankort]);
        assert_eq!(list("56140000"), [Brand::UzCard]);
        assert_eq!(list("67590000"), [Brand::Maestro], "named once, though two rows hold it");
        assert_eq!(list("67710000"), [Brand::Maestro]);
        assert_eq!(list("50000000"), [Brand::Maestro]);
    }

    #[test]
    fn a_prefix_counts_only_when_it_is_all_there() {
        assert_eq!(list("4"), [Brand::Visa]);
        assert_eq!(list("457"), [Brand::Visa]);
        assert_eq!(list("4571"), [Brand::Dankort, Brand::Visa]);
        assert_eq!(list("6040010"), [Brand::Maestro]);
        assert_eq!(list("60400100"), [Brand::UkrCard]);
        assert_eq!(list("22210"), []);
        assert_eq!(list("222100"), [Brand::Mastercard]);
    }

    #[test]
    fn what_is_no_number_has_no_brand() {
        for text in ["", " 4111", "4 11", "４１１１１１１１", "-4", "x"] {
            assert_eq!(list(text), [], "{text:?}");
        }
        assert_eq!(list("0000000000000000"), []);
        assert_eq!(list("7000000000000000"), []);
    }

    #[test]
    fn every_row_is_in_the_index_once_under_its_first_digit() {
        assert_eq!(INDEX.starts[0], 0);
        assert_eq!(INDEX.starts[10], RANGES.len());
        for range in RANGES {
            let text = range.low.to_string();
            let digit = usize::from(text.as_bytes()[0] - b'0');
            let run = &INDEX.entries[INDEX.starts[digit]..INDEX.starts[digit + 1]];
            let same = |entry: &&Entry| {
                (entry.range.brand, entry.range.low, entry.range.high) == (range.brand, range.low, range.high)
            };
            assert_eq!(run.iter().filter(same).count(), 1, "{range:?}");
        }
    }
}
