//! `PUT /tokens/{token}` on the link of an attribute, with its bare value, or on the link of a conflict, without a body
//! (sections 4.5 and 6): 204.

use hyper::StatusCode;

use super::{
    super::{
        Operation, auth,
        error::{self, Problem},
        media::{Family, Media},
        operation,
        wire::attributes::read_change,
    },
    Named, is_asked, named,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("updateToken", PUT "/tokens/{token}", [User]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_update(app, call).await;
    error::answer(app, call, Family::Tokens, result).await
}

async fn try_update(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let named = named(app, call, caller.act.tenant);
    if let Named::Conflict(locator) = named {
        let media = Media::of_read(call, Family::Tokens)?;
        // The call takes no body; one is read all the same, so that the connection can go on.
        call.body().await?;
        app.vault.resolve_conflict(&caller.act, &locator).await?;
        return Ok(done(media));
    }
    let media = Media::of_write(call, Family::Tokens)?;
    let body = call.body().await?;
    match named {
        Named::Attribute(kind, number) => {
            if body.is_empty() {
                return Err(Problem::Empty);
            }
            let parsed = json::parse(&body)?;
            let change = read_change(kind, &parsed)?;
            is_asked(app, call, caller.act.tenant, number).await?;
            app.vault.update_reusable(&caller.act, number, &change).await?;
            Ok(done(media))
        }
        Named::Token(_) => Err(Problem::NoAttribute),
        Named::Conflict(_) | Named::Nothing => Err(Problem::NotFound),
    }
}

/// No body, but a media type all the same, as documented.
fn done(media: Media) -> Reply {
    Reply::empty(StatusCode::NO_CONTENT).with_type(Family::Tokens.media_type(media.answer))
}
