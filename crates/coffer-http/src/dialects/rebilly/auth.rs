//! How a Rebilly caller is known: a secret key in `REB-APIKEY`, a publishable key in `Authorization`, bare or as
//! `Bearer` (2.2).

use coffer_core::Act;
use coffer_types::Tenant;

use super::error::Problem;
use crate::{
    app::App,
    call::Call,
    credentials::{Credential, CredentialKind, bearer},
};

/// What an operation needs, as the permission table of 2.2 lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// `POST /tokens`.
    CreateToken,
    /// `GET /tokens/{token}`.
    ReadToken,
    /// Everything on `/payment-instruments`.
    Instruments,
}

/// A caller who may do this, and for whom.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) act: Act,
    /// Scheme, host and path before `/tokens`, with the organization if the caller wrote it.
    pub(super) base: String,
}

/// Finds the caller; 401 when nobody is known by what was shown, 403 when the one who is may not do this here.
pub(super) fn caller(app: &App, call: &Call, need: Need) -> Result<Caller, Problem> {
    let credential = credential(app, call).ok_or(Problem::Unauthenticated)?;
    let forbidden = || Problem::Forbidden { actor: credential.name.clone() };
    let tenant = tenant(app, call, credential).ok_or_else(forbidden)?;
    if !may(credential.kind, need) {
        return Err(forbidden());
    }
    let organization = call.param("org").map(|org| format!("/organizations/{org}")).unwrap_or_default();
    let base = format!("{}/rebilly{organization}", app.public_url());
    Ok(Caller { act: credential.act(tenant, call), base })
}

fn credential<'a>(app: &'a App, call: &Call) -> Option<&'a Credential> {
    let (secret, kind) = if call.has_header("reb-apikey") {
        (call.header("reb-apikey")?, CredentialKind::RebillySecret)
    } else {
        let shown = call.authorization()?;
        (bearer(shown).unwrap_or(shown), CredentialKind::RebillyPublishable)
    };
    app.settings.credentials.find(secret).filter(|credential| credential.kind == kind)
}

/// The organization in the path if the credential covers it, the credential's first one otherwise.
fn tenant(app: &App, call: &Call, credential: &Credential) -> Option<Tenant> {
    match call.param("org") {
        Some(org) => app.settings.organizations.get(org).copied().filter(|tenant| credential.covers(*tenant)),
        None => credential.tenants.first().copied(),
    }
}

fn may(kind: CredentialKind, need: Need) -> bool {
    match kind {
        CredentialKind::RebillySecret => true,
        CredentialKind::RebillyPublishable => matches!(need, Need::CreateToken | Need::ReadToken),
        CredentialKind::NativeRedeem | CredentialKind::NativeAdmin => false,
    }
}
