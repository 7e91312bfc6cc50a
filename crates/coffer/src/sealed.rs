//! A start that waits for custodians: the node listens and says that it is sealed until enough of them have come.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use coffer_core::{
    StartError, Vault, roots_of,
    store::{Store, StoreError},
};
use coffer_http::{Attempt, Gate, Listeners, RootCustody, ServerTls};
use tokio::sync::{mpsc, watch};

use crate::{
    custody::Shares,
    node::{self, NodeError, OpenStore, Opening},
};

/// How often the vault is opened with one root while the store does not answer: custodians do not come again for a
/// stall of some seconds.
const OPENS: u32 = 10;
const OPENS_EVERY: Duration = Duration::from_millis(500);

/// How often a sealed node looks which roots open the store.
const LOOKS_EVERY: Duration = Duration::from_secs(2);

/// Serves as a sealed node until the vault is open; none when the node is to stop before.
pub(crate) async fn open(
    opening: Opening<'_>,
    shares: &Arc<Shares>,
    listeners: &Listeners,
    tls: Option<Arc<ServerTls>>,
    stopping: watch::Receiver<bool>,
) -> Result<Option<Vault>, NodeError> {
    let opened = opening.open()?;
    let roots = roots_of(&*opened.opened.store).await?;
    let (gate, attempts) = Gate::new(opening.environment, &roots);
    let gate = Arc::new(gate);
    tokio::spawn(follow(Arc::downgrade(&gate), Arc::clone(&opened.opened.store)));
    tracing::info!(
        address = %listeners.client_address()?,
        "sealed: custodians open the vault with their shares (coffer keys unseal)"
    );
    let opening = Box::pin(custodians(&opened, &opening, shares, attempts));
    Ok(listeners.sealed(gate, tls, opening, stopping).await)
}

/// Custodians may change the root on another node while this one waits.
async fn follow(gate: Weak<Gate>, store: Arc<dyn Store>) {
    loop {
        tokio::time::sleep(LOOKS_EVERY).await;
        let Some(gate) = gate.upgrade() else { return };
        if let Ok(roots) = roots_of(&*store).await {
            gate.want(&roots).await;
        }
    }
}

/// Opens the vault with the root that custodians bring. One that does not open it is told, and waited for again.
async fn custodians(
    opened: &OpenStore,
    opening: &Opening<'_>,
    shares: &Arc<Shares>,
    mut attempts: mpsc::Receiver<Attempt>,
) -> Vault {
    loop {
        // The gate is there as long as this is waited for.
        let Some(Attempt { root, shares: count, done }) = attempts.recv().await else {
            std::future::pending::<()>().await;
            continue;
        };
        shares.lend(Some(root));
        let vault = Box::pin(open_once(opened, opening, shares, count)).await;
        shares.lend(None);
        match vault {
            Ok(vault) => {
                tracing::info!("custodians have opened the vault");
                let _ = done.send(Ok(()));
                return vault;
            }
            Err(error) => {
                let _ = done.send(Err(error.to_string()));
            }
        }
    }
}

/// Opens the vault with the root that is lent, and again while the store does not answer. Of a vault that opens so many
/// shares are in the audit log.
async fn open_once(
    opened: &OpenStore,
    opening: &Opening<'_>,
    shares: &Arc<Shares>,
    count: u8,
) -> Result<Vault, NodeError> {
    let mut tries = 1;
    let vault = loop {
        match Box::pin(node::open_on(opened, opening, Arc::<Shares>::clone(shares))).await {
            Err(error) if tries < OPENS && is_stalled(&error) => {
                tracing::warn!("the store does not answer: the vault is opened once more");
                tokio::time::sleep(OPENS_EVERY).await;
            }
            vault => break vault?,
        }
        tries += 1;
    };
    while vault.record_unseal(count).await.is_err() {
        if tries >= OPENS {
            tracing::error!("the opening could not be written into the audit log");
            vault.close().await;
            return Err("the store took no line of the audit log".into());
        }
        tokio::time::sleep(OPENS_EVERY).await;
        tries += 1;
    }
    Ok(vault)
}

fn is_stalled(error: &NodeError) -> bool {
    let store = match error.downcast_ref() {
        Some(StartError::Store(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    matches!(store, Some(StoreError::Full | StoreError::Unavailable))
}
