//! How a Rebilly caller is known (2.2): a secret key in `REB-APIKEY`; a publishable key in `Authorization`, bare or as
//! `Bearer`; a JWT as `Bearer`. And what a known caller may do: by its kind, its list of permissions, its address and
//! its origin, and how often.

use std::sync::Arc;

use coffer_core::Act;
use coffer_types::{Pan, Tenant, Timestamp};
use data_encoding::HEXLOWER;
use hyper::{Method, header::HeaderName};

use super::{Kind, Operation, convert::Printer, error::Problem};
use crate::{
    app::App,
    call::Call,
    credentials::{Credential, CredentialKind, bearer},
    edge::{Quotas, Spent, Tester, Verdict, cors},
    form::Invalid,
    jwt::{Bearer, BearerKind, looks_like_jwt},
    known::Known,
    links,
    strangers::Stranger,
};

/// What the keyed hash of a JWT's subject is for.
const SUBJECT: &str = "jwt-subject";

/// A caller who may do this, and for whom.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) act: Act,
    /// Scheme, host and path before `/tokens`, with the organization if the caller wrote it.
    pub(super) base: String,
    /// The same before `/payment-instruments` of the storefront, in the order in which the caller wrote it.
    pub(super) storefront: String,
    /// Whether a shopper's browser calls.
    pub(super) is_browser: bool,
    customer: Option<String>,
}

/// What was shown.
enum Shown<'a> {
    Key(&'a Credential),
    Token(Bearer),
}

/// Finds the caller; 401 when nobody is known by what was shown, 403 when the one who is may not do this here, 429 when
/// the organization has done too much.
pub(super) fn caller(app: &App, call: &mut Call, operation: &Operation) -> Result<Caller, Problem> {
    let now = app.vault.now();
    let known = app.known();
    let shown = shown(&known, call, now);
    let may_read = readers(app, &known, call, shown.as_ref().ok());
    tell_readers(call, may_read);
    let shown = shown.map_err(|stranger| {
        app.strangers.note(stranger, call.request, now);
        Problem::Unauthenticated
    })?;
    let name = shown.name();
    let forbidden = |why| Problem::Forbidden { actor: Arc::clone(&name), why };
    let tenant = tenant(app, call, &shown).ok_or_else(|| forbidden("Access forbidden."))?;
    if let Err(why) = may(&shown, operation, tenant, call) {
        return Err(forbidden(why));
    }
    // Anybody can have a publishable key: what is too much for one caller must not use up the organization's quota,
    // and what is too much for all browsers must leave its servers theirs.
    let is_browser = is_browser(&shown, call);
    let quotas = if is_browser { &app.browser_quotas } else { &app.quotas };
    let too_many = |until| Problem::TooMany { actor: Arc::clone(&name), until, now };
    if is_browser
        && TRY_CARDS.contains(&operation.id)
        && let Verdict::Wait { until } = app.card_testing.before(shown.tester(&name), call.origin, now)
    {
        tell_nothing_left(quotas, call, tenant, now);
        return Err(too_many(until));
    }
    spend(quotas, call, operation, tenant, now).map_err(too_many)?;
    let organization = call.param("org").map(|org| format!("/organizations/{org}")).unwrap_or_default();
    let root = format!("{}/rebilly", links::origin(app, call));
    let base = format!("{root}{organization}");
    let storefront = if call.template().contains("/storefront/organizations/") {
        format!("{root}/storefront{organization}")
    } else {
        format!("{base}/storefront")
    };
    let act = shown.act(app, tenant, call)?;
    call.know(&act.actor);
    Ok(Caller { act, base, storefront, is_browser, customer: shown.into_customer() })
}

/// Whether a shopper's browser calls: by a key that anybody can read, by a customer's JWT, or by a JWT whose issuer
/// makes them for pages, or that a page sends. The header alone decides nothing: who tries cards leaves it out.
fn is_browser(shown: &Shown<'_>, call: &Call) -> bool {
    match shown.kind() {
        Kind::Secret => false,
        Kind::Publishable | Kind::CustomerJwt => true,
        Kind::Jwt => shown.is_for_pages() || call.has_header("origin"),
    }
}

/// The operations by which somebody finds out whether a card is good. What holds back who tries cards holds back
/// nothing else.
const TRY_CARDS: [&str; 3] = ["PostToken", "PostPaymentInstrument", "StorefrontPostPaymentInstrument"];

