//! `coffer sandbox`: the product with training wheels (`design.md` section 8). Everything here is fixed by contract.

use std::{
    collections::HashMap,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use coffer_core::{
    Clock, KeyPolicy, SadPolicy,
    store::{CounterKey, Store},
};
use coffer_crypto::{CredentialHasher, Environment, OsEntropy, RootKey};
use coffer_http::{
    Callers, PayrocSettings, Processor, RiskSettings, ServeError, Settings, Terminal, WorldpaySettings,
    credentials::{Acl, Credential, CredentialKind, Credentials},
    edge::{CardTestingLimits, Origins, Quota, TrustedProxies},
};
use coffer_store_postgres::{Options as PostgresOptions, PasswordInAddress};
use coffer_store_sqlite::SqliteStore;
use coffer_tables::Tables;
use coffer_types::{Tenant, limits};
use tokio::runtime::Builder;
use zeroize::Zeroizing;

use crate::{
    banner,
    custody::{Custody, KeyFile},
    folder,
    import::Place,
    kept::{self, Kept},
    logging,
    node::{self, NodeError, Plan},
    sandbox_jwt,
    secret::SecretSource,
};

/// The one organization, and its tenant.
pub(crate) const ORGANIZATION: &str = "org_sandbox";
/// The one Worldpay account, its tenant, and its one entity.
pub(crate) const ACCOUNT: &str = "worldpay_sandbox";
const ENTITY: &str = "default";
/// The Payroc merchant accounts, and their terminals. The second terminal of the first takes expired cards.
pub(crate) const MERCHANT: &str = "payroc_sandbox";
pub(crate) const OTHER_MERCHANT: &str = "payroc_sandbox_other";
pub(crate) const TERMINALS: [&str; 2] = ["1234001", "1234002"];
pub(crate) const OTHER_TERMINAL: &str = "9999001";
/// The fixed credentials: worth nothing anywhere else.
const CREDENTIALS: [(&str, &str, CredentialKind); 9] = [
    ("sk_sandbox_coffer", "sandbox secret key", CredentialKind::RebillySecret),
    ("pk_sandbox_coffer", "sandbox publishable key", CredentialKind::RebillyPublishable),
    ("sandbox:sandbox", "sandbox user", CredentialKind::WorldpayUser),
    ("sandbox-reveal:sandbox-reveal", "sandbox reveal user", CredentialKind::WorldpayReveal),
    ("sandbox-checkout", "sandbox checkout", CredentialKind::WorldpayCheckout),
    ("sandbox", "sandbox payroc key", CredentialKind::PayrocKey),
    ("sandbox-other", "sandbox other payroc key", CredentialKind::PayrocKey),
    ("ck_sandbox_redeem", "sandbox redeem key", CredentialKind::NativeRedeem),
    ("ck_sandbox_admin", "sandbox admin key", CredentialKind::NativeAdmin),
];

/// The tenants of a sandbox, in the order of their numbers.
struct Tenants {
    organization: Tenant,
    account: Tenant,
    merchant: Tenant,
    other_merchant: Tenant,
}

impl Tenants {
    fn new() -> Result<Self, NodeError> {
        Ok(Self {
            organization: Tenant::new(1)?,
            account: Tenant::new(2)?,
            merchant: Tenant::new(3)?,
            other_merchant: Tenant::new(4)?,
        })
    }

    fn named(&self) -> HashMap<String, Tenant> {
        let names = [
            (ORGANIZATION, self.organization),
            (ACCOUNT, self.account),
            (MERCHANT, self.merchant),
            (OTHER_MERCHANT, self.other_merchant),
        ];
        names.map(|(name, tenant)| (name.to_owned(), tenant)).into()
    }

    /// Whose data a credential opens.
    fn of(&self, kind: CredentialKind, secret: &str) -> Vec<Tenant> {
        match kind {
            CredentialKind::RebillySecret | CredentialKind::RebillyPublishable => vec![self.organization],
            CredentialKind::WorldpayUser
            | CredentialKind::WorldpayReveal
            | CredentialKind::WorldpayCheckout => vec![self.account],
            CredentialKind::PayrocKey if secret == "sandbox" => vec![self.merchant],
            CredentialKind::PayrocKey => vec![self.other_merchant],
            CredentialKind::NativeRedeem | CredentialKind::NativeAdmin => {
                vec![self.organization, self.account, self.merchant]
            }
        }
    }

    /// The terminals, and a processor that moves no money.
    fn payroc(&self) -> PayrocSettings {
        let own = TERMINALS.map(|id| {
            let terminal = Terminal { expired_cards: id == TERMINALS[1], ..Terminal::of(self.merchant) };
            (id.to_owned(), terminal)
        });
        let other = (OTHER_TERMINAL.to_owned(), Terminal::of(self.other_merchant));
        let terminals = own.into_iter().chain([other]).collect();
        PayrocSettings { terminals, processor: Processor::Sandbox }
    }
}

/// Records that a sandbox looks at in a second when it renews them: nobody is to wait for that here.
const RENEWED_ROWS: u32 = 20_000;

/// Seconds after which it begins with that: longer than a commit takes, and shorter than a live node waits.
const SETTLES_SECONDS: u64 = 4;

/// Processes that may share a folder.
const RINGS: usize = 64;

/// What a live node does as its configuration says.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Habits {
    /// Limit what a caller may do, as a live node does.
    #[arg(long)]
    limits: bool,
    /// Keep a card's code through an exchange, until the instrument first leaves in the clear (`keep_code` of a
    /// tenant).
    #[arg(long, conflicts_with = "no_codes")]
    keep_code: bool,
    /// Check codes and drop them: nothing that must not be stored after an authorization is stored at all
    /// (`sad.enabled = false`).
    #[arg(long)]
    no_codes: bool,
    /// Wait for the database up to so many times as long as a live node does, from 1 to 4: a slow machine answers late
    /// then, instead of refusing.
    #[arg(long, value_name = "TIMES", default_value_t = 1, requires = "store")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::STORE_PATIENCE)))]
    patience: u32,
}

