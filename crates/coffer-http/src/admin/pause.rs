//! `POST /admin/keys/pause` and `/resume`: the renewal of records stands still, or goes on, on all nodes.

use hyper::StatusCode;
use serde::Serialize;

use super::{ordered, refused};
use crate::{app::App, call::Call, reply::Reply};

#[derive(Serialize)]
struct Paused {
    paused: bool,
}

pub(super) async fn pause(app: &App, call: &mut Call) -> Reply {
    set(app, call, true, "pause").await
}

pub(super) async fn resume(app: &App, call: &mut Call) -> Reply {
    set(app, call, false, "resume").await
}

async fn set(app: &App, call: &mut Call, paused: bool, asked: &'static str) -> Reply {
    let done = ordered(app, call, asked, |vault, _| async move { vault.pause_walk(paused).await }).await;
    match done {
        Ok(Ok(())) => Reply::json(StatusCode::OK, &Paused { paused }),
        Ok(Err(inner)) => refused(inner),
        Err(reply) => reply,
    }
}
