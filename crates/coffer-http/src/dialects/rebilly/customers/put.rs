//! `PUT /customers/{id}`: a customer with the merchant's id, made or replaced.

use super::{
    super::{
        Operation, auth,
        error::{self, Problem},
        operation,
        wire::CustomerRequest,
    },
    read::resource_id,
    write,
};
use crate::{app::App, call::Call, detector::text_holds_card, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("PutCustomer", PUT "/customers/{id}", [Secret, Jwt]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_put(app, call).await;
    error::answer(app, call, result).await
}

async fn try_put(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let request = CustomerRequest::read(&parsed)?;
    let id = resource_id(call).ok_or_else(|| {
        Problem::invalid("id", "Must have 1 to 50 of the characters A-Z, a-z, 0-9, _, -, ., ~ and @.")
    })?;
    if text_holds_card(&id) {
        return Err(Problem::invalid("id", "Must not contain a card number."));
    }
    write(app, (call, &caller), Some(&id), &request).await
}
