//! What every store that can be moved has in common. A real engine runs it against targets of its own.

use std::{collections::BTreeSet, sync::Arc};

use coffer_crypto::WrappedKey;
use coffer_types::{Timestamp, limits};

use super::{block_on, counter, customer, instrument, key_row, number, reply, reusable, tenant, unique};
use crate::{
    audit::{Frame, FramePlace},
    moving::{ImportState, LaneHead, Movable, MovedRow, RowKey, Stored, Table},
    store::{IndexKind, KeyRow, Position, UniqueKey},
};

const EXPORT: [u8; 16] = [0xe1; 16];

fn state(parts: u32) -> ImportState {
    ImportState { export: EXPORT, parts }
}

/// Runs the whole suite, each part on an empty target of its own. Panics at the first difference.
pub fn movable(open: &dyn Fn() -> Arc<dyn Movable>) {
    let parts: [fn(&dyn Movable); 5] = [
        gives_back_every_table_in_order,
        puts_twice_and_never_over,
        remembers_an_import,
        bounds_pages,
        finds_what_is_not_there,
    ];
    for part in parts {
        part(&*open());
    }
}

/// Rows of every table, each table's in the order of its keys.
pub fn rows(table: Table) -> Vec<MovedRow> {
    let key = |tenant, purpose, version| KeyRow {
        tenant,
        purpose,
        version,
        wrapped: WrappedKey(vec![purpose; 62]),
        ..key_row()
    };
    let unique_of = |owner, kind, value| UniqueKey { tenant: tenant(owner), kind, ..unique(value) };
    match table {
        Table::Keys => [key(None, 1, 1), key(None, 1, 2), key(None, 6, 1), key(Some(tenant(1)), 2, 1)]
            .map(MovedRow::Key)
            .into(),
        Table::Counters => {
            [1, 2, 200].map(|value| MovedRow::Counter { key: counter(value), value: 5 }).into()
        }
        Table::UniqueKeys => [
            unique_of(1, IndexKind::CustomerInstrument, 0),
            unique_of(1, IndexKind::CustomerInstrument, 200),
            unique_of(1, IndexKind::TenantName, 1),
            unique_of(2, IndexKind::CustomerInstrument, 0),
        ]
        .map(|key| MovedRow::UniqueKey { key, holder: number(7) })
        .into(),
        Table::Customers => [1, 2, 1 << 60].map(|value| MovedRow::Customer(customer(value))).into(),
        Table::Instruments => [3, 4].map(|value| MovedRow::Instrument(instrument(value))).into(),
        Table::Reusables => [5, 6, 7].map(|value| MovedRow::Reusable(reusable(value))).into(),
        Table::Replies => [8, 9].map(|value| MovedRow::Reply(reply(value).into())).into(),
        Table::Audit => [(0, 0, 3), (0, 1, 9), (9, 0, 12), (1 << 60, 0, 4)]
            .map(|(lane, number, last)| {
                MovedRow::Frame(Frame::seal(lane, number, Position(last), [1; 32], b"{}\n".to_vec()))
            })
            .into(),
    }
}

fn all(store: &dyn Movable, table: Table, at_most: u32) -> Vec<MovedRow> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = block_on(store.page(table, after, at_most)).expect("a page");
        assert!(page.len() <= usize::try_from(at_most).expect("small"), "no more than was asked for");
        let Some(last) = page.last() else { return rows };
        after = Some(last.key());
        rows.extend(page);
    }
}

fn gives_back_every_table_in_order(store: &dyn Movable) {
    assert_eq!(block_on(store.is_empty()), Ok(true));
    assert_eq!(block_on(store.heads()), Ok(Vec::new()));
    block_on(store.begin(EXPORT)).expect("an import begins");
    for table in Table::ALL {
        assert_eq!(all(store, table, 3), Vec::new());
        let wanted = rows(table);
        assert_eq!(block_on(store.put(wanted.clone(), state(1))), Ok(Stored::All), "{table:?}");
        assert_eq!(all(store, table, 1), wanted, "{table:?}");
        assert_eq!(all(store, table, 1_000), wanted, "{table:?}");
        assert_eq!(block_on(store.count(table)), Ok(wanted.len() as u64), "{table:?}");
        assert_eq!(block_on(store.is_empty()), Ok(false));
    }
    let head = |lane, number, last| LaneHead { place: FramePlace { lane, number }, last: Position(last) };
    assert_eq!(block_on(store.heads()), Ok(vec![head(0, 1, 9), head(9, 0, 12), head(1 << 60, 0, 4)]));
}

