//! A store as the commands that move one see it: the only file that knows which engines can be moved.

use std::{path::Path, sync::Arc};

use coffer_core::moving::Movable;
use coffer_crypto::{Environment, RootKey};
use coffer_store_postgres::PostgresMoving;
use coffer_store_sqlite::{OpenError, SqliteMoving};

use crate::{Place, config::Config, folder, kept::Kept, node::NodeError, sandbox};

/// A store, and what opens it.
pub(crate) struct Store {
    pub(crate) environment: Environment,
    place: Place,
    kept: Kept,
}

/// The store that the arguments name. Nothing is opened yet.
pub(crate) fn find(place: Place) -> Result<Store, NodeError> {
    if let Some(home) = &place.data {
        let kept = sandbox::kept(home, place.store.as_deref())?;
        return Ok(Store { environment: Environment::Sandbox, place, kept });
    }
    let path = place.config.as_deref().ok_or("name a store: --config or --data")?;
    let kept = Config::read(path)?.kept()?;
    Ok(Store { environment: Environment::Live, place, kept })
}

impl Store {
    /// The root key of the vault in it. Its text is wiped when this returns.
    pub(crate) fn root_key(&self) -> Result<RootKey, NodeError> {
        match (&self.place.data, &self.place.config) {
            (Some(home), _) => sandbox::existing_key(home),
            (None, Some(path)) => {
                let config = Config::read(path)?;
                let text = match &config.data {
                    Some(data) => config.root_key.read_outside(data),
                    None => config.root_key.read(),
                };
                Ok(RootKey::parse_hex(&text.map_err(|error| format!("root_key: {error}"))?)?)
            }
            (None, None) => Err("name a store: --config or --data".into()),
        }
    }

    /// The store to read from, beside whatever serves from it.
    pub(crate) fn open_source(&self) -> Result<Arc<dyn Movable>, NodeError> {
        match &self.kept {
            Kept::Folder { data, .. } => {
                let opened = SqliteMoving::source(data, self.environment.as_str());
                Ok(Arc::new(opened.map_err(|error| told(data, &error))?))
            }
            Kept::Database(options) => {
                let opened = PostgresMoving::source(options);
                Ok(Arc::new(opened.map_err(|error| format!("store: {error}"))?))
            }
        }
    }

    /// The store to write into, for this process alone. It is made where there is none.
    pub(crate) fn open_target(&self) -> Result<Arc<dyn Movable>, NodeError> {
        match &self.kept {
            Kept::Folder { data, .. } => {
                folder::make(data).map_err(|error| format!("{}: {error}", data.display()))?;
                let opened = SqliteMoving::target(data, self.environment.as_str());
                Ok(Arc::new(opened.map_err(|error| told(data, &error))?))
            }
            Kept::Database(options) => {
                let opened = PostgresMoving::target(options);
                Ok(Arc::new(opened.map_err(|error| format!("store: {error}"))?))
            }
        }
    }
}

fn told(data: &Path, error: &OpenError) -> String {
    format!("{}: {error}", data.display())
}
