//! `OPTIONS`: what a browser asks before a page of another origin leaves a card (section 12).

use hyper::{
    StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
    },
};

use crate::{app::App, call::Call, credentials::CredentialKind, reply::Reply, router::Handler};

/// The paths that pages use.
pub(super) const PATHS: &[&str] = &[
    "",
    "/sessions",
    "/sessions/card",
    "/sessions/payments/cvc",
    "/verifiedTokens",
    "/verifiedTokens/sessions",
];

/// What a browser may send.
const ALLOWED_HEADERS: &str = "accept, content-type, wp-correlationid, x-wp-sdk";
/// What a page may read of an answer.
const EXPOSED_HEADERS: &str = "Location, Retry-After, WP-CorrelationId";
/// `limits::CORS_PREFLIGHT_SECONDS` as text.
const MAX_AGE: &str = "600";

pub(super) const HANDLER: Handler = |app, call| Box::pin(std::future::ready(answer(app, call)));

fn answer(app: &App, call: &Call) -> Reply {
    let reply = Reply::empty(StatusCode::NO_CONTENT).header(VARY, "Origin");
    match allowed(app, call) {
        Some(origin) => reply
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, &origin)
            .header(ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS")
            .header(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS)
            .header(ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        None => reply,
    }
}

/// Lets pages of the origins that some checkout allows read the answer, also one that refuses.
pub(super) fn allow_readers(app: &App, call: &mut Call) {
    if !call.has_header("origin") {
        return;
    }
    call.tell(VARY, "Origin".to_owned());
    if let Some(origin) = allowed(app, call) {
        call.tell(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        call.tell(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS.to_owned());
    }
}

fn allowed(app: &App, call: &Call) -> Option<String> {
    let origin = call.header("origin")?;
    let allows = app
        .known()
        .credentials
        .any(|known| known.kind == CredentialKind::WorldpayCheckout && known.origins.allows(origin));
    allows.then(|| origin.to_owned())
}
