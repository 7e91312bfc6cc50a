//! `GET /tokens/{token}`: a token by its id, live or not. A used or expired one stays readable for a day.

use hyper::StatusCode;

use super::super::{
    Operation, auth, convert,
    error::{self, Problem},
    operation,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("GetToken", GET "/tokens/{token}", [Secret, Publishable, Jwt]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_read(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let id = call.param("token").unwrap_or_default();
    let locator = convert::parse_token_id(id).ok_or(Problem::NotFound)?;
    let token = app.vault.read_token(caller.act.tenant, &locator).await?.ok_or(Problem::NotFound)?;
    let printer = caller.printer(app);
    let location = printer.token_url(id);
    Ok(Reply::json(StatusCode::OK, &convert::token(printer, &token, (id, &location))))
}
