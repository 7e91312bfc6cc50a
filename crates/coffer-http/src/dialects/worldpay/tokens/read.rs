//! `GET /tokens/{token}`: a token by its link or its `tokenId`, or what waits beside one (sections 4.5 and 5.1). With
//! `masked=false`, for a caller made for it, the card number in the clear.

use coffer_core::Protected;
use coffer_types::RecordNumber;
use hyper::StatusCode;

use super::{
    super::{
        Operation,
        auth::{self, Caller},
        convert::{Printer, Shown},
        error::{self, Problem},
        media::{Family, Media},
        operation,
    },
    Named,
    list::asked,
    named,
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("getToken", GET "/tokens/{token}", [User, Reveal]);

/// What the audit log says of why a card number was shown: the call has no place for a reason.
const REASON: &str = "detokenize";

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    let result = try_read(app, call).await;
    error::answer(app, call, Family::Tokens, result).await
}

async fn try_read(app: &App, call: &mut Call) -> Result<Reply, Problem> {
    let caller = auth::caller(app, call, &OPERATION)?;
    let media = Media::of_read(call, Family::Tokens)?;
    // Who may reveal may nothing else, and nobody else may.
    if media.reveal != caller.reveals() {
        return Err(caller.forbidden("masked=false is for reveal users, and they may nothing else"));
    }
    let media_type = Family::Tokens.media_type(media.answer);
    let printer = Printer { base: &caller.base };
    let named = named(app, call, caller.act.tenant);
    if let Named::Token(number) = named {
        let view = app.vault.read_reusable(caller.act.tenant, number).await?;
        // The PHP client adds the namespace to an id; one that is not the token's finds nothing.
        let asked = asked(call, "namespace")?;
        let view = view.filter(|view| asked.is_none() || asked == view.details.namespace);
        let view = view.ok_or(Problem::NotFound)?;
        if media.reveal {
            return Ok(reveal(app, &caller, number, printer).await?.with_type(media_type));
        }
        let shown = Shown::of(&view);
        return Ok(Reply::json(StatusCode::OK, &printer.token(&shown, None)).with_type(media_type));
    }
    match named {
        Named::Conflict(locator) if !media.reveal => {
            let found = app.vault.read_conflict(&caller.act, &locator).await?;
            let (view, conflict) = found.ok_or(Problem::NotFound)?;
            let shown = Shown::of(&view);
            let body = printer.token(&shown, Some(&conflict));
            Ok(Reply::json(StatusCode::OK, &body).with_type(media_type))
        }
        Named::Attribute(..) => Err(Problem::WrongMethod),
        _ => Err(Problem::NotFound),
    }
}

async fn reveal(
    app: &App,
    caller: &Caller,
    number: RecordNumber,
    printer: Printer<'_>,
) -> Result<Reply, Problem> {
    let lifetime = app.settings.worldpay.lifetime;
    let revealed = app.vault.reveal_reusable(&caller.act, number, REASON, lifetime).await?;
    let Protected::Card(pan) = &revealed.clear.protected else { return Err(Problem::NotFound) };
    let shown = Shown::of(&revealed.view);
    Ok(Reply::secret_json(StatusCode::OK, &printer.revealed(&shown, pan)))
}
