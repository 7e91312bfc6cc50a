//! A store that nothing is written to: for whoever looks what would become of something.

use std::sync::Arc;

use coffer_types::{RecordNumber, Tenant, Timestamp};

use super::{
    CounterKey, CustomerRow, Ended, Gauges, IndexKind, InstrumentOutline, InstrumentRow, KeyRow,
    OldestProtected, Outcome, Pending, Position, RecordTable, ReplyRow, ReusableRow, Row, Store, Stretch,
    TokenRow, UniqueKey, Unit, Window,
};
use crate::audit::{Frame, FramePlace};

/// Another store as it is. Every commit ends as if it had been done, and changes nothing.
pub struct Unwritten(Arc<dyn Store>);

impl Unwritten {
    /// Keeps writes away from a store.
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

impl Store for Unwritten {
    fn commit(&self, _: Unit) -> Pending<'static, Outcome> {
        Box::pin(std::future::ready(Ok(Outcome::Done(Position::default()))))
    }

    fn token(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<TokenRow>> {
        self.0.token(tenant, number)
    }

    fn instrument(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<InstrumentRow>> {
        self.0.instrument(tenant, number)
    }

    fn customer(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<CustomerRow>> {
        self.0.customer(tenant, number)
    }

    fn reusable(&self, tenant: Tenant, number: RecordNumber) -> Pending<'_, Option<ReusableRow>> {
        self.0.reusable(tenant, number)
    }

    fn ended_reusables(&self, after: Ended, now: Timestamp, at_most: u32) -> Pending<'_, Vec<ReusableRow>> {
        self.0.ended_reusables(after, now, at_most)
    }

    fn reply(&self, tenant: Tenant, key: [u8; 16]) -> Pending<'_, Option<ReplyRow>> {
        self.0.reply(tenant, key)
    }

    fn oldest_reply(&self) -> Pending<'_, Option<RecordNumber>> {
        self.0.oldest_reply()
    }

    fn holder(&self, key: UniqueKey) -> Pending<'_, Option<RecordNumber>> {
        self.0.holder(key)
    }

    fn holders(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        at_most: u32,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.0.holders(tenant, kind, prefix, at_most)
    }

    fn members(
        &self,
        tenant: Tenant,
        kind: IndexKind,
        prefix: [u8; 8],
        window: Window,
    ) -> Pending<'_, Vec<RecordNumber>> {
        self.0.members(tenant, kind, prefix, window)
    }

    fn tokens(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<TokenRow>> {
        self.0.tokens(tenant, window)
    }

    fn count_tokens(&self, tenant: Tenant, from: RecordNumber) -> Pending<'_, u64> {
        self.0.count_tokens(tenant, from)
    }

    fn instruments(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentRow>> {
        self.0.instruments(tenant, window)
    }

    fn outlines(&self, tenant: Tenant, window: Window) -> Pending<'_, Vec<InstrumentOutline>> {
        self.0.outlines(tenant, window)
    }

    fn count_instruments(&self, tenant: Tenant) -> Pending<'_, u64> {
        self.0.count_instruments(tenant)
    }

    fn counter(&self, key: CounterKey) -> Pending<'_, u64> {
        self.0.counter(key)
    }

    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        self.0.records(table, from, at_most)
    }

    fn keys(&self) -> Pending<'_, Vec<KeyRow>> {
        self.0.keys()
    }

    fn oldest_token(&self) -> Pending<'_, Option<RecordNumber>> {
        self.0.oldest_token()
    }

    fn oldest_protected(&self, stretch: Stretch) -> Pending<'_, OldestProtected> {
        self.0.oldest_protected(stretch)
    }

    fn newest_number(&self) -> Pending<'_, Option<RecordNumber>> {
        self.0.newest_number()
    }

    fn frames(&self, after: Option<FramePlace>, limit: u32) -> Pending<'_, Vec<Frame>> {
        self.0.frames(after, limit)
    }

    fn gauges(&self) -> Gauges {
        self.0.gauges()
    }

    fn ready(&self) -> bool {
        self.0.ready()
    }

    fn scrub(&self) -> Pending<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(&self) -> Pending<'_, ()> {
        self.0.close()
    }
}
