//! Lists: pages of a tenant's tokens and instruments, newest first, and walks through instruments with a bound on
//! what one request may look at.

use std::ops::Range;

use coffer_crypto::Blob;
use coffer_types::{RecordNumber, Tenant, Timestamp, limits};

use crate::{
    numbers::Numbers,
    read::{InstrumentView, TokenView},
    store::{IndexKind, InstrumentRow, Window},
    vault::{Refused, Vault},
};

/// A part of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// How many there are in all.
    pub total: u64,
    /// Those of this page.
    pub items: Vec<T>,
}

/// Which instruments are walked through. Narrower is quicker.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk<'a> {
    /// Of this customer only.
    pub customer: Option<&'a str>,
    /// Made at this time or later.
    pub from: Option<Timestamp>,
    /// Made before this time.
    pub before: Option<Timestamp>,
}

/// Why a walk did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// More rows than [`limits::LIST_ROWS`] would have to be opened.
    #[error("too many instruments to look through")]
    TooMany,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// A page of this tenant's tokens: those that can still be read, newest first.
    pub async fn list_tokens(
        &self,
        tenant: Tenant,
        skip: u32,
        at_most: u32,
    ) -> Result<Page<TokenView>, Refused> {
        let from = Numbers::lowest_at(self.now().plus_seconds(-limits::TOKEN_READABLE_SECONDS));
        let total = self.store.count_tokens(tenant, from).await?;
        let window = Window { from, below: RecordNumber::MAX, skip, at_most };
        let rows = match at_most {
            0 => Vec::new(),
            _ => self.store.tokens(tenant, window).await?,
        };
        let mut items = Vec::with_capacity(rows.len());
        let mut looked = Looked::default();
        for row in &rows {
            looked.at(&row.details).await.map_err(|_| Refused::Busy)?;
            items.push(self.token_view(row, self.token_locator(tenant, row.number)?)?);
        }
        Ok(Page { total, items })
    }

    /// A page of this tenant's instruments, newest first.
    pub async fn list_instruments(
        &self,
        tenant: Tenant,
        skip: u32,
        at_most: u32,
    ) -> Result<Page<InstrumentView>, Refused> {
        let total = self.store.count_instruments(tenant).await?;
        let window = Window { from: RecordNumber::MIN, below: RecordNumber::MAX, skip, at_most };
        let rows = match at_most {
            0 => Vec::new(),
            _ => self.store.instruments(tenant, window).await?,
        };
        let mut items = Vec::with_capacity(rows.len());
        let mut looked = Looked::default();
        for row in &rows {
            looked.at(&row.details).await.map_err(|_| Refused::Busy)?;
            items.push(self.instrument_view(row)?);
        }
        Ok(Page { total, items })
    }

    /// Shows every instrument of a walk to `visit`, newest first.
    pub async fn walk_instruments(
        &self,
        tenant: Tenant,
        walk: Walk<'_>,
        mut visit: impl FnMut(InstrumentView) + Send,
    ) -> Result<(), WalkError> {
        let from = walk.from.map_or(RecordNumber::MIN, Numbers::lowest_at);
        let mut below = walk.before.map_or(RecordNumber::MAX, Numbers::lowest_at);
        if let Some(customer) = walk.customer {
            return self.walk_customer(tenant, customer, from..below, visit).await;
        }
        let mut looked = Looked::default();
        loop {
            let window = Window { from, below, skip: 0, at_most: limits::LIST_STEP_ROWS };
            let rows = self.store.instruments(tenant, window).await.map_err(Refused::from)?;
            let Some(last) = rows.last() else { return Ok(()) };
            below = last.number;
            for row in &rows {
                looked.at(&row.details).await?;
                visit(self.instrument_view(row)?);
            }
        }
    }

    /// One customer's instruments lie side by side in the index.
    async fn walk_customer(
        &self,
        tenant: Tenant,
        customer: &str,
        within: Range<RecordNumber>,
        mut visit: impl FnMut(InstrumentView) + Send,
    ) -> Result<(), WalkError> {
        let (prefix, kind) = (self.customer_prefix(tenant, customer)?, IndexKind::CustomerInstrument);
        let numbers = self.store.holders(tenant, kind, prefix, limits::LIST_ROWS + 1).await;
        let numbers = numbers.map_err(Refused::from)?;
        if numbers.len() > usize::try_from(limits::LIST_ROWS).unwrap_or(usize::MAX) {
            return Err(WalkError::TooMany);
        }
        let wanted = numbers.into_iter().rev().filter(|number| within.contains(number));
        let mut looked = Looked::default();
        for number in wanted {
            let Some(row) = self.store.instrument(tenant, number).await.map_err(Refused::from)? else {
                continue;
            };
            looked.at(&row.details).await?;
            let view = self.instrument_view(&row)?;
            // The index tells half a hash; the sealed details tell whose it is.
            if view.details.customer == customer {
                visit(view);
            }
        }
        Ok(())
    }

    fn instrument_view(&self, row: &InstrumentRow) -> Result<InstrumentView, Refused> {
        let locator = self.instrument_locator(row.tenant, row.number)?;
        Ok(InstrumentView::of(row, locator, self.open_instrument_details(row)?))
    }
}

/// How much of a list was opened, for its bounds and for the other requests of the thread.
#[derive(Default)]
struct Looked {
    rows: u32,
    bytes: usize,
    /// Since others ran.
    since: usize,
}

impl Looked {
    /// Counts a row before it is opened. After some work others run.
    async fn at(&mut self, details: &Blob) -> Result<(), WalkError> {
        /// What a row costs beside its bytes, as bytes.
        const ROW: usize = 2_048;
        const STEP: usize = 65_536;
        let bytes = details.as_bytes().len();
        self.rows += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.rows > limits::LIST_ROWS || self.bytes > limits::LIST_BYTES {
            return Err(WalkError::TooMany);
        }
        self.since += ROW + bytes;
        if self.since > STEP {
            self.since = 0;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
