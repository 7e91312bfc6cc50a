//! How a native caller is known: a bearer key.

use std::sync::Arc;

use coffer_types::{RecordNumber, Tenant};

use super::error::{Problem, Sought};
use crate::{
    app::App,
    call::Call,
    credentials::{Credential, CredentialKind, bearer},
    jwt::looks_like_jwt,
    strangers::Stranger,
};

/// A caller who may let clear details out; 401 when nobody is known, 403 when the one who is may not.
pub(super) fn may_open(app: &App, call: &Call) -> Result<Arc<Credential>, Problem> {
    let stranger = |stranger| {
        app.strangers.note(stranger, call.request, app.vault.now());
        Problem::Unauthenticated
    };
    let credential = known(app, call).map_err(stranger)?;
    match credential.kind {
        CredentialKind::NativeRedeem => Ok(credential),
        CredentialKind::NativeAdmin => Err(Problem::Forbidden { actor: credential.name.clone() }),
        // Another dialect's key is no bearer here.
        CredentialKind::RebillySecret
        | CredentialKind::RebillyPublishable
        | CredentialKind::WorldpayUser
        | CredentialKind::WorldpayReveal
        | CredentialKind::WorldpayCheckout
        | CredentialKind::PayrocKey => Err(stranger(Stranger::WrongPlace)),
    }
}

/// Whose bearer key was shown.
fn known(app: &App, call: &Call) -> Result<Arc<Credential>, Stranger> {
    if !call.has_header("authorization") {
        return Err(if call.has_header("reb-apikey") { Stranger::WrongPlace } else { Stranger::Nothing });
    }
    let secret = call.authorization().and_then(bearer).ok_or(Stranger::Unreadable)?;
    let known = app.known();
    let found = known.credentials.find(secret).map(Arc::clone);
    found.ok_or_else(|| if looks_like_jwt(secret) { Stranger::WrongPlaceToken } else { Stranger::UnknownKey })
}

/// The record, if there is one and the credential is for its tenant. Another tenant's is as one that is not there.
pub(super) fn covered(
    credential: &Credential,
    located: Option<(Tenant, RecordNumber)>,
    sought: Sought,
) -> Result<(Tenant, RecordNumber), Problem> {
    located.filter(|(tenant, _)| credential.covers(*tenant)).ok_or(Problem::Missing(sought))
}
