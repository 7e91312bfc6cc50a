//! An export beside a store that goes on committing.

use coffer_core::{
    moving::{MovedRow, Table},
    store::{
        IndexKind, Row, Store, UniqueKey,
        contract::{block_on, number, reusable, tenant, unit},
    },
};
use coffer_export::MoveError;

use crate::world::{
    Random, Watched, act, everything, export, folder, import, import_with, open, source, target, with_history,
};

#[test]
fn what_is_committed_meanwhile_makes_it_unquiet_and_what_arrives_is_whole() {
    for seed in 1..=4 {
        let (data, out, other) = (folder(), folder(), folder());
        with_history(data.path(), seed, 300);
        let serving = open(data.path());
        let random = std::sync::Mutex::new(Random::new(seed + 50));
        let read = source(data.path());
        let at_page = |_: Table| {
            for _ in 0..3 {
                act(&serving, &mut random.lock().unwrap());
            }
            true
        };
        let watched = Watched { at_page: Box::new(at_page), at_most: 7, ..Watched::new(&read) };
        let manifest = export(&watched, out.path()).unwrap();
        assert!(!manifest.quiet && manifest.commits_meanwhile > 10, "seed {seed}");
        let store = target(other.path());
        let refused = import(&store, out.path());
        assert!(
            matches!(refused, Err(MoveError::Unquiet { commits }) if commits == manifest.commits_meanwhile)
        );
        assert!(everything(&store).is_empty(), "seed {seed}: nothing was written");
        let report = import_with(&store, out.path(), true).unwrap();
        assert!(report.equal && !report.quiet, "seed {seed}: {report}");
        let moved = everything(&store);
        for row in moved.values() {
            if let MovedRow::UniqueKey { key, holder } = row
                && !key.kind.outlives_its_holder()
            {
                let there = block_on(coffer_core::moving::Movable::absent(&store, vec![*holder])).unwrap();
                assert!(there.is_empty(), "seed {seed}: a key whose holder is not there");
            }
        }
    }
}

/// A record that is made while the tables are walked is found by the walk that follows; one whose unique key alone was
/// seen is not, and its key is left out.
#[test]
fn late_records_are_caught_up_with_and_late_keys_left_out() {
    let (data, out, other) = (folder(), folder(), folder());
    with_history(data.path(), 9, 300);
    let serving = open(data.path());
    let read = source(data.path());
    let key = |value| UniqueKey { tenant: tenant(9), kind: IndexKind::ReusableCard, value: [value; 16] };
    let make = |at: u64| {
        let row = Row::Index { key: key(at.to_le_bytes()[0]), holder: number(at) };
        block_on(serving.commit(unit(at).insert(reusable(at)).insert(row).finish())).unwrap();
    };
    let (early, late) = (std::sync::Once::new(), std::sync::Once::new());
    let at_page = |table: Table| {
        match table {
            // All reusable tokens have been walked through once.
            Table::Replies => early.call_once(|| make(100_001)),
            Table::Counters => late.call_once(|| make(100_002)),
            _ => {}
        }
        true
    };
    let watched = Watched { at_page: Box::new(at_page), ..Watched::new(&read) };
    export(&watched, out.path()).unwrap();
    let store = target(other.path());
    let report = import_with(&store, out.path(), true).unwrap();
    assert!(report.equal, "{report}");
    let unique = report.tables.iter().find(|table| table.table == "unique_keys").unwrap();
    assert_eq!(unique.dropped, 1, "{report}");
    drop(store);
    let store = open(other.path());
    assert!(block_on(store.reusable(tenant(1), number(100_001))).unwrap().is_some());
    assert_eq!(block_on(store.holder(key(161))).unwrap(), Some(number(100_001)));
    assert_eq!(block_on(store.reusable(tenant(1), number(100_002))).unwrap(), None);
    assert_eq!(
        block_on(store.holder(key(162))).unwrap(),
        None,
        "nobody is kept from a card that leads nowhere"
    );
}

#[test]
fn a_node_that_does_nothing_meanwhile_is_quiet() {
    let (data, out) = (folder(), folder());
    with_history(data.path(), 10, 90);
    let serving = open(data.path());
    assert!(export(&source(data.path()), out.path()).unwrap().quiet);
    assert!(serving.ready(), "and is not disturbed");
}
