//! `POST /admin/keys/destroy`: retired keys that no record needs are destroyed: those whose time has come, or with
//! `now` also those that only backups need.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use coffer_core::{KeyReport, KeyStatus, Refused, Vault, WalkSeen};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{KeyDesk, body, failed, ordered, read, refused};
use crate::{app::App, call::Call, reply::Reply};

/// How long this waits for records to be renewed before keys can go.
const WAITS: Duration = Duration::from_mins(2);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(default)]
    now: bool,
}

#[derive(Serialize)]
struct Done {
    /// Keys that are gone.
    destroyed: Vec<KeyReport>,
    /// Retired keys that stay; each says what it waits for.
    left: Vec<KeyReport>,
    /// Nothing is destroyed before the renewal of records goes on.
    paused: bool,
    /// How far that has come, where it is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    walk: Option<WalkSeen>,
}

pub(super) async fn post(app: &App, call: &mut Call) -> Reply {
    let body = match body(call).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    let order: Order = match read(&body) {
        Ok(order) => order,
        Err(reply) => return reply,
    };
    if !app.vault.keeps_keys() {
        let said = "Another node does the upkeep of keys: ask the one with the lowest number.";
        return failed(StatusCode::CONFLICT, said);
    }
    let asked = if order.now { "destroy now" } else { "destroy" };
    let done = ordered(app, call, asked, |vault, desk| async move {
        let done = destroy(&vault, &desk, order.now).await;
        desk.set_hurry(false);
        done
    });
    match done.await {
        Ok(Ok(done)) => Reply::json(StatusCode::OK, &done),
        Ok(Err(inner)) => refused(inner),
        Err(reply) => reply,
    }
}

/// The upkeep destroys: this waits for it.
async fn destroy(vault: &Vault, desk: &KeyDesk, now: bool) -> Result<Done, Refused> {
    let until = Instant::now() + WAITS;
    let before = desk.status(vault).await?;
    let before: BTreeSet<Name> = before.keys.iter().filter(|key| is_destroyed(key)).map(name).collect();
    // From now on what goes is this order's, also a key that is retired meanwhile.
    desk.set_hurry(now);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let _ = tokio::time::timeout(left, desk.rested()).await;
        let status = desk.status(vault).await?;
        // Data and fingerprint keys go by their records; others have a time of their own.
        let waits = retired(&status).any(|key| key.unneeded.is_some());
        if !(now && waits) || status.paused || Instant::now() >= until {
            let gone = |key: &&KeyReport| is_destroyed(key) && !before.contains(&name(key));
            return Ok(Done {
                destroyed: status.keys.iter().filter(gone).cloned().collect(),
                left: retired(&status).cloned().collect(),
                paused: status.paused,
                walk: status.walk.filter(|_| status.renewing),
            });
        }
    }
}

type Name = (Option<u32>, &'static str, u32);

fn name(key: &KeyReport) -> Name {
    (key.tenant, key.purpose, key.version)
}

fn is_destroyed(key: &KeyReport) -> bool {
    key.state == "destroyed"
}

fn retired(status: &KeyStatus) -> impl Iterator<Item = &KeyReport> {
    status.keys.iter().filter(|key| key.state == "decrypt-only")
}
