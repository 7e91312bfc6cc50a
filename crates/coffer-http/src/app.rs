//! What every endpoint has at hand.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, RwLock, Weak},
};

use coffer_core::{Failure, Vault};
use coffer_tables::Tables;
use coffer_types::Tenant;
use hyper::body::Bytes;

use crate::{
    admin::KeyDesk,
    dialects::{payroc::PayrocSettings, rebilly::RiskSettings, worldpay::WorldpaySettings},
    edge::{CardTesting, CardTestingLimits, Quota, Quotas, TrustedProxies, Velocities},
    known::{Callers, Known},
    lists::ListPlaces,
    metrics::Metrics,
    router::Router,
    serve::ServerTls,
    strangers::Strangers,
    underway::Underway,
};

/// What a node serves, and under which address it prints links.
pub struct Settings {
    /// Scheme and host of every link, without a slash at the end. None: the address that clients reach; on loopback the
    /// name of this machine that the request has.
    pub public_url: Option<String>,
    /// Rebilly organizations by their ids.
    pub organizations: HashMap<String, Tenant>,
    /// Whether all clients come through a proxy, and so from its address.
    pub behind_proxy: bool,
    /// Whose word on a client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// How many requests an organization may make.
    pub quota: Option<Quota>,
    /// Whether who is over the quota is refused; else requests are counted and told.
    pub enforce_quota: bool,
    /// What callers with publishable keys may try. None: anything.
    pub card_testing: Option<CardTestingLimits>,
    /// Card ranges and IP data, as the operator supplies them.
    pub tables: Arc<Tables>,
    /// How risk is judged.
    pub risk: RiskSettings,
    /// Values whose velocity is kept at a time; usually `limits::VELOCITY_ENTRIES`.
    pub velocity_entries: usize,
    /// How reusable tokens live, and what is said of verifications.
    pub worldpay: WorldpaySettings,
    /// Terminals, and who processes payments.
    pub payroc: PayrocSettings,
    /// Whether the sandbox's own calls (the clock) are served.
    pub sandbox: bool,
}

/// The vault with its doors.
pub struct App {
    pub(crate) vault: Arc<Vault>,
    pub(crate) settings: Settings,
    /// Of secret keys and merchants' JWTs.
    pub(crate) quotas: Quotas,
    /// Of browsers, all of an organization together: as many again, so that they never use up its servers'.
    pub(crate) browser_quotas: Quotas,
    pub(crate) card_testing: CardTesting,
    pub(crate) velocities: Velocities,
    /// Places for lists that are being put together.
    pub(crate) lists: ListPlaces,
    pub(crate) strangers: Strangers,
    /// Whether links name the server as a request did, where that is a name of this machine.
    pub(crate) follows_host: bool,
    /// How TLS is spoken with clients, where it is.
    pub(crate) tls: Option<Arc<ServerTls>>,
    pub(crate) metrics: Metrics,
    pub(crate) router: Router,
    pub(crate) admin: Router,
    pub(crate) socket: Router,
    /// Keys, where the node keeps them.
    pub(crate) keys: Option<Arc<KeyDesk>>,
    /// The OpenAPI document of the Rebilly dialect, once somebody has asked for it.
    pub(crate) rebilly_document: OnceLock<Bytes>,
    /// The same of the Worldpay dialect.
    pub(crate) worldpay_document: OnceLock<Bytes>,
    /// The same of the Payroc dialect.
    pub(crate) payroc_document: OnceLock<Bytes>,
    /// Who may call.
    pub(crate) known: RwLock<Arc<Known>>,
    /// Itself, once it is served: for work that goes on when its caller is gone.
    pub(crate) shared: OnceLock<Weak<App>>,
    /// Payments that go on without their callers.
    pub(crate) underway: Underway,
}

impl App {
    /// Puts the doors before a vault.
    pub fn new(vault: Arc<Vault>, settings: Settings, callers: Callers) -> Self {
        let metrics = Metrics::new();
        let router = Router::public(&metrics, settings.sandbox);
        let admin = Router::admin(&metrics);
        let socket = Router::socket(&metrics);
        let tenants: Vec<Tenant> = settings.organizations.values().copied().collect();
        let quotas = Quotas::new(&tenants, settings.quota, settings.enforce_quota);
        let browser_quotas = Quotas::new(&tenants, settings.quota, settings.enforce_quota);
        let card_testing = CardTesting::new(settings.card_testing);
        let velocities = Velocities::new(settings.velocity_entries);
        let lists = ListPlaces::new();
        let known = RwLock::new(Arc::new(Known::of(&vault, callers)));
        let rebilly_document = OnceLock::new();
        Self {
            vault,
            settings,
            quotas,
            browser_quotas,
            card_testing,
            velocities,
            lists,
            strangers: Strangers::default(),
            follows_host: false,
            tls: None,
            metrics,
            router,
            admin,
            socket,
            keys: None,
            rebilly_document,
            worldpay_document: OnceLock::new(),
            payroc_document: OnceLock::new(),
            known,
            shared: OnceLock::new(),
            underway: Underway::default(),
        }
    }
}

impl App {
    /// The same with what keeps its keys: the admin socket takes orders about them.
    #[must_use]
    pub fn with_keys(mut self, keys: Arc<KeyDesk>) -> Self {
        self.metrics.register_keys(&keys.metrics);
        self.keys = Some(keys);
        self
    }

    /// Whether the vault may not serve, for what holds its keys was away for too long.
    pub(crate) fn is_sealed(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.device().is_sealed())
    }

    /// What clients speak.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Scheme and host of links where the request does not say.
    pub(crate) fn public_url(&self) -> &str {
        self.settings.public_url.as_deref().unwrap_or_default()
    }

    /// Makes it one that can be shared with work that outlives a request.
    pub(crate) fn share(self) -> Arc<Self> {
        let app = Arc::new(self);
        // Nobody else has it yet.
        let _ = app.shared.set(Arc::downgrade(&app));
        app
    }

    /// Counts a refused caller and writes it into the audit log.
    pub(crate) async fn record_refusal(&self, failure: &Failure) {
        self.metrics.refused(failure.reason);
        self.vault.record_refusal(failure).await;
    }
}

impl fmt::Debug for App {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("App(..)")
    }
}
