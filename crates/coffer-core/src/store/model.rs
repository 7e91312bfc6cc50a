//! The store in memory: a plain state machine, the oracle that real engines are compared with.

mod moving;

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};

use super::{
    CounterKey, CustomerRow, Ended, Expectation, Gauges, IndexKind, InstrumentOutline, InstrumentRow, KeyId,
    KeyRow, Lost, OldestProtected, Order, Outcome, Pending, Position, Put, RecordKey, RecordTable, ReplyRow,
    ReusableRow, Row, Store, StoreError, Stretch, Target, TokenKind, TokenRow, TokenState, UniqueKey, Unit,
    Window,
};
use crate::{
    audit::{Frame, FramePlace, Lane},
    moving::ImportState,
};

/// The in-memory store. Nothing survives it; everything else is as the trait says.
#[derive(Debug)]
pub struct Model(Mutex<State>);

#[derive(Debug)]
struct State {
    position: Position,
    lane: Lane,
    closed: bool,
    tokens: BTreeMap<RecordNumber, TokenRow>,
    instruments: BTreeMap<RecordNumber, InstrumentRow>,
    customers: BTreeMap<RecordNumber, CustomerRow>,
    reusables: BTreeMap<RecordNumber, ReusableRow>,
    replies: BTreeMap<RecordNumber, ReplyRow>,
    holders: BTreeMap<UniqueKey, RecordNumber>,
    counters: BTreeMap<CounterKey, u64>,
    keys: BTreeMap<KeyId, KeyRow>,
    frames: BTreeMap<FramePlace, Frame>,
    importing: Option<ImportState>,
}

/// What a stretch holds.
struct Looked {
    /// The rows with a card, lowest number first.
    cards: Vec<RecordNumber>,
    /// The first number after it.
    end: RecordNumber,
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

impl Model {
    /// An empty store.
    pub fn new() -> Self {
        Self(Mutex::new(State {
            position: Position::default(),
            lane: Lane::start(Position::default()),
            closed: false,
            tokens: BTreeMap::new(),
            instruments: BTreeMap::new(),
            customers: BTreeMap::new(),
            reusables: BTreeMap::new(),
            replies: BTreeMap::new(),
            holders: BTreeMap::new(),
            counters: BTreeMap::new(),
            keys: BTreeMap::new(),
            frames: BTreeMap::new(),
            importing: None,
        }))
    }

    /// Carries out one unit: the whole meaning of a commit, in one place.
    pub fn apply(&self, unit: &Unit) -> Result<Outcome, StoreError> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Unavailable);
        }
        if let Some(lost) = state.first_lost(unit) {
            return Ok(Outcome::Lost { lost, after: state.position });
        }
        for put in unit.puts() {
            state.write(put);
        }
        state.position = state.position.next();
        let (position, mut records) = (state.position, Vec::new());
        for fact in unit.facts() {
            fact.write_line(position, unit.at(), &mut records);
        }
        let frame = state.lane.frame(position, records);
        state.lane.advance(frame.hash);
        state.frames.insert(frame.place(), frame);
        Ok(Outcome::Done(position))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T: Send + 'static>(&self, read: impl FnOnce(&State) -> T) -> Pending<'_, T> {
        let value = read(&self.state());
        Box::pin(std::future::ready(Ok(value)))
    }
}

impl State {
    fn first_lost(&self, unit: &Unit) -> Option<Lost> {
        let broken = unit.expectations().iter().find_map(|expectation| match *expectation {
            Expectation::Live(key, generation) => {
                (!self.is_live(key, generation, unit.at())).then_some(Lost::NotLive(key))
            }
            Expectation::Free(key) => self.holders.contains_key(&key).then_some(Lost::NotFree(key)),
            Expectation::Below(key, limit) => (self.count(key) >= limit).then_some(Lost::NotBelow(key)),
        });
        broken.or_else(|| unit.puts().iter().any(|put| self.exists(put)).then_some(Lost::Exists))
    }