fn puts_twice_and_never_over(store: &dyn Movable) {
    block_on(store.begin(EXPORT)).expect("an import begins");
    for table in Table::ALL {
        let wanted = rows(table);
        assert_eq!(block_on(store.put(wanted[1..].to_vec(), state(1))), Ok(Stored::All));
        assert_eq!(
            block_on(store.put(wanted.clone(), state(2))),
            Ok(Stored::All),
            "{table:?}: some are there"
        );
        assert_eq!(all(store, table, 1_000), wanted);
        let another = another(wanted.last().expect("rows").clone());
        let new = newer(table);
        let put = block_on(store.put(vec![another.clone(), new], state(3)));
        assert_eq!(put, Ok(Stored::Differs { table, key: another.key() }), "{table:?}");
        assert_eq!(all(store, table, 1_000), wanted, "{table:?}: nothing of it was written");
        assert_eq!(block_on(store.importing()), Ok(Some(state(2))), "nor how far it came");
    }
}

/// Another row under the same key.
fn another(row: MovedRow) -> MovedRow {
    match row {
        MovedRow::Key(row) => MovedRow::Key(KeyRow { wrapped: WrappedKey(vec![9; 62]), ..row }),
        MovedRow::Counter { key, .. } => MovedRow::Counter { key, value: 6 },
        MovedRow::UniqueKey { key, .. } => MovedRow::UniqueKey { key, holder: number(8) },
        MovedRow::Customer(row) => MovedRow::Customer(super::CustomerRow { tenant: tenant(2), ..row }),
        MovedRow::Instrument(row) => MovedRow::Instrument(super::InstrumentRow { face: None, ..row }),
        MovedRow::Reusable(row) => {
            MovedRow::Reusable(super::ReusableRow { ends_at: Timestamp::from_millis(1), ..row })
        }
        MovedRow::Reply(row) => MovedRow::Reply(crate::moving::MovedReply { key: [77; 16], ..row }),
        MovedRow::Frame(frame) => MovedRow::Frame(Frame { records: Vec::new(), ..frame }),
    }
}

/// A row behind all of [`rows`].
fn newer(table: Table) -> MovedRow {
    let last = number((1 << 60) + 1).get();
    match table {
        Table::Keys => MovedRow::Key(KeyRow { tenant: Some(tenant(3)), purpose: 2, version: 1, ..key_row() }),
        Table::Counters => MovedRow::Counter { key: counter(255), value: 1 },
        Table::UniqueKeys => {
            MovedRow::UniqueKey { key: UniqueKey { tenant: tenant(3), ..unique(1) }, holder: number(1) }
        }
        Table::Customers => MovedRow::Customer(customer(last)),
        Table::Instruments => MovedRow::Instrument(instrument(last)),
        Table::Reusables => MovedRow::Reusable(reusable(last)),
        Table::Replies => MovedRow::Reply(reply(last).into()),
        Table::Audit => MovedRow::Frame(Frame::seal(1 << 60, 1, Position(5), [1; 32], Vec::new())),
    }
}

fn remembers_an_import(store: &dyn Movable) {
    assert_eq!(block_on(store.importing()), Ok(None));
    assert_eq!(block_on(store.begin(EXPORT)), Ok(()));
    assert_eq!(block_on(store.importing()), Ok(Some(state(0))));
    assert_eq!(block_on(store.is_empty()), Ok(true), "the mark is no row");
    assert_eq!(block_on(store.put(rows(Table::Customers), state(4))), Ok(Stored::All));
    assert_eq!(block_on(store.importing()), Ok(Some(state(4))));
    assert_eq!(block_on(store.put(Vec::new(), state(5))), Ok(Stored::All), "a part may have no row to put");
    assert_eq!(block_on(store.importing()), Ok(Some(state(5))));
    assert_eq!(block_on(store.finish()), Ok(()));
    assert_eq!(block_on(store.importing()), Ok(None));
    assert_eq!(all(store, Table::Customers, 10), rows(Table::Customers));
}

fn bounds_pages(store: &dyn Movable) {
    block_on(store.begin(EXPORT)).expect("an import begins");
    let large = limits::MOVE_PAGE_BYTES / 3;
    let frames: Vec<_> = (0..20)
        .map(|number| MovedRow::Frame(Frame::seal(0, number, Position(number), [0; 32], vec![b' '; large])))
        .collect();
    assert_eq!(block_on(store.put(frames.clone(), state(1))), Ok(Stored::All));
    let page = block_on(store.page(Table::Audit, None, 1_000)).expect("a page");
    assert!((1..=10).contains(&page.len()), "some megabytes at most: {} rows", page.len());
    assert_eq!(all(store, Table::Audit, 1_000), frames, "and the pages behind it bring the rest");
}

fn finds_what_is_not_there(store: &dyn Movable) {
    block_on(store.begin(EXPORT)).expect("an import begins");
    for table in Table::RECORDS {
        assert_eq!(block_on(store.put(rows(table), state(1))), Ok(Stored::All));
    }
    let there: BTreeSet<_> = Table::RECORDS
        .into_iter()
        .flat_map(rows)
        .filter_map(|row| match row.key() {
            RowKey::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    let asked: Vec<_> = (0..20).map(number).collect();
    let absent: Vec<_> = asked.iter().copied().filter(|number| !there.contains(number)).collect();
    assert_eq!(block_on(store.absent(asked)), Ok(absent));
    assert_eq!(block_on(store.absent(Vec::new())), Ok(Vec::new()));
}
