//! `POST /processing-terminals/{processingTerminalId}/secure-tokens` (6.2): from details, or from a single-use token.

use std::sync::Arc;

use coffer_core::{Attempt, Details, NewReferenced, ReferencedSource, ReferencedView};
use hyper::StatusCode;
use serde_json::value::RawValue;

use super::{
    super::{
        Operation,
        auth::{At, Caller},
        begin::{self, Begun},
        convert::{self, secure_href},
        error::{self, Problem},
        once, operation,
        wire::{create::SecureRequest, source::AnySource},
    },
    accepts_token, shown,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "createSecureToken",
    POST "/v1/processing-terminals/{processingTerminalId}/secure-tokens",
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
    let SecureRequest { secure_token_id, own, source, .. } = SecureRequest::read(&parsed, at.taking(app))?;
    let own = convert::raw(&convert::known_fields(at.terminal, own))?;
    match source {
        AnySource::Given(mut given) => {
            convert::accepts(at.terminal, &given.facts)?;
            convert::complete(&mut given.facts, &given.protected, &app.settings.tables.bins());
            let new = convert::new_instrument(given)?;
            let make = |details: Details| (details, own.clone());
            let source = ReferencedSource::Given(&new);
            store(app, caller, at, (secure_token_id, source), &make, &attempt).await
        }
        AnySource::Token(token) => {
            let not_usable = || Problem::not_usable("source.token");
            let locator = app.vault.parse_long_form(token.token).ok_or_else(not_usable)?;
            accepts_token(app, caller, at, (&locator, "source.token")).await?;
            let make = |details: Details| (convert::kept(details, &token), own.clone());
            let source = ReferencedSource::Token(&locator);
            store(app, caller, at, (secure_token_id, source), &make, &attempt).await
        }
    }
}

async fn store(
    app: &App,
    caller: &Caller,
    at: At<'_>,
    (reference, source): (Option<&str>, ReferencedSource<'_>),
    make: &(dyn Fn(Details) -> (Details, Box<RawValue>) + Sync),
    attempt: &Attempt,
) -> Result<Reply, Problem> {
    let new = NewReferenced { group: at.id, reference, source, make, forms: convert::FORMS };
    let href = |id: &str| secure_href(&caller.base, at, id);
    let render = |view: &ReferencedView| {
        let location = href(&view.details.reference);
        Ok(shown(StatusCode::CREATED, view)?.location(&location))
    };
    let made = app.vault.create_referenced(&caller.act, &new, Some(once::keeping(attempt)), render).await;
    let taken = |problem| convert::taken(problem, || href(reference.unwrap_or_default()));
    Ok(made.map_err(Problem::from).map_err(taken)??)
}
