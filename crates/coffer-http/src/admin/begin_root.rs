//! `POST /admin/keys/root/begin`: from now on the next root opens the store as well.

use coffer_crypto::RootKey;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{body, failed, ordered, read, root_refused};
use crate::{app::App, call::Call, reply::Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order<'b> {
    /// The next root, where custodians will hold it: 64 hexadecimal digits. Else the node finds it by itself.
    #[serde(borrow)]
    root: Option<&'b str>,
    /// The root in use, which custodians have brought: whoever has not, cannot put another in its place.
    #[serde(borrow)]
    present: Option<&'b str>,
}

#[derive(Serialize)]
struct Begun {
    /// The id of the next root.
    next: String,
}

pub(super) async fn post(app: &App, call: &mut Call) -> Reply {
    let body = match body(call).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let order: Order<'_> = match read(&body) {
        Ok(order) => order,
        Err(reply) => return reply,
    };
    let present = order.present.map(RootKey::parse_hex);
    let proven = matches!(&present, Some(Ok(present)) if app.vault.is_root(present));
    if order.root.is_some() && !proven {
        return failed(StatusCode::CONFLICT, "the order needs the root in use, which custodians bring");
    }
    let Some(desk) = &app.keys else { return failed(StatusCode::NOT_FOUND, "No keys are kept here.") };
    let next = match order.root {
        Some(text) => RootKey::parse_hex(text).map_err(|error| error.to_string()),
        None => desk.custody().next_root(),
    };
    let next = match next {
        Ok(next) => next,
        Err(said) => return failed(StatusCode::CONFLICT, &said),
    };
    let id = next.id();
    let done =
        ordered(app, call, "root begin", |vault, _| async move { vault.begin_root(&next).await }).await;
    match done {
        Ok(Ok(())) => Reply::json(StatusCode::OK, &Begun { next: id.to_string() }),
        Ok(Err(error)) => root_refused(error),
        Err(reply) => reply,
    }
}
