//! `GET /storefront/payment-instruments`: the customer's own, by the same grammar as the merchant's list, by the
//! fields that it shows.

use hyper::StatusCode;

use super::super::{
    Operation, auth,
    collection::ListQuery,
    convert,
    error::{self, Problem},
    instruments::{OWN_FIELDS, list::find},
    operation,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "StorefrontGetPaymentInstrumentCollection",
    GET "/storefront/payment-instruments", [CustomerJwt]
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_list(app, call).await;
    error::answer(app, call, result).await
}

async fn try_list(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let query = ListQuery::parse(call.query(), &OWN_FIELDS)?;
    let _place = app.list_place().await?;
    let customer = caller.customer().ok_or(Problem::NotFound)?;
    let found = find(app, &caller, &query, (&OWN_FIELDS, Some(customer))).await?;
    let printer = caller.printer(app);
    let bodies: Vec<_> = found.items.iter().map(|view| convert::storefront(printer, view)).collect();
    Ok(query.page.headers(Reply::json(StatusCode::OK, &bodies), found.total))
}
