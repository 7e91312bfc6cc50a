//! What went out is what came in, record by record.

use coffer_core::{
    moving::{MovedRow, Table},
    store::{
        Model, Store,
        contract::{block_on, number, tenant},
    },
};

use coffer_export::TableEntry;

use crate::world::{
    Random, act, everything, export, folder, found, import, moved as moved_rows, open, source, target,
    verify, with_history,
};

#[test]
fn random_histories_arrive_record_by_record() {
    for seed in 1..=6 {
        let (data, out, other) = (folder(), folder(), folder());
        with_history(data.path(), seed, 600);
        let before = everything(&source(data.path()));
        assert!(
            Table::ALL.iter().all(|table| before.keys().any(|(of, _)| of == table)),
            "every table has rows"
        );
        let manifest = export(&source(data.path()), &out.path().join("vault")).unwrap();
        assert!(manifest.quiet && manifest.rows() == before.len() as u64, "seed {seed}");
        let moved = target(other.path());
        let report = import(&moved, &out.path().join("vault")).unwrap();
        assert!(report.equal && report.differences.is_empty(), "seed {seed}: {report}");
        assert_eq!(moved_rows(&moved), before, "seed {seed}");
        drop(moved);

        // And back: the same rows, whatever store they come from.
        let again = export(&source(other.path()), &out.path().join("back")).unwrap();
        let without_epoch = |tables: &[TableEntry]| -> Vec<TableEntry> {
            tables.iter().filter(|table| table.table != "counters").cloned().collect()
        };
        let (back, out) = (without_epoch(&again.tables), without_epoch(&manifest.tables));
        assert_eq!(back, out, "seed {seed}: counts and digests");
        let store = open(other.path());
        let mut random = Random::new(seed + 100);
        for _ in 0..50 {
            act(&store, &mut random);
        }
        assert!(store.ready(), "seed {seed}: and it goes on");
    }
}

#[test]
fn the_model_and_the_engine_exchange_their_vaults() {
    let model = Model::new();
    found(&model);
    let mut random = Random::new(7);
    for _ in 0..300 {
        act(&model, &mut random);
    }
    let (out, other) = (folder(), folder());
    export(&model, out.path()).unwrap();
    let moved = target(other.path());
    assert!(import(&moved, out.path()).unwrap().equal);
    assert_eq!(moved_rows(&moved), moved_rows(&model));
    let back = Model::new();
    let out = folder();
    export(&moved, out.path()).unwrap();
    assert!(import(&back, out.path()).unwrap().equal);
    assert_eq!(moved_rows(&back), moved_rows(&model));
}

#[test]
fn what_lives_half_an_hour_stays_behind() {
    let (data, out, other) = (folder(), folder(), folder());
    with_history(data.path(), 3, 900);
    let replies = everything(&source(data.path()));
    let replies: Vec<_> = replies
        .values()
        .filter_map(|row| match row {
            MovedRow::Reply(reply) => Some(reply.clone()),
            _ => None,
        })
        .collect();
    let store = open(data.path());
    assert!(block_on(store.oldest_token()).unwrap().is_some(), "there are single-use tokens");
    let kept = |store: &dyn Store, key| block_on(store.reply(tenant(1), key)).unwrap().unwrap();
    assert!(replies.iter().any(|reply| kept(&store, reply.key).sad.is_some()), "and marks of codes");
    drop(store);
    export(&source(data.path()), out.path()).unwrap();
    import(&target(other.path()), out.path()).unwrap();
    let store = open(other.path());
    assert_eq!(block_on(store.oldest_token()), Ok(None));
    assert!(block_on(store.token(tenant(1), number(1))).unwrap().is_none());
    for reply in replies {
        assert_eq!(kept(&store, reply.key), reply.into(), "a reply arrives without its mark of a code");
    }
}

#[test]
fn a_comparison_names_what_differs_and_changes_nothing() {
    let (data, out, other) = (folder(), folder(), folder());
    with_history(data.path(), 5, 600);
    export(&source(data.path()), out.path()).unwrap();
    import(&target(other.path()), out.path()).unwrap();
    assert!(verify(&source(other.path()), out.path()).unwrap().equal);
    let foreign = rusqlite::Connection::open(other.path().join("coffer.db")).unwrap();
    let first: i64 = foreign.query_row("SELECT min(number) FROM instruments", [], |row| row.get(0)).unwrap();
    let last: i64 =
        foreign.query_row("SELECT max(number) FROM reusable_tokens", [], |row| row.get(0)).unwrap();
    foreign.execute("UPDATE instruments SET details = x'00' WHERE number = ?1", [first]).unwrap();
    foreign.execute("DELETE FROM reusable_tokens WHERE number = ?1", [last]).unwrap();
    foreign
        .execute(
            "UPDATE customers SET number = number + 100000 \
        WHERE number = (SELECT min(number) FROM customers)",
            [],
        )
        .unwrap();
    let report = verify(&source(other.path()), out.path()).unwrap();
    assert!(!report.equal);
    let named: Vec<_> = report.differences.iter().map(|one| (one.what, one.table, one.key.clone())).collect();
    assert!(named.contains(&("different", "instruments", first.to_string())), "{named:?}");
    assert!(named.contains(&("missing", "reusable_tokens", last.to_string())), "{named:?}");
    assert!(named.iter().any(|(what, table, _)| (*what, *table) == ("extra", "customers")), "{named:?}");
    assert_eq!(named.len(), 4, "{named:?}");
    let wrong: Vec<_> = report.tables.iter().filter(|table| !table.equal).map(|table| table.table).collect();
    assert_eq!(wrong, ["customers", "instruments", "reusable_tokens"]);
    assert!(report.to_string().contains("NOT EQUAL") && report.json().contains("\"equal\":false"));
}
