//! `POST /hosted-fields-sessions/{session}/single-use-tokens`: what was filled in becomes a single-use token, and the
//! session is over (section 11). There is no body.

use std::sync::Arc;

use coffer_core::{Attempt, Created, FieldsSession, NewToken};
use coffer_types::limits;
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    super::{
        Operation,
        auth::{At, Shopper},
        convert::{self, ends},
        error::{self, Problem},
        media,
        once::{self, Asking, Rendered},
        operation,
        wire::form_fields::Filled,
    },
    shopper,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("finishHostedFields", POST "/v1/hosted-fields-sessions/{session}/single-use-tokens", Session);

/// A single-use token. A browser is told nothing else of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FinishedForm")]
pub(crate) struct FinishedBody<'v> {
    /// 128 hexadecimal digits.
    #[schemars(regex(pattern = "^[0-9a-f]{128}$"))]
    token: &'v str,
    /// Thirty minutes after the token was made.
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
}

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_finish(app, call).await;
    error::answer(app, call, result).await
}

async fn try_finish(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    media::of_read(call)?;
    let body = call.body().await?;
    let asking = Asking::of(call, &body)?;
    let located = Shopper::located(app, call)?;
    Shopper::may_go_on(app, call, located.0)?;
    let call = &*call;
    // A session that is over still gives the answer that it ended with.
    once::run(app, located.0, &asking, |attempt| {
        Box::pin(async move {
            let (shopper, at) = shopper(app, call, located).await?;
            finish(app, (&shopper, at), attempt).await
        })
    })
    .await
}

async fn finish(
    app: &App,
    (shopper, at): (&Shopper, At<'_>),
    attempt: Arc<Attempt>,
) -> Result<Reply, Problem> {
    let taking = at.taking(app);
    let make = |session: FieldsSession| -> Result<NewToken, Problem> {
        let filled = Filled::of(&session.clear.protected);
        let mut given = filled.source(session.clear.cvv.as_ref(), taking)?;
        convert::accepts(at.terminal, &given.facts)?;
        convert::complete(&mut given.facts, &given.protected, &app.settings.tables.bins());
        convert::new_token(given)
    };
    let render = |created: &Created| -> Rendered {
        let token = app.vault.long_form(&created.locator)?;
        let expires_at = ends(created.created_at, limits::SINGLE_USE_SECONDS);
        Ok(Reply::json(StatusCode::CREATED, &FinishedBody { token: &token, expires_at }))
    };
    let once = Some(once::keeping(&attempt));
    Ok(app.vault.finish_fields(&shopper.act, shopper.session, once, make, render).await??)
}
