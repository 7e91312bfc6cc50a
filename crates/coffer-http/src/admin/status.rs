//! `GET /admin/keys`: every key, its state, and the day by which erasure is complete.

use coffer_core::KeyStatus;
use hyper::StatusCode;
use serde::Serialize;

use super::{failed, refused};
use crate::{app::App, call::Call, reply::Reply};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusBody {
    /// The vault is open.
    sealed: bool,
    /// How the root is kept.
    custody: &'static str,
    /// This node's time, by which dates are to be read.
    now: i64,
    /// Since when the key device does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_away_since: Option<i64>,
    /// Whether this node does the upkeep of keys for all.
    keeps: bool,
    #[serde(flatten)]
    status: KeyStatus,
}

pub(super) async fn get(app: &App, _: &mut Call) -> Reply {
    let Some(desk) = &app.keys else { return failed(StatusCode::NOT_FOUND, "No keys are kept here.") };
    let status = match desk.status(&app.vault).await {
        Ok(status) => status,
        Err(inner) => return refused(inner),
    };
    let body = StatusBody {
        sealed: desk.device().is_sealed(),
        custody: desk.custody().kind(),
        now: app.vault.now().millis(),
        device_away_since: desk.device().away_since().map(coffer_types::Timestamp::millis),
        keeps: app.vault.keeps_keys(),
        status,
    };
    Reply::json(StatusCode::OK, &body)
}
