//! `PATCH …/secure-tokens/{secureTokenId}` (6.5): a JSON Patch (RFC 6902) of what may be changed, all of it or nothing.

use std::sync::Arc;

use coffer_core::{Attempt, Details, ReferencedChange, ReferencedError, ReferencedView, Refused};
use hyper::StatusCode;
use serde_json::Value;

use super::{
    super::{
        Operation,
        auth::{At, Caller},
        begin::{self, Begun},
        convert::{self, Shown},
        error::{self, Problem, SECURE_TOKEN},
        once::{self, Rendered},
        operation,
        wire::{
            facts::SourceFacts,
            kept::{PatchedSource, read_patched},
            patch::PatchRequest,
            source::Taking,
        },
    },
    id_in, shown,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "partiallyUpdateSecureToken",
    PATCH "/v1/processing-terminals/{processingTerminalId}/secure-tokens/{secureTokenId}",
    Bearer
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_patch(app, call).await;
    error::answer(app, call, result).await
}

async fn try_patch(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let (Begun { caller, body, asking }, at) = begin::at_terminal(app, call).await?;
    let id = id_in(call);
    let (caller, body, id) = (&caller, &*body, id.as_deref());
    once::run(app, caller.act.tenant, &asking, |attempt| {
        Box::pin(async move {
            let parsed = json::parse(body)?;
            let request = PatchRequest::read(&parsed)?;
            let id = id.map_err(|_| Problem::NotFound { resource: SECURE_TOKEN })?;
            patch(app, caller, (at, id), &request, attempt).await
        })
    })
    .await
}

async fn patch(
    app: &App,
    caller: &Caller,
    (at, id): (At<'_>, &str),
    request: &PatchRequest,
    attempt: Arc<Attempt>,
) -> Result<Reply, Problem> {
    let taking = at.taking(app);
    let change = |view: &ReferencedView| changed(view, at, request, taking).map_err(NotPatched::Problem);
    let render = |view: &ReferencedView| -> Rendered { shown(StatusCode::OK, view) };
    let once = Some(once::keeping(&attempt));
    let done = app.vault.update_referenced(&caller.act, (at.id, id), once, change, render).await;
    match done {
        Ok(reply) => Ok(reply?),
        Err(NotPatched::Problem(problem)) => Err(problem),
        Err(NotPatched::Token(error)) => Err(error.into()),
    }
}

/// Why nothing was changed.
enum NotPatched {
    Problem(Problem),
    Token(ReferencedError),
}

impl From<ReferencedError> for NotPatched {
    fn from(error: ReferencedError) -> Self {
        Self::Token(error)
    }
}

/// What a patch makes of a token.
fn changed(
    view: &ReferencedView,
    at: At<'_>,
    request: &PatchRequest,
    taking: Taking,
) -> Result<ReferencedChange, Problem> {
    let before = Shown::of(view)?;
    let resource = serde_json::to_value(before.body_with_account_type()).map_err(|_| Refused::Unavailable)?;
    let after = request.apply(resource, before.facts())?;
    let written = written(&after)?;
    let node = json::parse(&written)?;
    let patched = read_patched(&node, view.details.details.expiry, taking)?;
    let own = convert::raw(&convert::known_fields(at.terminal, patched.own))?;
    let (mut facts, mut expiry, mut routing) = (before.facts().clone(), view.details.details.expiry, None);
    match (&mut facts, patched.source) {
        (SourceFacts::Card(card), PatchedSource::Card { cardholder_name, expiry: changed }) => {
            cardholder_name.clone_into(&mut card.cardholder_name);
            expiry = changed;
        }
        (SourceFacts::Ach(ach), PatchedSource::Ach { name_on_account, account_type }) => {
            name_on_account.clone_into(&mut ach.name_on_account);
            ach.account_type = account_type;
        }
        (SourceFacts::Pad(pad), PatchedSource::Pad { name_on_account, institution_number, account_type }) => {
            name_on_account.clone_into(&mut pad.name_on_account);
            institution_number.clone_into(&mut pad.institution_number);
            pad.account_type = account_type;
            routing = convert::canadian_bank(&pad.transit_number, institution_number);
        }
        // No patch changes what kind of source it is.
        _ => return Err(Problem::invalid("source.type", "Must not be changed.")),
    }
    let details = Details { expiry, contact: None, extra: Some(convert::raw(&facts)?) };
    Ok(ReferencedChange { details, own, routing })
}

fn written(resource: &Value) -> Result<Vec<u8>, Refused> {
    serde_json::to_vec(resource).map_err(|_| Refused::Unavailable)
}
