//! `DELETE …/secure-tokens/{secureTokenId}` (6.7): for ever, also the id.

use hyper::StatusCode;

use super::{
    super::{
        Operation, auth,
        error::{self, Problem},
        operation,
    },
    id_in,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "deleteSecureToken",
    DELETE "/v1/processing-terminals/{processingTerminalId}/secure-tokens/{secureTokenId}",
    Bearer
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_delete(app, call).await;
    error::answer(app, call, result).await
}

async fn try_delete(app: &App, call: &Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call)?;
    let at = caller.terminal(app, call)?;
    app.vault.delete_referenced(&caller.act, at.id, &id_in(call)?).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
