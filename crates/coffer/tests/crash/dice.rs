//! Random choices that a seed repeats (the generator is `SplitMix64`).

pub(crate) struct Dice(u64);

impl Dice {
    /// A row of choices of its own for each cycle and thread of a run.
    pub(crate) fn of(seed: u64, cycle: usize, thread: usize) -> Self {
        let mut dice = Self(seed);
        for part in [cycle, thread] {
            dice = Self(dice.next() ^ part as u64);
        }
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).expect("below a usize")
    }
}
