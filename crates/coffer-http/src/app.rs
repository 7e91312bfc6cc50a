//! What every endpoint has at hand.

use std::{collections::HashMap, fmt, sync::Arc};

use coffer_core::{Failure, Vault};
use coffer_types::Tenant;

use crate::{credentials::Credentials, metrics::Metrics, router::Router};

/// What a node serves, and under which address it prints links.
pub struct Settings {
    /// Scheme and host of every link, without a slash at the end. None: the address that clients reach.
    pub public_url: Option<String>,
    /// Rebilly organizations by their ids.
    pub organizations: HashMap<String, Tenant>,
    /// Who may call.
    pub credentials: Credentials,
    /// Whether all clients come through a proxy, and so from its address.
    pub behind_proxy: bool,
    /// Whether the sandbox's own calls (the clock) are served.
    pub sandbox: bool,
}

/// The vault with its doors.
pub struct App {
    pub(crate) vault: Arc<Vault>,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) router: Router,
    pub(crate) admin: Router,
}

impl App {
    /// Puts the doors before a vault.
    pub fn new(vault: Arc<Vault>, settings: Settings) -> Self {
        let metrics = Metrics::new();
        let router = Router::public(&metrics, settings.sandbox);
        let admin = Router::admin(&metrics);
        Self { vault, settings, metrics, router, admin }
    }
}

impl App {
    /// Scheme and host of every link.
    pub(crate) fn public_url(&self) -> &str {
        self.settings.public_url.as_deref().unwrap_or_default()
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
