//! How a Payroc caller is known: an API key at the identity service, a bearer token everywhere else, a session in a
//! browser (sections 1.1 and 11). And what a known caller may do.

use std::sync::Arc;

use coffer_core::{Act, Vault, network};
use coffer_crypto::forms;
use coffer_types::{Pan, RecordNumber, Tenant, Timestamp};

use super::{error::Problem, settings::Terminal, wire::source::Taking};
use crate::{
    app::App,
    call::Call,
    credentials::{Credential, CredentialKind, bearer},
    edge::{Spent, Verdict},
    links, query,
    strangers::Stranger,
};

/// A caller who may do this, and for whom.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) act: Act,
    /// Scheme, host and path before `/processing-terminals`.
    pub(super) base: String,
}

/// The terminal that a path names.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) id: &'a str,
    pub(super) terminal: &'a Terminal,
}

/// Finds the API key; 401 when nobody has it.
pub(super) fn key(app: &App, call: &Call) -> Result<(Arc<Credential>, Tenant), Problem> {
    let stranger = |stranger| {
        app.strangers.note(stranger, call.request, app.vault.now());
        Problem::Unauthenticated
    };
    if !call.has_header("x-api-key") {
        return Err(stranger(Stranger::Nothing));
    }
    let shown = call.header("x-api-key").ok_or_else(|| stranger(Stranger::Unreadable))?;
    let known = app.known();
    let found = known.credentials.find(shown).ok_or_else(|| stranger(Stranger::UnknownKey))?;
    if found.kind != CredentialKind::PayrocKey {
        return Err(stranger(Stranger::WrongPlace));
    }
    admitted(found, call)?;
    let tenant = found.tenants.first().copied();
    Ok((Arc::clone(found), tenant.ok_or_else(|| forbidden(found, "for no account", TERMINAL))?))
}

/// Finds the caller by the bearer token; 401 when it is none, or over, or its key is gone.
pub(super) fn caller(app: &App, call: &Call) -> Result<Caller, Problem> {
    let stranger = |stranger| {
        app.strangers.note(stranger, call.request, app.vault.now());
        Problem::Unauthenticated
    };
    if !call.has_header("authorization") {
        return Err(stranger(Stranger::Nothing));
    }
    let shown = call.authorization().and_then(bearer).ok_or_else(|| stranger(Stranger::Unreadable))?;
    let known = app.known();
    let found = known.api_keys.find(&app.vault, shown);
    let (credential, tenant) = found.ok_or_else(|| stranger(Stranger::UnknownKey))?;
    admitted(credential, call)?;
    let now = app.vault.now();
    if let Some(Spent { over: true, resets_at, .. }) = app.quotas.spend(tenant, now) {
        return Err(Problem::TooMany { actor: Arc::clone(&credential.name), until: resets_at, now });
    }
    Ok(Caller { act: credential.act(tenant, call), base: format!("{}/payroc/v1", links::origin(app, call)) })
}

fn admitted(credential: &Credential, call: &Call) -> Result<(), Problem> {
    if credential.admits(call.origin) {
        return Ok(());
    }
    Err(forbidden(credential, "an address that is not among allowed_ips", ADDRESS))
}

fn forbidden(credential: &Credential, why: &'static str, resource: &'static str) -> Problem {
    Problem::Forbidden { actor: Arc::clone(&credential.name), why, resource }
}

/// What a caller without a right to a terminal is told that it may not.
const TERMINAL: &str = "processingTerminal";
/// The same of one that calls from elsewhere than its key may.
const ADDRESS: &str = "ipAddress";

