//! Reads of many rows: keys that begin alike, pages and counts.

use coffer_types::RecordNumber;

use super::{block_on, customer, done, instrument, number, reply, reusable, tenant, token, unique, unit};
use crate::store::{
    IndexKind, InstrumentRow, Order, RecordTable, Row, Store, TokenKind, TokenRow, UniqueKey, Window,
};

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

pub(super) fn walks_through_the_records_of_all_tenants(store: &dyn Store) {
    let other = TokenRow { tenant: tenant(2), kind: TokenKind::Conflict, ..token(7) };
    let tables: [(RecordTable, Vec<Row>); 5] = [
        (RecordTable::Tokens, vec![token(3).into(), other.into(), token(9).into()]),
        (RecordTable::Customers, vec![customer(1).into()]),
        (
            RecordTable::Instruments,
            vec![instrument(4).into(), InstrumentRow { tenant: tenant(2), ..instrument(5) }.into()],
        ),
        (RecordTable::Reusables, vec![reusable(2).into()]),
        (RecordTable::Replies, vec![reply(6).into(), reply(8).into()]),
    ];
    for (id, row) in (100..).zip(tables.iter().flat_map(|(_, rows)| rows).rev()) {
        done(store, unit(id).insert(row.clone()));
    }
    let walk = |table, from, at_most| block_on(store.records(table, number(from), at_most)).expect("rows");
    for (table, rows) in &tables {
        assert_eq!(walk(*table, 0, 10), *rows, "{table:?}");
    }
    let [(_, tokens), ..] = &tables;
    assert_eq!(walk(RecordTable::Tokens, 3, 2), tokens[..2]);
    assert_eq!(walk(RecordTable::Tokens, 4, 10), tokens[1..], "from that number on");
    assert_eq!(walk(RecordTable::Tokens, 10, 10), []);
    assert_eq!(walk(RecordTable::Tokens, 0, 0), []);
}

pub(super) fn pages_through_the_members_of_a_group(store: &dyn Store) {
    let key = |prefix: u8, place: u64| {
        let mut value = [prefix; 16];
        value[8..].copy_from_slice(&place.to_be_bytes());
        UniqueKey { tenant: tenant(1), kind: IndexKind::GroupMember, value }
    };
    // A holder is told by its key, and the order is the key's: 300 is beyond one byte.
    let mut held: Vec<_> = [7, 300, 5, 1, 9].into_iter().map(|place| (key(7, place), place)).collect();
    held.extend([(key(6, 4), 4), (key(8, 4), 4), (key(255, 3), 3)]);
    held.push((UniqueKey { kind: IndexKind::Reference, ..key(7, 6) }, 6));
    held.push((UniqueKey { tenant: tenant(2), ..key(7, 8) }, 8));
    for (id, (key, holder)) in (100..).zip(held) {
        done(store, unit(id).insert(Row::Index { key, holder: number(holder) }));
    }
    let window = |from, below, skip, at_most| {
        let order = Order::NewestFirst;
        Window { from: number(from), below: number(below), skip, at_most, order }
    };
    let oldest = |window: Window| Window { order: Order::OldestFirst, ..window };
    let of = |owner: u32, kind, prefix: u8, window| -> Vec<u64> {
        let members = block_on(store.members(tenant(owner), kind, [prefix; 8], window));
        members.expect("the store reads").iter().map(|number| number.get()).collect()
    };
    let members = |window| of(1, IndexKind::GroupMember, 7, window);
    let all = Window { below: RecordNumber::MAX, ..window(0, 0, 0, 100) };
    assert_eq!(members(all), [300, 9, 7, 5, 1], "newest first, of this group alone");
    assert_eq!(members(oldest(all)), [1, 5, 7, 9, 300], "oldest first");
    for (from, below, expected) in [(5, 300, vec![9, 7, 5]), (6, 9, vec![7]), (9, 5, vec![]), (5, 5, vec![])]
    {
        assert_eq!(members(window(from, below, 0, 9)), expected, "the lowest is in it, the end is not");
        let reversed: Vec<_> = expected.into_iter().rev().collect();
        assert_eq!(members(oldest(window(from, below, 0, 9))), reversed);
    }
    assert_eq!(members(window(0, 1_000, 1, 2)), [9, 7]);
    assert_eq!(members(oldest(window(0, 1_000, 1, 2))), [5, 7]);
    assert_eq!(members(window(0, 1_000, 5, 2)), [0_u64; 0]);
    assert_eq!(members(window(0, 1_000, 0, 0)), [0_u64; 0]);
    assert_eq!(of(1, IndexKind::GroupMember, 6, all), [4]);
    assert_eq!(of(1, IndexKind::GroupMember, 255, all), [3], "the highest prefix there is");
    assert_eq!(of(1, IndexKind::GroupMember, 5, all), [0_u64; 0]);
    assert_eq!(of(1, IndexKind::Reference, 7, all), [6], "each kind has its own");
    assert_eq!(of(2, IndexKind::GroupMember, 7, all), [8], "and each tenant");
    done(store, unit(120).free_key(key(7, 9)));
    assert_eq!(members(all), [300, 7, 5, 1]);
}

