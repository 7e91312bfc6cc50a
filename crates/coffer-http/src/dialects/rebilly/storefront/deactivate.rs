//! `POST /storefront/payment-instruments/{id}/deactivation`: the customer's own instrument, 201 once, 409 after that.

use coffer_core::InstrumentView;
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
    "StorefrontPostPaymentInstrumentDeactivation",
    POST "/storefront/payment-instruments/{id}/deactivation", [CustomerJwt]
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_deactivate(app, call).await;
    error::answer(app, call, result).await
}

async fn try_deactivate(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    // The call takes no fields; clients send an empty form or nothing (3.1).
    call.body().await?;
    let id = own_instrument(app, &caller, call).await?.locator;
    let printer = caller.printer(app);
    let render = |view: &InstrumentView| {
        let body = convert::storefront(printer, view);
        Reply::json(StatusCode::CREATED, &body).location(&printer.storefront_url(&body.id))
    };
    Ok(app.vault.deactivate_instrument(&caller.act, &id, render).await?)
}
