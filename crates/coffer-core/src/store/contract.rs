//! What every store must do, as plain functions. A store crate's tests call [`all`] with a way to open an empty store.
//!
//! The functions poll futures with a small blocking executor, so that the suite needs no runtime of its own.

#![allow(clippy::expect_used, clippy::panic, reason = "this is test code that other crates' tests call")]
#![allow(
    clippy::missing_panics_doc,
    reason = "the suite panics where a store differs; that is what it is for"
)]

pub mod histories;
mod keys;
mod lists;
mod moves;
mod replies;
mod reusables;
mod sweeps;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use coffer_crypto::{Blob, Fingerprint, Salt};
use coffer_types::{Bin, Brand, Generation, Last4, RecordNumber, Tenant, Timestamp};

use super::{
    COUNTER_MAX, CardFace, CounterKey, CounterKind, CustomerRow, IndexKind, InstrumentRow, Lost, Outcome,
    Position, RecordKey, ReusableRow, Row, Store, StoreError, TokenKind, TokenRow, TokenState, UniqueKey,
    Unit,
};
use crate::audit::{Action, Fact, Frame};
pub use keys::key_row;
pub use moves::{movable, rows};
pub use replies::reply;

/// Opens an empty store.
pub type Open<'a> = &'a dyn Fn() -> Arc<dyn Store>;

/// Runs the whole suite, each part on an empty store of its own. Panics at the first difference.
pub fn all(open: Open<'_>) {
    let parts: [fn(&dyn Store); 26] = [
        gives_back_what_was_put,
        refuses_a_second_row_under_one_number,
        replaces_a_live_record_once,
        does_not_touch_a_used_or_expired_token,
        hides_records_of_other_tenants,
        erases_records,
        reusables::keeps_reusable_tokens,
        reusables::finds_the_ones_that_are_over,
        replies::keeps_replies,
        replies::keeps_one_reply_a_key,
        replies::replaces_and_erases_replies,
        replies::erases_the_oldest_replies_in_bounded_steps,
        sweeps::erases_the_oldest_tokens_in_bounded_steps,
        sweeps::blanks_unused_tokens_in_bounded_steps,
        keeps_unique_keys_unique,
        lists::finds_the_holders_of_keys_that_begin_alike,
        lists::pages_through_the_members_of_a_group,
        lists::pages_through_one_tenants_records,
        counts_up_to_a_limit,
        writes_all_or_nothing,
        names_the_first_broken_expectation,
        keys::keeps_wrapped_keys,
        keys::replaces_keys_and_keeps_them_when_they_are_destroyed,
        lists::walks_through_the_records_of_all_tenants,
        chains_audit_frames,
        lets_one_of_many_win,
    ];
    for part in parts {
        let store = open();
        part(&*store);
        block_on(store.close()).expect("a store closes");
        let late = block_on(store.commit(unit(9_999).finish()));
        assert_eq!(late, Err(StoreError::Unavailable), "a closed store takes no unit");
        assert!(!store.ready());
    }
}

/// Waits for a future on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// A record number for tests.
pub fn number(value: u64) -> RecordNumber {
    RecordNumber::from_u64(value).expect("test numbers are small")
}

/// A tenant for tests.
pub fn tenant(value: u32) -> Tenant {
    Tenant::new(value).expect("test tenants are small")
}

/// A time of the suite, in milliseconds. The suite plays in the year 2200: a store that asks its engine for the time is
/// told that it is earlier, and judges by the unit's time then.
pub fn at(millis: i64) -> Timestamp {
    const YEAR_2200: i64 = 7_258_118_400_000;
    Timestamp::from_millis(YEAR_2200 + millis)
}

/// A live token of tenant 1 that expires at 1,000,000, with bytes derived from its number.
pub fn token(value: u64) -> TokenRow {
    let byte = value.to_le_bytes()[0];
    TokenRow {
        number: number(value),
        tenant: tenant(1),
        kind: TokenKind::SingleUse,
        generation: Generation::FIRST,
        created_at: at(10),
        expires_at: at(1_000_000),
        face: Some(CardFace {
            bin: Some(Bin::parse("411111").expect("six digits")),
            last4: Last4::parse("1111").expect("four digits"),
            brand: Some(Brand::Visa),
        }),
        salt: Salt::from_bytes([byte; 32]),
        details: Blob::from_bytes(vec![byte; 300]),
        state: TokenState::Live {
            protected: Blob::from_bytes(vec![byte ^ 1; 42]),
            sad: value.is_multiple_of(2).then(|| Blob::from_bytes(vec![byte ^ 2; 27])),
        },
    }
}

