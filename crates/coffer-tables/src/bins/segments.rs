//! From ranges of two lengths to segments that do not overlap.

use super::NO_FACTS;

/// One range, written out to eight digits, both ends inclusive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) low: u32,
    pub(super) high: u32,
    /// Index of its facts.
    pub(super) facts: u32,
    /// Where it stands in the file.
    pub(super) line: u32,
}

/// One more than the greatest eight digits.
const END: u32 = 100_000_000;

/// The beginnings of all segments, and the facts of each ([`NO_FACTS`] between ranges). Both lists are sorted and
/// no two ranges of one list overlap; where both hold a number, `eight` wins.
pub(super) fn flatten(six: &[Range], eight: &[Range]) -> (Box<[u32]>, Box<[u32]>) {
    let mut segments = Segments::default();
    let (mut six, mut eight) = (six.iter().peekable(), eight.iter().peekable());
    let mut at = 0;
    while at < END {
        while six.next_if(|range| range.high < at).is_some() {}
        while eight.next_if(|range| range.high < at).is_some() {}
        let next_eight = eight.peek().map_or(END, |range| range.low);
        let next_six = six.peek().map_or(END, |range| range.low);
        let (facts, end) = match (eight.peek(), six.peek()) {
            (Some(range), _) if range.low <= at => (range.facts, range.high + 1),
            (_, Some(range)) if range.low <= at => (range.facts, next_eight.min(range.high + 1)),
            _ => (NO_FACTS, next_eight.min(next_six)),
        };
        segments.push(at, facts);
        at = end;
    }
    (segments.starts.into(), segments.facts.into())
}

#[derive(Default)]
struct Segments {
    starts: Vec<u32>,
    facts: Vec<u32>,
}

impl Segments {
    /// Neighbours that say the same become one.
    fn push(&mut self, start: u32, facts: u32) {
        if self.facts.last() != Some(&facts) {
            self.starts.push(start);
            self.facts.push(facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: u32, high: u32, facts: u32) -> Range {
        Range { low, high, facts, line: 0 }
    }

    fn flat(six: &[Range], eight: &[Range]) -> Vec<(u32, u32)> {
        let (starts, facts) = flatten(six, eight);
        starts.iter().copied().zip(facts.iter().copied()).collect()
    }

    #[test]
    fn nothing_is_one_gap() {
        assert_eq!(flat(&[], &[]), [(0, NO_FACTS)]);
    }

    #[test]
    fn everything_is_one_segment() {
        assert_eq!(flat(&[range(0, END - 1, 7)], &[]), [(0, 7)]);
        assert_eq!(flat(&[range(0, END - 1, 7)], &[range(0, END - 1, 8)]), [(0, 8)]);
    }

    #[test]
    fn eight_digits_cut_holes_into_six() {
        let six = [range(1_000, 1_999, 1), range(2_000, 2_099, 2)];
        let eight =
            [range(900, 1_000, 3), range(1_500, 1_509, 4), range(1_510, 1_510, 5), range(1_999, 2_000, 6)];
        let expected = [
            (0, NO_FACTS),
            (900, 3),
            (1_001, 1),
            (1_500, 4),
            (1_510, 5),
            (1_511, 1),
            (1_999, 6),
            (2_001, 2),
            (2_100, NO_FACTS),
        ];
        assert_eq!(flat(&six, &eight), expected);
    }

    #[test]
    fn neighbours_with_the_same_facts_are_one_segment() {
        let six = [range(100, 199, 1), range(200, 299, 1)];
        assert_eq!(flat(&six, &[range(150, 160, 1)]), [(0, NO_FACTS), (100, 1), (300, NO_FACTS)]);
    }

    /// Against the definition, number by number.
    #[test]
    fn agrees_with_a_search_through_the_rows() {
        let mut state = 7_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..200 {
            let mut lists = [Vec::new(), Vec::new()];
            for list in &mut lists {
                let mut low = random(20);
                for _ in 0..random(12) {
                    let high = low + random(15);
                    list.push(range(low, high, random(4)));
                    low = high + 1 + random(6);
                }
            }
            let [six, eight] = lists;
            let (starts, facts) = flatten(&six, &eight);
            assert!(starts.is_sorted_by(|a, b| a < b));
            for lead in 0..400 {
                let holds = |range: &&Range| range.low <= lead && lead <= range.high;
                let expected = eight.iter().find(holds).or_else(|| six.iter().find(holds));
                let segment = starts.partition_point(|start| *start <= lead) - 1;
                assert_eq!(
                    facts[segment],
                    expected.map_or(NO_FACTS, |range| range.facts),
                    "{six:?} {eight:?}"
                );
            }
        }
    }
}
