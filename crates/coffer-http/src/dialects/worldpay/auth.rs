//! How a Worldpay caller is known: a user with a password (Basic), or, from a browser, the public identity of a
//! checkout in the body (section 12). And what a known caller may do.

use std::sync::Arc;

use coffer_core::Act;
use coffer_types::{Pan, Tenant, Timestamp};
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::{Kind, Operation, error::Problem};
use crate::{
    app::App,
    call::Call,
    credentials::{Credential, CredentialKind},
    edge::{Quotas, Spent, Verdict},
    links,
    strangers::Stranger,
};

const NOT_ADMITTED: &str = "an address that is not among allowed_ips";

/// A caller who may do this, and for whom.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) act: Act,
    /// Scheme, host and path before `/tokens`.
    pub(super) base: String,
    credential: Arc<Credential>,
}

/// Finds the user; 401 when nobody is known by what was shown, 403 when the one who is may not do this, 429 when the
/// account has done too much.
pub(super) fn caller(app: &App, call: &Call, operation: &Operation) -> Result<Caller, Problem> {
    let stranger = |stranger| {
        app.strangers.note(stranger, call.request, app.vault.now());
        Problem::Unauthenticated
    };
    let credential = user(app, call).map_err(stranger)?;
    let forbidden = |why| Problem::Forbidden { actor: Arc::clone(&credential.name), why };
    let kind = match credential.kind {
        CredentialKind::WorldpayUser => Kind::User,
        CredentialKind::WorldpayReveal => Kind::Reveal,
        _ => return Err(stranger(Stranger::WrongPlace)),
    };
    if !operation.may.contains(&kind) {
        return Err(forbidden("not for this kind of user"));
    }
    if !credential.admits(call.origin) {
        return Err(forbidden(NOT_ADMITTED));
    }
    let tenant = *credential.tenants.first().ok_or_else(|| forbidden("for no account"))?;
    // A password belongs to a server: in a page anybody can read it.
    if call.has_header("origin") {
        return Err(forbidden("a password shown by a page"));
    }
    // Who shows card numbers is counted as well.
    if operation.method != hyper::Method::GET || kind == Kind::Reveal {
        let now = app.vault.now();
        spend(&app.quotas, tenant, now).map_err(|until| Problem::TooMany {
            actor: Arc::clone(&credential.name),
            until,
            now,
        })?;
    }
    if app.settings.worldpay.disabled.contains(&tenant) {
        return Err(Problem::NotEnabled);
    }
    Ok(Caller { act: credential.act(tenant, call), base: base(app, call), credential })
}

/// The user whose name and password are shown (RFC 7617).
fn user(app: &App, call: &Call) -> Result<Arc<Credential>, Stranger> {
    if !call.has_header("authorization") {
        return Err(Stranger::Nothing);
    }
    let shown = call.authorization().and_then(basic).ok_or(Stranger::Unreadable)?;
    let shown = std::str::from_utf8(&shown).map_err(|_| Stranger::Unreadable)?;
    app.known().credentials.find(shown).map(Arc::clone).ok_or(Stranger::UnknownKey)
}

/// Name and password, decoded.
fn basic(header: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (scheme, shown) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    BASE64.decode(shown.trim().as_bytes()).ok().map(Zeroizing::new)
}

/// Scheme, host and path before every path of the dialect.
pub(super) fn base(app: &App, call: &Call) -> String {
    format!("{}/worldpay", links::origin(app, call))
}

impl Caller {
    /// Whether the caller may act for this entity; 403 if not.
    pub(super) fn may_use_entity(&self, entity: Option<&str>) -> Result<(), Problem> {
        match entity {
            Some(entity) if !self.credential.entities.iter().any(|known| known == entity) => {
                Err(self.forbidden("not an entity of this user"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the caller may have card numbers in the clear, and nothing else.
    pub(super) fn reveals(&self) -> bool {
        self.credential.kind == CredentialKind::WorldpayReveal
    }

    /// The refusal of a caller who asks for what another kind may.
    pub(super) fn forbidden(&self, why: &'static str) -> Problem {
        Problem::Forbidden { actor: Arc::clone(&self.credential.name), why }
    }
}

/// A browser that left something for a merchant.
#[derive(Debug)]
pub(super) struct Shopper {
    pub(super) act: Act,
}

/// Finds the checkout by its public identity, and asks whether its page and this browser may.
pub(super) fn shopper(app: &App, call: &Call, identity: &str) -> Result<Shopper, Problem> {
    let known = app.known();
    let found = known.credentials.find(identity);
    let credential = found.filter(|known| known.kind == CredentialKind::WorldpayCheckout);
    let credential = credential.ok_or_else(|| {
        app.strangers.note(Stranger::UnknownKey, call.request, app.vault.now());
        Problem::UnknownIdentity
    })?;
    let forbidden = |why| Problem::Forbidden { actor: Arc::clone(&credential.name), why };
    let tenant = *credential.tenants.first().ok_or_else(|| forbidden("for no account"))?;
    let page_may = !call.has_header("origin")
        || call.header("origin").is_some_and(|origin| credential.origins.allows(origin));
    if !page_may {
        return Err(forbidden("a page of another origin"));
    }
    if !credential.admits(call.origin) {
        return Err(forbidden(NOT_ADMITTED));
    }
    let now = app.vault.now();
    let too_many = |until| Problem::TooMany { actor: Arc::clone(&credential.name), until, now };
    if let Verdict::Wait { until } = app.card_testing.before(&*credential.name, call.origin, now) {
        return Err(too_many(until));
    }
    // Anybody can have the identity: what browsers do must leave the account's servers their own.
    spend(&app.browser_quotas, tenant, now).map_err(too_many)?;
    if app.settings.worldpay.disabled.contains(&tenant) {
        return Err(Problem::NotEnabled);
    }
    Ok(Shopper { act: credential.act(tenant, call) })
}

impl Shopper {
    /// Whether this browser may use this card now (security reference 9).
    pub(super) fn may_use_card(&self, app: &App, call: &Call, pan: &Pan) -> Result<(), Problem> {
        let now = app.vault.now();
        match app.card_testing.seen(&*self.act.actor, call.origin, pan, now) {
            Verdict::Pass => Ok(()),
            Verdict::Wait { until } => {
                Err(Problem::TooMany { actor: Arc::clone(&self.act.actor), until, now })
            }
        }
    }

    /// Notes that a browser sent a number that is no card number.
    pub(super) fn note_refused_card(&self, app: &App, call: &Call) {
        app.card_testing.refused(&*self.act.actor, call.origin, app.vault.now());
    }
}

/// Counts a request that changes something; when it was one too many, until when.
fn spend(quotas: &Quotas, tenant: Tenant, now: Timestamp) -> Result<(), Timestamp> {
    match quotas.spend(tenant, now) {
        Some(Spent { over: true, resets_at, .. }) => Err(resets_at),
        _ => Ok(()),
    }
}