/// The same token after its use.
pub fn used(value: u64, millis: i64) -> TokenRow {
    let row = token(value);
    let generation = row.generation.next().expect("the second generation");
    TokenRow { generation, state: TokenState::Used { at: at(millis) }, ..row }
}

/// An instrument of tenant 1.
pub fn instrument(value: u64) -> InstrumentRow {
    let byte = value.to_le_bytes()[0];
    InstrumentRow {
        number: number(value),
        tenant: tenant(1),
        generation: Generation::FIRST,
        created_at: at(10),
        updated_at: at(20),
        face: Some(CardFace { bin: None, last4: Last4::parse("0005").expect("four digits"), brand: None }),
        fingerprint: Some(Fingerprint::from_bytes([byte; 16])),
        salt: Salt::from_bytes([byte; 32]),
        protected: Blob::from_bytes(vec![byte ^ 1; 42]),
        details: Blob::from_bytes(vec![byte; 200]),
    }
}

/// A customer of tenant 1.
pub fn customer(value: u64) -> CustomerRow {
    let byte = value.to_le_bytes()[0];
    CustomerRow {
        number: number(value),
        tenant: tenant(1),
        generation: Generation::FIRST,
        created_at: at(10),
        updated_at: at(30),
        salt: Salt::from_bytes([byte; 32]),
        details: Blob::from_bytes(vec![byte; 100]),
    }
}

/// A reusable token of tenant 1 that ends at 1,000,000.
pub fn reusable(value: u64) -> ReusableRow {
    let byte = value.to_le_bytes()[0];
    ReusableRow {
        number: number(value),
        tenant: tenant(1),
        generation: Generation::FIRST,
        created_at: at(10),
        updated_at: at(40),
        ends_at: at(1_000_000),
        face: Some(CardFace {
            bin: Some(Bin::parse("444433").expect("six digits")),
            last4: Last4::parse("1111").expect("four digits"),
            brand: Some(Brand::Visa),
        }),
        fingerprint: Some(Fingerprint::from_bytes([byte; 16])),
        salt: Salt::from_bytes([byte; 32]),
        protected: Blob::from_bytes(vec![byte ^ 1; 42]),
        details: Blob::from_bytes(vec![byte; 150]),
    }
}

/// A unit under way at time 100.
pub fn unit(id: u64) -> super::UnitBuilder {
    Unit::build(number(id), at(100))
}

/// A unique key of tenant 1.
pub fn unique(value: u8) -> UniqueKey {
    UniqueKey { tenant: tenant(1), kind: IndexKind::CustomerInstrument, value: [value; 16] }
}

fn counter(value: u8) -> CounterKey {
    CounterKey { kind: CounterKind::SandboxClock, subject: [value; 16] }
}

fn commit(store: &dyn Store, unit: super::UnitBuilder) -> Outcome {
    block_on(store.commit(unit.finish())).expect("the store takes units")
}

#[track_caller]
fn done(store: &dyn Store, unit: super::UnitBuilder) -> Position {
    match commit(store, unit) {
        Outcome::Done(position) => position,
        Outcome::Lost { lost, .. } => panic!("should have been done, lost on {lost:?}"),
    }
}

#[track_caller]
fn lost(store: &dyn Store, unit: super::UnitBuilder) -> Lost {
    match commit(store, unit) {
        Outcome::Lost { lost, .. } => lost,
        Outcome::Done(position) => panic!("should have been lost, done at {position:?}"),
    }
}

fn read_token(store: &dyn Store, value: u64) -> Option<TokenRow> {
    block_on(store.token(tenant(1), number(value))).expect("the store reads")
}

fn read_instrument(store: &dyn Store, value: u64) -> Option<InstrumentRow> {
    block_on(store.instrument(tenant(1), number(value))).expect("the store reads")
}

fn read_customer(store: &dyn Store, value: u64) -> Option<CustomerRow> {
    block_on(store.customer(tenant(1), number(value))).expect("the store reads")
}

