//! One running node: the store, the vault, its doors and its threads, from start to the last answer.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use coffer_core::{
    Clock, KekSource, KeyPolicy, SadPolicy, Swept, Vault, VaultParts, roots_of, store::Unwritten,
};
use coffer_crypto::{Environment, OsEntropy};
use coffer_http::{App, Callers, KeyDesk, Listeners, Server, ServerTls, Settings};
use coffer_store_sqlite::Committed;
use coffer_tables::{TableState, Tables};
use coffer_types::{Tenant, Timestamp, limits};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    custody::{Custody, Wanted},
    keeper,
    kept::{Kept, Opened},
    modes,
    reload::{self, CertificateWatch, Watch},
    sealed,
    seen::{self, Seen},
};

/// How often the sweep looks for what is over.
const SWEEP_EVERY: Duration = Duration::from_millis(250);

/// How often the files of the tables are looked at.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// What a node is made of.
pub(crate) struct Plan {
    pub(crate) environment: Environment,
    /// What stands above the keys.
    pub(crate) custody: Custody,
    /// How long keys live.
    pub(crate) policy: KeyPolicy,
    pub(crate) kept: Kept,
    /// The files that may hold the ring: the first that no other process has.
    pub(crate) rings: Vec<PathBuf>,
    /// What becomes of sensitive authentication data.
    pub(crate) sad: SadPolicy,
    pub(crate) listen: SocketAddr,
    pub(crate) operator: SocketAddr,
    pub(crate) socket: Option<PathBuf>,
    /// Whether the node does not start without that socket.
    pub(crate) needs_socket: bool,
    pub(crate) settings: Settings,
    /// Who may call, as it is at the start.
    pub(crate) callers: Callers,
    /// What is taken over while the node serves.
    pub(crate) watch: Option<Watch>,
    /// The certificate that is taken over while the node serves, sealed or not.
    pub(crate) certificate: Option<CertificateWatch>,
    /// How TLS is spoken with clients; none: it is not.
    pub(crate) tls: Option<Arc<ServerTls>>,
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
    let served = main.block_on(serve(plan, started, &workers));
    workers.finish();
    served
}

async fn serve(mut plan: Plan, started: impl FnOnce(&Addresses), workers: &Workers) -> Result<(), NodeError> {
    let (stop, stopping) = watch::channel(false);
    let certificate = plan.certificate.take().map(|watch| tokio::spawn(watch.follow(stop.subscribe())));
    let opening = Opening {
        environment: plan.environment,
        kept: &plan.kept,
        organizations: &plan.settings.organizations,
        rings: plan.rings.clone(),
        sad: plan.sad.clone(),
        is_written: true,
    };
    let Some((vault, listeners, signals)) = Box::pin(begin(&plan, opening, &stop)).await? else {
        tracing::info!("stopped");
        return Ok(());
    };
    let every = if plan.settings.sandbox { limits::SANDBOX_BEAT_MILLIS } else { limits::BEAT_MILLIS };
    let keep_every = if plan.settings.sandbox { keeper::SANDBOX_EVERY } else { keeper::EVERY };
    let device = plan.custody.device_state();
    let desk = KeyDesk::new(plan.policy, plan.custody.orders(), device, workers.keys.clone());
    let desk = Arc::new(desk);
    let tables = Arc::clone(&plan.settings.tables);
    tables.states().iter().for_each(tell_table);
    let app = App::new(Arc::clone(&vault), plan.settings, plan.callers).with_keys(Arc::clone(&desk));
    let listening = Server::new(app).with_tls(plan.tls).on(listeners);
    let addresses =
        Addresses { clients: listening.client_address()?, operator: listening.operator_address()? };
    started(&addresses);
    tracing::info!(address = %addresses.clients, admin = %addresses.operator, "serving");
    let sweeper = tokio::spawn(sweep(Arc::clone(&vault), stop.subscribe()));
    let beater = tokio::spawn(beat(Arc::clone(&vault), every, stop.subscribe()));
    let reloader = tokio::spawn(reload(tables, stop.subscribe()));
    let keeping = keeper::keep(Arc::clone(&vault), Arc::clone(&desk), keep_every, stop.subscribe());
    let keeper = workers.keys.spawn(keeping);
    let prober = tokio::spawn(keeper::probe(Arc::clone(&vault), desk, stop.subscribe()));
    let watcher = plan.watch.map(|watch| tokio::spawn(reload::run(watch, listening.app(), stop.subscribe())));
    let signals = match signals {
        Some(signals) => signals,
        None => tokio::spawn(stop_on_signal(stop)?),
    };
    listening.serve(&workers.handles, stopping).await;
    keeper.await?;
    prober.await?;
    sweeper.await?;
    beater.await?;
    reloader.await?;
    for watcher in [watcher, certificate].into_iter().flatten() {
        watcher.await?;
    }
    vault.close().await;
    signals.await?;
    tracing::info!("stopped");
    Ok(())
}

/// A vault that is open, where it listens, and, if it was sealed before, who waits for the order to stop.
type Begun = (Arc<Vault>, Listeners, Option<JoinSignals>);
type JoinSignals = tokio::task::JoinHandle<()>;

