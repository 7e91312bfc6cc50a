//! `coffer sandbox`: the product with training wheels (`design.md` section 8). Everything here is fixed by contract.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use coffer_crypto::{CredentialHasher, Environment, OsEntropy, RootKey};
use coffer_http::{
    RiskSettings, Settings, WorldpaySettings,
    credentials::{Acl, Credential, CredentialKind, Credentials},
    edge::{CardTestingLimits, Origins, Quota, TrustedProxies},
};
use coffer_tables::Tables;
use coffer_types::Tenant;
use zeroize::Zeroizing;

use crate::{
    banner, folder, logging,
    node::{self, NodeError, Plan},
    sandbox_jwt,
    secret::SecretSource,
};

/// The one organization, and its tenant.
pub(crate) const ORGANIZATION: &str = "org_sandbox";
/// The one Worldpay account, its tenant, and its one entity.
pub(crate) const ACCOUNT: &str = "worldpay_sandbox";
const ENTITY: &str = "default";
/// The fixed credentials: worth nothing anywhere else.
const CREDENTIALS: [(&str, &str, CredentialKind); 7] = [
    ("sk_sandbox_coffer", "sandbox secret key", CredentialKind::RebillySecret),
    ("pk_sandbox_coffer", "sandbox publishable key", CredentialKind::RebillyPublishable),
    ("sandbox:sandbox", "sandbox user", CredentialKind::WorldpayUser),
    ("sandbox-reveal:sandbox-reveal", "sandbox reveal user", CredentialKind::WorldpayReveal),
    ("sandbox-checkout", "sandbox checkout", CredentialKind::WorldpayCheckout),
    ("ck_sandbox_redeem", "sandbox redeem key", CredentialKind::NativeRedeem),
    ("ck_sandbox_admin", "sandbox admin key", CredentialKind::NativeAdmin),
];

/// Runs the sandbox until it is told to stop.
pub(crate) fn run(listen: SocketAddr, home: &Path, limits: bool) -> Result<(), NodeError> {
    if !listen.ip().is_loopback() {
        return Err("a sandbox listens on loopback only: its credentials are known to everybody".into());
    }
    logging::start("info");
    for part in ["data", "run"] {
        let path = home.join(part);
        folder::make(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let (tenant, account) = (Tenant::new(1)?, Tenant::new(2)?);
    let organizations = HashMap::from([(ORGANIZATION.to_owned(), tenant), (ACCOUNT.to_owned(), account)]);
    let plan = Plan {
        environment: Environment::Sandbox,
        root: Some(root_key(home)?),
        data: home.join("data"),
        ring: home.join("ring"),
        node: 0,
        listen,
        operator: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
        socket: Some(home.join("run").join(format!("{}.sock", std::process::id()))),
        settings: Settings {
            public_url: None,
            issuers: sandbox_jwt::issuers(home, tenant, &organizations)?,
            organizations,
            credentials: credentials(tenant, account)?,
            behind_proxy: false,
            trusted_proxies: TrustedProxies::default(),
            quota: Some(Quota::SANDBOX),
            enforce_quota: limits,
            card_testing: limits.then(CardTestingLimits::default),
            tables: Arc::new(Tables::none()),
            risk: RiskSettings::default(),
            worldpay: WorldpaySettings {
                lifetime: WorldpaySettings::TRY,
                verified: true,
                ..WorldpaySettings::default()
            },
            sandbox: true,
        },
    };
    node::run(plan, |addresses| banner::print(addresses, home))
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
        folder::write_new(&path, text.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(RootKey::parse_hex(&SecretSource::file(path).read()?)?)
}

fn credentials(tenant: Tenant, account: Tenant) -> Result<Credentials, NodeError> {
    let mut credentials = Credentials::new(CredentialHasher::new(&OsEntropy)?);
    for (secret, name, kind) in CREDENTIALS {
        // Any page may use the publishable key: whoever tries things has no address yet.
        let credential = Credential {
            name: Arc::from(name),
            kind,
            tenants: match kind {
                CredentialKind::RebillySecret | CredentialKind::RebillyPublishable => vec![tenant],
                CredentialKind::WorldpayUser
                | CredentialKind::WorldpayReveal
                | CredentialKind::WorldpayCheckout => vec![account],
                CredentialKind::NativeRedeem | CredentialKind::NativeAdmin => vec![tenant, account],
            },
            acl: Acl::Full,
            allowed_ips: None,
            origins: Origins::Any,
            entities: vec![ENTITY.to_owned()],
        };
        if !credentials.add(secret, credential) {
            return Err("two sandbox credentials are the same".into());
        }
    }
    Ok(credentials)
}
