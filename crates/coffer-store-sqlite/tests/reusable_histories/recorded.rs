//! A store that writes down what was committed to it.

use std::sync::{Arc, Mutex};

use coffer_core::{
    audit::{Frame, FramePlace},
    store::{
        CounterKey, CustomerRow, Ended, Gauges, IndexKind, InstrumentOutline, InstrumentRow, KeyRow,
        OldestProtected, Outcome, Pending, RecordTable, ReplyRow, ReusableRow, Row, Store, Stretch, TokenRow,
        UniqueKey, Unit, Window,
    },
};
use coffer_types::{RecordNumber, Tenant, Timestamp};

use crate::common::History;

/// See the file's head.
pub(crate) struct Recorded {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) history: Arc<Mutex<History>>,
}

impl Store for Recorded {
    fn commit(&self, unit: Unit) -> Pending<'static, Outcome> {
        let (pending, history) = (self.inner.commit(unit.clone()), Arc::clone(&self.history));
        Box::pin(async move {
            let outcome = pending.await?;
            history.lock().unwrap().push((unit, outcome));
            Ok(outcome)
        })
    }
    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>> {
        self.inner.token(tenant, number)
    }
    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>> {
        self.inner.instrument(tenant, number)
    }
    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>> {
        self.inner.customer(tenant, number)
    }
    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>> {
        self.inner.reusable(tenant, number)
    }
    fn ended_reusables(&self, after: Ended, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>> {
        self.inner.ended_reusables(after, now, at_most)
    }
    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>> {
        self.inner.holder(key)
    }
    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.inner.holders(tenant, kind, prefix, at_most)
    }
    fn members(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        window: Window,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.inner.members(tenant, kind, prefix, window)
    }
    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Pending<'_, Option<ReplyRow>> {
        self.inner.reply(tenant, key)
    }
    fn oldest_reply(&self) -> Pending<'_, Option<RecordNumber>> {
        self.inner.oldest_reply()
    }
    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>> {
        self.inner.tokens(tenant, window)
    }
    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64> {
        self.inner.count_tokens(tenant, from)
    }
    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>> {
        self.inner.instruments(tenant, window)
    }
    fn outlines(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentOutline>> {
        self.inner.outlines(tenant, window)
    }
    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64> {
        self.inner.count_instruments(tenant)
    }
    fn counter(&self, key: CounterKey) -> Pending<'_, u64> {
        self.inner.counter(key)
    }
    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        self.inner.records(table, from, at_most)
    }
    fn keys(&self) -> Pending<'_, Vec<KeyRow>> {
        self.inner.keys()
    }
    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>> {
        self.inner.oldest_token()
    }
    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected> {
        self.inner.oldest_protected(stretch)
    }
    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>> {
        self.inner.newest_number()
    }
    fn frames(&self, after: Option<FramePlace>, limit: u32) -> Pending<'_, Vec<Frame>> {
        self.inner.frames(after, limit)
    }
    fn gauges(&self) -> Gauges {
        self.inner.gauges()
    }
    fn ready(&self) -> bool {
        self.inner.ready()
    }
    fn scrub(&self) -> Pending<'_, ()> {
        self.inner.scrub()
    }
    fn close(&self) -> Pending<'_, ()> {
        unreachable!("the test drops it")
    }
}
