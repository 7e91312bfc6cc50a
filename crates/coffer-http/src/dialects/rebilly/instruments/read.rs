//! `GET /payment-instruments/{id}`.

use hyper::StatusCode;

use super::super::{
    Operation, auth, convert,
    error::{self, Problem},
    operation,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("GetPaymentInstrument", GET "/payment-instruments/{id}", [Secret, Jwt]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_read(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let id = call.param("id").and_then(convert::parse_instrument_id).ok_or(Problem::NotFound)?;
    let found = app.vault.read_instrument(caller.act.tenant, &id).await?.ok_or(Problem::NotFound)?;
    Ok(Reply::json(StatusCode::OK, &convert::instrument(caller.printer(app), &found)))
}
