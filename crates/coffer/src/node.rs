//! One running node: the store, the vault, its doors and its threads, from start to the last answer.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use coffer_core::{Clock, Swept, Vault, VaultParts, store::Unwritten};
use coffer_crypto::{Environment, OsEntropy, RootKey};
use coffer_http::{App, Server, Settings};
use coffer_tables::{TableState, Tables};
use coffer_types::{Tenant, Timestamp, limits};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::kept::Kept;

/// How often the sweep looks for what is over.
const SWEEP_EVERY: Duration = Duration::from_millis(250);

/// How often the files of the tables are looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// What a node is made of.
pub(crate) struct Plan {
    pub(crate) environment: Environment,
    /// Taken out and dropped once the vault is open.
    pub(crate) root: Option<RootKey>,
    pub(crate) kept: Kept,
    /// The files that may hold the ring: the first that no other process has.
    pub(crate) rings: Vec<PathBuf>,
    pub(crate) listen: SocketAddr,
    pub(crate) operator: SocketAddr,
    pub(crate) socket: Option<PathBuf>,
    pub(crate) settings: Settings,
}

/// Where a node that has started can be reached.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) clients: SocketAddr,
    pub(crate) operator: SocketAddr,
}

/// Any failure of a start, as a text for the operator.
pub(crate) type NodeError = Box<dyn std::error::Error>;

/// Runs a node until it is told to stop by SIGTERM, SIGINT or SIGHUP. `started` is called once it listens.
pub(crate) fn run(plan: Plan, started: impl FnOnce(&Addresses)) -> Result<(), NodeError> {
    let main = runtime()?;
    let workers = Workers::start()?;
    let served = main.block_on(serve(plan, started, &workers.handles));
    workers.finish();
    served
}

async fn serve(
    mut plan: Plan,
    started: impl FnOnce(&Addresses),
    workers: &[Handle],
) -> Result<(), NodeError> {
    let root = plan.root.take().ok_or("there is no root key")?;
    let opening = Opening {
        environment: plan.environment,
        kept: &plan.kept,
        organizations: &plan.settings.organizations,
        rings: plan.rings.clone(),
        is_written: true,
    };
    let vault = Arc::new(Box::pin(open_vault(opening, root)).await?);
    let every = if plan.settings.sandbox { limits::SANDBOX_BEAT_MILLIS } else { limits::BEAT_MILLIS };
    let (stop, stopping) = watch::channel(false);
    let tables = Arc::clone(&plan.settings.tables);
    tables.states().iter().for_each(tell_table);
    let server = Server::new(App::new(Arc::clone(&vault), plan.settings));
    let listening = server.listen(plan.listen, plan.operator, plan.socket.as_deref()).await?;
    let addresses =
        Addresses { clients: listening.client_address()?, operator: listening.operator_address()? };
    started(&addresses);
    tracing::info!(address = %addresses.clients, admin = %addresses.operator, "serving");
    let sweeper = tokio::spawn(sweep(Arc::clone(&vault), stop.subscribe()));
    let beater = tokio::spawn(beat(Arc::clone(&vault), every, stop.subscribe()));
    let reloader = tokio::spawn(reload(tables, stop.subscribe()));
    let signals = tokio::spawn(stop_on_signal(stop)?);
    listening.serve(workers, stopping).await;
    sweeper.await?;
    beater.await?;
    reloader.await?;
    vault.close().await;
    signals.await?;
    tracing::info!("stopped");
    Ok(())
}

/// What a vault is opened by, beside the root key.
pub(crate) struct Opening<'a> {
    pub(crate) environment: Environment,
    pub(crate) kept: &'a Kept,
    pub(crate) organizations: &'a HashMap<String, Tenant>,
    pub(crate) rings: Vec<PathBuf>,
    /// Whether anything is written. Else what is done only seems so, and the process joins no others.
    pub(crate) is_written: bool,
}

/// Opens the vault; the root key ends here.
pub(crate) async fn open_vault(opening: Opening<'_>, root: RootKey) -> Result<Vault, NodeError> {
    let opened = opening.kept.open(opening.environment)?;
    let mut tenants: Vec<(Tenant, String)> =
        opening.organizations.iter().map(|(name, tenant)| (*tenant, name.clone())).collect();
    tenants.sort_unstable();
    let peers = opened.peers.filter(|_| opening.is_written);
    let parts = VaultParts {
        store: if opening.is_written { opened.store } else { Arc::new(Unwritten::over(opened.store)) },
        environment: opening.environment,
        tenants,
        rings: opening.rings,
        clock: Arc::new(if peers.is_some() { Clock::following() } else { Clock::system() }),
        entropy: Arc::new(OsEntropy),
        node: opened.node,
        peers,
    };
    Ok(Vault::open(parts, &root).await?)
}

/// Sweeps beside the load until the node stops. A failure is logged where it happens; the next turn tries again.
async fn sweep(vault: Arc<Vault>, mut stop: watch::Receiver<bool>) {
    loop {
        let more = vault.sweep().await == Ok(Swept::More);
        let pause = if more { Duration::from_millis(5) } else { SWEEP_EVERY };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Beats beside the load until the node stops, where it shares its store. A failure is logged where it happens; the
/// next beat tries again.
pub(crate) async fn beat(vault: Arc<Vault>, every: u64, mut stop: watch::Receiver<bool>) {
    loop {
        let _ = vault.beat().await;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(every)) => {}
            _ = stop.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Takes over tables that the operator has replaced. One that does not read keeps the old one.
async fn reload(tables: Arc<Tables>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(RELOAD_EVERY) => {}
            _ = stop.wait_for(|stopping| *stopping) => return,
        }
        let tables = Arc::clone(&tables);
        let changed = tokio::task::spawn_blocking(move || tables.reload_changed()).await;
        for change in changed.unwrap_or_default() {
            match change {
                Ok(state) => tell_table(&state),
                Err(error) => {
                    tracing::error!(
                        table = error.kind.as_str(),
                        error = %error,
                        "a table was not replaced: the old one serves on, and a restart would fail"
                    );
                }
            }
        }
    }
}

/// One line on a table, at the start and when it was replaced: which file, how large, how old.
fn tell_table(state: &TableState) {
    tracing::info!(
        table = state.kind.as_str(),
        path = %state.path.display(),
        entries = state.entries,
        dated = state.dated.map(Timestamp::to_rfc3339),
        "a table is in use"
    );
}

fn stop_on_signal(stop: watch::Sender<bool>) -> Result<impl Future<Output = ()>, NodeError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
        tracing::info!("stopping: what was accepted is finished first");
        let _ = stop.send(true);
    })
}

/// The threads that serve connections: each is a runtime of its own, so that a request never changes cores.
struct Workers {
    handles: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
    finished: watch::Sender<bool>,
}

impl Workers {
    fn start() -> Result<Self, NodeError> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let mut workers =
            Self { handles: Vec::new(), threads: Vec::new(), finished: watch::channel(false).0 };
        for index in 0..count {
            let (runtime, mut finished) = (runtime()?, workers.finished.subscribe());
            workers.handles.push(runtime.handle().clone());
            let work = move || {
                // An error means that the sender is gone: the node has ended.
                let _ = runtime.block_on(finished.wait_for(|finished| *finished));
            };
            workers.threads.push(thread::Builder::new().name(format!("serve-{index}")).spawn(work)?);
        }
        Ok(workers)
    }

    /// Ends the threads. What is still open then has had its time.
    fn finish(self) {
        let _ = self.finished.send(true);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
