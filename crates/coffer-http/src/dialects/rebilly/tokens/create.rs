//! `POST /tokens`: 201 with `Location` and the masked instrument.

use coffer_core::{Created, Protected};
use hyper::StatusCode;

use super::super::{
    Operation, auth, convert,
    error::{self, Problem},
    operation, risk,
    wire::TokenRequest,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("PostToken", POST "/tokens", [Secret, Publishable, Jwt]);

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
    let TokenRequest { method, means, risk } = match TokenRequest::read(&parsed, now) {
        Ok(request) => request,
        Err(invalid) => {
            caller.note_refused_card(app, call, &invalid);
            return Err(invalid.into());
        }
    };
    if let Protected::Card(pan) = &means.protected {
        caller.may_use_card(app, call, pan)?;
    }
    let billing_address = means.billing_address.as_ref();
    let subject = risk::Subject { method, protected: &means.protected, billing_address };
    let assessed = risk::assess(app, call, &caller, &subject, risk, now);
    let new = convert::new_token(method, means, &assessed.body, assessed.bank())?;
    let printer = caller.printer(app);
    let face = new.protected.face();
    let render = |created: &Created| {
        let id = convert::token_id(&created.locator);
        let location = printer.token_url(&id);
        let body = convert::created(printer, &new, face.as_ref(), created, (&id, &location));
        Reply::json(StatusCode::CREATED, &body).location(&location)
    };
    let reply = app.vault.create(&caller.act, &new, render).await?;
    assessed.into_counts().add(app, caller.act.tenant, now);
    Ok(reply)
}
