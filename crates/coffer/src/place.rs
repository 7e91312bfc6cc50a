//! A store as the commands that move one see it: the only file that knows which engines can be moved.

use std::{path::Path, sync::Arc};

use coffer_core::{
    KekSource,
    fsck::Inspected,
    moving::{Movable, Table},
    store::Store as Records,
};
use coffer_crypto::{Environment, RootId};
use coffer_store_postgres::PostgresMoving;
use coffer_store_sqlite::{OpenError, SqliteMoving};
use tokio::runtime::Builder;

use crate::{
    Place, config::Config, custody::Wanted, folder, fsck::key_rows, kept::Kept, node::NodeError, sandbox,
    serve,
};

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
    /// What opens the KEK of the vault in it, by the store's own record. An error where there is no vault.
    pub(crate) fn kek_source(&self) -> Result<Arc<dyn KekSource>, NodeError> {
        // Custodians take their time: nothing is held open for them.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let rows = runtime.block_on(async {
            let source = self.open_source()?;
            if source.is_empty().await? {
                return Err("the store holds no vault: no node was ever started on it".into());
            }
            Ok::<_, NodeError>(key_rows(&*source).await?.0)
        })?;
        self.kek_source_for(&Wanted::of_store(self.environment, &rows))
    }

    /// What opens the KEK of an export that is for this place.
    pub(crate) fn kek_source_of_export(&self, roots: Vec<RootId>) -> Result<Arc<dyn KekSource>, NodeError> {
        self.kek_source_for(&Wanted::of_export(self.environment, roots))
    }

    fn kek_source_for(&self, wanted: &Wanted<'_>) -> Result<Arc<dyn KekSource>, NodeError> {
        match (&self.place.data, &self.place.config) {
            (Some(home), _) => {
                let root = sandbox::existing_key(home)?;
                wanted.check(&root)?;
                Ok(Arc::new(root))
            }
            (None, Some(path)) => serve::kek_source(&Config::read(path)?, wanted),
            (None, None) => Err("name a store: --config or --data".into()),
        }
    }

    /// The store to read from, beside whatever serves from it.
    pub(crate) fn open_source(&self) -> Result<Arc<dyn Inspected>, NodeError> {
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

    /// Whether a vault was ever begun in the store: it has keys. One that is not there has none.
    pub(crate) fn holds_keys(&self) -> Result<bool, NodeError> {
        let source: Arc<dyn Inspected> = match &self.kept {
            Kept::Folder { data, .. } if !data.join("coffer.db").exists() => return Ok(false),
            Kept::Folder { .. } => self.open_source()?,
            Kept::Database(options) => match PostgresMoving::source(options) {
                Err(coffer_store_postgres::OpenError::Empty) => return Ok(false),
                opened => Arc::new(opened.map_err(|error| format!("store: {error}"))?),
            },
        };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(!runtime.block_on(source.page(Table::Keys, None, 1))?.is_empty())
    }

    /// The store to write into beside no node.
    pub(crate) fn open_alone(&self) -> Result<Arc<dyn Records>, NodeError> {
        if let Kept::Folder { data, .. } = &self.kept
            && !data.join("coffer.db").exists()
        {
            return Err(format!("{}: there is no store", data.display()).into());
        }
        Ok(self.kept.open(self.environment)?.store)
    }

    /// The store to write into, for this process alone. It is made where there is none.
    pub(crate) fn open_target(&self) -> Result<Arc<dyn Movable>, NodeError> {
        match &self.kept {
            Kept::Folder { data, .. } => {
                folder::make(data)?;
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