pub(super) fn pages_through_one_tenants_records(store: &dyn Store) {
    for value in 1..=9 {
        let owner = tenant(if value % 3 == 0 { 2 } else { 1 });
        let rows = unit(100 + value).insert(TokenRow { tenant: owner, ..token(value) });
        done(store, rows.insert(InstrumentRow { tenant: owner, ..instrument(value) }));
    }
    for (value, kind) in [(10, TokenKind::CardSession), (11, TokenKind::Conflict), (12, TokenKind::KeptCode)]
    {
        let row = TokenRow { kind, ..token(value) };
        done(store, unit(100 + value).insert(row.clone()));
        assert_eq!(block_on(store.token(tenant(1), number(value))), Ok(Some(row)), "read, and not listed");
    }
    let window = |from, below, skip, at_most| {
        let order = Order::NewestFirst;
        Window { from: number(from), below: number(below), skip, at_most, order }
    };
    let oldest = |window: Window| Window { order: Order::OldestFirst, ..window };
    let tokens = |window| -> Vec<u64> {
        let rows = block_on(store.tokens(tenant(1), window)).expect("the store reads");
        rows.iter().map(|row| row.number.get()).collect()
    };
    let instruments = |window| -> Vec<u64> {
        let rows = block_on(store.instruments(tenant(1), window)).expect("the store reads");
        rows.iter().map(|row| row.number.get()).collect()
    };
    let outlines = |window| -> Vec<u64> {
        let rows = block_on(store.outlines(tenant(1), window)).expect("the store reads");
        rows.iter().map(|row| row.number.get()).collect()
    };
    for read in [&tokens as &dyn Fn(Window) -> Vec<u64>, &instruments, &outlines] {
        assert_eq!(read(window(0, 100, 0, 100)), [8, 7, 5, 4, 2, 1], "newest first, and no other tenant's");
        assert_eq!(read(window(2, 8, 0, 100)), [7, 5, 4, 2], "the lowest is in it, the end is not");
        assert_eq!(read(window(0, 100, 1, 2)), [7, 5]);
        assert_eq!(read(window(0, 100, 6, 2)), [0_u64; 0]);
        assert_eq!(read(window(0, 100, 0, 0)), [0_u64; 0]);
        assert_eq!(read(oldest(window(0, 100, 0, 100))), [1, 2, 4, 5, 7, 8], "oldest first");
        assert_eq!(read(oldest(window(2, 8, 1, 2))), [4, 5]);
    }
    let whole = block_on(store.instruments(tenant(2), window(0, 100, 0, 1))).expect("the store reads");
    assert_eq!(whole, [InstrumentRow { tenant: tenant(2), ..instrument(9) }], "rows come whole");
    let outline = block_on(store.outlines(tenant(2), window(0, 100, 0, 1))).expect("the store reads");
    assert_eq!(outline, [instrument(9).outline()], "and so does what lies in the clear");
    done(store, unit(120).insert(InstrumentRow { face: None, fingerprint: None, ..instrument(10) }));
    let bare = block_on(store.outlines(tenant(1), window(10, 11, 0, 1))).expect("the store reads");
    assert_eq!((bare[0].face, bare[0].fingerprint), (None, None), "what is absent stays absent");
    assert_eq!(block_on(store.count_tokens(tenant(1), number(0))), Ok(6));
    assert_eq!(block_on(store.count_tokens(tenant(1), number(5))), Ok(3));
    assert_eq!(block_on(store.count_tokens(tenant(3), number(0))), Ok(0));
    assert_eq!(block_on(store.count_instruments(tenant(2))), Ok(3));
}
