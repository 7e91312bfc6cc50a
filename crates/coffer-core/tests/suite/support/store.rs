//! The in-memory store with hooks: what a commit answers and what a read finds can be chosen.

use std::sync::{Arc, Mutex, MutexGuard};

use coffer_core::{
    audit::{Frame, FramePlace},
    store::{
        CounterKey, CustomerRow, Ended, Gauges, IndexKind, InstrumentOutline, InstrumentRow, KeyRow, Model,
        OldestProtected, Outcome, Pending, RecordTable, ReplyRow, ReusableRow, Row, Store, StoreError,
        Stretch, TokenRow, UniqueKey, Unit, Window,
    },
};
use coffer_types::{RecordNumber, Tenant, Timestamp};

/// What happens to a unit.
pub(crate) enum Step {
    /// The model decides.
    Pass,
    /// Nothing is written, and this is answered.
    Answer(Result<Outcome, StoreError>),
    /// The model writes it, and the caller hears this instead.
    WriteAndAnswer(Result<Outcome, StoreError>),
    /// Nobody ever hears what became of it.
    Silence {
        /// Whether the model writes it.
        write: bool,
    },
}

/// Decides what happens to a unit.
type OnCommit = dyn FnMut(&Unit) -> Step + Send;
/// Changes what a read has found.
type Hook<T> = Option<Box<dyn FnMut(T) -> T + Send>>;

/// What stands between a vault and its store.
#[derive(Default)]
pub(crate) struct Hooks {
    refusing: bool,
    /// Units reach the model so many steps later than they were given; each next one a step sooner than the one
    /// before, and none sooner than after one.
    late: Option<usize>,
    commit: Option<Box<OnCommit>>,
    token: Hook<TokenRow>,
    instrument: Hook<InstrumentRow>,
    customer: Hook<CustomerRow>,
    reusable: Hook<ReusableRow>,
    reply: Hook<ReplyRow>,
    holders: Hook<Vec<RecordNumber>>,
    holder: Hook<RecordNumber>,
    keys: Hook<Vec<KeyRow>>,
    /// How many reads there were.
    reads: usize,
    /// The name of a read that fails.
    broken: Option<(&'static str, StoreError)>,
}

/// See the file's head.
pub(crate) struct Double {
    model: Arc<Model>,
    hooks: Mutex<Hooks>,
}

impl Double {
    pub(crate) fn over(model: &Arc<Model>) -> Arc<Self> {
        Arc::new(Self { model: Arc::clone(model), hooks: Mutex::default() })
    }

    /// Asked before every commit. The hook may change the model itself: that is a competitor who comes first.
    pub(crate) fn on_commit(&self, hook: impl FnMut(&Unit) -> Step + Send + 'static) {
        self.hooks().commit = Some(Box::new(hook));
    }

    /// Says from now on that it takes no writes.
    pub(crate) fn refuse(&self) {
        self.hooks().refusing = true;
    }

    /// Answers the first `count` commits without writing them.
    pub(crate) fn answer(&self, count: usize, answer: Result<Outcome, StoreError>) {
        let mut left = count;
        self.on_commit(move |_| {
            let before = left;
            left = left.saturating_sub(1);
            if before > 0 { Step::Answer(answer) } else { Step::Pass }
        });
    }

    /// Changes every token row that is read.
    pub(crate) fn on_token(&self, hook: impl FnMut(TokenRow) -> TokenRow + Send + 'static) {
        self.hooks().token = Some(Box::new(hook));
    }

    /// Changes every instrument row that is read.
    pub(crate) fn on_instrument(&self, hook: impl FnMut(InstrumentRow) -> InstrumentRow + Send + 'static) {
        self.hooks().instrument = Some(Box::new(hook));
    }

    /// Changes every customer row that is read.
    pub(crate) fn on_customer(&self, hook: impl FnMut(CustomerRow) -> CustomerRow + Send + 'static) {
        self.hooks().customer = Some(Box::new(hook));
    }

