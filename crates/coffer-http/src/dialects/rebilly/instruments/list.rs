//! `GET /payment-instruments` with `filter`, `sort`, `limit`, `offset`, `q` and `expand` (3.2).

use std::collections::BTreeMap;

use coffer_core::{CustomerView, InstrumentView, Refused, store::Order};
use coffer_types::Tenant;

use super::{
    super::{
        Operation,
        auth::{self, Caller},
        collection::{Direction, ListQuery},
        convert,
        error::{self, Problem},
        operation,
    },
    fields::FIELDS,
    find::find,
};
use crate::{app::App, call::Call, lists::ListAnswer, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("GetPaymentInstrumentCollection", GET "/payment-instruments", [Secret, Jwt]);

/// Customers that are kept while rows are shown: rows of one customer often follow each other.
const CUSTOMERS: usize = 64;

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_list(app, call).await;
    error::answer(app, call, result).await
}

async fn try_list(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let query = ListQuery::parse(call.query(), &FIELDS)?;
    let printer = caller.printer(app);
    let show = |view: &InstrumentView, customer: Option<&CustomerView>, answer: &mut ListAnswer<'_>| {
        answer.add(&convert::expanded(printer, view, customer))
    };
    list(app, &caller, &query, None, &show).await
}

/// Writes an instrument, and its customer where they are to be embedded, into an answer.
pub(crate) type Show<'s> =
    &'s (dyn Fn(&InstrumentView, Option<&CustomerView>, &mut ListAnswer<'_>) -> Result<(), Refused> + Sync);

/// The instruments of a query; of one customer only, when `customer` says so. Rows are read, written and dropped one
/// step after the other.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    query: &ListQuery,
    customer: Option<&str>,
    show: Show<'_>,
) -> Result<Reply, Problem> {
    let tenant = caller.act.tenant;
    let mut shown =
        Shown { app, tenant, expand: query.expand.contains(&"customer"), customers: BTreeMap::new(), show };
    let by_age = query.sort.by_age("createdTime");
    let all = query.filter.is_empty() && query.search.is_none() && customer.is_none();
    if let (Some(direction), true) = (by_age, all) {
        let order = match direction {
            Direction::Ascending => Order::OldestFirst,
            Direction::Descending => Order::NewestFirst,
        };
        let mut answer = app.lists.answer(tenant).await?;
        let (skip, at_most) = (query.page.skip(), query.page.at_most());
        let mut page = app.vault.list_instruments(tenant, skip, at_most, order);
        while let Some(step) = page.next().await? {
            for view in step {
                shown.add(&view, &mut answer).await?;
            }
        }
        return Ok(query.page.headers(answer.reply(), page.total().await?));
    }
    let found = {
        let _place = app.lists.walk(tenant).await?;
        find(app, caller, query, customer).await?
    };
    let mut answer = app.lists.answer(tenant).await?;
    for number in found.page {
        if let Some(view) = app.vault.numbered_instrument(tenant, number).await? {
            shown.add(&view, &mut answer).await?;
        }
    }
    Ok(query.page.headers(answer.reply(), found.total))
}

/// Shows instruments with their customers.
struct Shown<'s> {
    app: &'s App,
    tenant: Tenant,
    expand: bool,
    /// None for one who is not there.
    customers: BTreeMap<String, Option<CustomerView>>,
    show: Show<'s>,
}

impl Shown<'_> {
    async fn add(&mut self, view: &InstrumentView, answer: &mut ListAnswer<'_>) -> Result<(), Refused> {
        let id = &view.details.customer;
        if self.expand && !self.customers.contains_key(id) {
            if self.customers.len() == CUSTOMERS {
                self.customers.clear();
            }
            let customer = self.app.vault.read_customer(self.tenant, id).await?;
            self.customers.insert(id.clone(), customer);
        }
        let customer = self.customers.get(id).and_then(Option::as_ref);
        (self.show)(view, customer, answer)?;
        answer.make_room().await
    }
}