    fn is_live(&self, key: RecordKey, generation: Generation, now: Timestamp) -> bool {
        match key {
            RecordKey::Token(tenant, number) => self
                .tokens
                .get(&number)
                .is_some_and(|row| row.tenant == tenant && row.generation == generation && row.is_live(now)),
            RecordKey::Instrument(tenant, number) => self
                .instruments
                .get(&number)
                .is_some_and(|row| row.tenant == tenant && row.generation == generation),
            RecordKey::Customer(tenant, number) => self
                .customers
                .get(&number)
                .is_some_and(|row| row.tenant == tenant && row.generation == generation),
            RecordKey::Reusable(tenant, number) => self
                .reusables
                .get(&number)
                .is_some_and(|row| row.tenant == tenant && row.generation == generation),
            RecordKey::Reply(tenant, number) => self
                .replies
                .get(&number)
                .is_some_and(|row| row.tenant == tenant && row.generation == generation),
            RecordKey::Key(id) => self.keys.get(&id).is_some_and(|row| row.generation == generation),
        }
    }

    fn exists(&self, put: &Put) -> bool {
        match put {
            Put::Insert(Row::Token(row)) => self.tokens.contains_key(&row.number),
            Put::Insert(Row::Instrument(row)) => self.instruments.contains_key(&row.number),
            Put::Insert(Row::Customer(row)) => self.customers.contains_key(&row.number),
            Put::Insert(Row::Reusable(row)) => self.reusables.contains_key(&row.number),
            Put::Insert(Row::Reply(row)) => {
                self.replies.contains_key(&row.number) || self.reply(row.tenant, row.key).is_some()
            }
            Put::Insert(Row::Key(row)) => self.keys.contains_key(&row.id()),
            _ => false,
        }
    }

    fn write(&mut self, put: &Put) {
        match put {
            Put::Insert(row) | Put::Replace(row) => self.write_row(row),
            Put::Erase(Target::Record(RecordKey::Token(_, number))) => {
                self.tokens.remove(number);
            }
            Put::Erase(Target::Record(RecordKey::Instrument(_, number))) => {
                self.instruments.remove(number);
            }
            Put::Erase(Target::Record(RecordKey::Customer(_, number))) => {
                self.customers.remove(number);
            }
            Put::Erase(Target::Record(RecordKey::Reusable(_, number))) => {
                self.reusables.remove(number);
            }
            Put::Erase(Target::Record(RecordKey::Reply(_, number))) => {
                self.replies.remove(number);
            }
            // Keys are replaced and never erased.
            Put::Erase(Target::Record(RecordKey::Key(_))) => {}
            Put::Erase(Target::RepliesBelow { number, at_most }) => {
                let bound = usize::try_from(*at_most).unwrap_or(usize::MAX);
                let old: Vec<_> =
                    self.replies.range(..*number).take(bound).map(|(number, _)| *number).collect();
                for number in old {
                    self.replies.remove(&number);
                }
            }
            Put::Erase(Target::Key(key)) => {
                self.holders.remove(key);
            }
            Put::Erase(Target::TokensBelow { number, at_most }) => {
                let bound = usize::try_from(*at_most).unwrap_or(usize::MAX);
                let old: Vec<_> =
                    self.tokens.range(..*number).take(bound).map(|(number, _)| *number).collect();
                for number in old {
                    self.tokens.remove(&number);
                }
            }
            Put::Erase(Target::Protected(stretch)) => {
                for number in self.stretch(*stretch).cards {
                    if let Some(row) = self.tokens.get_mut(&number) {
                        row.state = TokenState::Expired;
                    }
                }
            }
            Put::Add(key, by) => {
                let value = self.counters.entry(*key).or_default();
                *value = value.saturating_add(*by).min(super::unit::COUNTER_MAX);
            }
        }
    }

