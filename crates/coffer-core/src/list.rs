//! Lists: pages of a tenant's tokens and instruments, and walks through instruments with a bound on the work of one
//! request.

use std::{iter::Peekable, marker::PhantomData, vec};

use coffer_crypto::LocatorBytes;
use coffer_types::{RecordNumber, Tenant, Timestamp, limits};

use crate::{
    numbers::Numbers,
    read::{InstrumentView, TokenView},
    store::{IndexKind, InstrumentOutline, InstrumentRow, Order, Window},
    vault::{Refused, Vault},
};

/// A part of a list, step by step: what was shown need not be in memory any more when more is read.
pub struct Page<'v, T> {
    vault: &'v Vault,
    tenant: Tenant,
    /// Of the next step.
    window: Window,
    /// The lowest number that counts at all.
    lowest: RecordNumber,
    /// Rows that are still to come.
    left: u32,
    /// Rows that were passed over or shown.
    seen: u64,
    of: PhantomData<fn() -> T>,
}

/// Which instruments are walked through. Narrower is quicker.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    /// Of these customers only, each named once; of all when there are none.
    pub customers: &'a [&'a str],
    /// Made at this time or later.
    pub from: Option<Timestamp>,
    /// Made before this time.
    pub before: Option<Timestamp>,
    /// Whether [`Visit::glance`] is asked first, so that not every row has to be opened.
    pub glance: bool,
    /// How much work it may be, in the nanoseconds of [`limits::LIST_WORK`].
    pub work: u64,
}

impl Default for Walk<'_> {
    fn default() -> Self {
        Self { customers: &[], from: None, before: None, glance: false, work: limits::LIST_WORK }
    }
}

/// Who walks.
pub trait Visit: Send {
    /// Looks at what lies in the clear. True: the row has to be opened and visited.
    fn glance(&mut self, outline: &InstrumentOutline) -> bool;

    /// Looks at an instrument.
    fn visit(&mut self, view: InstrumentView);

    /// The work of this since it was last asked, as [`Walk::work`] counts it.
    fn worked(&mut self) -> u64;
}

