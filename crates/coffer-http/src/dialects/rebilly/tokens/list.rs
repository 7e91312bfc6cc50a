//! `GET /tokens`: the tokens of a day, newest first.

use hyper::StatusCode;

use super::super::{
    Operation, auth,
    collection::{Collection, ListQuery},
    convert,
    error::{self, Problem},
    operation,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("GetTokenCollection", GET "/tokens", [Secret, Jwt]);

/// Only `limit` and `offset` (section 3).
pub(crate) const COLLECTION: Collection = Collection { fields: &[], prefixes: &[], expand: &[] };

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_list(app, call).await;
    error::answer(app, call, result).await
}

async fn try_list(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let page = ListQuery::parse(call.query(), &COLLECTION)?.page;
    let _place = app.list_place().await?;
    let found = app.vault.list_tokens(caller.act.tenant, page.skip(), page.at_most()).await?;
    let printer = caller.printer(app);
    let names: Vec<(String, String)> = found
        .items
        .iter()
        .map(|token| {
            let id = convert::token_id(&token.locator);
            let location = printer.token_url(&id);
            (id, location)
        })
        .collect();
    let bodies: Vec<_> = found
        .items
        .iter()
        .zip(&names)
        .map(|(token, (id, location))| convert::token(printer, token, (id, location)))
        .collect();
    Ok(page.headers(Reply::json(StatusCode::OK, &bodies), found.total))
}