/// Runs the sandbox until it is told to stop.
pub(crate) fn run(
    listen: SocketAddr,
    home: &Path,
    store: Option<&str>,
    Habits { limits, keep_code, no_codes, patience }: Habits,
) -> Result<(), NodeError> {
    if !listen.ip().is_loopback() {
        return Err("a sandbox listens on loopback only: its credentials are known to everybody".into());
    }
    logging::start("info");
    // Tried before anything is made: whoever named a port that is taken gets no folder.
    drop(TcpListener::bind(listen).map_err(|source| ServeError::Bind { address: listen, source })?);
    let mut kept = kept(home, store)?;
    if let Kept::Database(options) = &mut kept {
        options.patience = patience;
    }
    let parts = if store.is_some() { &["", "run"][..] } else { &["", "data", "run"] };
    for part in parts {
        folder::make(&home.join(part))?;
    }
    let tenants = Tenants::new()?;
    let organizations = tenants.named();
    let sad = match (no_codes, keep_code) {
        (true, _) => SadPolicy::Dropped,
        (false, true) => SadPolicy::Stored { kept_by: organizations.values().copied().collect() },
        (false, false) => SadPolicy::default(),
    };
    let plan = Plan {
        environment: Environment::Sandbox,
        custody: custody(home)?,
        policy: KeyPolicy {
            walk_rows: RENEWED_ROWS,
            settle_seconds: SETTLES_SECONDS,
            ..KeyPolicy::default()
        },
        rings: rings(home, store.is_some()),
        sad,
        kept,
        listen,
        operator: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        socket: Some(home.join("run").join(format!("{}.sock", std::process::id()))),
        needs_socket: false,
        settings: Settings {
            public_url: None,
            organizations: organizations.clone(),
            behind_proxy: false,
            trusted_proxies: TrustedProxies::default(),
            quota: Some(Quota::SANDBOX),
            enforce_quota: limits,
            card_testing: limits.then(CardTestingLimits::default),
            tables: Arc::new(Tables::none()),
            risk: RiskSettings::default(),
            velocity_entries: limits::VELOCITY_ENTRIES,
            worldpay: WorldpaySettings {
                lifetime: WorldpaySettings::TRY,
                verified: true,
                ..WorldpaySettings::default()
            },
            payroc: tenants.payroc(),
            sandbox: true,
        },
        callers: Callers {
            credentials: credentials(&tenants)?,
            issuers: sandbox_jwt::issuers(home, tenants.organization, &organizations)?,
        },
        watch: None,
        certificate: None,
        tls: None,
    };
    node::run(plan, |addresses| banner::print(addresses, home, store))
}

/// What cards are imported into: the vault of the sandbox in this folder, or on this database.
pub(crate) fn importing(home: &Path, store: Option<&str>) -> Result<Place, NodeError> {
    if !(store.is_some() || is_in(home)) || !home.join("key").exists() {
        let home = home.display();
        return Err(
            format!("there is no sandbox in {home}: start one first (coffer sandbox --data {home})").into()
        );
    }
    let tenants = Tenants::new()?;
    Ok(Place {
        environment: Environment::Sandbox,
        root: Arc::new(root_key(home)?),
        kept: match store {
            Some(url) => Kept::Database(Box::new(database(url)?)),
            None => Kept::Folder { data: home.join("data"), node: 0 },
        },
        organizations: tenants.named(),
        dialect_of: Box::new(|name| match name {
            ORGANIZATION => Some("Rebilly"),
            ACCOUNT => Some("Worldpay"),
            MERCHANT | OTHER_MERCHANT => Some("Payroc"),
            _ => None,
        }),
        worldpay: WorldpaySettings { lifetime: WorldpaySettings::TRY, ..WorldpaySettings::default() },
        terminals: tenants.payroc().terminals,
        tables: Arc::new(Tables::none()),
        public_url: "http://127.0.0.1:8080".to_owned(),
        beat_millis: limits::SANDBOX_BEAT_MILLIS,
    })
}