/// `REB-APIKEY` first: where it is there, it alone is asked.
fn shown<'a>(known: &'a Known, call: &Call, now: Timestamp) -> Result<Shown<'a>, Stranger> {
    let find = |secret: &str, kind: CredentialKind| match known.credentials.find(secret) {
        Some(found) if found.kind == kind => Ok(Shown::Key(found)),
        Some(_) => Err(Stranger::WrongPlace),
        None if looks_like_jwt(secret) => Err(Stranger::WrongPlaceToken),
        None => Err(Stranger::UnknownKey),
    };
    if call.has_header("reb-apikey") {
        let secret = call.header("reb-apikey").ok_or(Stranger::Unreadable)?;
        return find(secret, CredentialKind::RebillySecret);
    }
    if !call.has_header("authorization") {
        return Err(Stranger::Nothing);
    }
    let text = call.authorization().ok_or(Stranger::Unreadable)?;
    match bearer(text) {
        Some(token) if looks_like_jwt(token) => Ok(Shown::Token(known.issuers.examine(token, now)?)),
        Some(secret) => find(secret, CredentialKind::RebillyPublishable),
        None => find(text, CredentialKind::RebillyPublishable),
    }
}

impl Shown<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Key(key) if key.kind == CredentialKind::RebillySecret => Kind::Secret,
            Self::Key(_) => Kind::Publishable,
            Self::Token(Bearer { kind: BearerKind::Merchant, .. }) => Kind::Jwt,
            Self::Token(Bearer { kind: BearerKind::Customer { .. }, .. }) => Kind::CustomerJwt,
        }
    }

    fn name(&self) -> Arc<str> {
        match self {
            Self::Key(key) => Arc::clone(&key.name),
            Self::Token(token) => Arc::clone(&token.name),
        }
    }

    fn tenants(&self) -> &[Tenant] {
        match self {
            Self::Key(key) => &key.tenants,
            Self::Token(token) => &token.tenants,
        }
    }

    fn permits(&self, tenant: Tenant, operation: &Operation) -> bool {
        match self {
            Self::Key(key) => key.permits(tenant, operation.id),
            Self::Token(token) => token.permits(tenant, operation.id),
        }
    }

    fn is_for_pages(&self) -> bool {
        matches!(self, Self::Token(token) if token.browser)
    }

    /// Whom the limits against card testing count: behind one address there are many customers.
    fn tester<'a>(&'a self, name: &'a str) -> Tester<'a> {
        let customer = match self {
            Self::Token(Bearer { kind: BearerKind::Customer { customer }, .. }) => Some(customer.as_str()),
            _ => None,
        };
        Tester { key: name, customer }
    }

    fn act(&self, app: &App, tenant: Tenant, call: &Call) -> Result<Act, Problem> {
        let token = match self {
            Self::Key(key) => return Ok(key.act(tenant, call)),
            Self::Token(token) => token,
        };
        // Whom a token is for may be a person, whose name has no place in the audit log.
        let hash = |subject: &String| app.vault.keyed_hash(tenant, SUBJECT, subject.as_bytes());
        let subject = token.subject.as_ref().map(hash).transpose()?;
        Ok(Act {
            tenant,
            actor: Arc::clone(&token.name),
            origin: Some(token.told_origin(call.origin)),
            request: call.request,
            subject: subject.map(|hash| Arc::from(HEXLOWER.encode(&hash))),
            token: token.id.clone(),
        })
    }

    fn into_customer(self) -> Option<String> {
        match self {
            Self::Token(Bearer { kind: BearerKind::Customer { customer }, .. }) => Some(customer),
            _ => None,
        }
    }
}

/// The organization in the path if the caller is for it, the caller's first one otherwise.
fn tenant(app: &App, call: &Call, shown: &Shown<'_>) -> Option<Tenant> {
    match call.param("org") {
        Some(org) => {
            app.settings.organizations.get(org).copied().filter(|tenant| shown.tenants().contains(tenant))
        }
        None => shown.tenants().first().copied(),
    }
}

