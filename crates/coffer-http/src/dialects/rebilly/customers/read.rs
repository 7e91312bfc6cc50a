//! `GET /customers/{id}`, with `expand` and `fields`.

use coffer_core::InstrumentView;
use hyper::StatusCode;
use serde_json::{Map, Value};

use super::super::{
    Operation, auth,
    collection::asks_for,
    convert::{self, Printer},
    error::{self, Problem},
    operation,
    wire::EmbeddedDefault,
};
use crate::{
    app::App,
    call::Call,
    query::{parameter, path_part},
    reply::Reply,
};

pub(crate) const OPERATION: Operation = operation!("GetCustomer", GET "/customers/{id}", [Secret, Jwt]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, result).await
}

async fn try_read(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let id = resource_id(call).ok_or(Problem::NotFound)?;
    let customer = app.vault.read_customer(caller.act.tenant, &id).await?.ok_or(Problem::NotFound)?;
    let printer = caller.printer(app);
    let mut body = convert::customer(printer, &customer, None);
    body.embedded = embedded(printer, call.query(), customer.default.as_ref());
    match parameter(call.query(), "fields") {
        None => Ok(Reply::json(StatusCode::OK, &body)),
        Some(fields) => Ok(Reply::json(StatusCode::OK, &only(&body, &fields))),
    }
}

/// The default instrument, when `expand` asks for it.
pub(crate) fn embedded<'r>(
    printer: Printer<'r>,
    query: &str,
    default: Option<&'r InstrumentView>,
) -> Option<EmbeddedDefault<'r>> {
    let default = default.filter(|_| asks_for(query, "defaultPaymentInstrument"))?;
    Some(EmbeddedDefault { default_payment_instrument: Box::new(convert::instrument(printer, default)) })
}

/// The named members, and always the id.
fn only(body: &impl serde::Serialize, fields: &str) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(body) else { return Map::new() };
    members.retain(|name, _| name == "id" || fields.split(',').any(|field| field.trim() == name));
    members
}

/// The id in the path, decoded: at most 50 characters of the definition's alphabet.
pub(crate) fn resource_id(call: &Call) -> Option<String> {
    let id = path_part(call.param("id")?)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.~@".contains(&byte);
    ((1..=50).contains(&id.len()) && id.bytes().all(allowed)).then_some(id)
}
