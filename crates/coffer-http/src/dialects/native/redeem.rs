//! `POST /tokens/{token}/redeem`: the clear details of a single-use token of any dialect, or of a session that a
//! browser left, once.

use coffer_core::SessionKind;
use hyper::StatusCode;

use super::{
    auth, convert,
    error::{self, Problem, Sought},
};
use crate::{app::App, call::Call, reply::Reply};

/// 200 with the card, and with the code if one came; 404 for a token that cannot be used.
pub(super) async fn redeem(app: &App, call: &mut Call) -> Reply {
    let result = try_redeem(app, call).await;
    error::answer(app, call, result).await
}

async fn try_redeem(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let credential = auth::may_open(app, call)?;
    call.know(&credential.name);
    let token = call.param("token").and_then(|text| convert::parse_token(&app.vault, text));
    let located = token.and_then(|(kind, token)| app.vault.locate(kind, &token));
    let session = token.and_then(|(kind, _)| SessionKind::of(kind));
    let (tenant, number) = auth::covered(&credential, located, Sought::Token)?;
    // The call takes no fields; a body is read all the same, so that the connection can go on.
    call.body().await?;
    let act = credential.act(tenant, call);
    let render = |redeemed: &_| Reply::secret_json(StatusCode::OK, &convert::redeemed(redeemed));
    Ok(match session {
        Some(kind) => app.vault.redeem_session(&act, kind, number, render).await?,
        None => app.vault.redeem(&act, number, render).await?,
    })
}
