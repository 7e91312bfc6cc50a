//! `POST /admin/keys/rotate`: new versions of the keys of some levels, in use on every node when this is answered.

use coffer_core::{Level, RotateError, Rotated, Vault};
use coffer_crypto::RootKey;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::{body, failed, ordered, read, refused};
use crate::{app::App, call::Call, reply::Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order<'b> {
    /// `kek`, `data`, `fingerprint`, `locator`.
    levels: Vec<&'b str>,
    /// The root, for the time of this order, where custodians have brought it: 64 hexadecimal digits.
    #[serde(borrow)]
    root: Option<&'b str>,
}

#[derive(Serialize, Default)]
struct Done {
    rotated: Vec<Rotated>,
    waiting: Vec<Waits>,
}

/// A level that cannot be rotated now.
#[derive(Serialize)]
struct Waits {
    level: &'static str,
    reason: String,
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
    let levels: Option<Vec<Level>> = order.levels.iter().map(|name| Level::from_name(name)).collect();
    let Some(mut levels) = levels.filter(|levels| !levels.is_empty()) else {
        let known = Level::ALL.map(Level::name).join(", ");
        return failed(StatusCode::BAD_REQUEST, &format!("Name some of the levels {known}."));
    };
    levels.sort_unstable();
    levels.dedup();
    let Ok(root) = order.root.map(RootKey::parse_hex).transpose() else {
        return failed(StatusCode::BAD_REQUEST, "A root is 64 hexadecimal digits.");
    };
    if root.as_ref().is_some_and(|root| !app.vault.is_root(root)) {
        return failed(StatusCode::CONFLICT, "this is not the root in use");
    }
    let done = ordered(app, call, "rotate", |vault, desk| async move {
        // Given back when the order is done.
        let _lent = root.and_then(|root| desk.lend(root));
        rotate(&vault, levels).await
    });
    match done.await {
        Ok(Ok(done)) => Reply::json(StatusCode::OK, &done),
        Ok(Err(RotateError::Refused(inner))) => refused(inner),
        Ok(Err(error)) => failed(StatusCode::CONFLICT, &error.to_string()),
        Err(reply) => reply,
    }
}

/// Rotates what can be: a level that has to wait holds up no other.
async fn rotate(vault: &Vault, mut levels: Vec<Level>) -> Result<Done, RotateError> {
    let mut done = Done::default();
    while !levels.is_empty() {
        let (level, error) = match vault.rotate_keys(&levels).await {
            Ok(rotated) => {
                done.rotated = rotated;
                break;
            }
            Err(error @ RotateError::Unfinished(level)) => (level, error),
            Err(error @ RotateError::Source(_)) if levels.contains(&Level::Kek) => (Level::Kek, error),
            Err(error @ RotateError::Waiting) => {
                let waits = |level: &Level| Waits { level: level.name(), reason: error.to_string() };
                done.waiting.extend(levels.iter().map(waits));
                break;
            }
            Err(error) => return Err(error),
        };
        levels.retain(|held| *held != level);
        done.waiting.push(Waits { level: level.name(), reason: error.to_string() });
    }
    Ok(done)
}