/// Why a walk did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// More work than [`Walk::work`], or a customer with more than [`limits::LIST_CUSTOMER_ROWS`].
    #[error("too many instruments to look through")]
    TooMany,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// A page of this tenant's tokens: those that can still be read, newest first. Of all lists: what is erased is left
    /// out, for whose it was and what it was is not known any more; the store counts its row, so that a page may be
    /// shorter than it could be.
    pub fn list_tokens(&self, tenant: Tenant, skip: u32, at_most: u32) -> Page<'_, TokenView> {
        Page::new(self, tenant, self.lowest_readable(), (skip, at_most), Order::NewestFirst)
    }

    /// A page of this tenant's instruments.
    pub fn list_instruments(
        &self,
        tenant: Tenant,
        skip: u32,
        at_most: u32,
        order: Order,
    ) -> Page<'_, InstrumentView> {
        Page::new(self, tenant, RecordNumber::MIN, (skip, at_most), order)
    }

    /// The instrument of this tenant under this number.
    pub async fn numbered_instrument(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<Option<InstrumentView>, Refused> {
        let row = self.instrument_numbered(tenant, number).await?;
        row.map(|row| self.instrument_view(&row)).transpose()
    }

    /// What the printed id of this tenant's instrument under a number is made of.
    pub fn instrument_locator_of(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<LocatorBytes, Refused> {
        self.instrument_locator(tenant, number)
    }

    /// Shows every instrument of a walk to `visitor`, newest first; of several customers one customer's after the
    /// other's.
    pub async fn walk_instruments(
        &self,
        tenant: Tenant,
        walk: Walk<'_>,
        visitor: &mut dyn Visit,
    ) -> Result<(), WalkError> {
        let from = walk.from.map_or(RecordNumber::MIN, Numbers::lowest_at);
        let below = walk.before.map_or(RecordNumber::MAX, Numbers::lowest_at);
        let mut walker = Walker { vault: self, tenant, budget: Budget::new(walk.work), visitor };
        if walk.customers.is_empty() {
            return if walk.glance {
                walker.glance(from, below).await
            } else {
                walker.open(from, below, None).await
            };
        }
        for customer in walk.customers {
            walker.customer(customer, (from, below)).await?;
        }
        Ok(())
    }

    fn instrument_view(&self, row: &InstrumentRow) -> Result<InstrumentView, Refused> {
        let locator = self.instrument_locator(row.tenant, row.number)?;
        Ok(InstrumentView::of(row, locator, self.open_instrument_details(row)?))
    }
}

impl<'v, T> Page<'v, T> {
    fn new(
        vault: &'v Vault,
        tenant: Tenant,
        from: RecordNumber,
        (skip, at_most): (u32, u32),
        order: Order,
    ) -> Self {
        let window = Window { from, below: RecordNumber::MAX, skip, at_most: 0, order };
        Self { vault, tenant, window, lowest: from, left: at_most, seen: 0, of: PhantomData }
    }

    /// The window of the next step; none when nothing is wanted any more.
    fn step(&mut self) -> Option<Window> {
        self.window.at_most = self.left.min(limits::LIST_STEP_ROWS);
        (self.left > 0).then_some(self.window)
    }

    /// Moves on behind the last of some rows. Rows that come or go meanwhile move no other.
    fn went(&mut self, rows: usize, last: Option<RecordNumber>) {
        let count = u32::try_from(rows).unwrap_or(u32::MAX);
        self.left = if count < self.window.at_most { 0 } else { self.left.saturating_sub(count) };
        let Some(last) = last else { return };
        self.seen += u64::from(self.window.skip) + u64::from(count);
        self.window.skip = 0;
        match self.window.order {
            Order::NewestFirst => self.window.below = last,
            Order::OldestFirst => {
                self.window.from = RecordNumber::from_u64(last.get() + 1).unwrap_or(RecordNumber::MAX);
            }
        }
    }
}

impl Page<'_, TokenView> {
    /// The tokens of the next step; none after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<TokenView>>, Refused> {
        let Some(window) = self.step() else { return Ok(None) };
        let rows = self.vault.store.tokens(self.tenant, window).await?;
        self.went(rows.len(), rows.last().map(|row| row.number));
        let mut budget = Budget::new(u64::MAX);
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            budget.row(row.details.as_bytes().len()).await.map_err(|_| Refused::Busy)?;
            if self.vault.is_token_erased(&row) {
                continue;
            }
            views.push(self.vault.token_view(&row, self.vault.token_locator(self.tenant, row.number)?)?);
        }
        Ok(Some(views))
    }

    /// How many there are in all, and never fewer than were shown. To be asked at the end.
    pub async fn total(self) -> Result<u64, Refused> {
        Ok(self.vault.store.count_tokens(self.tenant, self.lowest).await?.max(self.seen))
    }
}

impl Page<'_, InstrumentView> {
    /// The instruments of the next step; none after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<InstrumentView>>, Refused> {
        let Some(window) = self.step() else { return Ok(None) };
        let rows = self.vault.store.instruments(self.tenant, window).await?;
        self.went(rows.len(), rows.last().map(|row| row.number));
        let mut budget = Budget::new(u64::MAX);
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            budget.row(row.details.as_bytes().len()).await.map_err(|_| Refused::Busy)?;
            if !self.vault.is_instrument_erased(&row) {
                views.push(self.vault.instrument_view(&row)?);
            }
        }
        Ok(Some(views))
    }

    /// How many there are in all, and never fewer than were shown. To be asked at the end.
    pub async fn total(self) -> Result<u64, Refused> {
        Ok(self.vault.store.count_instruments(self.tenant).await?.max(self.seen))
    }
}

/// A walk under way.
struct Walker<'v> {
    vault: &'v Vault,
    tenant: Tenant,
    budget: Budget,
    visitor: &'v mut dyn Visit,
}

/// Numbers of rows that have to be opened, the highest first.
type Wanted = Peekable<vec::IntoIter<RecordNumber>>;

