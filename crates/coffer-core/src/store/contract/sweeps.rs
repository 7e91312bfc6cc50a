//! What the sweep asks of a store: bounded steps over the short-lived table.

use coffer_types::Generation;

use super::{block_on, done, lost, number, read_token, token, unit, used};
use crate::store::{Lost, OldestProtected, Store, Stretch, TokenRow, TokenState};

pub(super) fn erases_the_oldest_tokens_in_bounded_steps(store: &dyn Store) {
    for value in [5, 1, 3, 9, 7] {
        done(store, unit(100 + value).insert(token(value)));
    }
    done(store, unit(200).erase_tokens_below(number(7), 2));
    let left = |store: &dyn Store| -> Vec<u64> {
        (1..10).filter(|value| read_token(store, *value).is_some()).collect()
    };
    assert_eq!(left(store), [5, 7, 9]);
    assert_eq!(block_on(store.oldest_token()), Ok(Some(number(5))));
    done(store, unit(201).erase_tokens_below(number(7), 100));
    assert_eq!(left(store), [7, 9]);
    done(store, unit(202).erase_tokens_below(number(7), 100));
    assert_eq!(left(store), [7, 9]);
    done(store, unit(203).insert(token(2)));
    assert_eq!(read_token(store, 2), Some(token(2)), "an erased range takes new rows");
}

pub(super) fn blanks_unused_tokens_in_bounded_steps(store: &dyn Store) {
    let stretch = |from, below, at_most| Stretch { from: number(from), below: number(below), at_most };
    let oldest = |part| block_on(store.oldest_protected(part)).expect("the store reads");
    assert_eq!(oldest(stretch(0, 50, 10)), OldestProtected::NoneBelow(number(50)));
    for value in [2, 4, 6, 8, 10] {
        done(store, unit(100 + value).insert(token(value)));
    }
    done(store, unit(200).replace_token(Generation::FIRST, used(4, 55)));
    assert_eq!(oldest(stretch(0, 10, 3)), OldestProtected::At(number(2)));
    assert_eq!(oldest(stretch(3, 10, 3)), OldestProtected::At(number(6)));
    assert_eq!(oldest(stretch(3, 10, 1)), OldestProtected::NoneBelow(number(6)), "one row was looked at");
    assert_eq!(oldest(stretch(9, 3, 9)), OldestProtected::NoneBelow(number(3)), "nothing is between");

    let state = |value| read_token(store, value).map(|row| row.state);
    let blank = |value| TokenRow { state: TokenState::Expired, ..token(value) };
    done(store, unit(201).blank_tokens(stretch(2, 10, 3)));
    assert_eq!(read_token(store, 2), Some(blank(2)), "all but what is protected stays");
    assert_eq!(read_token(store, 4), Some(used(4, 55)), "a used row is not touched");
    assert_eq!(read_token(store, 6), Some(blank(6)));
    assert_eq!(state(8), Some(token(8).state), "beyond the third row");
    assert_eq!(oldest(stretch(0, 10, 9)), OldestProtected::At(number(8)));
    done(store, unit(202).blank_tokens(stretch(9, 10, 9)).blank_tokens(stretch(2, 10, 0)));
    assert_eq!(state(8), Some(token(8).state), "no row of an empty stretch");
    done(store, unit(203).blank_tokens(stretch(7, 10, 9)));
    assert_eq!(read_token(store, 8), Some(blank(8)));
    assert_eq!(state(10), Some(token(10).state), "the end is not in it");
    assert_eq!(oldest(stretch(0, 10, 9)), OldestProtected::NoneBelow(number(10)));

    let late = unit(204).replace_token(Generation::FIRST, used(2, 60));
    assert_eq!(lost(store, late), Lost::NotLive(token(2).key()), "blanked is not live, whatever the time");
    let erase = unit(205).erase(token(2).key(), Generation::FIRST);
    assert_eq!(lost(store, erase), Lost::NotLive(token(2).key()));
    assert_eq!(read_token(store, 2), Some(blank(2)));
    done(store, unit(206).replace_token(Generation::FIRST, used(10, 60)));
    done(store, unit(207).erase_tokens_below(number(9), 100));
    assert_eq!(state(2), None, "a blanked row goes like any other");
}
