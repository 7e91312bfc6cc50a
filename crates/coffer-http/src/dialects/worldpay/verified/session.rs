//! `POST /verifiedTokens/sessions`: where older pages leave a card.

use super::super::{Operation, media::Family, operation, sessions};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation =
    operation!("createVerifiedTokensSession", POST "/verifiedTokens/sessions", [Checkout]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    sessions::card::answer_in(app, call, Family::VerifiedTokens).await
}
