//! Meeting: every node that lives works with the newest keys before the next step of a rotation is taken.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use super::{
    load::{LoadError, load},
    policy::KeyPolicy,
};
use crate::{
    store::CounterKey,
    vault::{Refused, Vault},
};

impl Vault {
    /// Loads the keys again, where the store has newer ones than this process or something could not be opened. True
    /// where it did.
    pub(crate) async fn refresh_keys(&self) -> Result<bool, Refused> {
        let newest = self.store.counter(CounterKey::KEY_REVISION).await?;
        if newest <= self.keys.load().revision && !self.keys.is_behind() {
            return Ok(false);
        }
        self.reload_keys().await?;
        Ok(true)
    }

    pub(crate) async fn reload_keys(&self) -> Result<(), Refused> {
        let _turn = self.keys.loading.lock().await;
        // Read before the rows: they are as new at least.
        let revision = self.store.counter(CounterKey::KEY_REVISION).await?;
        let rows = self.store.keys().await?;
        let known = self.keys.load();
        let loaded = load(self.keys.environment(), &*self.keys.source, &known.keks, rows, revision);
        let loaded = loaded.map_err(not_loaded)?;
        self.keys.replace(loaded);
        tracing::info!(revision, "the keys were loaded again");
        Ok(())
    }

    /// Whether every node that lives works with the newest keys, this one included; and since when that has been seen.
    pub(crate) async fn have_met(&self) -> Result<Option<Instant>, Refused> {
        if self.nodes.is_some() {
            self.beat().await?;
        } else {
            self.refresh_keys().await?;
        }
        let revision = self.keys.load().revision;
        let newest = self.store.counter(CounterKey::KEY_REVISION).await?;
        let all = self.nodes.as_ref().is_none_or(|nodes| nodes.have_keys(revision));
        let mut met = self.keys.met.lock().unwrap_or_else(PoisonError::into_inner);
        if newest != revision || !all {
            *met = None;
            return Ok(None);
        }
        match *met {
            Some((known, since)) if known == revision => Ok(Some(since)),
            _ => {
                let now = Instant::now();
                *met = Some((revision, now));
                Ok(Some(now))
            }
        }
    }

    /// Whether what was begun before the meeting has come to its end: acts take the keys when they begin.
    pub(crate) fn is_settled(met: Instant, policy: &KeyPolicy) -> bool {
        met.elapsed() >= Duration::from_secs(policy.settle_seconds)
    }
}

fn not_loaded(error: LoadError) -> Refused {
    if matches!(error, LoadError::Source(_)) {
        tracing::warn!(error = %error, "the store's newest keys cannot be opened now: this is tried again");
    } else {
        tracing::error!(
            error = %error,
            "the store's newest keys could not be loaded: the node goes on with those it has, and would not start \
            with these; do not stop it before its key records are mended (coffer fsck, docs/KEYS.md)"
        );
    }
    Refused::Unavailable
}

impl From<LoadError> for crate::start::StartError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Source(super::source::KekSourceError::Wrong) => Self::WrongRoot,
            LoadError::Source(super::source::KekSourceError::Entropy) => Self::Entropy,
            LoadError::Source(error) => Self::NoRoot(error),
            LoadError::BadKey { purpose, version } => Self::BadKey { purpose, version },
            LoadError::Missing { purpose, version } => Self::MissingKey { purpose, version },
            LoadError::Incomplete => Self::Incomplete,
        }
    }
}
