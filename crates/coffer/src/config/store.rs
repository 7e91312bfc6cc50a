//! Where the configuration says that everything is kept.

use coffer_store_postgres::{Options, PasswordInAddress};

use super::{Config, ConfigError};
use crate::kept::{self, Kept};

impl Config {
    /// The folder or the database, one of the two.
    pub(crate) fn kept(&self) -> Result<Kept, ConfigError> {
        match (&self.data, &self.store) {
            (Some(data), None) => Ok(Kept::Folder { data: data.clone(), node: self.node.unwrap_or(0) }),
            (None, Some(url)) => self.database(url),
            (Some(_), Some(_)) => Err(wrong("store", "a vault is kept in `data` or in `store`, not in both")),
            (None, None) => Err(wrong("data", "name the folder of the store, or a database with `store`")),
        }
    }

    fn database(&self, url: &str) -> Result<Kept, ConfigError> {
        if self.node.is_some() {
            return Err(wrong("node", "with a `store` a node takes its number from it: leave this out"));
        }
        let password = match &self.store_password {
            Some(source) => Some(source.read().map_err(|error| wrong("store_password", error.to_string()))?),
            None => None,
        };
        let authorities = match &self.store_authorities {
            Some(path) => {
                let read = std::fs::read(path);
                let told = |error| wrong("store_authorities", format!("{}: {error}", path.display()));
                Some(read.map_err(told)?)
            }
            None => None,
        };
        let refused = PasswordInAddress::Refused;
        let address = kept::address(url, password.as_ref(), authorities.as_deref(), refused);
        let address = address.map_err(|error| wrong("store", error.to_string()))?;
        Ok(Kept::Database(Box::new(Options::new(address, coffer_crypto::Environment::Live.as_str()))))
    }
}

fn wrong(key: &'static str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Setting { key, reason: reason.into() }
}