    /// Changes every row of a reusable token that is read.
    pub(crate) fn on_reusable(&self, hook: impl FnMut(ReusableRow) -> ReusableRow + Send + 'static) {
        self.hooks().reusable = Some(Box::new(hook));
    }

    /// Changes every reply that is read.
    pub(crate) fn on_reply(&self, hook: impl FnMut(ReplyRow) -> ReplyRow + Send + 'static) {
        self.hooks().reply = Some(Box::new(hook));
    }

    /// Changes which records hold the unique keys of a customer, or of a group's members.
    pub(crate) fn on_holders(
        &self,
        hook: impl FnMut(Vec<RecordNumber>) -> Vec<RecordNumber> + Send + 'static,
    ) {
        self.hooks().holders = Some(Box::new(hook));
    }

    /// From now on, whoever commits waits one step: acts that go on side by side all plan on the same state.
    pub(crate) fn commit_late(&self) {
        self.hooks().late = Some(1);
    }

    /// As [`Self::commit_late`], and of `count` units that are given at a time the last is written first.
    pub(crate) fn commit_backwards(&self, count: usize) {
        self.hooks().late = Some(count);
    }

    /// Changes where a unique key leads.
    pub(crate) fn on_holder(&self, hook: impl FnMut(RecordNumber) -> RecordNumber + Send + 'static) {
        self.hooks().holder = Some(Box::new(hook));
    }

    /// Changes the key rows.
    pub(crate) fn on_keys(&self, hook: impl FnMut(Vec<KeyRow>) -> Vec<KeyRow> + Send + 'static) {
        self.hooks().keys = Some(Box::new(hook));
    }

    /// How often the store was read since this was last asked.
    pub(crate) fn take_reads(&self) -> usize {
        std::mem::take(&mut self.hooks().reads)
    }

    /// Lets one kind of read fail.
    pub(crate) fn break_read(&self, name: &'static str, error: StoreError) {
        self.hooks().broken = Some((name, error));
    }

    /// Takes all hooks away.
    pub(crate) fn heal(&self) {
        *self.hooks() = Hooks::default();
    }

    fn hooks(&self) -> MutexGuard<'_, Hooks> {
        self.hooks.lock().unwrap()
    }

    fn read<'a, T: Send + 'static>(
        &'a self,
        name: &'static str,
        read: impl FnOnce(&'a Model) -> Pending<'a, T>,
        change: impl FnOnce(&mut Hooks, T) -> T,
    ) -> Pending<'a, T> {
        let mut hooks = self.hooks();
        hooks.reads += 1;
        let answer = match hooks.broken {
            Some((broken, error)) if broken == name => Err(error),
            _ => super::run(read(&self.model)).map(|value| change(&mut hooks, value)),
        };
        Box::pin(std::future::ready(answer))
    }
}

fn changed<T>(hook: &mut Hook<T>, value: T) -> T {
    match hook {
        Some(hook) => hook(value),
        None => value,
    }
}

