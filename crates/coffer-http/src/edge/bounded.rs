//! A map of bounded size for keys that strangers choose.

use std::collections::HashMap;

/// At most so many values by 64-bit keyed hashes. When it is full, a new key takes the place of the oldest one that was
/// not seen again since its turn last came (the clock algorithm): whoever comes once goes before whoever keeps coming.
pub(super) struct Bounded<T> {
    most: usize,
    /// Where a key's slot is.
    index: HashMap<u64, usize>,
    /// In the order of age, from `hand` around to it.
    slots: Vec<Slot<T>>,
    hand: usize,
}

struct Slot<T> {
    key: u64,
    seen_again: bool,
    value: T,
}

impl<T> Bounded<T> {
    /// Room for `most` values, and always for one. Memory is taken as it is needed.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), index: HashMap::new(), slots: Vec::new(), hand: 0 }
    }

    /// The value of a key, without counting as a use.
    pub(super) fn get(&self, key: u64) -> Option<&T> {
        self.index.get(&key).map(|place| &self.slots[*place].value)
    }

    /// The value of a key, which is made, and another one dropped for it, when it is not there.
    pub(super) fn entry(&mut self, key: u64, make: impl FnOnce() -> T) -> &mut T {
        let place = match self.index.get(&key) {
            Some(place) => {
                self.slots[*place].seen_again = true;
                *place
            }
            None => self.insert(Slot { key, seen_again: false, value: make() }),
        };
        &mut self.slots[place].value
    }

    fn insert(&mut self, slot: Slot<T>) -> usize {
        let key = slot.key;
        let place = if self.slots.len() < self.most {
            self.slots.push(slot);
            self.slots.len() - 1
        } else {
            let place = self.oldest();
            self.index.remove(&self.slots[place].key);
            self.slots[place] = slot;
            self.hand = (place + 1) % self.slots.len();
            place
        };
        self.index.insert(key, place);
        place
    }

    /// The place to give away. Ends after one turn at the latest: the turn takes the marks off.
    fn oldest(&mut self) -> usize {
        let mut place = self.hand;
        while self.slots[place].seen_again {
            self.slots[place].seen_again = false;
            place = (place + 1) % self.slots.len();
        }
        place
    }

    /// Drops the values that are of no use any more. Takes time with the number of values.
    pub(super) fn retain(&mut self, useful: impl Fn(&T) -> bool) {
        self.slots.rotate_left(self.hand);
        self.hand = 0;
        self.slots.retain(|slot| useful(&slot.value));
        self.index.clear();
        self.index.extend(self.slots.iter().enumerate().map(|(place, slot)| (slot.key, place)));
    }

    /// Whether a new key takes another one's place.
    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= self.most
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.slots.len(), self.index.len());
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(map: &Bounded<u64>) -> Vec<u64> {
        let mut keys: Vec<u64> = (0..100).filter(|key| map.get(*key).is_some()).collect();
        assert_eq!(keys.len(), map.len());
        assert!(keys.iter().all(|key| map.get(*key) == Some(key)), "each key has its own value");
        keys.sort_unstable();
        keys
    }

    fn put(map: &mut Bounded<u64>, key: u64) {
        assert_eq!(*map.entry(key, || key), key);
    }

    #[test]
    fn the_oldest_go_first() {
        let mut map = Bounded::new(3);
        for key in 0..10 {
            put(&mut map, key);
            assert!(map.len() <= 3);
        }
        assert_eq!(keys(&map), [7, 8, 9]);
    }

    #[test]
    fn what_is_seen_again_outlives_what_came_once() {
        let mut map = Bounded::new(3);
        for key in 0..20 {
            put(&mut map, 50);
            put(&mut map, key);
        }
        assert_eq!(keys(&map), [18, 19, 50]);
        for key in 20..26 {
            put(&mut map, key);
        }
        assert!(!keys(&map).contains(&50), "but not for ever");
    }

    #[test]
    fn a_look_is_no_use() {
        let mut map = Bounded::new(2);
        for key in 0..2 {
            put(&mut map, key);
        }
        assert_eq!(map.get(0), Some(&0));
        put(&mut map, 2);
        assert_eq!(keys(&map), [1, 2]);
    }

    #[test]
    fn when_all_were_seen_again_the_oldest_goes() {
        let mut map = Bounded::new(3);
        for key in [0, 1, 2, 0, 1, 2] {
            put(&mut map, key);
        }
        put(&mut map, 3);
        assert_eq!(keys(&map), [1, 2, 3]);
    }

    #[test]
    fn what_is_of_no_use_goes_and_the_order_stays() {
        let mut map = Bounded::new(4);
        for key in 0..6 {
            put(&mut map, key);
        }
        map.retain(|value| value % 2 == 0);
        assert_eq!(keys(&map), [2, 4]);
        for key in 6..9 {
            put(&mut map, key);
        }
        assert_eq!(keys(&map), [4, 6, 7, 8], "2 was the oldest");
        map.retain(|_| false);
        assert_eq!(keys(&map), [0; 0]);
        put(&mut map, 1);
        assert_eq!(keys(&map), [1]);
    }

    #[test]
    fn there_is_always_room_for_one() {
        let mut map = Bounded::new(0);
        put(&mut map, 1);
        put(&mut map, 2);
        assert_eq!(keys(&map), [2]);
    }
}