impl Walker<'_> {
    /// Looks at what lies in the clear, and opens what that does not decide. The next step is read meanwhile.
    async fn glance(&mut self, from: RecordNumber, mut below: RecordNumber) -> Result<(), WalkError> {
        const ROWS: u32 = limits::LIST_STEP_OUTLINES;
        let (vault, tenant) = (self.vault, self.tenant);
        let step = |below| {
            let window = Window { from, below, skip: 0, at_most: ROWS, order: Order::NewestFirst };
            vault.store.outlines(tenant, window)
        };
        let mut reading = step(below);
        loop {
            let rows = reading.await.map_err(Refused::from)?;
            let Some(last) = rows.last() else { return Ok(()) };
            let (above, lowest) = (below, last.number);
            below = lowest;
            reading = step(below);
            let mut wanted = Vec::new();
            for row in &rows {
                if self.visitor.glance(row) {
                    wanted.push(row.number);
                }
                self.budget.spend(limits::LIST_OUTLINE_WORK + self.visitor.worked()).await?;
            }
            // A read by key costs what some rows of a page cost.
            if wanted.len() > rows.len() / 4 {
                self.open(lowest, above, Some(wanted.into_iter().peekable())).await?;
            } else {
                for number in wanted {
                    self.one(number).await?;
                }
            }
        }
    }

    /// Opens the rows of a range: those that are wanted, or all.
    async fn open(
        &mut self,
        from: RecordNumber,
        mut below: RecordNumber,
        mut wanted: Option<Wanted>,
    ) -> Result<(), WalkError> {
        const ROWS: u32 = limits::LIST_STEP_ROWS;
        let (vault, tenant) = (self.vault, self.tenant);
        let step = |below| {
            let window = Window { from, below, skip: 0, at_most: ROWS, order: Order::NewestFirst };
            vault.store.instruments(tenant, window)
        };
        let mut reading = step(below);
        loop {
            let rows = reading.await.map_err(Refused::from)?;
            let Some(last) = rows.last() else { return Ok(()) };
            below = last.number;
            reading = step(below);
            for row in rows {
                if wanted.as_mut().is_none_or(|wanted| is_next(wanted, row.number)) {
                    self.row(&row, None).await?;
                }
            }
        }
    }

    /// One customer's instruments lie side by side in the index.
    async fn customer(
        &mut self,
        customer: &str,
        (from, below): (RecordNumber, RecordNumber),
    ) -> Result<(), WalkError> {
        const ROWS: u32 = limits::LIST_CUSTOMER_ROWS;
        let (prefix, kind) =
            (self.vault.customer_prefix(self.tenant, customer)?, IndexKind::CustomerInstrument);
        let numbers = self.vault.store.holders(self.tenant, kind, prefix, ROWS + 1).await;
        let numbers = numbers.map_err(Refused::from)?;
        if numbers.len() > usize::try_from(ROWS).unwrap_or(usize::MAX) {
            return Err(WalkError::TooMany);
        }
        for number in numbers.into_iter().rev().filter(|number| (from..below).contains(number)) {
            let row = self.vault.store.instrument(self.tenant, number).await.map_err(Refused::from)?;
            if let Some(row) = row {
                self.row(&row, Some(customer)).await?;
            }
        }
        Ok(())
    }

    async fn one(&mut self, number: RecordNumber) -> Result<(), WalkError> {
        match self.vault.store.instrument(self.tenant, number).await.map_err(Refused::from)? {
            Some(row) => self.row(&row, None).await,
            None => Ok(()),
        }
    }

    /// Opens a row and shows it. The index tells half a hash of a customer; the sealed details tell whose a row is.
    async fn row(&mut self, row: &InstrumentRow, customer: Option<&str>) -> Result<(), WalkError> {
        self.budget.row(row.details.as_bytes().len()).await?;
        if self.vault.is_instrument_erased(row) {
            return Ok(());
        }
        let view = self.vault.instrument_view(row)?;
        if customer.is_none_or(|customer| view.details.customer == customer) {
            self.visitor.visit(view);
            self.budget.spend(self.visitor.worked()).await?;
        }
        Ok(())
    }
}

/// Whether a row is the next that is wanted. Rows come in the order of what is wanted; one that is gone is passed over.
fn is_next(wanted: &mut Wanted, number: RecordNumber) -> bool {
    while wanted.next_if(|next| *next > number).is_some() {}
    wanted.next_if_eq(&number).is_some()
}

/// The work of a list, for its bound and for the other requests of the thread.
pub(crate) struct Budget {
    left: u64,
    /// Since others ran.
    since: u64,
}

impl Budget {
    pub(crate) fn new(work: u64) -> Self {
        Self { left: work, since: 0 }
    }

    /// Counts a row before it is opened.
    pub(crate) async fn row(&mut self, bytes: usize) -> Result<(), WalkError> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.spend(limits::LIST_ROW_WORK.saturating_add(bytes.saturating_mul(limits::LIST_BYTE_WORK))).await
    }

    /// Counts some work. After enough of it others run.
    async fn spend(&mut self, work: u64) -> Result<(), WalkError> {
        self.left = self.left.checked_sub(work).ok_or(WalkError::TooMany)?;
        self.since = self.since.saturating_add(work);
        if self.since > limits::LIST_TURN_WORK {
            self.since = 0;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}
