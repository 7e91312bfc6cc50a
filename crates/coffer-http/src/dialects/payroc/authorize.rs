//! `POST /authorize`: a bearer token for an API key (section 1.1). There is no body.

use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Operation, auth, bearer,
    error::{self, Problem},
    operation,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("authorize", POST "/authorize", Key);

/// A bearer token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BearerToken")]
pub(super) struct TokenBody {
    /// What is shown in `Authorization`, behind `Bearer`.
    access_token: String,
    /// Seconds.
    #[schemars(range(min = 1))]
    expires_in: i64,
    #[schemars(regex(pattern = "^Bearer$"))]
    token_type: &'static str,
}

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_authorize(app, call);
    error::answer(app, call, result).await
}

fn try_authorize(app: &App, call: &Call) -> Result<Reply, Problem> {
    let (credential, tenant) = auth::key(app, call)?;
    let access_token = bearer::issue(&app.vault, &credential, tenant)?;
    let body = TokenBody { access_token, expires_in: bearer::SECONDS, token_type: "Bearer" };
    Ok(Reply::secret_json(StatusCode::OK, &body))
}