fn gives_back_what_was_put(store: &dyn Store) {
    assert_eq!(read_token(store, 1), None);
    assert_eq!(block_on(store.newest_number()), Ok(None));
    assert_eq!(block_on(store.oldest_token()), Ok(None));
    let first = done(store, unit(100).insert(token(1)));
    assert_eq!(first, Position(1));
    assert_eq!(done(store, unit(101).insert(token(2)).insert(instrument(7))), Position(2));
    assert_eq!(read_token(store, 1), Some(token(1)));
    assert_eq!(read_token(store, 2), Some(token(2)));
    assert_eq!(read_instrument(store, 7), Some(instrument(7)));
    assert_eq!(read_instrument(store, 1), None, "the tables are apart");
    assert_eq!(block_on(store.newest_number()), Ok(Some(number(7))));
    assert_eq!(block_on(store.oldest_token()), Ok(Some(number(1))));
    let plain = TokenRow { face: None, number: number(3), ..token(3) };
    done(store, unit(102).insert(plain.clone()));
    assert_eq!(read_token(store, 3), Some(plain), "what is absent stays absent");
    let bare = InstrumentRow { face: None, fingerprint: None, ..instrument(8) };
    done(store, unit(103).insert(bare.clone()).insert(customer(9)));
    assert_eq!(read_instrument(store, 8), Some(bare));
    assert_eq!(read_customer(store, 9), Some(customer(9)));
    assert_eq!(read_customer(store, 8), None, "the tables are apart");
    assert_eq!(block_on(store.newest_number()), Ok(Some(number(9))), "a customer's number counts too");
    assert!(store.gauges().units >= 3);
}

fn refuses_a_second_row_under_one_number(store: &dyn Store) {
    done(store, unit(100).insert(token(5)).insert(instrument(5)));
    let other = TokenRow { tenant: tenant(2), ..token(5) };
    assert_eq!(lost(store, unit(101).insert(other)), Lost::Exists);
    assert_eq!(lost(store, unit(102).insert(token(4)).insert(instrument(5))), Lost::Exists);
    done(store, unit(103).insert(customer(5)));
    let theirs = CustomerRow { tenant: tenant(2), ..customer(5) };
    assert_eq!(lost(store, unit(104).insert(token(4)).insert(theirs)), Lost::Exists);
    assert_eq!(read_token(store, 5), Some(token(5)));
    assert_eq!(read_token(store, 4), None);
    done(store, unit(105).insert(token(4)));
}

fn replaces_a_live_record_once(store: &dyn Store) {
    done(store, unit(100).insert(token(1)).insert(instrument(2)));
    done(store, unit(101).replace_token(Generation::FIRST, used(1, 55)));
    assert_eq!(read_token(store, 1), Some(used(1, 55)));
    let again = unit(102).replace_token(Generation::FIRST, used(1, 66));
    assert_eq!(lost(store, again), Lost::NotLive(token(1).key()));
    assert_eq!(read_token(store, 1), Some(used(1, 55)));
    let second = Generation::FIRST.next().expect("the second generation");
    let changed =
        InstrumentRow { generation: second, details: Blob::from_bytes(vec![9; 10]), ..instrument(2) };
    done(store, unit(103).replace_instrument(Generation::FIRST, changed.clone()));
    assert_eq!(read_instrument(store, 2), Some(changed.clone()));
    assert_eq!(
        lost(store, unit(104).replace_instrument(Generation::FIRST, changed)),
        Lost::NotLive(instrument(2).key())
    );
    let absent = unit(105).replace_token(Generation::FIRST, used(8, 1));
    assert_eq!(lost(store, absent), Lost::NotLive(token(8).key()));
    done(store, unit(106).insert(customer(3)));
    let moved = CustomerRow { generation: second, updated_at: at(99), ..customer(3) };
    done(store, unit(107).replace_customer(Generation::FIRST, moved.clone()));
    assert_eq!(read_customer(store, 3), Some(moved.clone()));
    let again = unit(108).replace_customer(Generation::FIRST, moved);
    assert_eq!(lost(store, again), Lost::NotLive(customer(3).key()));
}

