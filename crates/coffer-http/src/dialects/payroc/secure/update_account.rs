//! `POST …/secure-tokens/{secureTokenId}/update-account` (6.6): what a single-use token has takes the place of what a
//! secure token has. Its names, customer, agreement and custom fields stay.

use std::sync::Arc;

use coffer_core::{Attempt, Details, ReferencedError, ReferencedView};
use hyper::StatusCode;

use super::{
    super::{
        Operation,
        auth::{At, Caller},
        begin::{self, Begun},
        error::{self, Problem},
        once, operation,
        wire::create::UpdateAccountRequest,
    },
    accepts_token, id_in, shown,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "updateSecureTokenAccount",
    POST "/v1/processing-terminals/{processingTerminalId}/secure-tokens/{secureTokenId}/update-account",
    Bearer
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_update(app, call).await;
    error::answer(app, call, result).await
}

async fn try_update(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let (Begun { caller, body, asking }, at) = begin::at_terminal(app, call).await?;
    let id = id_in(call);
    let (caller, body, id) = (&caller, &*body, id.as_deref());
    once::run(app, caller.act.tenant, &asking, |attempt| {
        Box::pin(async move {
            let parsed = json::parse(body)?;
            let request = UpdateAccountRequest::read(&parsed)?;
            let id = id.map_err(|_| Problem::NotFound { resource: error::SECURE_TOKEN })?;
            update(app, caller, (at, id), &request, attempt).await
        })
    })
    .await
}

async fn update(
    app: &App,
    caller: &Caller,
    (at, id): (At<'_>, &str),
    request: &UpdateAccountRequest<'_>,
    attempt: Arc<Attempt>,
) -> Result<Reply, Problem> {
    let Some(token) = app.vault.parse_long_form(request.token) else {
        // Whoever names no token of ours is told of the one that is there all the same.
        let known = app.vault.read_referenced(caller.act.tenant, at.id, id).await?;
        known.ok_or(Problem::NotFound { resource: error::SECURE_TOKEN })?;
        return Err(Problem::not_usable("token"));
    };
    accepts_token(app, caller, at, (&token, "token")).await?;
    let once = Some(once::keeping(&attempt));
    let render = |view: &ReferencedView| shown(StatusCode::OK, view);
    let same = |details: Details| details;
    let done = app.vault.replace_referenced(&caller.act, (at.id, id), &token, once, same, render).await;
    let problem = |error| match error {
        ReferencedError::NotUsable => Problem::not_usable("token"),
        ReferencedError::Nothing => Problem::not_opened("token"),
        other => Problem::from(other),
    };
    Ok(done.map_err(problem)??)
}
