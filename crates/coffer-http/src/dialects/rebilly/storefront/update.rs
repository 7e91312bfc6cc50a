//! `PATCH /storefront/payment-instruments/{id}`: the customer's own instrument, by a token or with another address.

use coffer_core::{CustomerView, InstrumentView};
use hyper::StatusCode;

use super::super::{
    Operation, auth, convert,
    error::{self, Problem},
    instruments::update::update,
    operation,
    wire::{OwnFields, PatchRequest, StorefrontRequest},
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "StorefrontPatchPaymentInstrument",
    PATCH "/storefront/payment-instruments/{id}", [CustomerJwt]
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_update(app, call).await;
    error::answer(app, call, result).await
}

async fn try_update(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let StorefrontRequest { token, custom_fields, billing_address } = StorefrontRequest::read_patch(&parsed)?;
    let fields = OwnFields { custom_fields, ..OwnFields::default() };
    let request = PatchRequest { own: fields, billing_address, token, ..PatchRequest::nothing() };
    let customer = caller.customer().ok_or(Problem::NotFound)?;
    let printer = caller.printer(app);
    let render = |view: &InstrumentView, _: Option<&CustomerView>| {
        Reply::json(StatusCode::OK, &convert::storefront(printer, view))
    };
    update(app, call, &caller, &request, Some(customer), render).await
}