/// Opens the vault and listens, in the order that the custody needs. None: it is to stop before custodians have come.
async fn begin(
    plan: &Plan,
    opening: Opening<'_>,
    stop: &watch::Sender<bool>,
) -> Result<Option<Begun>, NodeError> {
    let bind = || Listeners::bind(plan.listen, plan.operator, plan.socket.as_deref(), plan.needs_socket);
    if let Custody::Shares(shares) = &plan.custody {
        let (listeners, signals) = (bind()?, tokio::spawn(stop_on_signal(stop.clone())?));
        let opened = sealed::open(opening, shares, &listeners, plan.tls.clone(), stop.subscribe()).await?;
        return Ok(opened.map(|vault| (Arc::new(vault), listeners, Some(signals))));
    }
    let store = opening.open()?;
    plan.custody.settle(&roots_of(&*store.opened.store).await?);
    let vault = Arc::new(open_on(&store, &opening, plan.custody.source()).await?);
    Ok(Some((vault, bind()?, None)))
}

/// What a vault is opened by, beside the root key.
pub(crate) struct Opening<'a> {
    pub(crate) environment: Environment,
    pub(crate) kept: &'a Kept,
    pub(crate) organizations: &'a HashMap<String, Tenant>,
    pub(crate) rings: Vec<PathBuf>,
    pub(crate) sad: SadPolicy,
    /// Whether anything is written. Else what is done only seems so, and the process joins no others.
    pub(crate) is_written: bool,
}

/// A store that is open, and of a folder's what was last seen of it.
pub(crate) struct OpenStore {
    pub(crate) opened: Opened,
    seen: Option<Arc<Seen>>,
}

impl Opening<'_> {
    /// Opens the store, which must be this user's alone. Of a folder's what was last seen of it lies beside the ring.
    pub(crate) fn open(&self) -> Result<OpenStore, NodeError> {
        modes::check(self.kept, &self.rings)?;
        let ring = self.rings.first().filter(|_| self.is_written);
        let (Kept::Folder { .. }, Some(ring)) = (self.kept, ring) else {
            return Ok(OpenStore { opened: self.kept.open(self.environment)?, seen: None });
        };
        let path = seen::beside(ring);
        let seen = Seen::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let told = Arc::clone(&seen);
        let committed: Committed = Arc::new(move |frame| told.committed(frame));
        let opened = self.kept.open_told(self.environment, Some(committed))?;
        Ok(OpenStore { opened, seen: Some(seen) })
    }
}

/// Opens the vault in its store.
pub(crate) async fn open_vault(opening: Opening<'_>, source: Arc<dyn KekSource>) -> Result<Vault, NodeError> {
    let store = opening.open()?;
    open_on(&store, &opening, source).await
}

/// Opens the vault in a store that is open.
pub(crate) async fn open_on(
    OpenStore { opened, seen }: &OpenStore,
    opening: &Opening<'_>,
    source: Arc<dyn KekSource>,
) -> Result<Vault, NodeError> {
    let mut tenants: Vec<(Tenant, String)> =
        opening.organizations.iter().map(|(name, tenant)| (*tenant, name.clone())).collect();
    tenants.sort_unstable();
    let peers = opened.peers.clone().filter(|_| opening.is_written);
    let store = Arc::clone(&opened.store);
    Wanted::of_store(opening.environment, &store.keys().await?).check(&*source)?;
    let parts = VaultParts {
        store: if opening.is_written { store } else { Arc::new(Unwritten::over(store)) },
        environment: opening.environment,
        tenants,
        rings: opening.rings.clone(),
        clock: Arc::new(if peers.is_some() { Clock::following() } else { Clock::system() }),
        entropy: Arc::new(OsEntropy),
        node: opened.node,
        peers,
        sad: opening.sad.clone(),
    };
    let clock = Arc::downgrade(&parts.clock);
    if let Some(seen) = seen {
        seen.compare(&*parts.store, &parts.clock).await?;
    }
    let vault = Box::pin(Vault::open(parts, source)).await?;
    if let Some(seen) = seen {
        tokio::spawn(Seen::follow(Arc::downgrade(seen), clock));
    }
    Ok(vault)
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
    /// Of the thread that works on keys, and may wait for a device.
    keys: Handle,
    threads: Vec<JoinHandle<()>>,
    finished: watch::Sender<bool>,
}

impl Workers {
    fn start() -> Result<Self, NodeError> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let (mut handles, mut threads) = (Vec::new(), Vec::new());
        let finished = watch::channel(false).0;
        let mut start = |name: String| -> Result<Handle, NodeError> {
            let (runtime, mut finished) = (runtime()?, finished.subscribe());
            let handle = runtime.handle().clone();
            let work = move || {
                // An error means that the sender is gone: the node has ended.
                let _ = runtime.block_on(finished.wait_for(|finished| *finished));
            };
            threads.push(thread::Builder::new().name(name).spawn(work)?);
            Ok(handle)
        };
        let keys = start("keys".to_owned())?;
        for index in 0..count {
            handles.push(start(format!("serve-{index}"))?);
        }
        Ok(Self { handles, keys, threads, finished })
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
