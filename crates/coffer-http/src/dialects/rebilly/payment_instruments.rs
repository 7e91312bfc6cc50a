//! `POST /payment-instruments` (the exchange, 4.2) and `GET /payment-instruments/{id}`.

use coffer_core::Exchange;
use coffer_crypto::forms;
use hyper::StatusCode;

use super::{
    auth::{self, Need},
    convert,
    error::{self, Problem},
    wire,
};
use crate::{app::App, call::Call, json, reply::Reply};

/// Exchanges a token: 201 for a new instrument, 303 where the customer had the card; both with body and `Location`.
pub(super) async fn create(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, result).await
}

/// Reads an instrument by its id.
pub(super) async fn read(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, Need::Instruments)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let request = wire::ExchangeRequest::read(&parsed)?;
    let token = forms::parse_grouped(request.token).ok_or(coffer_core::ExchangeError::NotUsable)?;
    let exchange = Exchange { token: &token, customer: request.customer };
    let render = |exchanged: &coffer_core::Exchanged| {
        let status = if exchanged.updated { StatusCode::SEE_OTHER } else { StatusCode::CREATED };
        let body = convert::instrument(&exchanged.instrument, &caller.base);
        let location = format!("{}/payment-instruments/{}", caller.base, body.id);
        Reply::json(status, &body).location(&location)
    };
    Ok(app.vault.exchange(&caller.act, exchange, render).await?)
}

async fn try_read(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, Need::Instruments)?;
    let id = call.param("id").unwrap_or_default();
    let locator = convert::parse_instrument_id(id).ok_or(Problem::NotFound)?;
    let found = app.vault.read_instrument(caller.act.tenant, &locator).await?.ok_or(Problem::NotFound)?;
    Ok(Reply::json(StatusCode::OK, &convert::instrument(&found, &caller.base)))
}
