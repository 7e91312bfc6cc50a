//! What a store promises of wrapped keys.

use coffer_crypto::{KeyState, WrappedKey};
use coffer_types::{Generation, Tenant};

use super::{at, block_on, done, lost, number, tenant, token, unit};
use crate::store::{KeyId, KeyRow, Lost, RecordKey, RecordTable, Store};

pub(super) fn keeps_wrapped_keys(store: &dyn Store) {
    let key = |tenant: Option<Tenant>, purpose: u8, version: u32| KeyRow {
        tenant,
        purpose,
        version,
        wrapped: WrappedKey(vec![purpose; 60]),
        ..key_row()
    };
    let rows = [key(None, 1, 1), key(None, 1, 2), key(Some(tenant(1)), 1, 1), key(Some(tenant(2)), 3, 1)];
    for (id, row) in (100..).zip(rows.clone()) {
        done(store, unit(id).insert(row));
    }
    assert_eq!(lost(store, unit(200).insert(key(None, 1, 2))), Lost::Exists);
    assert_eq!(block_on(store.keys()), Ok(rows.to_vec()));
}

pub(super) fn replaces_keys_and_keeps_them_when_they_are_destroyed(store: &dyn Store) {
    let second = Generation::FIRST.next().expect("a value");
    let first = KeyRow { tenant: Some(tenant(1)), purpose: 3, version: 1, ..key_row() };
    let newer = KeyRow { version: 2, ..first.clone() };
    let others = KeyRow { tenant: Some(tenant(2)), ..first.clone() };
    for (id, row) in (100..).zip([first.clone(), newer.clone(), others.clone()]) {
        done(store, unit(id).insert(row));
    }
    let destroyed = KeyRow {
        generation: second,
        state: KeyState::Destroyed,
        under: 2,
        active_at: None,
        changed_at: at(9),
        wrapped: WrappedKey(Vec::new()),
        ..first.clone()
    };
    done(store, unit(110).replace_key(Generation::FIRST, destroyed.clone()));
    let again = unit(111).insert(token(1)).replace_key(Generation::FIRST, destroyed.clone());
    assert_eq!(lost(store, again), Lost::NotLive(first.key()), "the generation is another by now");
    let unknown = KeyRow { version: 3, ..destroyed.clone() };
    assert_eq!(lost(store, unit(112).replace_key(second, unknown.clone())), Lost::NotLive(unknown.key()));
    let id = KeyId { tenant: None, ..first.id() };
    assert_eq!(
        lost(store, unit(113).expect_live(RecordKey::Key(id), Generation::FIRST)),
        Lost::NotLive(RecordKey::Key(id))
    );
    done(store, unit(114).expect_live(newer.key(), Generation::FIRST).insert(token(2)));
    assert_eq!(block_on(store.keys()), Ok(vec![destroyed, newer, others]));
    assert_eq!(block_on(store.records(RecordTable::Tokens, number(1), 9)).expect("rows").len(), 1);
}

/// A key row; what a test looks at it sets itself.
pub fn key_row() -> KeyRow {
    KeyRow {
        tenant: None,
        purpose: 1,
        version: 1,
        generation: Generation::FIRST,
        state: KeyState::Active,
        under: 1,
        created_at: at(3),
        active_at: Some(at(4)),
        changed_at: at(5),
        wrapped: WrappedKey(vec![2; 62]),
    }
}
