//! `POST /admin/keys/root/finish`: the next root is the only one from now on.

use coffer_core::RootError;
use hyper::StatusCode;
use serde::Serialize;

use super::{ordered, root_refused};
use crate::{app::App, call::Call, reply::Reply};

#[derive(Serialize)]
struct Finished {
    /// The id of the root in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    /// A node that would still start with the root before.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<u16>,
}

pub(super) async fn post(app: &App, call: &mut Call) -> Reply {
    let done = ordered(app, call, "root finish", |vault, _| async move { vault.finish_root().await }).await;
    match done {
        Ok(Ok(root)) => {
            Reply::json(StatusCode::OK, &Finished { root: Some(root.to_string()), missing: None })
        }
        Ok(Err(RootError::NotEverywhere(node))) => {
            Reply::json(StatusCode::ACCEPTED, &Finished { root: None, missing: Some(node) })
        }
        Ok(Err(error)) => root_refused(error),
        Err(reply) => reply,
    }
}
