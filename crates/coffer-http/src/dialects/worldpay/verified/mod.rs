//! `/verifiedTokens`: a token with the answer to a verification that a vault cannot make (section 11).

pub(super) mod create;
pub(super) mod root;
pub(super) mod session;

use super::{Operation, operation};
use crate::{app::App, call::Call, reply::Reply};

/// `POST /verifiedTokens/cardOnFile`: for cards that are stored.
pub(crate) mod card_on_file {
    use super::{App, Call, Operation, Reply, create, operation};

    pub(crate) const OPERATION: Operation =
        operation!("createCardOnFileToken", POST "/verifiedTokens/cardOnFile", [User]);

    /// Answers the operation.
    pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
        create::answer(app, call, &OPERATION).await
    }
}

/// `POST /verifiedTokens/oneTime`: the same for one payment, after which the merchant deletes the token.
pub(crate) mod one_time {
    use super::{App, Call, Operation, Reply, create, operation};

    pub(crate) const OPERATION: Operation =
        operation!("createOneTimeToken", POST "/verifiedTokens/oneTime", [User]);

    /// Answers the operation.
    pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
        create::answer(app, call, &OPERATION).await
    }
}
