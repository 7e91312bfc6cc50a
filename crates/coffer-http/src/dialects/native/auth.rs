//! How a native caller is known: a bearer key.

use coffer_types::{RecordNumber, Tenant};

use super::error::{Problem, Sought};
use crate::{
    app::App,
    call::Call,
    credentials::{Credential, CredentialKind, bearer},
};

/// A caller who may let clear details out; 401 when nobody is known, 403 when the one who is may not.
pub(super) fn may_open<'a>(app: &'a App, call: &Call) -> Result<&'a Credential, Problem> {
    let shown = call.authorization().and_then(bearer);
    let known = shown.and_then(|secret| app.settings.credentials.find(secret));
    match known {
        None => Err(Problem::Unauthenticated),
        Some(credential) => match credential.kind {
            CredentialKind::NativeRedeem => Ok(credential),
            CredentialKind::NativeAdmin => Err(Problem::Forbidden { actor: credential.name.clone() }),
            // Another dialect's key is no bearer here.
            CredentialKind::RebillySecret
            | CredentialKind::RebillyPublishable
            | CredentialKind::WorldpayUser
            | CredentialKind::WorldpayReveal
            | CredentialKind::WorldpayCheckout => Err(Problem::Unauthenticated),
        },
    }
}

/// The record, if there is one and the credential is for its tenant.
pub(super) fn covered(
    credential: &Credential,
    located: Option<(Tenant, RecordNumber)>,
    sought: Sought,
) -> Result<(Tenant, RecordNumber), Problem> {
    match located {
        None => Err(Problem::Missing(sought)),
        Some((tenant, _)) if !credential.covers(tenant) => {
            Err(Problem::Foreign { sought, actor: credential.name.clone() })
        }
        Some(located) => Ok(located),
    }
}
