//! `coffer migrate`: the tables of a store brought to this program's version, and those of a database made.

use std::{io::Write, path::Path};

use coffer_crypto::Environment;
use coffer_store_postgres::{Migrated, PostgresStore};
use coffer_store_sqlite::SqliteStore;

use crate::{config::Config, kept::Kept, logging, node::NodeError};

/// Widens the tables of the store of a configuration or a sandbox, and narrows them where that is asked for; says what
/// was done.
pub(crate) fn run(
    path: &Path,
    sandbox: Option<(&Path, Option<&str>)>,
    narrow: bool,
) -> Result<(), NodeError> {
    let (kept, environment) = if let Some((home, store)) = sandbox {
        logging::start("warn");
        (crate::sandbox::kept(home, store)?, Environment::Sandbox)
    } else {
        let config = Config::read(path)?;
        logging::start(config.log.as_str());
        (config.kept()?, Environment::Live)
    };
    let said = match kept {
        Kept::Folder { data, .. } => {
            let done = SqliteStore::migrate(&data, environment.as_str());
            let done = done.map_err(|error| format!("{}: {error}", data.display()))?;
            if done { "migrated" } else { "nothing to migrate: the tables are of this version" }.to_owned()
        }
        Kept::Database(options) => {
            let migrated =
                if narrow { PostgresStore::narrow(&options) } else { PostgresStore::migrate(&options) };
            let Migrated { from, to, oldest } = migrated.map_err(|error| format!("store: {error}"))?;
            let was = from.map_or_else(|| "there were no tables".to_owned(), |from| format!("it was {from}"));
            format!("schema version {to} ({was}); programs of version {oldest} and later can use it")
        }
    };
    Ok(writeln!(std::io::stdout(), "{said}")?)
}
