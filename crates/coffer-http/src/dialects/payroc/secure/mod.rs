//! Secure tokens (section 6): referenced tokens of the core, whose group is the terminal.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod patch;
pub(super) mod read;
pub(super) mod update_account;

use coffer_core::{ReferencedView, Refused, lifecycle::TokenStage};
use coffer_crypto::LocatorBytes;
use hyper::StatusCode;

use super::{
    auth::{At, Caller},
    convert::{self, Shown},
    error::{InvalidField, Problem, SECURE_TOKEN},
};
use crate::{app::App, call::Call, query, reply::Reply};

/// The id in the path; 404 for what is no text.
fn id_in(call: &Call) -> Result<String, Problem> {
    let id = call.param("secureTokenId").and_then(query::path_part);
    id.filter(|id| !id.is_empty()).ok_or(Problem::NotFound { resource: SECURE_TOKEN })
}

/// A secure token as it is after an act.
fn shown(status: StatusCode, view: &ReferencedView) -> Result<Reply, Refused> {
    Ok(Reply::json(status, &Shown::of(view)?.body()))
}

/// Whether the terminal takes what a single-use token has: it may have been made at another one. What a token has never
/// changes, so it is looked at before the token is used. `parameter` is what named the token.
async fn accepts_token(
    app: &App,
    caller: &Caller,
    at: At<'_>,
    (token, parameter): (&LocatorBytes, &str),
) -> Result<(), Problem> {
    let view = app.vault.read_token(caller.act.tenant, token).await?;
    // Of one that cannot be used, or is of another dialect, whoever tries to use it is told.
    let live = view.filter(|view| view.stage == TokenStage::Live);
    let Some(facts) = live.and_then(|view| convert::facts_of(&view.details).ok()) else { return Ok(()) };
    convert::accepts(at.terminal, &facts).map_err(|problem| match problem {
        Problem::NoCapability(field) => {
            Problem::NoCapability(InvalidField { parameter: parameter.to_owned(), ..field })
        }
        other => other,
    })
}
