//! `coffer serve`: a live node, as its configuration says.

use std::path::Path;

use coffer_crypto::{Environment, RootKey};

use crate::{
    config::Config,
    folder, logging,
    node::{self, NodeError, Plan},
};

/// Runs a node until it is told to stop.
pub(crate) fn run(path: &Path) -> Result<(), NodeError> {
    let config = Config::read(path)?;
    logging::start(config.log.as_str());
    folder::make(&config.data)?;
    let organizations = config.organizations()?;
    let credentials = config.credentials(&organizations)?;
    let root = config.root_key.read_outside(&config.data).map_err(|error| format!("root_key: {error}"))?;
    let plan = Plan {
        environment: Environment::Live,
        root: RootKey::parse_hex(&root)?,
        data: config.data,
        ring: config.ring,
        node: config.node,
        listen: config.listen,
        operator: config.admin_listen,
        socket: None,
        public_url: config.public_url,
        organizations,
        credentials,
        sandbox: false,
    };
    node::run(plan, |_| {})
}