impl Store for Double {
    fn commit(&self, unit: Unit) -> Pending<'static, Outcome> {
        let late = self.hooks().late.as_mut().map(|late| std::mem::replace(late, (*late - 1).max(1)));
        if let Some(steps) = late {
            let model = Arc::clone(&self.model);
            return Box::pin(async move {
                for _ in 0..steps {
                    tokio::task::yield_now().await;
                }
                model.apply(&unit)
            });
        }
        let step = self.hooks().commit.as_mut().map_or(Step::Pass, |hook| hook(&unit));
        let answer = match step {
            Step::Pass => self.model.apply(&unit),
            Step::Answer(answer) => answer,
            Step::WriteAndAnswer(answer) => {
                self.model.apply(&unit).unwrap();
                answer
            }
            Step::Silence { write } => {
                if write {
                    self.model.apply(&unit).unwrap();
                }
                return Box::pin(std::future::pending());
            }
        };
        Box::pin(std::future::ready(answer))
    }

    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>> {
        let change = |hooks: &mut Hooks, row: Option<_>| row.map(|row| changed(&mut hooks.token, row));
        self.read("token", |model| model.token(tenant, number), change)
    }

    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>> {
        let change = |hooks: &mut Hooks, row: Option<_>| row.map(|row| changed(&mut hooks.instrument, row));
        self.read("instrument", |model| model.instrument(tenant, number), change)
    }

    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>> {
        let change =
            |hooks: &mut Hooks, holder: Option<_>| holder.map(|held| changed(&mut hooks.holder, held));
        self.read("holder", |model| model.holder(key), change)
    }

    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>> {
        let change = |hooks: &mut Hooks, row: Option<_>| row.map(|row| changed(&mut hooks.customer, row));
        self.read("customer", |model| model.customer(tenant, number), change)
    }

    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>> {
        let change = |hooks: &mut Hooks, row: Option<_>| row.map(|row| changed(&mut hooks.reusable, row));
        self.read("reusable", |model| model.reusable(tenant, number), change)
    }

    fn ended_reusables(&self, after: Ended, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>> {
        let change = |hooks: &mut Hooks, rows: Vec<_>| {
            rows.into_iter().map(|row| changed(&mut hooks.reusable, row)).collect()
        };
        self.read("ended_reusables", |model| model.ended_reusables(after, now, at_most), change)
    }

    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>> {
        let bound = usize::try_from(at_most).unwrap();
        let change = |hooks: &mut Hooks, numbers| {
            let mut numbers = changed(&mut hooks.holders, numbers);
            numbers.truncate(bound);
            numbers
        };
        self.read("holders", |model| model.holders(tenant, kind, prefix, at_most), change)
    }

    fn members(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        window: Window,
    ) -> Pending<'_, Vec<RecordNumber>> {
        let change = |hooks: &mut Hooks, numbers| changed(&mut hooks.holders, numbers);
        self.read("members", |model| model.members(tenant, kind, prefix, window), change)
    }

    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Pending<'_, Option<ReplyRow>> {
        let change = |hooks: &mut Hooks, row: Option<_>| row.map(|row| changed(&mut hooks.reply, row));
        self.read("reply", |model| model.reply(tenant, key), change)
    }

    fn oldest_reply(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read("oldest_reply", |model| model.oldest_reply(), |_, value| value)
    }

    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>> {
        self.read("tokens", |model| model.tokens(tenant, window), |_, rows| rows)
    }

    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64> {
        self.read("count_tokens", |model| model.count_tokens(tenant, from), |_, count| count)
    }

    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>> {
        self.read("instruments", |model| model.instruments(tenant, window), |_, rows| rows)
    }

    fn outlines(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentOutline>> {
        self.read("outlines", |model| model.outlines(tenant, window), |_, rows| rows)
    }

    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64> {
        self.read("count_instruments", |model| model.count_instruments(tenant), |_, count| count)
    }

    fn counter(&self, key: CounterKey) -> Pending<'_, u64> {
        self.read("counter", |model| model.counter(key), |_, value| value)
    }

    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        self.read("records", |model| model.records(table, from, at_most), |_, rows| rows)
    }

    fn scrub(&self) -> Pending<'_, ()> {
        self.read("scrub", |model| model.scrub(), |_, done| done)
    }

    fn keys(&self) -> Pending<'_, Vec<KeyRow>> {
        self.read("keys", |model| model.keys(), |hooks, rows| changed(&mut hooks.keys, rows))
    }

    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read("oldest_token", |model| model.oldest_token(), |_, value| value)
    }

    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected> {
        self.read("oldest_protected", |model| model.oldest_protected(stretch), |_, value| value)
    }

    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>> {
        self.read("newest_number", |model| model.newest_number(), |_, value| value)
    }

    fn frames(&self, after: Option<FramePlace>, limit: u32) -> Pending<'_, Vec<Frame>> {
        self.read("frames", |model| model.frames(after, limit), |_, value| value)
    }

    fn gauges(&self) -> Gauges {
        self.model.gauges()
    }

    fn ready(&self) -> bool {
        !self.hooks().refusing && self.model.ready()
    }

    fn close(&self) -> Pending<'_, ()> {
        self.model.close()
    }
}
