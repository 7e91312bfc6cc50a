//! `DELETE /tokens/{token}`: 204, then 404 (section 7).

use hyper::StatusCode;

use super::{
    super::{
        Operation, auth,
        error::{self, Problem},
        media::{Family, Media},
        operation,
    },
    Named, is_asked, named,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("deleteToken", DELETE "/tokens/{token}", [User]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_delete(app, call).await;
    error::answer(app, call, Family::Tokens, result).await
}

async fn try_delete(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let media = Media::of_read(call, Family::Tokens)?;
    match named(app, call, caller.act.tenant) {
        Named::Token(number) => {
            is_asked(app, call, caller.act.tenant, number).await?;
            app.vault.delete_reusable(&caller.act, number).await?;
        }
        Named::Attribute(..) => return Err(Problem::WrongMethod),
        Named::Conflict(_) | Named::Nothing => return Err(Problem::NotFound),
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT).with_type(Family::Tokens.media_type(media.answer)))
}
