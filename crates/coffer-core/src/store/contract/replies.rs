//! Replies: kept, found by their tenant's key alone, one a key, replaced, erased one by one and oldest first.

use coffer_crypto::{Blob, Salt};
use coffer_types::{Generation, RecordNumber};

use super::{block_on, done, lost, number, read_token, tenant, token, unique, unit};
use crate::{
    audit::{Action, Fact},
    store::{Lost, Outcome, RecordKey, ReplyRow, Row, Store},
};

/// A reply of tenant 1 under a key that no other number has.
pub fn reply(value: u64) -> ReplyRow {
    let byte = value.to_le_bytes()[0];
    ReplyRow {
        number: number(value),
        tenant: tenant(1),
        key: [byte; 16],
        generation: Generation::FIRST,
        salt: Salt::from_bytes([byte; 32]),
        sad: value.is_multiple_of(2).then(|| Blob::from_bytes(vec![byte ^ 2; 54])),
        details: Blob::from_bytes(vec![byte; 400]),
    }
}

fn read(store: &dyn Store, key: u8) -> Option<ReplyRow> {
    block_on(store.reply(tenant(1), [key; 16])).expect("the store reads")
}

fn oldest(store: &dyn Store) -> Option<RecordNumber> {
    block_on(store.oldest_reply()).expect("the store reads")
}

pub(super) fn keeps_replies(store: &dyn Store) {
    assert_eq!((read(store, 1), oldest(store)), (None, None));
    done(store, unit(100).insert(reply(1)));
    done(store, unit(101).insert(reply(2)).insert(token(2)));
    assert_eq!(read(store, 1), Some(reply(1)), "rows come whole, without a mark of a code");
    assert_eq!(read(store, 2), Some(reply(2)), "and with one");
    assert_eq!((read(store, 3), oldest(store)), (None, Some(number(1))));
    assert_eq!(block_on(store.newest_number()), Ok(Some(number(2))));
    done(store, unit(102).insert(reply(9)));
    assert_eq!(block_on(store.newest_number()), Ok(Some(number(9))), "a reply's number counts too");
    assert_eq!(block_on(store.oldest_token()), Ok(Some(number(2))), "the tables are apart");

    assert_eq!(block_on(store.reply(tenant(2), [1; 16])), Ok(None), "another tenant's is not there");
    let theirs = ReplyRow { tenant: tenant(2), number: number(5), ..reply(1) };
    done(store, unit(103).insert(theirs.clone()));
    assert_eq!(
        block_on(store.reply(tenant(2), [1; 16])),
        Ok(Some(theirs)),
        "each tenant has keys of its own"
    );
    assert_eq!(read(store, 1), Some(reply(1)));
}

pub(super) fn keeps_one_reply_a_key(store: &dyn Store) {
    done(store, unit(100).insert(reply(4)));
    let fact = Fact::system(Action::Create);
    for (id, second) in [
        (101, ReplyRow { number: number(5), ..reply(4) }),
        (102, ReplyRow { number: number(3), ..reply(4) }),
        (103, ReplyRow { number: number(4), ..reply(5) }),
        (104, ReplyRow { tenant: tenant(2), ..reply(4) }),
    ] {
        let act = unit(id).insert(token(1)).insert(Row::Index { key: unique(1), holder: number(1) });
        assert_eq!(lost(store, act.fact(fact.clone()).insert(second)), Lost::Exists, "{id}");
    }
    assert_eq!(read(store, 4), Some(reply(4)), "the first one stays");
    assert_eq!(read(store, 5), None);
    assert_eq!(read_token(store, 1), None, "nothing of an act is written whose key is taken");
    assert_eq!(block_on(store.holder(unique(1))), Ok(None));
    let frames = block_on(store.frames(None, 10)).expect("frames");
    assert!(frames.iter().all(|frame| frame.records.is_empty()), "nor a fact");

    // Given one after the other, and not waited for: they may share a commit.
    let given: Vec<_> = (20..36)
        .map(|value| store.commit(unit(value).insert(ReplyRow { key: [77; 16], ..reply(value) }).finish()))
        .collect();
    let outcomes: Vec<_> =
        given.into_iter().map(|given| block_on(given).expect("the store takes units")).collect();
    assert!(matches!(outcomes[0], Outcome::Done(_)), "{outcomes:?}");
    let others = outcomes[1..].iter();
    let exists = |outcome: &Outcome| matches!(outcome, Outcome::Lost { lost: Lost::Exists, .. });
    assert!(others.clone().all(exists), "{outcomes:?}");
    assert_eq!(read(store, 77), Some(ReplyRow { key: [77; 16], ..reply(20) }));
}

