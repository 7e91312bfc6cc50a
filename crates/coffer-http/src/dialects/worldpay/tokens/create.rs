//! `POST /tokens`: 201 new, 200 matched, 409 conflict (section 4).

use coffer_core::{NewReusable, Protected, Source, Tokenized};
use coffer_types::{Timestamp, limits};
use hyper::StatusCode;

use super::super::{
    Operation, auth,
    convert::{self, OwnFields, Printer, Shown},
    error::{self, Problem},
    media::{Family, Media},
    operation,
    wire::{card::CardNumber, create::CreateRequest},
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("createToken", POST "/tokens", [User]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, Family::Tokens, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let media = Media::of_write(call, Family::Tokens)?;
    let body = call.body().await?;
    if body.is_empty() {
        return Err(Problem::Empty);
    }
    let parsed = json::parse(&body)?;
    let now = app.vault.now();
    let CreateRequest { number, facts, token } = CreateRequest::read(&parsed, media.body, now)?;
    caller.may_use_entity(token.entity.as_deref())?;
    check_end(token.ends_at, now)?;
    let CardNumber::Known(pan) = number else { return Err(Problem::UnknownBrand) };
    let protected = Protected::Card(pan);
    let description = token.description.unwrap_or_else(|| default_description(now));
    let new = NewReusable {
        source: Source::Card(&protected),
        namespace: token.namespace.as_deref(),
        description: &description,
        ends_at: token.ends_at,
        facts,
        may_conflict: true,
    };
    let bins = app.settings.tables.bins();
    let own = |protected: &Protected| OwnFields::of(protected, &bins);
    let printer = Printer { base: &caller.base };
    let media_type = Family::Tokens.media_type(media.answer);
    let render = |tokenized: &Tokenized| reply(printer, tokenized, media_type);
    Ok(app.vault.tokenize(&caller.act, &new, app.settings.worldpay.lifetime, own, render).await?)
}

fn reply(printer: Printer<'_>, tokenized: &Tokenized, media_type: &'static str) -> Reply {
    let status = match tokenized {
        Tokenized::Created(_) => StatusCode::CREATED,
        Tokenized::Matched(_) => StatusCode::OK,
        Tokenized::Conflicting(..) => StatusCode::CONFLICT,
    };
    let (view, conflict) = convert::outcome(tokenized);
    let shown = Shown::of(view);
    let body = printer.token(&shown, conflict);
    Reply::json(status, &body).with_type(media_type).location(&printer.token_href(view))
}

/// Whether a token may live so long.
pub(crate) fn check_end(ends_at: Option<Timestamp>, now: Timestamp) -> Result<(), Problem> {
    match ends_at {
        Some(ends_at) if ends_at > now.plus_seconds(limits::REUSABLE_SECONDS_MAX) => {
            Err(Problem::EndsTooLate)
        }
        _ => Ok(()),
    }
}

/// What a token is called that nobody gave a description: the documentation says only that there is one.
pub(crate) fn default_description(now: Timestamp) -> String {
    let day = now.to_rfc3339();
    format!("Token created on {}", day.get(..10).unwrap_or(&day))
}
