//! `GET /storefront/payment-instruments`: the customer's own, by the same grammar as the merchant's list, by the
//! fields that it shows.

use coffer_core::{CustomerView, InstrumentView};

use super::super::{
    Operation, auth,
    collection::ListQuery,
    convert,
    error::{self, Problem},
    instruments::{OWN_FIELDS, list::list},
    operation,
};
use crate::{app::App, call::Call, lists::ListAnswer, reply::Reply};

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
    let customer = caller.customer().ok_or(Problem::NotFound)?;
    let printer = caller.printer(app);
    let show = |view: &InstrumentView, _: Option<&CustomerView>, answer: &mut ListAnswer<'_>| {
        answer.add(&convert::storefront(printer, view))
    };
    list(app, &caller, &query, Some(customer), &show).await
}
