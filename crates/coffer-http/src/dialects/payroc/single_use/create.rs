//! `POST /processing-terminals/{processingTerminalId}/single-use-tokens` (seed 003, section 3).

use std::sync::Arc;

use coffer_core::{Attempt, Created};
use coffer_types::limits;
use hyper::StatusCode;

use super::super::{
    Operation,
    auth::{At, Caller},
    begin::{self, Begun},
    convert::{self, ends},
    error::{self, Problem},
    once, operation,
    wire::{
        create::SingleUseRequest,
        resource::{SingleUseTokenBody, SourceBody},
    },
};
use crate::{app::App, call::Call, json, query::path_segment, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "createSingleUseToken",
    POST "/v1/processing-terminals/{processingTerminalId}/single-use-tokens",
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
    let SingleUseRequest { operator, mut source, .. } = SingleUseRequest::read(&parsed, at.taking(app))?;
    convert::accepts(at.terminal, &source.facts)?;
    if source.reader.is_some() && !app.vault.stores_sad() {
        return Err(Problem::not_stored("source.cardDetails"));
    }
    convert::complete(&mut source.facts, &source.protected, &app.settings.tables.bins());
    let (facts, expiry) = (source.facts.clone(), source.expiry);
    let new = convert::new_token(source)?;
    let render = |created: &Created| {
        let token = app.vault.long_form(&created.locator)?;
        let body = SingleUseTokenBody {
            processing_terminal_id: at.id,
            operator,
            token: &token,
            expires_at: ends(created.created_at, limits::SINGLE_USE_SECONDS),
            source: SourceBody::of(&facts, expiry),
        };
        let terminal = path_segment(at.id);
        let location = format!("{}/processing-terminals/{terminal}/single-use-tokens/{token}", caller.base);
        Ok(Reply::json(StatusCode::CREATED, &body).location(&location))
    };
    Ok(app.vault.create_once(&caller.act, &new, Some(once::keeping(&attempt)), render).await??)
}
