//! `GET /storefront/payment-instruments/{id}`: the customer's own instrument.

use hyper::StatusCode;

use super::{
    super::{
        Operation, auth, convert,
        error::{self, Problem},
        operation,
    },
    own_instrument,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "StorefrontGetPaymentInstrument",
    GET "/storefront/payment-instruments/{id}", [CustomerJwt]
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_read(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let found = own_instrument(app, &caller, call).await?;
    Ok(Reply::json(StatusCode::OK, &convert::storefront(caller.printer(app), &found)))
}
