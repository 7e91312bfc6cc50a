//! Fingerprints by every key that is there: while fingerprint keys change, a number has two.

use coffer_crypto::{Fingerprint, KeyState};
use coffer_types::Tenant;

use crate::{
    protected::Protected,
    vault::{Refused, Vault},
};

/// The fingerprints of one number or account within one tenant, newest key first.
#[derive(Debug)]
pub(crate) struct Prints(Vec<(KeyState, Fingerprint)>);

impl Prints {
    /// The one that a row shows.
    pub(crate) fn shown(&self) -> Option<Fingerprint> {
        self.active().next()
    }

    /// Those by which something is looked for, and kept.
    pub(crate) fn active(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        self.of(|state| state == KeyState::Active)
    }

    /// Those by which nothing is kept any more, and something may still be.
    pub(crate) fn retired(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        self.of(|state| state == KeyState::DecryptOnly)
    }

    /// All by which something may be kept: what is given back is given back under each.
    pub(crate) fn all(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        self.of(|_| true)
    }

    fn of(&self, wanted: fn(KeyState) -> bool) -> impl Iterator<Item = Fingerprint> + '_ {
        self.0.iter().filter(move |(state, _)| wanted(*state)).map(|(_, print)| *print)
    }
}

impl Vault {
    /// The keyed hashes of what tells two apart; none where nothing does.
    pub(crate) fn prints(&self, tenant: Tenant, protected: &Protected) -> Result<Option<Prints>, Refused> {
        let Some((kind, identity)) = protected.identity() else { return Ok(None) };
        let prints = self.keys.fingerprints(tenant, kind, &identity).map_err(|_| Refused::Unavailable)?;
        Ok(Some(Prints(prints)))
    }
}

/// What a row shows of the fingerprints of what it protects.
pub(crate) fn shown(prints: Option<&Prints>) -> Option<Fingerprint> {
    prints.and_then(Prints::shown)
}