fn does_not_touch_a_used_or_expired_token(store: &dyn Store) {
    done(store, unit(100).insert(token(1)).insert(token(2)));
    done(store, unit(101).replace_token(Generation::FIRST, used(1, 55)));
    let second = used(1, 55).generation;
    let third = TokenRow { generation: second.next().expect("the third"), ..used(1, 60) };
    assert_eq!(lost(store, unit(102).replace_token(second, third)), Lost::NotLive(token(1).key()));
    let unit_at = |millis: i64| Unit::build(number(103), at(millis));
    let late = unit_at(1_000_000).replace_token(Generation::FIRST, used(2, 1_000_000));
    assert_eq!(lost(store, late), Lost::NotLive(token(2).key()), "the last millisecond is over");
    done(store, unit_at(999_999).replace_token(Generation::FIRST, used(2, 999_999)));
}

fn hides_records_of_other_tenants(store: &dyn Store) {
    done(store, unit(100).insert(token(1)).insert(instrument(2)).insert(customer(3)));
    assert_eq!(block_on(store.token(tenant(2), number(1))), Ok(None));
    assert_eq!(block_on(store.instrument(tenant(2), number(2))), Ok(None));
    assert_eq!(block_on(store.customer(tenant(2), number(3))), Ok(None));
    let theirs = CustomerRow { tenant: tenant(2), ..customer(3) };
    let foreign = unit(105).replace_customer(Generation::FIRST, theirs.clone());
    assert_eq!(lost(store, foreign), Lost::NotLive(theirs.key()));
    let foreign = RecordKey::Token(tenant(2), number(1));
    assert_eq!(lost(store, unit(101).erase(foreign, Generation::FIRST)), Lost::NotLive(foreign));
    let theirs = TokenRow { tenant: tenant(2), ..used(1, 1) };
    assert_eq!(lost(store, unit(102).replace_token(Generation::FIRST, theirs)), Lost::NotLive(foreign));
    assert_eq!(read_token(store, 1), Some(token(1)));
    let elsewhere = UniqueKey { tenant: tenant(2), ..unique(1) };
    done(store, unit(103).insert(Row::Index { key: unique(1), holder: number(1) }));
    assert_eq!(block_on(store.holder(elsewhere)), Ok(None));
    done(store, unit(104).insert(Row::Index { key: elsewhere, holder: number(2) }));
    assert_eq!(block_on(store.holder(unique(1))), Ok(Some(number(1))));
}

fn erases_records(store: &dyn Store) {
    done(store, unit(100).insert(token(1)).insert(instrument(2)).insert(customer(3)));
    let erase = unit(101)
        .erase(token(1).key(), Generation::FIRST)
        .erase(instrument(2).key(), Generation::FIRST)
        .erase(customer(3).key(), Generation::FIRST);
    done(store, erase);
    assert_eq!(read_customer(store, 3), None);
    assert_eq!(read_token(store, 1), None);
    assert_eq!(read_instrument(store, 2), None);
    assert_eq!(
        lost(store, unit(102).erase(token(1).key(), Generation::FIRST)),
        Lost::NotLive(token(1).key())
    );
}

fn keeps_unique_keys_unique(store: &dyn Store) {
    assert_eq!(block_on(store.holder(unique(1))), Ok(None));
    done(store, unit(100).insert(Row::Index { key: unique(1), holder: number(11) }));
    assert_eq!(
        lost(store, unit(101).insert(Row::Index { key: unique(1), holder: number(12) })),
        Lost::NotFree(unique(1))
    );
    done(store, unit(102).insert(Row::Index { key: unique(2), holder: number(11) }));
    assert_eq!(block_on(store.holder(unique(1))), Ok(Some(number(11))));
    assert_eq!(block_on(store.holder(unique(2))), Ok(Some(number(11))));
    done(store, unit(103).free_key(unique(1)));
    assert_eq!(block_on(store.holder(unique(1))), Ok(None));
    assert_eq!(block_on(store.holder(unique(2))), Ok(Some(number(11))), "the others stay");
    done(store, unit(104).insert(Row::Index { key: unique(1), holder: number(12) }));
    assert_eq!(block_on(store.holder(unique(1))), Ok(Some(number(12))), "a freed key can be held again");
}