/// Why a known caller may not do this, in words that help its owner and nobody else.
fn may(shown: &Shown<'_>, operation: &Operation, tenant: Tenant, call: &Call) -> Result<(), &'static str> {
    if !operation.may.contains(&shown.kind()) {
        return Err(match shown.kind() {
            Kind::Publishable => {
                "Access forbidden. A publishable key was used; this needs a secret key or a JWT."
            }
            Kind::Secret => {
                "Access forbidden. A secret key was used; this is for a publishable key or a customer's JWT."
            }
            Kind::Jwt | Kind::CustomerJwt => "Access forbidden. This JWT is not made for it.",
        });
    }
    if !shown.permits(tenant, operation) {
        return Err("Access forbidden. The list of permissions does not have this operation.");
    }
    let Shown::Key(key) = shown else { return Ok(()) };
    if !key.admits(call.origin) {
        return Err("Access forbidden. The key is not taken from this address.");
    }
    match (shown.kind(), call.has_header("origin")) {
        (Kind::Secret, true) => Err(
            "Access forbidden. A secret key was used by a browser's page: it must never leave the server.",
        ),
        (Kind::Publishable, true)
            if !call.header("origin").is_some_and(|origin| key.origins.allows(origin)) =>
        {
            Err("Access forbidden. The key is not taken from pages of this origin.")
        }
        _ => Ok(()),
    }
}

/// Whether the page that asks may read the answer, also one that refuses: the key that was shown allows its origin; for
/// others, some publishable key of an organization that is meant does.
fn readers(app: &App, known: &Known, call: &Call, shown: Option<&Shown<'_>>) -> bool {
    let Some(origin) = call.header("origin") else { return false };
    match shown {
        Some(Shown::Key(key)) if key.kind == CredentialKind::RebillyPublishable => key.origins.allows(origin),
        Some(other) => known.credentials.allow_origin(origin, Some(other.tenants())),
        None => is_allowed_origin(app, known, call, origin),
    }
}

/// Whether some publishable key allows pages of this origin: of the organization in the path, where there is one.
pub(super) fn is_allowed_origin(app: &App, known: &Known, call: &Call, origin: &str) -> bool {
    let tenants = call.param("org").map(|org| app.settings.organizations.get(org).copied());
    known.credentials.allow_origin(origin, tenants.as_ref().map(Option::as_slice))
}

/// Lets pages read an answer that asks for no key.
pub(super) fn allow_readers(app: &App, call: &mut Call) {
    let may_read = readers(app, &app.known(), call, None);
    tell_readers(call, may_read);
}

fn tell_readers(call: &mut Call, may_read: bool) {
    let Some(origin) = call.header("origin").map(str::to_owned) else { return };
    if may_read {
        for (name, value) in cors::answer(&origin) {
            call.tell(name, value.to_owned());
        }
    } else {
        for (name, value) in cors::other_answer() {
            call.tell(name, value.to_owned());
        }
    }
}

/// Counts a request that changes something (3.3), and tells the caller how many are left; when none was, until when.
fn spend(
    quotas: &Quotas,
    call: &mut Call,
    operation: &Operation,
    tenant: Tenant,
    now: Timestamp,
) -> Result<(), Timestamp> {
    if operation.method == Method::GET {
        return Ok(());
    }
    let Some(spent) = quotas.spend(tenant, now) else { return Ok(()) };
    let Spent { limit, remaining, resets_at, over } = spent;
    tell_limits(call, limit, remaining);
    if over { Err(resets_at) } else { Ok(()) }
}

/// A caller who is held back by other limits than the quota has nothing left either.
fn tell_nothing_left(quotas: &Quotas, call: &mut Call, tenant: Tenant, now: Timestamp) {
    if let Some(spent) = quotas.peek(tenant, now) {
        tell_limits(call, spent.limit, 0);
    }
}

/// Both families: what the definition names, and what the PHP client of Rebilly reads.
fn tell_limits(call: &mut Call, limit: u32, remaining: u32) {
    let headers = [
        ("x-ratelimit-limit", limit),
        ("x-ratelimit-remaining", remaining),
        ("rate-limit-limit", limit),
        ("rate-limit-remaining", remaining),
    ];
    for (name, value) in headers {
        call.tell(HeaderName::from_static(name), value.to_string());
    }
}

impl Caller {
    /// The customer whose JWT was shown.
    pub(super) fn customer(&self) -> Option<&str> {
        self.customer.as_deref()
    }

    /// Prints answers for this caller.
    pub(super) fn printer<'a>(&'a self, app: &'a App) -> Printer<'a> {
        Printer {
            vault: &app.vault,
            tenant: self.act.tenant,
            base: &self.base,
            storefront: &self.storefront,
            organizations: &app.settings.organizations,
            now: app.vault.now(),
        }
    }

    /// Whether a browser may use this card now (security reference 9). Others are not limited here.
    pub(super) fn may_use_card(&self, app: &App, call: &mut Call, pan: &Pan) -> Result<(), Problem> {
        if !self.is_browser {
            return Ok(());
        }
        let now = app.vault.now();
        match app.card_testing.seen(self.tester(), call.origin, pan, now) {
            Verdict::Pass => Ok(()),
            Verdict::Wait { until } => {
                tell_nothing_left(&app.browser_quotas, call, self.act.tenant, now);
                Err(Problem::TooMany { actor: Arc::clone(&self.act.actor), until, now })
            }
        }
    }

    /// Notes that a browser sent a number that is no card number.
    pub(super) fn note_refused_card(&self, app: &App, call: &Call, invalid: &[Invalid]) {
        let is_number = |one: &Invalid| ["paymentInstrument.pan", "pan"].contains(&one.field.as_str());
        if self.is_browser && invalid.iter().any(is_number) {
            app.card_testing.refused(self.tester(), call.origin, app.vault.now());
        }
    }

    fn tester(&self) -> Tester<'_> {
        Tester { key: &self.act.actor, customer: self.customer() }
    }
}
