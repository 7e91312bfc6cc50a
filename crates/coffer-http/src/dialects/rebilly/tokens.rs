//! `POST /tokens` and `GET /tokens/{token}`.

use coffer_crypto::forms;
use hyper::StatusCode;

use super::{
    auth::{self, Need},
    convert,
    error::{self, Problem},
    wire,
};
use crate::{app::App, call::Call, json, reply::Reply};

/// Makes a token: 201 with `Location` and the masked instrument.
pub(super) async fn create(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, result).await
}

/// Reads a token by its id, live or not: a used or expired one stays readable for a day.
pub(super) async fn read(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, Need::CreateToken)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let request = wire::TokenRequest::read(&parsed, app.vault.now())?;
    let new = convert::new_token(request)?;
    let render = |created: &_| {
        let view = convert::CreatedView::of(&new, created);
        let location = format!("{}/tokens/{}", caller.base, view.id);
        Reply::json(StatusCode::CREATED, &convert::created(&new, &view, &location)).location(&location)
    };
    Ok(app.vault.create(&caller.act, &new, render).await?)
}

async fn try_read(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, Need::ReadToken)?;
    let id = call.param("token").unwrap_or_default();
    let locator = forms::parse_grouped(id).ok_or(Problem::NotFound)?;
    let token = app.vault.read_token(caller.act.tenant, &locator).await?.ok_or(Problem::NotFound)?;
    let location = format!("{}/tokens/{id}", caller.base);
    Ok(Reply::json(StatusCode::OK, &convert::token(&token, id, &location)))
}
