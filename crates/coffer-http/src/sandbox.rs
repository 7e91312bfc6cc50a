//! The sandbox's own call: a clock that can be moved (`design.md` section 8). Served by a sandbox only.

use hyper::StatusCode;
use serde::Serialize;

use crate::{
    app::App,
    call::Call,
    form::{self, Problems},
    health, json, refusal,
    reply::Reply,
    router::{Mount, NO_HEADER, route},
};

pub(crate) const MOUNT: Mount = Mount {
    prefix: "/sandbox",
    routes: || vec![route!(GET "/clock" => read), route!(POST "/clock" => advance)],
    not_found: || Reply::empty(StatusCode::NOT_FOUND),
    wrong_method: |_| Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    sealed: health::MOUNT.sealed,
    every: NO_HEADER,
};

#[derive(Serialize)]
struct ClockBody {
    now: String,
    #[serde(rename = "advancedSeconds")]
    advanced_seconds: u64,
}

#[derive(Serialize)]
struct ErrorBody<'e> {
    error: &'e str,
}

async fn read(app: &App, _: &mut Call) -> Reply {
    match app.vault.clock_offset().await {
        Ok(offset) => clock(app, offset),
        Err(refused) => failed(refusal::of(refused)),
    }
}

async fn advance(app: &App, call: &mut Call) -> Reply {
    let body = match call.body().await {
        Ok(body) => body,
        Err(error) => return failed((StatusCode::BAD_REQUEST, &error.to_string())),
    };
    let seconds = json::parse(&body).ok().and_then(|body| {
        let problems = Problems::default();
        let seconds = form::read(&body, &problems, |body| body.integer("advanceSeconds"));
        problems.into_result(seconds).ok().and_then(|seconds| u64::try_from(seconds).ok())
    });
    let Some(seconds) = seconds else {
        return failed((StatusCode::BAD_REQUEST, "Send {\"advanceSeconds\": N} with N of 0 or more."));
    };
    match app.vault.advance_clock(seconds).await {
        Ok(Some(offset)) => clock(app, offset),
        Ok(None) => failed((StatusCode::BAD_REQUEST, "The clock is moved by ten years at most in all.")),
        Err(refused) => failed(refusal::of(refused)),
    }
}

fn clock(app: &App, offset: u64) -> Reply {
    Reply::json(StatusCode::OK, &ClockBody { now: app.vault.now().to_rfc3339(), advanced_seconds: offset })
}

fn failed((status, error): (StatusCode, &str)) -> Reply {
    Reply::json(status, &ErrorBody { error })
}
