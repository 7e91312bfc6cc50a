//! `coffer restored`: says in a store that it was put back from an earlier time.

use std::io::Write;

use coffer_core::{Clock, mark_restored, store::CounterKey};
use tokio::runtime::Builder;

use crate::{Place, logging, node::NodeError, place};

/// Voids every single-use token that is in the store.
pub(crate) fn run(place: Place, json: bool) -> Result<(), NodeError> {
    logging::start("warn");
    let found = place::find(place)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let epoch = runtime.block_on(async {
        let store = found.open_alone()?;
        let clock = Clock::system();
        clock.set_offset(store.counter(CounterKey::SANDBOX_CLOCK).await?);
        let epoch = mark_restored(&*store, clock.now(), "said by the operator").await;
        store.close().await?;
        epoch.map_err(NodeError::from)
    })?;
    let told = if json {
        format!("{{\"restores\":{epoch}}}")
    } else {
        format!("restore {epoch}: single-use tokens that were made before now are void")
    };
    Ok(writeln!(std::io::stdout(), "{told}")?)
}
