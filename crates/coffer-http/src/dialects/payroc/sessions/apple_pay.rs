//! `POST /processing-terminals/{processingTerminalId}/apple-pay-sessions` (8.2): a vault has no certificate of a
//! merchant at Apple, and says so. There is no idempotency key: nothing is done.

use super::super::{
    Operation, auth,
    error::{self, InvalidField, Problem},
    media, operation,
    wire::create::ApplePayRequest,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "createApplePaySession",
    POST "/v1/processing-terminals/{processingTerminalId}/apple-pay-sessions",
    Bearer
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call)?;
    caller.terminal(app, call)?;
    media::of_write(call)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    ApplePayRequest::read(&parsed)?;
    let message = "Apple Pay needs a merchant's certificate at Apple, which this vault does not have.";
    Err(Problem::NoCapability(InvalidField::new("appleDomainId", message)))
}
