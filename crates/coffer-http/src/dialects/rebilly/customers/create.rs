//! `POST /customers`: a customer with an id of ours.

use super::{
    super::{
        Operation, auth,
        error::{self, Problem},
        operation,
        wire::CustomerRequest,
    },
    write,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("PostCustomer", POST "/customers", [Secret, Jwt]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let request = CustomerRequest::read(&parsed)?;
    write(app, (call, &caller), None, &request).await
}
