//! Which node: that of a configuration, or a sandbox by its folder.

use std::path::{Path, PathBuf};

use super::server::Server;
use crate::{config::Config, node::NodeError};

/// One of the two.
#[derive(clap::Args)]
pub(super) struct Place {
    /// The configuration file of a node.
    #[arg(long, required_unless_present = "data", conflicts_with = "data")]
    pub(super) config: Option<PathBuf>,
    /// The folder of a sandbox.
    #[arg(long, value_name = "FOLDER")]
    pub(super) data: Option<PathBuf>,
}

impl Place {
    /// The node that serves there; none when it is stopped.
    pub(super) fn server(&self) -> Result<Option<Server>, NodeError> {
        if let Some(home) = &self.data {
            return Ok(Server::in_folder(&home.join("run")));
        }
        let config = self.read()?;
        let socket = config.admin_socket.as_deref();
        let socket = socket.ok_or("the configuration names no admin_socket: orders have no door")?;
        Ok(Server::at(socket))
    }

    /// The same; an error when it is stopped.
    pub(super) fn running(&self) -> Result<Server, NodeError> {
        Ok(self.server()?.ok_or("no node answers on the admin socket: start it first")?)
    }

    /// The configuration of a live node.
    pub(super) fn read(&self) -> Result<Config, NodeError> {
        let path = self.config.as_deref().ok_or("name a configuration with --config")?;
        Ok(Config::read(path)?)
    }

    /// The file of the root key, where it is in one.
    pub(super) fn key_file(&self) -> Result<PathBuf, NodeError> {
        if let Some(home) = &self.data {
            return Ok(home.join("key"));
        }
        match self.read()?.root_key {
            Some(crate::secret::SecretSource::File { file }) => Ok(file),
            _ => Err("the root key is in no file".into()),
        }
    }

    /// How the node is named in a command that is to be typed.
    pub(super) fn argument(&self) -> String {
        let shown = |flag: &str, path: &Path| format!("{flag} {}", path.display());
        match (&self.config, &self.data) {
            (_, Some(home)) => shown("--data", home),
            (Some(config), None) => shown("--config", config),
            (None, None) => String::new(),
        }
    }
}
