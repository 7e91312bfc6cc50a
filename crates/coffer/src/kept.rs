//! Where a node keeps everything: a folder of its own, or a database that nodes share. The one place that opens either.

use std::{path::PathBuf, sync::Arc};

use coffer_core::{peers::Peers, store::Store};
use coffer_crypto::Environment;
use coffer_http::client_tls;
use coffer_store_postgres::{Address, Options as PostgresOptions, PasswordInAddress, PostgresStore};
use coffer_store_sqlite::{Committed, Options as SqliteOptions, SqliteStore};
use zeroize::Zeroizing;

use crate::node::NodeError;

/// The protocol that a TLS connection to PostgreSQL offers.
const PROTOCOL: &[u8] = b"postgresql";

/// The place, before it is opened.
pub(crate) enum Kept {
    /// A folder that one process has alone; its records are numbered by this node.
    Folder { data: PathBuf, node: u16 },
    /// A database; the node's number comes from it.
    Database(Box<PostgresOptions>),
}

/// A store that is open, and what its nodes share beside the records, where it has several.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) peers: Option<Arc<dyn Peers>>,
    /// The number of the only node; without meaning where numbers come from the store.
    pub(crate) node: u16,
}

impl Kept {
    pub(crate) fn open(&self, environment: Environment) -> Result<Opened, NodeError> {
        self.open_told(environment, None)
    }

    /// The same, and `committed` is told every frame of the audit log that a folder's store commits.
    pub(crate) fn open_told(
        &self,
        environment: Environment,
        committed: Option<Committed>,
    ) -> Result<Opened, NodeError> {
        match self {
            Self::Folder { data, node } => {
                let options = SqliteOptions { committed, ..SqliteOptions::new(environment.as_str()) };
                let store = SqliteStore::open(data, options);
                let store = store.map_err(|error| format!("{}: {error}", data.display()))?;
                Ok(Opened { store: Arc::new(store), peers: None, node: *node })
            }
            Self::Database(options) => {
                let store = Arc::new(open_database(options)?);
                let peers: Arc<dyn Peers> = Arc::<PostgresStore>::clone(&store);
                Ok(Opened { store, peers: Some(peers), node: 0 })
            }
        }
    }
}

/// Opens a database, with what went wrong as a text for the operator.
pub(crate) fn open_database(options: &PostgresOptions) -> Result<PostgresStore, NodeError> {
    Ok(PostgresStore::open(options).map_err(|error| format!("store: {error}"))?)
}

/// Reads the address of a database. `authorities` is PEM; none means the system's.
pub(crate) fn address(
    url: &str,
    password: Option<&Zeroizing<String>>,
    authorities: Option<&[u8]>,
    in_address: PasswordInAddress,
) -> Result<Address, NodeError> {
    let plain = Address::parse(url, password, None, in_address);
    match plain {
        Err(coffer_store_postgres::AddressError::NoTls) => {
            let tls =
                client_tls(authorities, PROTOCOL).map_err(|error| format!("store_authorities: {error}"))?;
            Ok(Address::parse(url, password, Some(Arc::new(tls)), in_address)?)
        }
        read => Ok(read?),
    }
}
