//! What a live node takes over without a restart: who may call, and its certificate. Files are looked at as those of
//! the tables are; one that is wrong leaves in service what was there.

use std::{
    collections::{BTreeMap, HashMap},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use coffer_crypto::{CredentialHasher, OsEntropy};
use coffer_http::{App, Callers, ServerTls};
use coffer_types::Tenant;
use tokio::sync::watch;

use crate::{
    config::{CallerNames, Config, ConfigError, changes},
    node::NodeError,
};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// The parts of the file that are taken over. All others need a restart.
const TAKEN: [&str; 2] = ["credentials", "jwt_issuers"];

/// Which version of a file: device, inode, size, and when content and place last changed.
type Stamp = Option<[i64; 7]>;

/// What is watched.
pub(crate) struct Watch {
    path: PathBuf,
    /// Tenants as they were at the start: who may call is for these.
    organizations: HashMap<String, Tenant>,
    hasher: CredentialHasher,
    names: CallerNames,
    /// The other parts of the configuration, as the node has them.
    rest: toml::Table,
    callers: Stamps,
}

/// The files of a certificate, from before they are read first: a change meanwhile is then seen at the first look.
pub(crate) struct CertificateStamps(Stamps);

/// A certificate that is watched, also while the node is sealed.
pub(crate) struct CertificateWatch {
    tls: Arc<ServerTls>,
    /// That of the start, which says where it is.
    config: Config,
    seen: Stamps,
}

/// The versions of some files when they were last read.
#[derive(PartialEq, Eq)]
struct Stamps(BTreeMap<PathBuf, Stamp>);

/// What is to be taken over.
struct Change {
    callers: Callers,
    told: Option<String>,
    names: CallerNames,
}

impl Watch {
    /// What the node begins with. To be called before the files that are watched are read: a change meanwhile is then
    /// seen at the first look, which reads the configuration once more.
    pub(crate) fn new(
        path: &Path,
        text: &str,
        config: &Config,
        organizations: &HashMap<String, Tenant>,
    ) -> Result<Self, NodeError> {
        let hasher = CredentialHasher::new(&OsEntropy)?;
        let mut callers = Stamps::of(path, config.caller_files());
        callers.0.insert(path.to_owned(), None);
        Ok(Self {
            path: path.to_owned(),
            organizations: organizations.clone(),
            names: config.caller_names(&hasher),
            hasher,
            rest: rest(text),
            callers,
        })
    }

    /// Looks at the files of the callers; none when they are as they were, or wrong.
    fn look(&mut self) -> Option<Change> {
        let now = Stamps::now(self.callers.0.keys().cloned());
        if now == self.callers {
            return None;
        }
        self.callers = now;
        self.read()
            .inspect_err(|error| {
                tracing::error!(
                    error = %error,
                    "callers were not replaced: the old ones serve on, and a restart would fail"
                );
            })
            .ok()
    }

    fn read(&mut self) -> Result<Change, ConfigError> {
        let text = Config::text(&self.path)?;
        let config = Config::parse(&self.path, &text)?;
        self.callers = Stamps::of(&self.path, config.caller_files());
        let names = config.caller_names(&self.hasher);
        let callers = config.callers(&self.organizations)?;
        self.tell_rest(&text);
        Ok(Change { callers, told: changes(&self.names, &names), names })
    }

    /// Names what is not taken over, once for each change.
    fn tell_rest(&mut self, text: &str) {
        let new = rest(text);
        let keys = self.rest.keys().chain(new.keys().filter(|key| !self.rest.contains_key(*key)));
        let other: Vec<&str> =
            keys.filter(|key| self.rest.get(*key) != new.get(*key)).map(String::as_str).collect();
        if !other.is_empty() {
            tracing::warn!(
                reason = other.join(", "),
                "parts of the configuration changed that need a restart"
            );
        }
        self.rest = new;
    }
}

impl CertificateStamps {
    /// Of the files that the configuration names.
    pub(crate) fn now(config: &Config) -> Self {
        Self(Stamps::now(config.tls_files()))
    }

    /// Watches what was read since.
    pub(crate) fn watch(self, tls: &Arc<ServerTls>, config: Config) -> CertificateWatch {
        CertificateWatch { tls: Arc::clone(tls), config, seen: self.0 }
    }
}

impl CertificateWatch {
    /// Looks, and takes over, until the node stops.
    pub(crate) async fn follow(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.wait_for(|stopping| *stopping) => return,
            }
            let looked = tokio::task::spawn_blocking(move || {
                self.look();
                self
            });
            let Ok(watch) = looked.await else { return };
            self = watch;
        }
    }

    /// Takes over another certificate.
    fn look(&mut self) {
        let now = Stamps::now(self.config.tls_files());
        if now == self.seen {
            return;
        }
        self.seen = now;
        let replaced = match self.config.tls_content() {
            Ok(Some(files)) => self.tls.replace(&files).map_err(|error| error.to_string()),
            Ok(None) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        match replaced {
            Ok(()) => tracing::info!("another certificate is in use"),
            Err(error) => {
                tracing::error!(
                    error = %error,
                    "the certificate was not replaced: the old one serves on, and a restart would fail"
                );
            }
        }
    }
}

/// Looks, and takes over, until the node stops.
pub(crate) async fn run(mut watch: Watch, app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.wait_for(|stopping| *stopping) => return,
        }
        let looked = tokio::task::spawn_blocking(move || {
            let change = watch.look();
            (watch, change)
        });
        let Ok((mut looked, change)) = looked.await else { return };
        if let Some(Change { callers, told, names }) = change {
            let is_told = told.clone();
            if app.replace_callers(callers, told).await.is_ok() {
                looked.names = names;
                if let Some(told) = is_told {
                    tracing::info!(reason = told, "who may call was changed");
                }
            } else {
                // The audit log cannot say it now: the next look tries again.
                looked.callers.0.values_mut().for_each(|stamp| *stamp = None);
                tracing::warn!("who may call was not replaced yet: the store takes no writes");
            }
        }
        watch = looked;
    }
}

/// The parts of a configuration that are not taken over.
fn rest(text: &str) -> toml::Table {
    let mut table: toml::Table = toml::from_str(text).unwrap_or_default();
    table.retain(|key, _| !TAKEN.contains(&key));
    table
}

impl Stamps {
    fn of(config: &Path, files: Vec<PathBuf>) -> Self {
        Self::now(files.into_iter().chain([config.to_owned()]))
    }

    fn now(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().map(|path| (path.clone(), stamp(&path))).collect())
    }
}

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    let wide = u64::cast_signed;
    Some([
        wide(found.dev()),
        wide(found.ino()),
        wide(found.size()),
        found.mtime(),
        found.mtime_nsec(),
        found.ctime(),
        found.ctime_nsec(),
    ])
}
