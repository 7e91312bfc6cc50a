//! Who may call: credentials, issuers of JWTs, and what follows from them. An immutable snapshot that is replaced
//! whole; a request goes on with the one that it was authenticated by.

use std::{
    fmt,
    sync::{Arc, PoisonError},
};

use coffer_core::{Refused, Vault};

use crate::{app::App, credentials::Credentials, dialects::payroc::ApiKeys, jwt::Issuers};

/// Who may call, as the configuration says.
#[derive(Debug)]
pub struct Callers {
    /// What callers show.
    pub credentials: Credentials,
    /// Whose JWTs are taken.
    pub issuers: Issuers,
}

/// The same with what is worked out once.
pub(crate) struct Known {
    pub(crate) credentials: Credentials,
    pub(crate) issuers: Issuers,
    /// The keys that bearer tokens are made for.
    pub(crate) api_keys: ApiKeys,
}

impl Known {
    pub(crate) fn of(vault: &Vault, callers: Callers) -> Self {
        let Callers { credentials, issuers } = callers;
        let api_keys = ApiKeys::of(vault, &credentials);
        Self { credentials, issuers, api_keys }
    }
}

impl App {
    /// Who may call at this moment.
    pub(crate) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes others in, for the requests that are authenticated after that. `told` is what changed, in names of the
    /// configuration: it is in the audit log before it is true. When it cannot be written all stays as it was; without
    /// it (nothing changed but places) nothing is written.
    pub async fn replace_callers(&self, callers: Callers, told: Option<String>) -> Result<(), Refused> {
        let new = Arc::new(Known::of(&self.vault, callers));
        if let Some(told) = told {
            self.vault.record_callers(told).await?;
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Known({:?}, {:?})", self.credentials, self.issuers)
    }
}
