//! Errors in Worldpay's shape (section 9, seed 001): `errorName`, `message` and `validationErrors`, in that order, for
//! a first-party client reads them by their places.

use std::sync::Arc;

use coffer_core::{FailureReason, Refused, RequestId, ReusableError, RevealReusableError, TokenizeError};
use coffer_types::{Timestamp, limits};
use hyper::{
    StatusCode,
    header::{HeaderMap, HeaderName, WWW_AUTHENTICATE},
};
use serde::Serialize;

use super::media::{Family, Media, Version};
use crate::{
    app::App,
    call::{BodyError, Call},
    detector::text_holds_card,
    json::JsonError,
    refusal,
    reply::Reply,
};

/// Names the request in the company's way: a UUID.
const CORRELATION: HeaderName = HeaderName::from_static("wp-correlationid");
/// Longest id of a client's own that is given back.
const CORRELATION_CHARS: usize = 64;

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum Problem {
    /// Nobody is known by what was shown.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden {
        /// The credential's name.
        actor: Arc<str>,
        /// Why not, for the log: the answer does not say it.
        why: &'static str,
    },
    /// `Accept` names nothing that is served.
    NotAcceptable,
    /// `Content-Type` is not the API's.
    UnsupportedMedia,
    /// `Accept` and `Content-Type` name two versions.
    MediaMismatch,
    /// The body did not arrive whole.
    Body(BodyError),
    /// There is no body.
    Empty,
    /// The body is not JSON.
    NotJson,
    /// Fields with problems, all of them.
    Invalid(Vec<InvalidField>),
    /// The body fits no attribute: a link that is none was used.
    NoAttribute,
    /// No such token, conflict or resource for this caller.
    NotFound,
    /// The link does not have this method.
    WrongMethod,
    /// The namespace has as many tokens as it may.
    NamespaceFull,
    /// The card's brand has no name here.
    UnknownBrand,
    /// The token would end too late.
    EndsTooLate,
    /// The token was changed as often as it may be.
    TooManyUpdates,
    /// The merchant account may not tokenize.
    NotEnabled,
    /// The session is unknown, used or expired.
    NoSession,
    /// The identity of a checkout is unknown.
    UnknownIdentity,
    /// There is no connection to the card schemes.
    NoNetworkTokens,
    /// More than the caller may do at this time.
    TooMany {
        /// The credential's name.
        actor: Arc<str>,
        /// When it may do more.
        until: Timestamp,
        /// The time of the refusal.
        now: Timestamp,
    },
    /// The vault could not serve.
    Refused(Refused),
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "ValidationError")]
#[serde(rename_all = "camelCase")]
pub(super) struct InvalidField {
    pub(super) error_name: &'static str,
    pub(super) message: String,
    pub(super) json_path: String,
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<JsonError> for Problem {
    /// Why it is none has no place in the company's answer.
    fn from(_: JsonError) -> Self {
        Self::NotJson
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<TokenizeError> for Problem {
    fn from(error: TokenizeError) -> Self {
        match error {
            TokenizeError::NamespaceFull => Self::NamespaceFull,
            TokenizeError::NotUsable => Self::NoSession,
            TokenizeError::NotTaken => Self::UnknownBrand,
            TokenizeError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<ReusableError> for Problem {
    fn from(error: ReusableError) -> Self {
        match error {
            ReusableError::Unknown => Self::NotFound,
            ReusableError::TooManyUpdates => Self::TooManyUpdates,
            ReusableError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<RevealReusableError> for Problem {
    fn from(error: RevealReusableError) -> Self {
        match error {
            RevealReusableError::Unknown => Self::NotFound,
            RevealReusableError::Refused(refused) => Self::Refused(refused),
        }
    }
}

/// The body of every error.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "Error")]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorBody<'p> {
    error_name: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    validation_errors: &'p [InvalidField],
}

/// The answer to a request; a refusal is in the audit log before it leaves.
pub(super) async fn answer(app: &App, call: &Call, family: Family, result: Result<Reply, Problem>) -> Reply {
    let problem = match result {
        Ok(reply) => return call.told(reply),
        Err(problem) => problem,
    };
    match &problem {
        Problem::Unauthenticated | Problem::UnknownIdentity => {
            refusal::record(app, call, FailureReason::Unauthenticated, None).await;
        }
        Problem::Forbidden { actor, why } => {
            app.strangers.forbid(why, call.request, app.vault.now());
            refusal::record(app, call, FailureReason::Forbidden, Some(Arc::clone(actor))).await;
        }
        Problem::TooMany { actor, .. } => {
            refusal::record(app, call, FailureReason::Limited, Some(Arc::clone(actor))).await;
        }
        _ => {}
    }
    call.told(reply(&problem).with_type(Media::of_answer(call, family)))
}

fn reply(problem: &Problem) -> Reply {
    let (status, name, message) = words(problem);
    let identity = [InvalidField {
        error_name: "fieldHasInvalidValue",
        message: "Identity is invalid".to_owned(),
        json_path: "$.identity".to_owned(),
    }];
    let fields: &[InvalidField] = match problem {
        Problem::Invalid(fields) => fields,
        Problem::UnknownIdentity => &identity,
        _ => &[],
    };
    let reply = Reply::json(status, &ErrorBody { error_name: name, message, validation_errors: fields });
    match problem {
        // RFC 9110, 15.5.2: a 401 names the scheme that is asked for.
        Problem::Unauthenticated => {
            reply.header(WWW_AUTHENTICATE, "Basic realm=\"coffer\", charset=\"UTF-8\"")
        }
        Problem::TooMany { until, now, .. } => {
            let millis = u64::try_from(until.millis() - now.millis()).unwrap_or(0);
            reply.retry_after(millis.div_ceil(1_000).max(1))
        }
        Problem::Refused(_) => reply.retry_after(limits::RETRY_AFTER_SECONDS),
        // The link of a part of a token.
        Problem::WrongMethod => reply.allow("PUT"),
        // The operator's own decision, and not a fault to be logged.
        Problem::NotEnabled => reply.decided(),
        _ => reply,
    }
}

const SCHEMA: (&str, &str) =
    ("bodyDoesNotMatchSchema", "The json body provided does not match the expected schema");
const HEADER: &str = "headerHasInvalidValue";

/// Status, name and message.
fn words(problem: &Problem) -> (StatusCode, &'static str, &'static str) {
    let denied = "Access to the requested resource has been denied";
    match problem {
        Problem::Unauthenticated => (StatusCode::UNAUTHORIZED, "accessDenied", denied),
        Problem::Forbidden { .. } => (StatusCode::FORBIDDEN, "accessDenied", denied),
        Problem::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, HEADER, "Accept header is not supported"),
        Problem::UnsupportedMedia => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, HEADER, "Content-type header is not supported")
        }
        Problem::MediaMismatch => {
            (StatusCode::BAD_REQUEST, HEADER, "Accept header does not match Content-type header")
        }
        Problem::Body(BodyError::TooLarge) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "bodyIsTooLarge", "The body is larger than this server accepts")
        }
        Problem::Body(BodyError::TooSlow) => {
            (StatusCode::REQUEST_TIMEOUT, "bodyIsIncomplete", "The body did not arrive in time")
        }
        Problem::Body(BodyError::Broken) => {
            (StatusCode::BAD_REQUEST, "bodyIsIncomplete", "The body could not be read")
        }
        Problem::Empty => (StatusCode::BAD_REQUEST, "bodyIsEmpty", "The body within the request is empty"),
        Problem::NotJson => {
            (StatusCode::BAD_REQUEST, "bodyIsNotJson", "The body within the request is not valid json")
        }
        Problem::Invalid(_) | Problem::NoAttribute | Problem::UnknownIdentity => {
            (StatusCode::BAD_REQUEST, SCHEMA.0, SCHEMA.1)
        }
        Problem::NotFound => (StatusCode::NOT_FOUND, "resourceNotFound", "Requested resource was not found"),
        Problem::WrongMethod => {
            (StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", "Requested method is not allowed")
        }
        Problem::NamespaceFull => {
            (StatusCode::FORBIDDEN, "tooManyTokensForNamespace", "Too many tokens created for this namespace")
        }
        Problem::UnknownBrand => {
            (StatusCode::UNPROCESSABLE_ENTITY, "unrecognizedCardBrand", "The card brand is not recognized")
        }
        Problem::EndsTooLate => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "tokenExpiryDateExceededMaximum",
            "Token expiry exceeds maximum time range",
        ),
        Problem::TooManyUpdates => (
            StatusCode::TOO_MANY_REQUESTS,
            "maximumUpdatesExceeded",
            "Maximum number of updates for this token exceeded",
        ),
        Problem::NotEnabled => {
            (StatusCode::INTERNAL_SERVER_ERROR, "tokenizationNotEnabled", "Tokenization not enabled")
        }
        Problem::NoSession => (StatusCode::BAD_REQUEST, "sessionNotFound", "Session could not be found"),
        Problem::NoNetworkTokens => {
            (StatusCode::FORBIDDEN, "nptConfigurationError", "Account not configured to use NPT")
        }
        Problem::TooMany { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "apiRateLimitExceeded", "API rate limit exceeded")
        }
        Problem::Refused(refused) => {
            let (status, message) = refusal::of(*refused);
            (status, "serviceUnavailable", message)
        }
    }
}

/// A path that this dialect does not have.
pub(super) fn no_such_path() -> Reply {
    let body = ErrorBody {
        error_name: "endpointNotFound",
        message: "Requested endpoint was not found",
        validation_errors: &[],
    };
    of_tokens(Reply::json(StatusCode::NOT_FOUND, &body))
}

/// A path that is not used with this method.
pub(super) fn wrong_method(_allowed: &str) -> Reply {
    let (status, error_name, message) = words(&Problem::WrongMethod);
    of_tokens(Reply::json(status, &ErrorBody { error_name, message, validation_errors: &[] }))
}

/// What is answered on every path while the vault is not open.
pub(super) fn sealed(headers: &HeaderMap) -> Reply {
    reply(&Problem::Refused(Refused::Sealed)).with_type(Media::of_headers(headers))
}

/// Of paths that belong to no API of several.
fn of_tokens(reply: Reply) -> Reply {
    reply.with_type(Family::Tokens.media_type(Version::V3))
}

/// `WP-CorrelationId`: the client's own where it sends one that is an id, else a UUID made of the request's number.
#[expect(clippy::unnecessary_wraps, reason = "a mount may have no header of its own")]
pub(super) fn correlation(request: RequestId, headers: &HeaderMap) -> Option<(HeaderName, String)> {
    let own = headers.get(&CORRELATION).and_then(|value| value.to_str().ok());
    let is_id = |text: &&str| {
        (1..=CORRELATION_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text_holds_card(text)
    };
    let id = own.filter(is_id).map_or_else(|| uuid(request), str::to_owned);
    Some((CORRELATION, id))
}

/// Version 8 of RFC 9562 (5.8): our own bits behind version and variant.
fn uuid(request: RequestId) -> String {
    let RequestId { process, count } = request;
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        process >> 32,
        process >> 16 & 0xffff,
        process >> 4 & 0xfff,
        0x8000 | (process & 0xf) << 8,
        count & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(id: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CORRELATION, id.parse().unwrap());
        headers
    }

    #[test]
    fn every_request_has_a_uuid_of_its_own() {
        let request = |count| RequestId { process: 0x0123_4567_89ab_cdef, count };
        let (_, first) = correlation(request(1), &HeaderMap::new()).unwrap();
        assert_eq!(first, "01234567-89ab-8cde-8f00-000000000001");
        let (_, second) = correlation(request(2), &HeaderMap::new()).unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn a_clients_own_id_is_given_back_and_nothing_that_is_none() {
        let request = RequestId { process: 1, count: 1 };
        let own = "4bc4dd2e-7a7b-4f2f-9a2b-3a2f3a1c8c11";
        assert_eq!(correlation(request, &headers(own)).unwrap().1, own);
        for other in
            ["", "a b", "4111111111111111", "4111-1111-1111-1111", "c4111111111111111", &"a".repeat(65), "é"]
        {
            assert_ne!(correlation(request, &headers(other)).unwrap().1, other, "{other}");
        }
    }
}
