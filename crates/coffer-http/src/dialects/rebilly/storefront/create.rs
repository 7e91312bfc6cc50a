//! `POST /storefront/payment-instruments`: 201. With a customer's JWT the instrument is that customer's; with a
//! publishable key a new customer is made, named as the token's billing address.

use coffer_core::{CustomerPut, DefaultInstrument, Keep, Kept, PutCustomer, Who};
use hyper::StatusCode;

use super::super::{
    Operation,
    auth::{self, Caller},
    convert,
    error::{self, Problem},
    instruments::create::own,
    operation,
    wire::{OwnFields, StorefrontRequest},
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!(
    "StorefrontPostPaymentInstrument",
    POST "/storefront/payment-instruments", [Publishable, CustomerJwt]
);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let request = StorefrontRequest::read_create(&parsed)?;
    let fields = OwnFields { custom_fields: request.custom_fields, ..OwnFields::default() };
    let token =
        request.token.and_then(convert::parse_token_id).ok_or(coffer_core::ExchangeError::NotUsable)?;
    let Some(customer) = caller.customer() else {
        let own = own(fields, None);
        let put = PutCustomer {
            id: None,
            name: &convert::customer_id,
            contact: Who::OfToken,
            own: None,
            default: DefaultInstrument::Token { token: &token, own: &own },
        };
        let render = |_: &CustomerPut, kept: Option<&Kept>| kept.map(|kept| render(app, &caller, kept));
        let reply = app.vault.put_customer(&caller.act, &put, render).await;
        let reply = reply.map_err(|error| Problem::of_customer(error, "token"))?;
        return reply.ok_or(Problem::Refused(coffer_core::Refused::Unavailable));
    };
    let known = app.vault.read_customer(caller.act.tenant, customer).await?;
    let own = own(fields, known.as_ref().and_then(|known| known.details.contact.as_ref()));
    let keep = Keep { customer, own: &own };
    Ok(app.vault.exchange(&caller.act, &token, keep, |kept| render(app, &caller, kept)).await?)
}

fn render(app: &App, caller: &Caller, kept: &Kept) -> Reply {
    let printer = caller.printer(app);
    let body = convert::storefront(printer, &kept.instrument);
    Reply::json(StatusCode::CREATED, &body).location(&printer.storefront_url(&body.id))
}
