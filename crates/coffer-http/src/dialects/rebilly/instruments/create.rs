//! `POST /payment-instruments`, the exchange of 4.2: 201 for a new instrument, 303 where the customer had it; both with
//! body and `Location`.

use coffer_core::{Contact, Details, InstrumentDetails, Keep, Kept, NewInstrument, Protected};
use coffer_types::{Brand, Timestamp};
use hyper::StatusCode;
use serde_json::value::RawValue;

use super::super::{
    Operation,
    auth::{self, Caller},
    convert::{self, ExtraParts, Own},
    error::{self, Problem},
    operation, risk,
    wire::{CreateRequest, From, OwnFields, Plain},
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("PostPaymentInstrument", POST "/payment-instruments", [Secret, Jwt]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_create(app, call).await;
    error::answer(app, call, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let now = app.vault.now();
    let request = CreateRequest::read(&parsed, now)
        .inspect_err(|invalid| caller.note_refused_card(app, call, invalid))?;
    if let From::Plain(plain) = &request.from
        && let Protected::Card(pan) = &plain.protected
    {
        caller.may_use_card(app, call, pan)?;
    }
    let customer = app.vault.read_customer(caller.act.tenant, request.customer).await?;
    let contact = customer.as_ref().and_then(|customer| customer.details.contact.as_ref());
    let own = own(&request.own, contact);
    let keep = Keep { customer: request.customer, own: &own };
    let render = |kept: &Kept| render(app, &caller, kept);
    match request.from {
        From::Token(token) => {
            let token = convert::parse_token_id(token).ok_or(coffer_core::ExchangeError::NotUsable)?;
            Ok(app.vault.exchange(&caller.act, &token, keep, render).await?)
        }
        From::Plain(plain) => keep_plain(app, call, &caller, *plain, keep, now).await,
    }
}

/// What a request says of an instrument, put over what the instrument has.
pub(crate) fn own(
    fields: &OwnFields<'_>,
    customer: Option<&Contact>,
) -> impl Fn(&Details, Option<&InstrumentDetails>) -> Option<Box<RawValue>> {
    move |details, before| {
        let mismatch = convert::names_differ(details, customer);
        before.map(Own::of).unwrap_or_default().changed(fields, None, mismatch)
    }
}

fn render(app: &App, caller: &Caller, kept: &Kept) -> Reply {
    let printer = caller.printer(app);
    let status = if kept.updated { StatusCode::SEE_OTHER } else { StatusCode::CREATED };
    let body = convert::instrument(printer, &kept.instrument);
    Reply::json(status, &body).location(&printer.instrument_url(&body.id))
}

async fn keep_plain(
    app: &App,
    call: &Call,
    caller: &Caller,
    plain: Plain<'_>,
    keep: Keep<'_>,
    now: Timestamp,
) -> Result<Reply, Problem> {
    let Plain { method, protected, expiry, shown, billing_address, risk } = plain;
    let subject = risk::Subject { protected: &protected, billing_address: Some(&billing_address) };
    let assessed = risk::assess(app, call, caller, &subject, risk, now);
    let bank = assessed.bank();
    let extra = ExtraParts {
        method,
        partial: false,
        instrument: shown.as_deref(),
        wallet: None,
        risk: Some(&assessed.body),
        bank_country: bank.country,
        bank_name: bank.name,
        brand: bank.brand.map(Brand::code),
    };
    let contact = Some(convert::contact(&billing_address));
    let details = Details { expiry, contact, extra: Some(extra.to_raw()?) };
    let counts = assessed.into_counts();
    let new = NewInstrument { protected, details };
    let reply = app.vault.keep(&caller.act, &new, keep, |kept| render(app, caller, kept)).await?;
    counts.add(app, caller.act.tenant, now);
    Ok(reply)
}
