//! `POST /processing-terminals/{processingTerminalId}/hosted-fields-sessions` (8.1).

use std::sync::Arc;

use coffer_core::{Attempt, Created, Details, NewToken, Protected, SessionKind};
use coffer_crypto::forms;
use coffer_types::limits;
use hyper::StatusCode;

use super::{
    super::{
        Operation,
        auth::{At, Caller},
        begin::{self, Begun},
        convert::{self, ends},
        error::{self, Problem},
        once::{self, Rendered},
        operation,
        wire::{create::SessionRequest, resource::SessionBody},
    },
    Opened,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "createHostedFieldsSession",
    POST "/v1/processing-terminals/{processingTerminalId}/hosted-fields-sessions",
    Bearer
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let (Begun { caller, body, asking }, at) = begin::at_terminal(app, call).await?;
    let (caller, body) = (&caller, &*body);
    once::run(app, caller.act.tenant, &asking, |attempt| Box::pin(create(app, caller, at, body, attempt)))
        .await
}

async fn create(
    app: &App,
    caller: &Caller,
    at: At<'_>,
    body: &[u8],
    attempt: Arc<Attempt>,
) -> Result<Reply, Problem> {
    let parsed = json::parse(body)?;
    let request = SessionRequest::read(&parsed)?;
    if let Some(id) = request.secure_token_id {
        let known = app.vault.read_referenced(caller.act.tenant, at.id, id).await?;
        if known.is_none() {
            return Err(Problem::invalid("secureTokenId", "There is no such secure token."));
        }
    }
    let opened = Opened { terminal: at.id.to_owned(), actor: caller.act.actor.to_string() };
    let details = Details { expiry: None, contact: None, extra: Some(convert::raw(&opened)?) };
    let new = NewToken { protected: Protected::Nothing, cvv: None, reader: None, details };
    let render = |created: &Created| -> Rendered {
        let token = forms::hex(&created.locator);
        let expires_at = ends(created.created_at, limits::FIELDS_SESSION_SECONDS);
        let body = SessionBody { processing_terminal_id: at.id, token: &token, expires_at };
        Ok(Reply::json(StatusCode::CREATED, &body))
    };
    let once = Some(once::keeping(&attempt));
    let kind = SessionKind::Fields;
    Ok(app.vault.create_session_once(&caller.act, kind, &new, once, render).await??)
}
