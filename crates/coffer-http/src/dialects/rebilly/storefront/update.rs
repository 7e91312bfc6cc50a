//! `PATCH /storefront/payment-instruments/{id}`: the customer's own instrument, by a token or with another address.

use coffer_core::{Details, InstrumentView};
use hyper::StatusCode;

use super::{
    super::{
        Operation, auth, convert,
        error::{self, Problem},
        instruments::update::change,
        operation,
        wire::{OwnFields, PatchRequest, StorefrontRequest},
    },
    own_instrument,
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
    let now = app.vault.now();
    let StorefrontRequest { token, custom_fields, billing_address } = StorefrontRequest::read_patch(&parsed)?;
    let fields = OwnFields { custom_fields, ..OwnFields::default() };
    let request = PatchRequest { own: fields, billing_address, token, ..PatchRequest::nothing() };
    let InstrumentView { locator: id, details, .. } = own_instrument(app, &caller, call).await?;
    let known = app.vault.read_customer(caller.act.tenant, &details.customer).await?;
    let contact = known.as_ref().and_then(|known| known.details.contact.as_ref());
    let token = match request.token {
        Some(token) => Some(convert::parse_token_id(token).ok_or_else(Problem::token_not_usable)?),
        None => None,
    };
    let decide = |view: &InstrumentView, token: Option<&Details>| change(&request, view, token, contact, now);
    let printer = caller.printer(app);
    let render = |view: &InstrumentView| Reply::json(StatusCode::OK, &convert::storefront(printer, view));
    Ok(app.vault.update_instrument(&caller.act, &id, token.as_ref(), &decide, render).await?)
}
