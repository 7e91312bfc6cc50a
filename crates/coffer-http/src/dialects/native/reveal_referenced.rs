//! `POST /referenced-tokens/{digits}/reveal`: the clear details of a referenced token, without a code, for a stated
//! reason.

use coffer_core::ReferencedError;
use coffer_types::Tenant;
use hyper::StatusCode;

use super::{
    auth, convert,
    error::{self, Problem, Sought},
    wire,
};
use crate::{app::App, call::Call, credentials::Credential, json, reply::Reply};

/// 200 with the card or account; the reason is in the audit log before it leaves.
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
    let digits = call.param("digits").unwrap_or_default();
    let tenant = owner(app, &credential, digits).await?;
    let act = credential.act(tenant, call);
    let revealed = app.vault.reveal_referenced(&act, digits, request.reason).await;
    let revealed = revealed.map_err(|error| match error {
        ReferencedError::Refused(refused) => Problem::Refused(refused),
        _ => Problem::Missing(Sought::Referenced),
    })?;
    Ok(Reply::secret_json(StatusCode::OK, &convert::revealed_referenced(&revealed)))
}

/// The one tenant of the credential that has a token with these digits. They are unique within a tenant: where two have
/// them, which one is meant cannot be told, and neither is shown.
async fn owner(app: &App, credential: &Credential, digits: &str) -> Result<Tenant, Problem> {
    let mut found = None;
    for tenant in &credential.tenants {
        let view = app.vault.read_referenced_digits(*tenant, digits).await.map_err(Problem::Refused)?;
        if view.is_some() && found.replace(*tenant).is_some() {
            return Err(Problem::Missing(Sought::Referenced));
        }
    }
    found.ok_or(Problem::Missing(Sought::Referenced))
}
