//! How a native caller is known: a bearer key.

use super::error::Problem;
use crate::{
    app::App,
    call::Call,
    credentials::{Credential, CredentialKind},
};

/// A caller who may let clear details out; 401 when nobody is known, 403 when the one who is may not.
pub(super) fn may_open<'a>(app: &'a App, call: &Call) -> Result<&'a Credential, Problem> {
    let shown = call.authorization().and_then(|text| text.strip_prefix("Bearer "));
    let known = shown.and_then(|secret| app.settings.credentials.find(secret));
    match known {
        None => Err(Problem::Unauthenticated),
        Some(credential) => match credential.kind {
            CredentialKind::NativeRedeem => Ok(credential),
            CredentialKind::NativeAdmin => Err(Problem::Forbidden { actor: credential.name.clone() }),
            // Another dialect's key is no bearer here.
            CredentialKind::RebillySecret | CredentialKind::RebillyPublishable => {
                Err(Problem::Unauthenticated)
            }
        },
    }
}
