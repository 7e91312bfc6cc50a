//! Reads of many rows: keys that begin alike, pages and counts.

use super::{block_on, done, instrument, number, tenant, token, unique, unit};
use crate::store::{IndexKind, InstrumentRow, Row, Store, TokenKind, TokenRow, UniqueKey, Window};

pub(super) fn finds_the_holders_of_keys_that_begin_alike(store: &dyn Store) {
    let key = |first: u8, last: u8| {
        let mut value = [first; 16];
        value[15] = last;
        UniqueKey { value, ..unique(0) }
    };
    let holders = |prefix: u8, at_most| {
        block_on(store.holders(tenant(1), IndexKind::CustomerInstrument, [prefix; 8], at_most))
            .expect("the store reads")
            .iter()
            .map(|number| number.get())
            .collect::<Vec<u64>>()
    };
    let other_kind = UniqueKey { kind: IndexKind::CustomerId, ..key(255, 1) };
    let other_tenant = UniqueKey { tenant: tenant(2), ..key(255, 2) };
    let held = [(key(255, 9), 31), (key(255, 0), 33), (key(255, 255), 32), (key(254, 255), 34)];
    for (id, (key, holder)) in (100..).zip(held.into_iter().chain([(other_kind, 35), (other_tenant, 36)])) {
        done(store, unit(id).insert(Row::Index { key, holder: number(holder) }));
    }
    assert_eq!(holders(255, 10), [31, 32, 33], "lowest number first, up to the highest prefix there is");
    assert_eq!(holders(254, 10), [34]);
    assert_eq!(holders(253, 10), [0_u64; 0]);
    assert_eq!(holders(255, 2), [31, 32]);
}

pub(super) fn pages_through_one_tenants_records(store: &dyn Store) {
    for value in 1..=9 {
        let owner = tenant(if value % 3 == 0 { 2 } else { 1 });
        let rows = unit(100 + value).insert(TokenRow { tenant: owner, ..token(value) });
        done(store, rows.insert(InstrumentRow { tenant: owner, ..instrument(value) }));
    }
    for (value, kind) in [(10, TokenKind::CardSession), (11, TokenKind::Conflict)] {
        let row = TokenRow { kind, ..token(value) };
        done(store, unit(100 + value).insert(row.clone()));
        assert_eq!(block_on(store.token(tenant(1), number(value))), Ok(Some(row)), "read, and not listed");
    }
    let window =
        |from, below, skip, at_most| Window { from: number(from), below: number(below), skip, at_most };
    let tokens = |window| -> Vec<u64> {
        let rows = block_on(store.tokens(tenant(1), window)).expect("the store reads");
        rows.iter().map(|row| row.number.get()).collect()
    };
    let instruments = |window| -> Vec<u64> {
        let rows = block_on(store.instruments(tenant(1), window)).expect("the store reads");
        rows.iter().map(|row| row.number.get()).collect()
    };
    for read in [&tokens as &dyn Fn(Window) -> Vec<u64>, &instruments] {
        assert_eq!(read(window(0, 100, 0, 100)), [8, 7, 5, 4, 2, 1], "newest first, and no other tenant's");
        assert_eq!(read(window(2, 8, 0, 100)), [7, 5, 4, 2], "the lowest is in it, the end is not");
        assert_eq!(read(window(0, 100, 1, 2)), [7, 5]);
        assert_eq!(read(window(0, 100, 6, 2)), [0_u64; 0]);
        assert_eq!(read(window(0, 100, 0, 0)), [0_u64; 0]);
    }
    let whole = block_on(store.instruments(tenant(2), window(0, 100, 0, 1))).expect("the store reads");
    assert_eq!(whole, [InstrumentRow { tenant: tenant(2), ..instrument(9) }], "rows come whole");
    assert_eq!(block_on(store.count_tokens(tenant(1), number(0))), Ok(6));
    assert_eq!(block_on(store.count_tokens(tenant(1), number(5))), Ok(3));
    assert_eq!(block_on(store.count_tokens(tenant(3), number(0))), Ok(0));
    assert_eq!(block_on(store.count_instruments(tenant(2))), Ok(3));
}
