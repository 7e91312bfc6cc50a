//! `POST /sessions/payments/cvc`: a verification code alone, for a quarter of an hour.

use coffer_core::{Details, NewToken, Protected, SessionKind};
use coffer_crypto::forms;

use super::super::{
    Operation, auth,
    error::{self, Problem},
    media::{Family, Media},
    operation, preflight,
    wire::session::{CvvSession, identity},
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("createCvcSession", POST "/sessions/payments/cvc", [Checkout]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    preflight::allow_readers(app, call);
    let result = try_create(app, call).await;
    error::answer(app, call, Family::Sessions, result).await
}

async fn try_create(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let media = Media::of_write(call, Family::Sessions)?;
    let body = call.body().await?;
    if body.is_empty() {
        return Err(Problem::Empty);
    }
    let parsed = json::parse(&body)?;
    let known = identity(&parsed).map(|identity| auth::shopper(app, call, identity)).transpose()?;
    let session = CvvSession::read(&parsed)?;
    let shopper = known.ok_or(Problem::UnknownIdentity)?;
    let new = NewToken {
        protected: Protected::Nothing,
        cvv: Some(session.cvv),
        reader: None,
        details: Details { expiry: None, contact: None, extra: None },
    };
    let (base, kind) = (auth::base(app, call), SessionKind::Cvv);
    let media_type = Family::Sessions.media_type(media.answer);
    let render = |locator: &_| {
        let href = format!("{base}/sessions/{}", forms::segment(kind.locator(), locator));
        super::created(Family::Sessions, &base, &href, media_type)
    };
    Ok(app.vault.create_session(&shopper.act, kind, &new, render).await?)
}