impl Caller {
    /// The terminal in the path, where it is one of the caller's; 403 for every other.
    pub(super) fn terminal<'a>(&self, app: &'a App, call: &Call) -> Result<At<'a>, Problem> {
        let id = call.param("processingTerminalId").and_then(query::path_part).unwrap_or_default();
        self.terminal_named(app, &id)
    }

    /// The same by its id.
    pub(super) fn terminal_named<'a>(&self, app: &'a App, id: &str) -> Result<At<'a>, Problem> {
        let found = app.settings.payroc.terminals.get_key_value(id);
        match found.filter(|(_, terminal)| terminal.tenant == self.act.tenant) {
            Some((id, terminal)) => Ok(At { id, terminal }),
            None => Err(Problem::Forbidden {
                actor: Arc::clone(&self.act.actor),
                why: "not a terminal of this account",
                resource: TERMINAL,
            }),
        }
    }
}

impl At<'_> {
    /// What this terminal takes now.
    pub(super) fn taking(&self, app: &App) -> Taking {
        Taking { now: app.vault.now(), allow_expired: self.terminal.expired_cards }
    }
}

/// A browser that fills in a form in a session.
#[derive(Debug)]
pub(super) struct Shopper {
    pub(super) act: Act,
    pub(super) session: RecordNumber,
}

/// Who is said to be refused where browsers are counted together.
const BROWSERS: &str = "hosted fields";

/// Whom the browsers of a merchant are counted under, whichever key their session was opened with.
fn browsers(tenant: Tenant) -> String {
    format!("{BROWSERS} of {}", tenant.get())
}

impl Shopper {
    /// Where the session in the path is, however long it is over.
    pub(super) fn located(app: &App, call: &Call) -> Result<(Tenant, RecordNumber), Problem> {
        let text = call.param("session").unwrap_or_default();
        let located = forms::parse_hex(text).and_then(|session| app.vault.locate_fields(&session));
        located.ok_or(Problem::NoSession)
    }

    /// Whether browsers of this merchant may do more, asked before anything is looked up for one. A session that is
    /// over by its time costs the others nothing.
    pub(super) fn spend(app: &App, (tenant, session): (Tenant, RecordNumber)) -> Result<(), Problem> {
        let now = app.vault.now();
        if Vault::fields_end(session) <= now {
            return Err(Problem::NoSession);
        }
        match app.browser_quotas.spend(tenant, now) {
            Some(Spent { over: true, resets_at, .. }) => Err(too_many(BROWSERS, resets_at, now)),
            _ => Ok(()),
        }
    }

    /// In the name of the key that the session was opened with.
    pub(super) fn named(call: &Call, (tenant, session): (Tenant, RecordNumber), actor: &str) -> Self {
        let act = Act {
            tenant,
            actor: Arc::from(actor),
            origin: Some(network(call.origin)),
            request: call.request,
            subject: None,
            token: None,
        };
        Self { act, session }
    }

    /// Whether a browser may make a token or send a card number now (security reference 9). Both count.
    pub(super) fn may_go_on(app: &App, call: &Call, tenant: Tenant) -> Result<(), Problem> {
        let (now, browsers) = (app.vault.now(), browsers(tenant));
        match app.card_testing.before(browsers.as_str(), call.origin, now) {
            Verdict::Pass => Ok(()),
            Verdict::Wait { until } => Err(too_many(BROWSERS, until, now)),
        }
    }

    /// Whether this browser may use this card now.
    pub(super) fn may_use_card(&self, app: &App, call: &Call, pan: &Pan) -> Result<(), Problem> {
        let (now, browsers) = (app.vault.now(), browsers(self.act.tenant));
        match app.card_testing.seen(browsers.as_str(), call.origin, pan, now) {
            Verdict::Pass => Ok(()),
            Verdict::Wait { until } => Err(too_many(BROWSERS, until, now)),
        }
    }

    /// Notes that a browser sent a number that is no card number.
    pub(super) fn note_refused_card(&self, app: &App, call: &Call) {
        let browsers = browsers(self.act.tenant);
        app.card_testing.refused(browsers.as_str(), call.origin, app.vault.now());
    }
}

fn too_many(actor: &str, until: Timestamp, now: Timestamp) -> Problem {
    Problem::TooMany { actor: Arc::from(actor), until, now }
}
