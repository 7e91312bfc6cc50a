//! `POST /payment-instruments/{id}/deactivation`: 201 once, 409 after that.

use hyper::StatusCode;

use super::super::{
    Operation, auth, convert,
    error::{self, Problem},
    operation,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "PostPaymentInstrumentDeactivation",
    POST "/payment-instruments/{id}/deactivation", [Secret, Jwt]
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
    let id = call.param("id").and_then(convert::parse_instrument_id).ok_or(Problem::NotFound)?;
    let printer = caller.printer(app);
    let render = |view: &coffer_core::InstrumentView| {
        let body = convert::instrument(printer, view);
        Reply::json(StatusCode::CREATED, &body).location(&printer.instrument_url(&body.own.id))
    };
    Ok(app.vault.deactivate_instrument(&caller.act, &id, render).await?)
}
