//! What an operator asks for on the admin socket: keys. One endpoint a file.
//!
//! The socket is the only door: who may open it is who may read the node's memory (its own user, or root). Each order
//! is in the audit log before it is carried out, with the number of the user who gave it. Orders run on their own
//! thread, and to their end, also when whoever gave them is gone.

mod begin_root;
mod desk;
mod destroy;
mod device;
mod finish_root;
mod metrics;
mod pause;
mod rotate;
mod status;
mod unseal;

pub use desk::{KeyDesk, Lent, RootCustody};
pub use device::DeviceState;
pub(crate) use metrics::KeyMetrics;

use std::{future::Future, sync::Arc};

use coffer_core::{RootError, Vault};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    app::App,
    call::Call,
    health, refusal,
    reply::Reply,
    router::{Mount, NO_HEADER, route},
};

/// On the admin socket alone.
pub(crate) const MOUNT: Mount = Mount {
    prefix: "/admin",
    routes: || {
        vec![
            route!(GET "/keys" => status::get),
            route!(POST "/keys/unseal" => unseal::post),
            route!(POST "/keys/rotate" => rotate::post),
            route!(POST "/keys/root/begin" => begin_root::post),
            route!(POST "/keys/root/finish" => finish_root::post),
            route!(POST "/keys/pause" => pause::pause),
            route!(POST "/keys/resume" => pause::resume),
            route!(POST "/keys/destroy" => destroy::post),
        ]
    },
    not_found: health::MOUNT.not_found,
    wrong_method: |_| Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    sealed: health::MOUNT.sealed,
    every: NO_HEADER,
};

/// What went wrong, for the operator.
#[derive(Serialize)]
struct ErrorBody<'e> {
    error: &'e str,
}

pub(crate) fn failed(status: StatusCode, error: &str) -> Reply {
    Reply::json(status, &ErrorBody { error })
}

fn refused(refused: coffer_core::Refused) -> Reply {
    let (status, error) = refusal::of(refused);
    failed(status, error)
}

fn root_refused(error: RootError) -> Reply {
    match error {
        RootError::Refused(inner) => refused(inner),
        other => failed(StatusCode::CONFLICT, &other.to_string()),
    }
}

/// The body of an order, which may hold a root; wiped when it is dropped.
async fn body(call: &mut Call) -> Result<Zeroizing<Vec<u8>>, Reply> {
    call.body().await.map_err(|error| failed(StatusCode::BAD_REQUEST, &error.to_string()))
}

/// Reads an order. An empty body is an empty object.
fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Reply> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|_| failed(StatusCode::BAD_REQUEST, "This is not the order's JSON."))
}

/// Has an order in the audit log, and then done, on the thread for keys.
async fn ordered<T, F>(
    app: &App,
    call: &Call,
    asked: &'static str,
    order: impl FnOnce(Arc<Vault>, Arc<KeyDesk>) -> F,
) -> Result<T, Reply>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let desk = app.keys.clone().ok_or_else(|| failed(StatusCode::NOT_FOUND, "No keys are kept here."))?;
    let vault = Arc::clone(&app.vault);
    let actor = call.actor().map_or_else(|| "system".to_owned(), ToString::to_string);
    tracing::info!(order = asked, "an operator's order about keys");
    let work = order(Arc::clone(&vault), Arc::clone(&desk));
    let run = async move {
        vault.record_key_order(&actor, asked).await?;
        Ok(work.await)
    };
    match desk.run(run).await {
        Some(Ok(done)) => Ok(done),
        Some(Err(inner)) => Err(refused(inner)),
        None => Err(Reply::empty(StatusCode::INTERNAL_SERVER_ERROR)),
    }
}
