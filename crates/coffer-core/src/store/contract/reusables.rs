//! Reusable tokens: kept, replaced, erased, another tenant's hidden, and found when they are over.

use coffer_crypto::Blob;
use coffer_types::Generation;

use super::{at, block_on, done, instrument, lost, number, reusable, tenant, unit};
use crate::store::{Ended, Lost, RecordKey, ReusableRow, Store};

fn read(store: &dyn Store, value: u64) -> Option<ReusableRow> {
    block_on(store.reusable(tenant(1), number(value))).expect("the store reads")
}

pub(super) fn keeps_reusable_tokens(store: &dyn Store) {
    done(store, unit(100).insert(reusable(1)).insert(instrument(2)));
    assert_eq!(read(store, 1), Some(reusable(1)), "rows come whole");
    assert_eq!(read(store, 2), None, "the tables are apart");
    assert_eq!(block_on(store.newest_number()), Ok(Some(number(2))));
    let bare = ReusableRow { face: None, fingerprint: None, ..reusable(9) };
    done(store, unit(101).insert(bare.clone()));
    assert_eq!(read(store, 9), Some(bare));
    assert_eq!(block_on(store.newest_number()), Ok(Some(number(9))), "its number counts too");

    let theirs = ReusableRow { tenant: tenant(2), ..reusable(1) };
    assert_eq!(lost(store, unit(102).insert(theirs.clone())), Lost::Exists, "one number, one row");
    assert_eq!(block_on(store.reusable(tenant(2), number(1))), Ok(None));
    let foreign = unit(103).replace_reusable(Generation::FIRST, theirs.clone());
    assert_eq!(lost(store, foreign), Lost::NotLive(theirs.key()));
    let foreign = RecordKey::Reusable(tenant(2), number(1));
    assert_eq!(lost(store, unit(104).erase(foreign, Generation::FIRST)), Lost::NotLive(foreign));

    let second = Generation::FIRST.next().expect("the second generation");
    let changed = ReusableRow {
        generation: second,
        ends_at: at(5),
        details: Blob::from_bytes(vec![7; 9]),
        ..reusable(1)
    };
    done(store, unit(105).replace_reusable(Generation::FIRST, changed.clone()));
    assert_eq!(read(store, 1), Some(changed.clone()));
    let again = unit(106).replace_reusable(Generation::FIRST, changed.clone());
    assert_eq!(lost(store, again), Lost::NotLive(changed.key()));
    let stale = unit(107).erase(changed.key(), Generation::FIRST);
    assert_eq!(lost(store, stale), Lost::NotLive(changed.key()), "what was changed since is not erased");
    done(store, unit(108).erase(changed.key(), second));
    assert_eq!(read(store, 1), None);
    assert!(read(store, 9).is_some(), "the others stay");
}

pub(super) fn finds_the_ones_that_are_over(store: &dyn Store) {
    let ending = |value, millis| ReusableRow { ends_at: at(millis), ..reusable(value) };
    let other = ReusableRow { tenant: tenant(2), ..ending(4, 20) };
    done(store, unit(100).insert(ending(1, 30)).insert(ending(2, 10)).insert(ending(3, 20)).insert(other));
    let over_after = |after, now, at_most| -> Vec<u64> {
        let rows = block_on(store.ended_reusables(after, at(now), at_most));
        rows.expect("the store reads").iter().map(|row| row.number.get()).collect()
    };
    let over = |now, at_most| over_after(Ended::NOTHING, now, at_most);
    assert_eq!(over(9, 10), [0_u64; 0]);
    assert_eq!(over(10, 10), [2], "at its end it is over");
    assert_eq!(over(29, 10), [2, 3, 4], "the longest over first, of every tenant");
    assert_eq!(over(1_000, 10), [2, 3, 4, 1]);
    assert_eq!(over(1_000, 2), [2, 3]);
    let behind = |millis, value| Ended { ends_at: at(millis), number: number(value) };
    assert_eq!(over_after(behind(20, 3), 1_000, 10), [4, 1], "behind one of those that end together");
    assert_eq!(over_after(behind(20, 4), 25, 10), [0_u64; 0]);
    done(store, unit(101).erase(reusable(2).key(), Generation::FIRST));
    assert_eq!(over(1_000, 2), [3, 4]);
}