pub(super) fn replaces_and_erases_replies(store: &dyn Store) {
    done(store, unit(100).insert(reply(1)).insert(reply(2)));
    let second = Generation::FIRST.next().expect("the second generation");
    let answered = ReplyRow { generation: second, details: Blob::from_bytes(vec![7; 9]), ..reply(1) };
    done(store, unit(101).replace_reply(Generation::FIRST, answered.clone()));
    assert_eq!(read(store, 1), Some(answered.clone()));
    let again = unit(102).replace_reply(Generation::FIRST, answered.clone());
    assert_eq!(lost(store, again), Lost::NotLive(answered.record()), "one end, and no second");
    let theirs = ReplyRow { tenant: tenant(2), ..answered.clone() };
    let foreign = RecordKey::Reply(tenant(2), number(1));
    assert_eq!(lost(store, unit(103).replace_reply(second, theirs)), Lost::NotLive(foreign));
    assert_eq!(lost(store, unit(104).erase(foreign, second)), Lost::NotLive(foreign));
    let stale = unit(105).erase(answered.record(), Generation::FIRST);
    assert_eq!(lost(store, stale), Lost::NotLive(answered.record()));
    assert_eq!(read(store, 1), Some(answered.clone()));

    done(store, unit(106).erase(answered.record(), second));
    assert_eq!((read(store, 1), read(store, 2)), (None, Some(reply(2))), "the others stay");
    assert_eq!(lost(store, unit(107).erase(answered.record(), second)), Lost::NotLive(answered.record()));
    done(store, unit(108).insert(ReplyRow { number: number(3), ..reply(1) }));
    assert_eq!(read(store, 1).map(|row| row.number), Some(number(3)), "the key is free again");
}

pub(super) fn erases_the_oldest_replies_in_bounded_steps(store: &dyn Store) {
    for value in [5, 1, 3, 9, 7] {
        let owner = tenant(if value == 3 { 2 } else { 1 });
        done(
            store,
            unit(100 + value).insert(ReplyRow { tenant: owner, ..reply(value) }).insert(token(value)),
        );
    }
    let left = |store: &dyn Store| -> Vec<u8> {
        let there = |key: &u8| {
            let theirs = block_on(store.reply(tenant(2), [*key; 16])).expect("the store reads");
            read(store, *key).or(theirs).is_some()
        };
        (1..10).filter(there).collect()
    };
    done(store, unit(200).erase_replies_below(number(7), 0));
    assert_eq!(left(store), [1, 3, 5, 7, 9]);
    done(store, unit(201).erase_replies_below(number(7), 2));
    assert_eq!(left(store), [5, 7, 9], "the oldest first, of every tenant");
    assert_eq!(oldest(store), Some(number(5)));
    done(store, unit(202).erase_replies_below(number(7), 100));
    assert_eq!(left(store), [7, 9], "the bound is not below itself");
    done(store, unit(203).erase_replies_below(number(7), 100));
    assert_eq!((left(store), oldest(store)), (vec![7, 9], Some(number(7))));
    assert!([1, 3, 5].into_iter().all(|value| read_token(store, value).is_some()), "no row of another table");
    done(store, unit(204).insert(reply(1)));
    assert_eq!((read(store, 1), oldest(store)), (Some(reply(1)), Some(number(1))), "an erased key is free");
}
