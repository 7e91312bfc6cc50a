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
    /// The node that serves there; none when it is stopped, or when the configuration names no socket. An error where
    /// this user may not open the socket.
    pub(super) fn server(&self) -> Result<Option<Server>, NodeError> {
        if let Some(home) = &self.data {
            return Server::in_folder(&home.join("run"));
        }
        self.read()?.admin_socket.as_deref().map_or(Ok(None), Server::at)
    }

    /// The same; an error when there is none.
    pub(super) fn running(&self) -> Result<Server, NodeError> {
        if let Some(server) = self.server()? {
            return Ok(server);
        }
        if self.data.is_none() && self.read()?.admin_socket.is_none() {
            return Err(
                "the configuration names no admin_socket, on which a node takes orders: add one at its top, such as \
                admin_socket = \"/var/lib/coffer/run/coffer.sock\", and start the node again"
                    .into(),
            );
        }
        Err("no node answers on the admin socket: start it first".into())
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