    fn write_row(&mut self, row: &Row) {
        match row.clone() {
            Row::Token(row) => {
                self.tokens.insert(row.number, row);
            }
            Row::Instrument(row) => {
                self.instruments.insert(row.number, row);
            }
            Row::Customer(row) => {
                self.customers.insert(row.number, row);
            }
            Row::Reusable(row) => {
                self.reusables.insert(row.number, row);
            }
            Row::Reply(row) => {
                self.replies.insert(row.number, row);
            }
            Row::Index { key, holder } => {
                self.holders.insert(key, holder);
            }
            Row::Key(row) => {
                self.keys.insert(row.id(), row);
            }
        }
    }

    fn stretch(&self, stretch: Stretch) -> Looked {
        let Stretch { from, below, at_most } = stretch;
        let bound = usize::try_from(at_most).unwrap_or(usize::MAX);
        let rows = || self.tokens.range(from..).take_while(|(number, _)| **number < below);
        let has_card = |row: &TokenRow| matches!(row.state, TokenState::Live { .. });
        let cards = rows().take(bound).filter(|(_, row)| has_card(row)).map(|(number, _)| *number);
        Looked { cards: cards.collect(), end: rows().nth(bound).map_or(below, |(number, _)| *number) }
    }

    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Option<&ReplyRow> {
        self.replies.values().find(|row| row.tenant == tenant && row.key == key)
    }

    fn count(&self, key: CounterKey) -> u64 {
        self.counters.get(&key).copied().unwrap_or(0)
    }
}