/// Whether a sandbox was started in this folder.
pub(crate) fn is_in(home: &Path) -> bool {
    home.join("key").exists() && home.join("data").join("coffer.db").exists()
}

/// The clock of the sandbox in this folder, or on this database; it may be running.
pub(crate) fn clock(home: &Path, store: Option<&str>) -> Result<Clock, NodeError> {
    let moved = if let Some(url) = store {
        let store = kept::open_database(&database(url)?)?;
        Builder::new_current_thread().build()?.block_on(store.counter(CounterKey::SANDBOX_CLOCK))?
    } else {
        let (data, environment) = (home.join("data"), Environment::Sandbox.as_str());
        SqliteStore::peek_counter(&data, environment, &CounterKey::SANDBOX_CLOCK)
            .map_err(|error| format!("{}: {error}", data.display()))?
    };
    let clock = Clock::system();
    clock.set_offset(moved);
    Ok(clock)
}

/// Where the sandbox of this folder keeps everything.
pub(crate) fn kept(home: &Path, store: Option<&str>) -> Result<Kept, NodeError> {
    match store {
        Some(url) => Ok(Kept::Database(Box::new(database(url)?))),
        None => Ok(Kept::Folder { data: home.join("data"), node: 0 }),
    }
}

/// A database for sandboxes: on loopback, and its tables are made.
fn database(url: &str) -> Result<PostgresOptions, NodeError> {
    let address = kept::address(url, None, None, PasswordInAddress::Allowed)?;
    Ok(PostgresOptions { make_tables: true, ..PostgresOptions::new(address, Environment::Sandbox.as_str()) })
}

/// The files that may hold a ring. Sandboxes on one database can share a folder, and each has a ring of its own; what a
/// process that ended has left is taken over first.
fn rings(home: &Path, shared: bool) -> Vec<PathBuf> {
    let more = (1..if shared { RINGS } else { 1 }).map(|place| home.join(format!("ring-{place}")));
    std::iter::once(home.join("ring")).chain(more).collect()
}

/// An address on the command line. `localhost` is 127.0.0.1, whatever a resolver says.
pub(crate) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    named.as_deref().unwrap_or(text).parse().map_err(|_| "an address and a port, such as 127.0.0.1:8090")
}

/// How the key beside the data is kept.
fn custody(home: &Path) -> Result<Custody, NodeError> {
    root_key(home)?;
    Ok(Custody::File(Arc::new(KeyFile::new(home.join("key"), None)?)))
}

/// The key file beside the data, made at the first start. Only a sandbox keeps both under one roof.
fn root_key(home: &Path) -> Result<RootKey, NodeError> {
    let path = home.join("key");
    if !path.exists() {
        if home.join("data").join("coffer.db").exists() {
            return Err(
                format!("{} is gone, and nothing else opens the data beside it", path.display()).into()
            );
        }
        let key = RootKey::generate(&OsEntropy)?;
        let text = Zeroizing::new(format!("{}\n", key.to_hex().as_str()));
        match folder::write_new(&path, text.as_bytes()) {
            // Another sandbox of the folder was first.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            written => written.map_err(|error| format!("{}: {error}", path.display()))?,
        }
    }
    Ok(RootKey::parse_hex(&SecretSource::file(path).read()?)?)
}

/// The key of a sandbox that was started or is to be filled by an import, which opens nothing without it.
pub(crate) fn existing_key(home: &Path) -> Result<RootKey, NodeError> {
    let path = home.join("key");
    if !path.exists() {
        let path = path.display();
        return Err(format!(
            "{path} is missing: there is no sandbox here yet, or, for an import, copy the key of the one that was \
            exported there"
        )
        .into());
    }
    Ok(RootKey::parse_hex(&SecretSource::file(path).read()?)?)
}

fn credentials(tenants: &Tenants) -> Result<Credentials, NodeError> {
    let mut credentials = Credentials::new(CredentialHasher::new(&OsEntropy)?);
    for (secret, name, kind) in CREDENTIALS {
        // Any page may use the publishable key: whoever tries things has no address yet.
        let credential = Credential {
            name: Arc::from(name),
            kind,
            tenants: tenants.of(kind, secret),
            acl: Acl::Full,
            allowed_ips: None,
            origins: Origins::Any,
            entities: vec![ENTITY.to_owned()],
            digest: None,
        };
        if !credentials.add(secret, credential) {
            return Err("two sandbox credentials are the same".into());
        }
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_say_localhost_and_no_other_name() {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        assert_eq!(address("localhost:8090"), Ok(local(8_090)));
        assert_eq!(address("127.0.0.1:0"), Ok(local(0)));
        assert!(address("[::1]:8090").is_ok());
        for wrong in ["", "8090", ":8090", "localhost", "localhost:", "localhost:70000", "example.com:80"] {
            assert!(address(wrong).is_err_and(|said| said.contains("127.0.0.1:8090")), "{wrong}");
        }
    }
}