fn counts_up_to_a_limit(store: &dyn Store) {
    assert_eq!(block_on(store.counter(counter(1))), Ok(0));
    done(store, unit(100).add(counter(1), 3));
    done(store, unit(101).add_below(counter(1), 1, 4));
    assert_eq!(lost(store, unit(102).add_below(counter(1), 1, 4)), Lost::NotBelow(counter(1)));
    assert_eq!(block_on(store.counter(counter(1))), Ok(4));
    assert_eq!(block_on(store.counter(counter(2))), Ok(0));
    assert_eq!(lost(store, unit(103).add_below(counter(2), 1, 0)), Lost::NotBelow(counter(2)));
    done(store, unit(104).add(counter(1), u64::MAX));
    assert_eq!(block_on(store.counter(counter(1))), Ok(COUNTER_MAX), "a counter stops, it does not wrap");
}

fn writes_all_or_nothing(store: &dyn Store) {
    done(store, unit(100).insert(Row::Index { key: unique(1), holder: number(1) }));
    let fact = Fact::system(Action::Create);
    let mixed = unit(101)
        .insert(token(1))
        .insert(instrument(2))
        .add(counter(1), 5)
        .fact(fact)
        .insert(Row::Index { key: unique(1), holder: number(2) });
    assert_eq!(lost(store, mixed), Lost::NotFree(unique(1)));
    assert_eq!(read_token(store, 1), None);
    assert_eq!(read_instrument(store, 2), None);
    assert_eq!(block_on(store.counter(counter(1))), Ok(0));
    let frames = block_on(store.frames(None, 10)).expect("frames");
    assert!(frames.iter().all(|frame| frame.records.is_empty()), "a lost unit leaves no fact");
}

fn names_the_first_broken_expectation(store: &dyn Store) {
    done(store, unit(100).insert(Row::Index { key: unique(1), holder: number(1) }).insert(token(1)));
    let both = unit(101)
        .replace_token(Generation::FIRST, used(9, 1))
        .insert(Row::Index { key: unique(1), holder: number(2) })
        .insert(token(1));
    assert_eq!(lost(store, both), Lost::NotLive(token(9).key()));
    let later = unit(102).insert(token(1)).insert(Row::Index { key: unique(1), holder: number(2) });
    assert_eq!(lost(store, later), Lost::NotFree(unique(1)), "rows that exist are looked for last");
}

fn chains_audit_frames(store: &dyn Store) {
    let named = |value: u64| Fact::system(Action::Create).object(number(value));
    done(store, unit(100).insert(token(1)).fact(named(1)));
    done(store, unit(101));
    done(store, unit(102).fact(named(2)).fact(named(3)));
    let frames = block_on(store.frames(None, 10)).expect("frames");
    let mut expected = Vec::new();
    named(1).write_line(Position(1), at(100), &mut expected);
    named(2).write_line(Position(3), at(100), &mut expected);
    named(3).write_line(Position(3), at(100), &mut expected);
    let records: Vec<u8> = frames.iter().flat_map(|frame| frame.records.clone()).collect();
    assert_eq!(records, expected);
    let mut previous = [0; 32];
    for (count, frame) in (0..).zip(&frames) {
        assert!(frame.is_intact());
        assert_eq!((frame.number, frame.previous), (count, previous));
        previous = frame.hash;
    }
    assert_eq!(frames.last().map(|frame| frame.last), Some(Position(3)));
    assert_eq!(block_on(store.frames(frames.last().map(Frame::place), 10)), Ok(Vec::new()));
    assert_eq!(block_on(store.frames(None, 1)).map(|frames| frames.len()), Ok(1));
}

fn lets_one_of_many_win(store: &dyn Store) {
    done(store, unit(100).insert(token(1)));
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let racers: Vec<_> = (0_i64..16)
            .map(|racer| {
                scope.spawn(move || commit(store, unit(101).replace_token(Generation::FIRST, used(1, racer))))
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().expect("no panic")).collect()
    });
    let wins: Vec<_> =
        (0_i64..).zip(&outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Done(_))).collect();
    assert_eq!(wins.len(), 1, "one of sixteen wins: {outcomes:?}");
    assert_eq!(read_token(store, 1), Some(used(1, wins[0].0)));
    assert_eq!(
        block_on(store.token(tenant(1), number(1))).map(|row| row.map(|row| row.is_live(at(1)))),
        Ok(Some(false))
    );
}
