//! `/customers`, as far as a vault needs them: whom instruments belong to.

use coffer_core::{
    CustomerError, CustomerPut, DefaultInstrument, ExchangeError, Kept, PutCustomer, Refused, Who,
};
use hyper::StatusCode;
use serde_json::value::to_raw_value;

use super::{
    auth::Caller,
    convert,
    error::Problem,
    instruments,
    wire::{CustomerRequest, DefaultField, OwnFields},
};
use crate::{app::App, call::Call, reply::Reply};

pub(super) mod create;
pub(super) mod put;
pub(super) mod read;

/// Writes a customer: 201 for a new one, 200 for one that was there.
async fn write(
    app: &App,
    (call, caller): (&Call, &Caller),
    id: Option<&str>,
    request: &CustomerRequest<'_>,
) -> Result<Reply, Problem> {
    let contact = request.primary_address.as_ref().map(convert::contact);
    let own = instruments::create::own(OwnFields::default(), contact.as_ref());
    let token = request
        .payment_token
        .map(|token| convert::parse_token_id(token).ok_or(ExchangeError::NotUsable))
        .transpose()
        .map_err(CustomerError::from)?;
    let named = match request.default_instrument {
        DefaultField::Id(id) if token.is_none() => {
            Some(convert::parse_instrument_id(id).ok_or(CustomerError::NoSuchInstrument)?)
        }
        _ => None,
    };
    let default = match (&token, &named, request.default_instrument) {
        (Some(token), _, _) => DefaultInstrument::Token { token, own: &own },
        (None, Some(id), _) => DefaultInstrument::Instrument(id),
        (None, None, DefaultField::Null) => DefaultInstrument::None,
        (None, None, _) => DefaultInstrument::AsItWas,
    };
    let kept = to_raw_value(&request.own).map_err(|_| Refused::Unavailable)?;
    let put = PutCustomer {
        id,
        name: &convert::customer_id,
        contact: Who::Said(contact.clone()),
        own: Some(&kept),
        default,
    };
    let printer = caller.printer(app);
    let render = |put: &CustomerPut, kept: Option<&Kept>| {
        let default = kept.map(|kept| &kept.instrument).or(put.customer.default.as_ref());
        let mut body = convert::customer(printer, &put.customer, default);
        body.embedded = read::embedded(printer, call.query(), default);
        let status = if put.created { StatusCode::CREATED } else { StatusCode::OK };
        let reply = Reply::json(status, &body);
        if put.created { reply.location(&printer.customer_url(body.id)) } else { reply }
    };
    Ok(app.vault.put_customer(&caller.act, &put, render).await?)
}
