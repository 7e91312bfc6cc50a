//! `GET …/secure-tokens/{secureTokenId}` (6.1).

use hyper::StatusCode;

use super::{
    super::{
        Operation, auth,
        convert::Shown,
        error::{self, Problem, SECURE_TOKEN},
        media, operation,
    },
    id_in,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "retrieveSecureToken",
    GET "/v1/processing-terminals/{processingTerminalId}/secure-tokens/{secureTokenId}",
    Bearer
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_read(app: &App, call: &Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call)?;
    let at = caller.terminal(app, call)?;
    media::of_read(call)?;
    let found = app.vault.read_referenced(caller.act.tenant, at.id, &id_in(call)?).await?;
    let view = found.ok_or(Problem::NotFound { resource: SECURE_TOKEN })?;
    Ok(Reply::json(StatusCode::OK, &Shown::of(&view)?.body_with_account_type()))
}