impl Store for Model {
    fn commit(&self, unit: Unit) -> Pending<'static, Outcome> {
        let outcome = self.apply(&unit);
        Box::pin(std::future::ready(outcome))
    }

    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>> {
        self.read(|state| state.tokens.get(&number).filter(|row| row.tenant == tenant).cloned())
    }

    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>> {
        self.read(|state| state.instruments.get(&number).filter(|row| row.tenant == tenant).cloned())
    }

    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>> {
        self.read(|state| state.holders.get(&key).copied())
    }

    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>> {
        self.read(|state| state.customers.get(&number).filter(|row| row.tenant == tenant).cloned())
    }

    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>> {
        self.read(|state| state.reusables.get(&number).filter(|row| row.tenant == tenant).cloned())
    }

    fn ended_reusables(&self, after: Ended, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>> {
        self.read(|state| {
            let place = |row: &ReusableRow| Ended { ends_at: row.ends_at, number: row.number };
            let over = |row: &&ReusableRow| row.ends_at <= now && place(row) > after;
            let mut ended: Vec<_> = state.reusables.values().filter(over).cloned().collect();
            ended.sort_by_key(place);
            ended.truncate(usize::try_from(at_most).unwrap_or(usize::MAX));
            ended
        })
    }

    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Pending<'_, Option<ReplyRow>> {
        self.read(|state| state.reply(tenant, key).cloned())
    }

    fn oldest_reply(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read(|state| state.replies.keys().next().copied())
    }

    fn members(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        window: Window,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.read(|state| {
            let of = |key: &UniqueKey| key.tenant == tenant && key.kind == kind && key.value[..8] == prefix;
            let held = state.holders.iter().filter(|(key, _)| of(key));
            let place = |key: &UniqueKey| {
                let mut number = [0; 8];
                number.copy_from_slice(&key.value[8..]);
                RecordNumber::from_u64(u64::from_be_bytes(number)).unwrap_or(RecordNumber::MAX)
            };
            let placed: BTreeMap<_, _> = held.map(|(key, holder)| (place(key), *holder)).collect();
            page(&placed, window, |_| true)
        })
    }

    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.read(|state| {
            let of = |key: &UniqueKey| key.tenant == tenant && key.kind == kind && key.value[..8] == prefix;
            let held = state.holders.iter().filter(|(key, _)| of(key));
            let mut numbers: Vec<_> = held.map(|(_, number)| *number).collect();
            numbers.sort_unstable();
            numbers.truncate(usize::try_from(at_most).unwrap_or(usize::MAX));
            numbers
        })
    }

    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>> {
        self.read(|state| {
            page(&state.tokens, window, |row| row.tenant == tenant && row.kind == TokenKind::SingleUse)
        })
    }

    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64> {
        let counts = move |row: &TokenRow| row.tenant == tenant && row.kind == TokenKind::SingleUse;
        self.read(|state| state.tokens.range(from..).filter(|(_, row)| counts(row)).count() as u64)
    }

    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>> {
        self.read(|state| page(&state.instruments, window, |row| row.tenant == tenant))
    }

    fn outlines(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentOutline>> {
        self.read(|state| {
            let rows = page(&state.instruments, window, |row| row.tenant == tenant);
            rows.iter().map(InstrumentRow::outline).collect()
        })
    }

    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64> {
        self.read(|state| state.instruments.values().filter(|row| row.tenant == tenant).count() as u64)
    }

    fn counter(&self, key: CounterKey) -> Pending<'_, u64> {
        self.read(|state| state.count(key))
    }

    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        fn rows<T: Clone + Into<Row>>(
            of: &BTreeMap<RecordNumber, T>,
            from: RecordNumber,
            most: u32,
        ) -> Vec<Row> {
            let bound = usize::try_from(most).unwrap_or(usize::MAX);
            of.range(from..).take(bound).map(|(_, row)| row.clone().into()).collect()
        }
        self.read(|state| match table {
            RecordTable::Tokens => rows(&state.tokens, from, at_most),
            RecordTable::Customers => rows(&state.customers, from, at_most),
            RecordTable::Instruments => rows(&state.instruments, from, at_most),
            RecordTable::Reusables => rows(&state.reusables, from, at_most),
            RecordTable::Replies => rows(&state.replies, from, at_most),
        })
    }

    fn keys(&self) -> Pending<'_, Vec<KeyRow>> {
        self.read(|state| state.keys.values().cloned().collect())
    }

    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read(|state| state.tokens.keys().next().copied())
    }

    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected> {
        self.read(|state| {
            let Looked { cards, end } = state.stretch(stretch);
            cards.first().map_or(OldestProtected::NoneBelow(end), |number| OldestProtected::At(*number))
        })
    }

    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read(|state| {
            let newest = [
                state.tokens.keys().next_back(),
                state.instruments.keys().next_back(),
                state.customers.keys().next_back(),
                state.reusables.keys().next_back(),
                state.replies.keys().next_back(),
            ];
            newest.into_iter().flatten().max().copied()
        })
    }

    fn frames(&self, after: Option<FramePlace>, limit: u32) -> Pending<'_, Vec<Frame>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.read(|state| {
            state.frames.range((from, Bound::Unbounded)).take(limit).map(|(_, frame)| frame.clone()).collect()
        })
    }

    fn gauges(&self) -> Gauges {
        let units = self.state().position.0;
        Gauges { batches: units, units, ..Gauges::default() }
    }

    fn ready(&self) -> bool {
        !self.state().closed
    }

    fn scrub(&self) -> Pending<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> Pending<'_, ()> {
        self.state().closed = true;
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The rows of a window that `wanted` takes.
fn page<T: Clone>(rows: &BTreeMap<RecordNumber, T>, window: Window, wanted: impl Fn(&T) -> bool) -> Vec<T> {
    let bound = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let inside = rows.iter().filter(|(number, _)| (window.from..window.below).contains(*number));
    let wanted = inside.map(|(_, row)| row).filter(|row| wanted(row));
    let (skip, at_most) = (bound(window.skip), bound(window.at_most));
    match window.order {
        Order::NewestFirst => wanted.rev().skip(skip).take(at_most).cloned().collect(),
        Order::OldestFirst => wanted.skip(skip).take(at_most).cloned().collect(),
    }
}

#[cfg(all(test, feature = "contract"))]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_contract() {
        crate::store::contract::all(&|| std::sync::Arc::new(Model::new()));
    }

    #[test]
    fn is_moved_as_every_store() {
        crate::store::contract::movable(&|| std::sync::Arc::new(Model::new()));
    }
}
