//! `GET /payment-instruments` with `filter`, `sort`, `limit`, `offset`, `q` and `expand` (3.2).

use std::collections::BTreeMap;

use coffer_core::{CustomerView, InstrumentView, Page as Found, Refused, Walk};
use coffer_crypto::LocatorBytes;
use coffer_types::Tenant;
use hyper::StatusCode;

use super::{
    super::{
        Operation,
        auth::{self, Caller},
        collection::{Collection, Direction, ListQuery, SortKey},
        convert::{self, Printer},
        error::{self, Problem},
        operation,
    },
    fields::{FIELDS, InstrumentRow},
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("GetPaymentInstrumentCollection", GET "/payment-instruments", [Secret, Jwt]);

/// Longest that the time in a record's number may be ahead of the record's own, after a burst or a start.
const AHEAD_SECONDS: i64 = 60;

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_list(app, call).await;
    error::answer(app, call, result).await
}

async fn try_list(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let query = ListQuery::parse(call.query(), &FIELDS)?;
    let _place = app.list_place().await?;
    let found = find(app, &caller, &query, (&FIELDS, None)).await?;
    let printer = caller.printer(app);
    let customers = if query.expand.contains(&"customer") {
        customers(app, caller.act.tenant, &found.items).await?
    } else {
        BTreeMap::new()
    };
    let bodies: Vec<_> = found
        .items
        .iter()
        .map(|view| convert::expanded(printer, view, customers.get(&view.details.customer)))
        .collect();
    Ok(query.page.headers(Reply::json(StatusCode::OK, &bodies), found.total))
}

/// The instruments of a query by some fields; of one customer only, when `customer` says so.
pub(crate) async fn find(
    app: &App,
    caller: &Caller,
    query: &ListQuery,
    (fields, customer): (&'static Collection, Option<&str>),
) -> Result<Found<InstrumentView>, Problem> {
    let tenant = caller.act.tenant;
    let by_age = query.sort.by_age("createdTime") == Some(Direction::Descending);
    if query.filter.is_empty() && query.search.is_none() && by_age && customer.is_none() {
        let (skip, at_most) = (query.page.skip(), query.page.at_most());
        return Ok(app.vault.list_instruments(tenant, skip, at_most).await?);
    }
    let (from, until) = query.filter.time_bounds("createdTime");
    let walk = Walk {
        customer: customer.or_else(|| query.filter.exact("customerId")),
        from,
        // A number's time can run ahead of its record's: the filter looks at the record's.
        before: until.map(|until| until.plus_seconds(AHEAD_SECONDS)),
    };
    let (printer, mut best) = (caller.printer(app), Best::new(query, fields));
    app.vault.walk_instruments(tenant, walk, |view| best.look_at(&view, printer)).await?;
    best.page(app, tenant).await
}

/// The rows of a page, out of all that the filter takes: never more than a page's end are kept.
struct Best<'q> {
    query: &'q ListQuery,
    fields: &'static Collection,
    total: u64,
    /// Where they are; the rows of the page are read again.
    kept: Vec<(SortKey, LocatorBytes)>,
}

impl<'q> Best<'q> {
    fn new(query: &'q ListQuery, fields: &'static Collection) -> Self {
        Self { query, fields, total: 0, kept: Vec::new() }
    }

    fn look_at(&mut self, view: &InstrumentView, printer: Printer<'_>) {
        let row = InstrumentRow::of(view, printer);
        let found = self.query.search.as_ref().is_none_or(|search| search.finds(&row, self.fields));
        if !found || !self.query.filter.takes(&row) {
            return;
        }
        let key = self.query.sort.key(&row, view.number.get());
        self.total += 1;
        self.kept.push((key, view.locator));
        let end = self.query.page.offset + self.query.page.limit;
        if self.kept.len() > 2 * end.max(64) {
            self.cut(end);
        }
    }

    fn cut(&mut self, end: usize) {
        self.kept.sort_by(|one, other| one.0.cmp(&other.0));
        self.kept.truncate(end);
    }

    async fn page(mut self, app: &App, tenant: Tenant) -> Result<Found<InstrumentView>, Problem> {
        self.cut(self.query.page.offset + self.query.page.limit);
        let range = self.query.page.range(self.kept.len());
        let mut items = Vec::with_capacity(range.len());
        for (_, locator) in self.kept.drain(range) {
            items.extend(app.vault.read_instrument(tenant, &locator).await?);
        }
        Ok(Found { total: self.total, items })
    }
}

/// The customers of some instruments, each read once.
async fn customers(
    app: &App,
    tenant: Tenant,
    views: &[InstrumentView],
) -> Result<BTreeMap<String, CustomerView>, Refused> {
    let mut found = BTreeMap::new();
    for view in views {
        let id = &view.details.customer;
        if !found.contains_key(id)
            && let Some(customer) = app.vault.read_customer(tenant, id).await?
        {
            found.insert(id.clone(), customer);
        }
    }
    Ok(found)
}
