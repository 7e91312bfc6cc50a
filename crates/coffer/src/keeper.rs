//! The upkeep of keys beside the load: rotations go on, records are renewed, keys that nothing needs are destroyed.

use std::{sync::Arc, time::Duration};

use coffer_core::{KeepStep, Vault};
use coffer_http::KeyDesk;
use coffer_types::limits;
use tokio::{sync::watch, time::Instant};

/// Between two looks at the keys.
pub(crate) const EVERY: Duration = Duration::from_secs(1);
/// The same in a sandbox.
pub(crate) const SANDBOX_EVERY: Duration = Duration::from_millis(250);
/// Between two looks at what is due.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Between two looks at the device.
const PROBE_EVERY: Duration = Duration::from_secs(10);

/// Keeps the keys until the node stops. A failure is logged where it happens; the next turn tries again.
pub(crate) async fn keep(
    vault: Arc<Vault>,
    desk: Arc<KeyDesk>,
    every: Duration,
    mut stop: watch::Receiver<bool>,
) {
    // A step looks at so many records at most: after it there is time for as many as may be looked at in it.
    let rows = f64::from(limits::WALK_ROWS) / f64::from(desk.policy().walk_rows.max(1));
    let between = Duration::from_secs_f64(rows);
    let mut looked: Option<Instant> = None;
    loop {
        let step = vault.keep_keys(desk.policy(), desk.hurry()).await;
        desk.stepped(step, vault.walk_seen().await, vault.key_revision());
        if looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            desk.looked(&vault);
            looked = Some(Instant::now());
        }
        let pause = if step == Ok(KeepStep::More) { between } else { every };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Looks whether the device that holds the KEK answers, until the node stops.
pub(crate) async fn probe(vault: Arc<Vault>, desk: Arc<KeyDesk>, mut stop: watch::Receiver<bool>) {
    if !vault.is_kek_in_device() {
        return;
    }
    loop {
        let asked = Arc::clone(&vault);
        // It is waited for by a thread of its own.
        let answers = tokio::task::spawn_blocking(move || asked.probe_kek().is_ok()).await;
        match desk.note_device(answers.unwrap_or(false), vault.now()) {
            Some(true) => tracing::info!("the key device answers again"),
            Some(false) => tracing::error!("the key device does not answer: the node serves on for a time"),
            None => {}
        }
        tokio::select! {
            () = tokio::time::sleep(PROBE_EVERY) => {}
            _ = stop.wait_for(|stopping| *stopping) => return,
        }
    }
}
