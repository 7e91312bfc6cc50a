//! `POST /sessions/card`: a card, with its code if there is one, for a minute.

use coffer_core::{Details, NewToken, Protected, SessionKind};
use coffer_crypto::forms;

use super::super::{
    Operation, auth, convert,
    error::{self, Problem},
    media::{Family, Media},
    operation, preflight,
    wire::{
        card::CardNumber,
        session::{CardSession, identity},
    },
};
use crate::{app::App, call::Call, json, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("createCardSession", POST "/sessions/card", [Checkout]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    answer_in(app, call, Family::Sessions).await
}

/// The same in the words of another API.
pub(crate) async fn answer_in(app: &App, call: &mut Call, family: Family) -> Reply {
    preflight::allow_readers(app, call);
    let result = try_create(app, call, family).await;
    error::answer(app, call, family, result).await
}

async fn try_create(app: &App, call: &mut Call, family: Family) -> Result<Reply, Problem> {
    let media = Media::of_write(call, family)?;
    let body = call.body().await?;
    if body.is_empty() {
        return Err(Problem::Empty);
    }
    let parsed = json::parse(&body)?;
    // Whoever is held back is told nothing of the card.
    let known = identity(&parsed).map(|identity| auth::shopper(app, call, identity)).transpose()?;
    let session = match CardSession::read(&parsed) {
        Ok(session) => session,
        Err(wrong) => {
            if let (Some(shopper), true) = (&known, wrong.is_bad_number) {
                shopper.note_refused_card(app, call);
            }
            return Err(wrong.problem);
        }
    };
    // Its reader asks for an identity, so that it was found.
    let shopper = known.ok_or(Problem::UnknownIdentity)?;
    let CardNumber::Known(pan) = session.number else { return Err(Problem::UnknownBrand) };
    shopper.may_use_card(app, call, &pan)?;
    if !convert::is_known(&pan) {
        return Err(Problem::UnknownBrand);
    }
    let new = NewToken {
        protected: Protected::Card(pan),
        cvv: session.cvv,
        reader: None,
        details: Details { expiry: Some(session.expiry), contact: None, extra: None },
    };
    let base = auth::base(app, call);
    let folder = if family == Family::VerifiedTokens { "verifiedTokens/sessions" } else { "sessions" };
    let media_type = family.media_type(media.answer);
    let kind = SessionKind::Card;
    let render = |locator: &_| {
        let href = format!("{base}/{folder}/{}", forms::segment(kind.locator(), locator));
        super::created(family, &base, &href, media_type)
    };
    Ok(app.vault.create_session(&shopper.act, kind, &new, render).await?)
}
