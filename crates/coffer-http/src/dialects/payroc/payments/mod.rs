//! The calls that take a token: `POST /payments` and `POST /bank-transfer-payments` (section 7). What goes on to the
//! upstream, what comes back from it, and the processor of the sandbox.

pub(super) mod bank_transfer;
mod carry;
pub(super) mod create;
mod end;
mod incoming;
mod outgoing;
mod processor;
mod reason;
mod sent;
mod upstream;
mod veil;

use std::sync::{Arc, Weak};

use coffer_core::{Attempt, Refused};

use super::{
    auth::{At, Caller},
    begin::{self, Begun},
    error::Problem,
    once::{self, Tried},
    wire::source::Taking,
};
use crate::{app::App, call::Call, json::Node, reply::Reply};

/// Carries something out in a task of its own: a caller who hangs up ends nothing half way, and a node that stops waits
/// for it.
async fn in_a_task<F>(app: &App, work: impl FnOnce(Arc<App>) -> F) -> Result<Reply, Problem>
where
    F: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let shared = app.shared.get().and_then(Weak::upgrade).ok_or(Problem::Refused(Refused::Unavailable))?;
    let piece = app.underway.begin();
    let work = work(shared);
    let task = tokio::spawn(async move {
        let _piece = piece;
        work.await
    });
    task.await.unwrap_or(Err(Problem::Unknown))
}

/// Carries out what a body asks for under a key.
type Create = for<'c> fn(&'c App, &'c Caller, (&'c [u8], &'c str), Arc<Attempt>) -> Tried<'c>;

/// Carries out a payment, whose body and key `create` is given, once and in a task of its own.
async fn once_in_a_task(app: &App, call: &mut Call, create: Create) -> Result<Reply, Problem> {
    let Begun { caller, body, asking } = begin::anywhere(app, call).await?;
    let key = asking.key().to_owned();
    let parts = Arc::new((caller, body, key));
    once::run(app, parts.0.act.tenant, &asking, |attempt| {
        let parts = Arc::clone(&parts);
        Box::pin(in_a_task(app, move |app| async move {
            let (caller, body, key) = &*parts;
            create(&app, caller, (body, key), attempt).await
        }))
    })
    .await
}

/// The terminal that a payment names, and what it takes. None where the member is not there: whoever reads the request
/// says so.
fn terminal_of<'a>(
    app: &'a App,
    caller: &Caller,
    node: &Node<'_>,
) -> Result<(Option<At<'a>>, Taking), Problem> {
    let at = match node.member("processingTerminalId") {
        Some(Node::Text(id)) => Some(caller.terminal_named(app, id.as_str())?),
        _ => None,
    };
    let taking = at.map_or(Taking { now: app.vault.now(), allow_expired: false }, |at| at.taking(app));
    Ok((at, taking))
}
