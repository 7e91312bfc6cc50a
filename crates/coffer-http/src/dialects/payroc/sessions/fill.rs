//! `POST /hosted-fields-sessions/{session}/fields`: one field, when the shopper leaves it (section 11).

use std::sync::Arc;

use coffer_core::{Attempt, FieldsSession, NewToken};
use coffer_types::{Cvv, Pan};
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    super::{
        Operation,
        auth::{At, Shopper},
        error::{self, InvalidField, Problem},
        media,
        once::{self, Asking, Rendered},
        operation,
        wire::form_fields::{Field, Filled},
    },
    shopper,
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("fillHostedField", POST "/v1/hosted-fields-sessions/{session}/fields", Session);

/// What a field tells of the others.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FilledField")]
pub(crate) struct FilledBody {
    info: Info,
}

/// Empty where it tells nothing.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FieldInfo")]
struct Info {
    /// Whether the card has a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    supports_cvv: Option<bool>,
}

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_fill(app, call).await;
    error::answer(app, call, result).await
}

async fn try_fill(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let (shopper, at) = shopper(app, call, Shopper::located(app, call)?).await?;
    media::of_write(call)?;
    let body = call.body().await?;
    let asking = Asking::of(call, &body)?;
    let (shopper, body, call) = (&shopper, &*body, &*call);
    once::run(app, shopper.act.tenant, &asking, |attempt| {
        Box::pin(async move {
            let parsed = json::parse(body)?;
            let field = Field::read(&parsed)?;
            fill(app, call, (shopper, at), &field, attempt).await
        })
    })
    .await
}

async fn fill(
    app: &App,
    call: &Call,
    (shopper, at): (&Shopper, At<'_>),
    field: &Field<'_>,
    attempt: Arc<Attempt>,
) -> Result<Reply, Problem> {
    let pan = match field.name {
        "cardNumber" => Some(card(app, call, shopper, field)?),
        _ => None,
    };
    if pan.is_some() && !at.terminal.accepts.cards {
        return Err(Problem::NoCapability(InvalidField::new("cardNumber", "The terminal takes no cards.")));
    }
    let filled = |session: FieldsSession| -> Result<NewToken, Problem> {
        let mut fields = Filled::of(&session.clear.protected);
        let mut cvv = session.clear.cvv;
        if field.name == "cvv" {
            let code = Cvv::parse(field.value);
            cvv = Some(code.map_err(|_| Problem::invalid("cvv", "Must have three or four digits."))?);
        } else {
            fields.put(field);
        }
        let protected = fields.protected().ok_or(coffer_core::Refused::Unavailable)?;
        Ok(NewToken { protected, cvv, reader: None, details: session.details })
    };
    let info = Info { supports_cvv: pan.map(|_| true) };
    let body = FilledBody { info };
    let render = || -> Rendered { Ok(Reply::json(StatusCode::OK, &body)) };
    let once = Some(once::keeping(&attempt));
    Ok(app.vault.fill_fields(&shopper.act, shopper.session, once, filled, render).await??)
}

/// The card number of a field, where this browser may use it.
fn card(app: &App, call: &Call, shopper: &Shopper, field: &Field<'_>) -> Result<Pan, Problem> {
    Shopper::may_go_on(app, call, shopper.act.tenant)?;
    let Ok(pan) = Pan::parse_leniently(field.value) else {
        shopper.note_refused_card(app, call);
        return Err(Problem::invalid("cardNumber", "Is not a card number."));
    };
    shopper.may_use_card(app, call, &pan)?;
    Ok(pan)
}
