//! The store in memory, moved: what [`Movable`] means, in one place.

use std::{collections::BTreeMap, ops::Bound};

use coffer_types::{RecordNumber, limits};

use super::{Model, State};
use crate::{
    moving::{ImportState, LaneHead, Movable, MovedRow, RowKey, Stored, Table},
    store::Pending,
};

impl State {
    /// Every row of a table, by its key.
    fn moved(&self, table: Table) -> BTreeMap<RowKey, MovedRow> {
        let rows: Vec<MovedRow> = match table {
            Table::Keys => self.keys.values().cloned().map(MovedRow::Key).collect(),
            Table::Counters => self
                .counters
                .iter()
                .map(|(key, value)| MovedRow::Counter { key: *key, value: *value })
                .collect(),
            Table::UniqueKeys => {
                let row = |(key, holder): (&_, &_)| MovedRow::UniqueKey { key: *key, holder: *holder };
                self.holders.iter().map(row).collect()
            }
            Table::Customers => self.customers.values().cloned().map(MovedRow::Customer).collect(),
            Table::Instruments => self.instruments.values().cloned().map(MovedRow::Instrument).collect(),
            Table::Reusables => self.reusables.values().cloned().map(MovedRow::Reusable).collect(),
            Table::Replies => self.replies.values().map(|row| MovedRow::Reply(row.clone().into())).collect(),
            Table::Audit => self.frames.values().cloned().map(MovedRow::Frame).collect(),
        };
        rows.into_iter().map(|row| (row.key(), row)).collect()
    }

    fn put_moved(&mut self, row: MovedRow) {
        match row {
            MovedRow::Key(row) => drop(self.keys.insert(row.id(), row)),
            MovedRow::Counter { key, value } => drop(self.counters.insert(key, value)),
            MovedRow::UniqueKey { key, holder } => drop(self.holders.insert(key, holder)),
            MovedRow::Customer(row) => drop(self.customers.insert(row.number, row)),
            MovedRow::Instrument(row) => drop(self.instruments.insert(row.number, row)),
            MovedRow::Reusable(row) => drop(self.reusables.insert(row.number, row)),
            MovedRow::Reply(row) => drop(self.replies.insert(row.number, row.into())),
            MovedRow::Frame(frame) => drop(self.frames.insert(frame.place(), frame)),
        }
    }

    fn has_record(&self, number: RecordNumber) -> bool {
        self.customers.contains_key(&number)
            || self.instruments.contains_key(&number)
            || self.reusables.contains_key(&number)
            || self.replies.contains_key(&number)
    }
}

impl Movable for Model {
    fn page(&self, table: Table, after: Option<RowKey>, at_most: u32) -> Pending<'_, Vec<MovedRow>> {
        self.read(|state| {
            let rows = state.moved(table);
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let (mut page, mut bytes) = (Vec::new(), 0);
            for (_, row) in rows.range((from, Bound::Unbounded)).take(usize::try_from(at_most).unwrap_or(1)) {
                bytes += row.weight();
                page.push(row.clone());
                if bytes > limits::MOVE_PAGE_BYTES {
                    break;
                }
            }
            page
        })
    }

    fn count(&self, table: Table) -> Pending<'_, u64> {
        self.read(|state| state.moved(table).len() as u64)
    }

    fn heads(&self) -> Pending<'_, Vec<LaneHead>> {
        self.read(|state| {
            let mut heads: BTreeMap<u64, LaneHead> = BTreeMap::new();
            for (place, frame) in &state.frames {
                heads.insert(place.lane, LaneHead { place: *place, last: frame.last });
            }
            heads.into_values().collect()
        })
    }

    fn absent(&self, numbers: Vec<RecordNumber>) -> Pending<'_, Vec<RecordNumber>> {
        self.read(|state| numbers.into_iter().filter(|number| !state.has_record(*number)).collect())
    }

    fn is_empty(&self) -> Pending<'_, bool> {
        self.read(|state| {
            state.tokens.is_empty() && Table::ALL.into_iter().all(|table| state.moved(table).is_empty())
        })
    }

    fn importing(&self) -> Pending<'_, Option<ImportState>> {
        self.read(|state| state.importing)
    }

    fn begin(&self, export: [u8; 16]) -> Pending<'_, ()> {
        self.state().importing = Some(ImportState { export, parts: 0 });
        self.read(|_| ())
    }

    fn put(&self, rows: Vec<MovedRow>, import: ImportState) -> Pending<'_, Stored> {
        let mut state = self.state();
        let there = rows.first().map(|row| state.moved(row.table())).unwrap_or_default();
        let other = rows.iter().find(|row| there.get(&row.key()).is_some_and(|found| found != *row));
        let stored = if let Some(row) = other {
            Stored::Differs { table: row.table(), key: row.key() }
        } else {
            for row in rows {
                state.put_moved(row);
            }
            state.importing = Some(import);
            Stored::All
        };
        Box::pin(std::future::ready(Ok(stored)))
    }

    fn finish(&self) -> Pending<'_, ()> {
        self.state().importing = None;
        self.read(|_| ())
    }
}
