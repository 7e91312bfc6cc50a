//! `PATCH /payment-instruments/{id}` (4.2): a token's details or plain fields onto an instrument. What is absent stays.

use std::borrow::Cow;

use coffer_core::{Change, Contact, CustomerView, Details, InstrumentView, Refused};
use coffer_types::{Expiry, Timestamp};
use hyper::StatusCode;
use serde_json::value::{RawValue, to_raw_value};

use super::super::{
    Operation,
    auth::{self, Caller},
    collection::asks_for,
    convert::{self, Extra, ExtraParts, Own, extra_of},
    error::{self, Problem},
    operation,
    wire::{BankBody, EXPIRED, ExpiryChange, PatchRequest},
};
use crate::{app::App, call::Call, form::Invalid, json, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("PatchPaymentInstrument", PATCH "/payment-instruments/{id}", [Secret, Jwt]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_update(app, call).await;
    error::answer(app, call, result).await
}

async fn try_update(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let body = call.body().await?;
    let parsed = json::parse(&body)?;
    let request = PatchRequest::read(&parsed, app.vault.now())?;
    let printer = caller.printer(app);
    let expands = asks_for(call.query(), "customer");
    let render = |view: &InstrumentView, customer: Option<&CustomerView>| {
        Reply::json(StatusCode::OK, &convert::expanded(printer, view, customer.filter(|_| expands)))
    };
    update(app, call, &caller, &request, None, render).await
}

/// Carries out an update. With an `owner`, another customer's instrument is as one that is not there.
pub(crate) async fn update(
    app: &App,
    call: &Call,
    caller: &Caller,
    request: &PatchRequest<'_>,
    owner: Option<&str>,
    render: impl Fn(&InstrumentView, Option<&CustomerView>) -> Reply,
) -> Result<Reply, Problem> {
    let id = call.param("id").and_then(convert::parse_instrument_id).ok_or(Problem::NotFound)?;
    let tenant = caller.act.tenant;
    let before = app.vault.read_instrument(tenant, &id).await?;
    let before = before.filter(|view| owner.is_none_or(|owner| view.details.customer == owner));
    let before = before.ok_or(Problem::NotFound)?;
    let customer = app.vault.read_customer(tenant, &before.details.customer).await?;
    let contact = customer.as_ref().and_then(|customer| customer.details.contact.as_ref());
    let token = match request.token {
        Some(token) => Some(convert::parse_token_id(token).ok_or_else(Problem::token_not_usable)?),
        None => None,
    };
    let now = app.vault.now();
    let decide = |view: &InstrumentView, token: Option<&Details>| change(request, view, token, contact, now);
    let render = |view: &InstrumentView| render(view, customer.as_ref());
    Ok(app.vault.update_instrument(&caller.act, &id, token.as_ref(), &decide, render).await?)
}

/// What an instrument is to be.
fn change(
    request: &PatchRequest<'_>,
    view: &InstrumentView,
    token: Option<&Details>,
    customer: Option<&Contact>,
    now: Timestamp,
) -> Result<Change, Problem> {
    let old = &view.details.details;
    let (was, brought) = (extra_of(old), token.map(extra_of));
    check(request, view, &was, brought.as_ref())?;
    let contact = request.billing_address.as_ref().map(convert::contact);
    let contact = contact.or_else(|| token.and_then(|token| token.contact.clone()));
    let details = Details {
        expiry: expiry(request.expiry, token.and_then(|token| token.expiry).or(old.expiry), now)?,
        contact: contact.or_else(|| old.contact.clone()),
        extra: Some(extra(request, &was, brought.as_ref())?),
    };
    let mismatch = convert::names_differ(details.contact.as_ref(), customer);
    let own = Own::of(&view.details).changed(&request.own, request.sticky, mismatch);
    Ok(Change { details, own })
}

/// The expiry that was, or that a token brings, with the parts in its place that the request says. What they make
/// together must not be over.
fn expiry(said: ExpiryChange, was: Option<Expiry>, now: Timestamp) -> Result<Option<Expiry>, Problem> {
    if said.month.is_none() && said.year.is_none() {
        return Ok(was);
    }
    let year = said.year.or(was.map(|was| was.year().into()));
    let year = year.ok_or_else(|| Problem::invalid("expYear", "Is required."))?;
    let month = said.month.or(was.map(|was| was.month().into()));
    let month = month.ok_or_else(|| Problem::invalid("expMonth", "Is required."))?;
    let field = if said.month.is_some() { "expMonth" } else { "expYear" };
    let expiry = Expiry::new(year, month).ok().filter(|expiry| !expiry.is_past(now));
    expiry.map(Some).ok_or_else(|| Problem::invalid(field, EXPIRED))
}

/// What fits no instrument of this kind is a problem, and not forgotten in silence.
fn check(
    request: &PatchRequest<'_>,
    view: &InstrumentView,
    was: &Extra<'_>,
    brought: Option<&Extra<'_>>,
) -> Result<(), Problem> {
    let mut invalid = Vec::new();
    let mut problem = |field: &str, message: &str| {
        invalid.push(Invalid { field: field.to_owned(), message: message.to_owned() });
    };
    let (is_card, is_bank) = (was.is_card(), was.is_bank());
    if brought.is_some_and(|new| !new.fits(was)) {
        problem("token", "The token is for another payment method.");
    }
    for (field, said) in [("expMonth", request.expiry.month), ("expYear", request.expiry.year)] {
        if !is_card && said.is_some() {
            problem(field, "Only a card has an expiry.");
        }
    }
    match &request.cvv {
        Some(_) if !is_card => problem("cvv", "Only a card has a code."),
        Some(cvv) if !cvv.fits(view.face.and_then(|face| face.brand)) => {
            problem("cvv", "Has the wrong length for this card.");
        }
        _ => {}
    }
    if !is_bank && request.bank.bank_name.is_some() {
        problem("bankName", "Only a bank account has it.");
    }
    if !is_bank && request.bank.account_type.is_some() {
        problem("accountType", "Only a bank account has it.");
    }
    if invalid.is_empty() { Ok(()) } else { Err(Problem::Invalid(invalid)) }
}

/// The dialect's part: of a whole token the token's; of a partial one, or of none, the old one with what is new in it.
fn extra(
    request: &PatchRequest<'_>,
    was: &Extra<'_>,
    brought: Option<&Extra<'_>>,
) -> Result<Box<RawValue>, Problem> {
    let base = brought.filter(|new| !new.partial).unwrap_or(was);
    let bank = match (base.instrument, base.is_bank()) {
        (Some(shown), true) => changed_bank(request, shown)?,
        _ => None,
    };
    let parts = ExtraParts {
        instrument: bank.as_deref().or(base.instrument),
        risk: brought.and_then(|new| new.risk).or(was.risk),
        ..ExtraParts::of(base)
    };
    Ok(parts.to_raw()?)
}

/// A bank account with another name of the bank, or of another type.
fn changed_bank(request: &PatchRequest<'_>, shown: &RawValue) -> Result<Option<Box<RawValue>>, Problem> {
    let change = &request.bank;
    if change.bank_name.is_none() && change.account_type.is_none() {
        return Ok(None);
    }
    let bank: BankBody<'_> = serde_json::from_str(shown.get()).map_err(|_| Refused::Unavailable)?;
    let bank = BankBody {
        bank_name: match change.bank_name {
            Some(name) => Some(Cow::Borrowed(name)).filter(|name| !name.is_empty()),
            None => bank.bank_name,
        },
        account_type: change.account_type.map(Cow::Borrowed).or(bank.account_type),
        ..bank
    };
    Ok(Some(to_raw_value(&bank).map_err(|_| Refused::Unavailable)?))
}
