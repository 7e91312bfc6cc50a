//! Which instruments a list shows, and how they are found: the narrowest way that the query leaves.

use std::{collections::BinaryHeap, mem};

use coffer_core::{InstrumentView, Visit, Walk, store::InstrumentOutline};
use coffer_types::{RecordNumber, Timestamp};

use super::{
    super::{
        auth::Caller,
        collection::{Collection, ListQuery, SortKey, Verdict},
        convert::{self, Printer},
        error::Problem,
    },
    fields::{FIELDS, InstrumentRow, OWN_FIELDS, OutlineRow},
};
use crate::app::App;

/// Longest that the time in a record's number may be ahead of the record's own, after a burst or a start.
const AHEAD_SECONDS: i64 = 60;

/// The rows of a page.
pub(super) struct Found {
    /// How many rows the filter takes.
    pub(super) total: u64,
    /// Those of the page, in its order.
    pub(super) page: Vec<RecordNumber>,
}

/// Finds the rows of a page; of one customer only, when `customer` says so.
pub(super) async fn find(
    app: &App,
    caller: &Caller,
    query: &ListQuery,
    customer: Option<&str>,
) -> Result<Found, Problem> {
    let tenant = caller.act.tenant;
    let mut finder = Finder::new(query, caller.printer(app), customer);
    if let Some(ids) = query.filter.ids("id") {
        for id in ids.into_iter().filter_map(convert::parse_instrument_id) {
            if let Some(view) = app.vault.read_instrument(tenant, &id).await? {
                finder.visit(view);
            }
        }
        return Ok(finder.found());
    }
    let customers = match customer {
        Some(customer) => vec![customer],
        None => query.filter.ids("customerId").unwrap_or_default(),
    };
    let (from, until) = query.filter.time_bounds("createdTime");
    let walk = Walk {
        customers: &customers,
        from,
        // A number's time can run ahead of its record's: the filter looks at the record's.
        before: until.map(|until: Timestamp| until.plus_seconds(AHEAD_SECONDS)),
        glance: glance_helps(query),
        ..Walk::default()
    };
    app.vault.walk_instruments(tenant, walk, &mut finder).await?;
    Ok(finder.found())
}

/// Whether what lies in the clear decides about some rows.
fn glance_helps(query: &ListQuery) -> bool {
    let clear = OutlineRow::may_know;
    let of_filter = query.filter.fields().any(clear);
    let of_sort = query.filter.is_empty() && query.search.is_none() && query.sort.fields().all(clear);
    of_filter || of_sort
}

/// Looks at rows, and keeps the places of those that a page may show: never more than its end.
struct Finder<'q> {
    query: &'q ListQuery,
    printer: Printer<'q>,
    customer: Option<&'q str>,
    total: u64,
    /// The worst place on top.
    best: BinaryHeap<(SortKey, RecordNumber)>,
    work: u64,
}

impl<'q> Finder<'q> {
    fn new(query: &'q ListQuery, printer: Printer<'q>, customer: Option<&'q str>) -> Self {
        Self { query, printer, customer, total: 0, best: BinaryHeap::new(), work: 0 }
    }

    /// A customer finds by what the storefront shows, and by nothing else.
    fn fields(&self) -> &'static Collection {
        if self.customer.is_some() { &OWN_FIELDS } else { &FIELDS }
    }

    fn take(&mut self, key: SortKey, number: RecordNumber) {
        self.total += 1;
        if self.best.len() < self.query.page.offset + self.query.page.limit {
            self.best.push((key, number));
        } else if let Some(mut worst) = self.best.peek_mut()
            && key < worst.0
        {
            *worst = (key, number);
        }
    }

    fn found(self) -> Found {
        let range = self.query.page.range(self.best.len());
        let page = self.best.into_sorted_vec().drain(range).map(|(_, number)| number).collect();
        Found { total: self.total, page }
    }
}

impl Visit for Finder<'_> {
    fn glance(&mut self, outline: &InstrumentOutline) -> bool {
        let row = OutlineRow::of(outline, self.printer);
        match self.query.filter.judge(&row, &mut self.work) {
            Verdict::PassedOver => false,
            Verdict::Taken if self.query.search.is_none() && self.query.sort.is_known(&row) => {
                let key = self.query.sort.key(&row, outline.number.get());
                self.take(key, outline.number);
                false
            }
            Verdict::Taken | Verdict::Open => true,
        }
    }

    fn visit(&mut self, view: InstrumentView) {
        if self.customer.is_some_and(|customer| view.details.customer != customer) {
            return;
        }
        let row = InstrumentRow::of(&view, self.printer);
        let (search, fields) = (self.query.search.as_ref(), self.fields());
        if self.query.filter.judge(&row, &mut self.work) == Verdict::Taken
            && search.is_none_or(|search| search.finds(&row, fields, &mut self.work))
        {
            let key = self.query.sort.key(&row, view.number.get());
            self.take(key, view.number);
        }
    }

    fn worked(&mut self) -> u64 {
        mem::take(&mut self.work)
    }
}
