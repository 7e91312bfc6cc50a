//! `POST /payment-instruments`, the exchange of 4.2: 201 for a new instrument, 303 where the customer had it; both with
//! body and `Location`.

use coffer_core::{
    Contact, CustomerView, Details, InstrumentDetails, Keep, Kept, Made, NewInstrument, Protected, Refused,
};
use coffer_types::{Brand, Timestamp};
use hyper::StatusCode;

use super::super::{
    Operation,
    auth::{self, Caller},
    collection::asks_for,
    convert::{self, BankParts, ExtraParts, Own, Printer},
    error::{self, Problem},
    operation, risk,
    wire::{CreateRequest, From, OwnFields, Plain, RiskBody},
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
    let reference_data = match &request.from {
        From::Plain(plain) => plain.reference_data,
        From::Token(_) => None,
    };
    let own = own(OwnFields { reference_data, ..request.own }, contact);
    let keep = Keep { customer: request.customer, own: &own };
    let printer = caller.printer(app);
    let embedded = customer.as_ref().filter(|_| asks_for(call.query(), "customer"));
    let render = |kept: &Kept| render(printer, kept, embedded);
    match request.from {
        From::Token(token) => {
            let token = convert::parse_token_id(token).ok_or(coffer_core::ExchangeError::NotUsable)?;
            Ok(app.vault.exchange(&caller.act, &token, keep, render).await?)
        }
        From::Plain(plain) => keep_plain(app, call, &caller, *plain, keep, (now, &render)).await,
    }
}

/// What a request says of an instrument, put over what the instrument has. The customer's address is the default.
pub(crate) fn own<'a>(
    fields: OwnFields<'a>,
    customer: Option<&'a Contact>,
) -> impl Fn(&Details, Option<&InstrumentDetails>) -> Made + Sync + 'a {
    move |details, before| {
        let default = customer.filter(|_| details.contact.is_none());
        let mismatch = convert::names_differ(details.contact.as_ref().or(default), customer);
        Made {
            own: before.map(Own::of).unwrap_or_default().changed(&fields, None, mismatch),
            contact: default.cloned(),
            extra: before.and_then(|before| convert::with_bank_names(details, &before.details)),
        }
    }
}

fn render(printer: Printer<'_>, kept: &Kept, customer: Option<&CustomerView>) -> Reply {
    let status = if kept.updated { StatusCode::SEE_OTHER } else { StatusCode::CREATED };
    let body = convert::expanded(printer, &kept.instrument, customer);
    Reply::json(status, &body).location(&printer.instrument_url(&body.own.id))
}

async fn keep_plain(
    app: &App,
    call: &Call,
    caller: &Caller,
    plain: Plain<'_>,
    keep: Keep<'_>,
    (now, render): (Timestamp, &(dyn Fn(&Kept) -> Reply + Sync)),
) -> Result<Reply, Problem> {
    let mut plain = plain;
    let risk = std::mem::take(&mut plain.risk);
    let Plain { method, protected, billing_address, .. } = &plain;
    let subject = risk::Subject { method, protected, billing_address: Some(billing_address) };
    let assessed = risk::assess(app, call, caller, &subject, risk, now);
    let new = new_instrument(plain, assessed.bank(), Some(&assessed.body))?;
    let counts = assessed.into_counts();
    let reply = app.vault.keep(&caller.act, &new, keep, render).await?;
    counts.add(app, caller.act.tenant, now);
    Ok(reply)
}

/// What is kept of plain details, with what the card table knows and with the risk, where a call told of one.
pub(crate) fn new_instrument(
    plain: Plain<'_>,
    bank: BankParts<'_>,
    risk: Option<&RiskBody<'_>>,
) -> Result<NewInstrument, Refused> {
    let Plain { method, protected, expiry, shown, billing_address, .. } = plain;
    let extra = ExtraParts {
        method,
        partial: false,
        instrument: shown.as_deref(),
        wallet: None,
        risk,
        bank_country: bank.country,
        bank_name: bank.name,
        brand: bank.brand.map(Brand::code),
    };
    let contact = Some(convert::contact(&billing_address));
    let details = Details { expiry, contact, extra: Some(extra.to_raw()?) };
    Ok(NewInstrument { protected, details })
}
