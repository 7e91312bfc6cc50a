//! `GET /tokens`: the tokens of a day, newest first.

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
    let (tenant, printer) = (caller.act.tenant, caller.printer(app));
    let mut answer = app.lists.answer(tenant).await?;
    let mut tokens = app.vault.list_tokens(tenant, page.skip(), page.at_most());
    while let Some(step) = tokens.next().await? {
        for token in step {
            let id = convert::token_id(&token.locator);
            let location = printer.token_url(&id);
            answer.add(&convert::token(printer, &token, (&id, &location)))?;
            answer.make_room().await?;
        }
    }
    Ok(page.headers(answer.reply(), tokens.total().await?))
}
