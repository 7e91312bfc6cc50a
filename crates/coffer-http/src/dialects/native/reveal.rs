//! `POST /instruments/{id}/reveal`: the clear details of an instrument, without a code, for a stated reason.

use hyper::StatusCode;

use super::{
    auth, convert,
    error::{self, Problem, Sought},
    wire,
};
use crate::{app::App, call::Call, json, reply::Reply};

/// 200 with the card; the reason is in the audit log before it leaves.
pub(super) async fn reveal(app: &App, call: &mut Call) -> Reply {
    let result = try_reveal(app, call).await;
    error::answer(app, call, result).await
}

async fn try_reveal(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let credential = auth::may_open(app, call)?;
    call.know(&credential.name);
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let request = wire::RevealRequest::read(&parsed)?;
    let id = call.param("id").and_then(convert::parse_instrument);
    let located = id.and_then(|id| app.vault.locate_instrument(&id));
    let (tenant, number) = auth::covered(&credential, located, Sought::Instrument)?;
    let act = credential.act(tenant, call);
    let revealed = app.vault.reveal(&act, number, request.reason).await?;
    Ok(Reply::secret_json(StatusCode::OK, &convert::revealed(&revealed)))
}
