//! Problems in Rebilly's shape (section 8, seed 000): `application/json` with status, type, title and detail.

use std::sync::Arc;

use coffer_core::{CustomerError, ExchangeError, FailureReason, KeepError, Refused, UpdateError, WalkError};
use coffer_types::{Timestamp, limits};
use hyper::{StatusCode, header::HeaderName};
use serde::Serialize;

use crate::{
    app::App,
    call::{BodyError, Call},
    form::Invalid,
    json::JsonError,
    refusal,
    reply::Reply,
};

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum Problem {
    /// Nobody is known by what was shown.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden {
        /// The credential's name.
        actor: Arc<str>,
        /// What is missing, in words for its owner.
        why: &'static str,
    },
    /// No such resource for this caller.
    NotFound,
    /// The body did not arrive whole.
    Body(BodyError),
    /// The body is not JSON.
    Json(JsonError),
    /// Fields with problems, all of them.
    Invalid(Vec<Invalid>),
    /// A token that cannot be used, whatever the cause (4.3), and the member that names it.
    NotUsable(&'static str),
    /// It contradicts what is there.
    Conflict(&'static str),
    /// More than the caller or the organization may do at this time.
    TooMany {
        /// The credential's name.
        actor: Arc<str>,
        /// When it may do more.
        until: Timestamp,
        /// The time of the refusal.
        now: Timestamp,
    },
    /// A processor's work.
    Elsewhere,
    /// The vault could not serve.
    Refused(Refused),
}

impl Problem {
    /// One field with a problem.
    pub(super) fn invalid(field: &str, message: &str) -> Self {
        Self::Invalid(vec![Invalid { field: field.to_owned(), message: message.to_owned() }])
    }

    /// One answer for unknown, expired, used and another organization's tokens (4.3).
    pub(super) fn token_not_usable() -> Self {
        Self::of_token(ExchangeError::NotUsable, "token")
    }

    /// The same, for a token that another member names.
    pub(super) fn of_token(error: ExchangeError, field: &'static str) -> Self {
        match error {
            ExchangeError::NotUsable => Self::NotUsable(field),
            ExchangeError::Partial => {
                Self::invalid(field, "The token has no card number: it can only update an instrument.")
            }
            ExchangeError::Refused(refused) => Self::Refused(refused),
        }
    }

    /// What is wrong with a customer; `token` is the member that names the token.
    pub(super) fn of_customer(error: CustomerError, token: &'static str) -> Self {
        match error {
            CustomerError::Token(error) => Self::of_token(error, token),
            CustomerError::NoSuchInstrument => Self::invalid(
                "defaultPaymentInstrumentId",
                "The customer has no such payment instrument, or it is deactivated.",
            ),
            CustomerError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<Vec<Invalid>> for Problem {
    fn from(invalid: Vec<Invalid>) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<ExchangeError> for Problem {
    fn from(error: ExchangeError) -> Self {
        Self::of_token(error, "token")
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Self {
        Self::of_customer(error, "paymentToken")
    }
}

impl From<KeepError> for Problem {
    fn from(error: KeepError) -> Self {
        match error {
            // A plain instrument has a number: its reader asks for one.
            KeepError::Nothing => Self::invalid("pan", "Is required."),
            KeepError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl<E: Into<Self>> From<UpdateError<E>> for Problem {
    fn from(error: UpdateError<E>) -> Self {
        match error {
            UpdateError::Unknown => Self::NotFound,
            UpdateError::NotUsable => Self::token_not_usable(),
            UpdateError::OtherKind => Self::invalid("token", "The token is for another payment method."),
            UpdateError::Taken => {
                Self::invalid("token", "The customer has this as another payment instrument already.")
            }
            UpdateError::Deactivated => Self::Conflict("The payment instrument is deactivated already."),
            UpdateError::Rejected(problem) => problem.into(),
            UpdateError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<std::convert::Infallible> for Problem {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<WalkError> for Problem {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::TooMany => Self::invalid(
                "filter",
                "Too many payment instruments to look through. Name a customerId or a range of createdTime.",
            ),
            WalkError::Refused(refused) => Self::Refused(refused),
        }
    }
}

/// The body of every problem.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemBody<'p> {
    status: u16,
    r#type: &'static str,
    title: &'static str,
    detail: &'p str,
    #[serde(rename = "invalidFields", skip_serializing_if = "<[_]>::is_empty")]
    invalid_fields: &'p [InvalidField<'p>],
}

/// A field that is wrong, in dot notation, and why.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "InvalidField")]
struct InvalidField<'p> {
    field: &'p str,
    message: &'p str,
}

/// The answer to a request; a refusal is in the audit log before it leaves.
pub(super) async fn answer(app: &App, call: &Call, result: Result<Reply, Problem>) -> Reply {
    let problem = match result {
        Ok(reply) => return call.told(reply),
        Err(problem) => problem,
    };
    match &problem {
        Problem::Unauthenticated => refusal::record(app, call, FailureReason::Unauthenticated, None).await,
        Problem::Forbidden { actor, .. } => {
            refusal::record(app, call, FailureReason::Forbidden, Some(Arc::clone(actor))).await;
        }
        Problem::TooMany { actor, .. } => {
            refusal::record(app, call, FailureReason::Limited, Some(Arc::clone(actor))).await;
        }
        // Alike whatever the cause: nobody sees in the time of an answer whether a token was ever one.
        Problem::NotUsable(_) => {
            refusal::record(app, call, FailureReason::NotUsable, call.actor().cloned()).await;
        }
        _ => {}
    }
    call.told(reply(&problem))
}

/// The answer that a problem is.
pub(super) fn reply(problem: &Problem) -> Reply {
    match problem {
        Problem::Unauthenticated => body(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "Unauthorized access, invalid credentials were used.",
        ),
        Problem::Forbidden { why, .. } => body(StatusCode::FORBIDDEN, "Forbidden", why),
        Problem::NotFound => body(StatusCode::NOT_FOUND, "Not Found", "The resource was not found."),
        Problem::Body(error) => {
            let (status, title) = match error {
                BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large"),
                BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "Request Timeout"),
                BodyError::Broken => (StatusCode::BAD_REQUEST, "Bad Request"),
            };
            body(status, title, &error.to_string())
        }
        Problem::Json(error) => body(StatusCode::BAD_REQUEST, "Bad Request", &error.to_string()),
        Problem::Invalid(invalid) => unprocessable(invalid),
        Problem::NotUsable(field) => {
            let message = "The token is invalid, expired or already used.".to_owned();
            unprocessable(&[Invalid { field: (*field).to_owned(), message }])
        }
        Problem::Conflict(detail) => body(StatusCode::CONFLICT, "Conflict", detail),
        Problem::TooMany { until, now, .. } => too_many(*until, *now),
        Problem::Elsewhere => body(
            StatusCode::NOT_FOUND,
            "Not Found",
            "This is a processor's work. Coffer keeps details and gives them out; it moves no money.",
        ),
        Problem::Refused(refused) => {
            let (status, detail) = refusal::of(*refused);
            if status.is_server_error() {
                body(status, "Service Unavailable", detail).retry_after(limits::RETRY_AFTER_SECONDS)
            } else {
                body(status, "Payload Too Large", detail)
            }
        }
    }
}

/// The body of the seed. The definition's header says when, in seconds of the epoch; the PHP client reads the seconds
/// to wait.
fn too_many(until: Timestamp, now: Timestamp) -> Reply {
    const DETAIL: &str = "A request cannot be executed because the user has sent too many requests within a certain \
        period of time";
    let seconds = |millis: i64| u64::try_from(millis).unwrap_or(0).div_ceil(1_000);
    let until_seconds = seconds(until.millis());
    body(StatusCode::TOO_MANY_REQUESTS, "Rate Limit Exceeded", DETAIL)
        .header(HeaderName::from_static("x-ratelimit-retry-after"), &until_seconds.to_string())
        .retry_after(seconds(until.millis() - now.millis()).max(1))
}

/// A path that this dialect does not have.
pub(super) fn no_such_path() -> Reply {
    body(StatusCode::NOT_FOUND, "Not Found", "There is no such operation here.")
}

/// A path that is not used with this method.
pub(super) fn wrong_method(_allowed: &str) -> Reply {
    body(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", "This path does not have this method.")
}

fn body(status: StatusCode, title: &'static str, detail: &str) -> Reply {
    let invalid_fields = &[];
    let status_code = status.as_u16();
    Reply::json(
        status,
        &ProblemBody { status: status_code, r#type: "about:blank", title, detail, invalid_fields },
    )
}

fn unprocessable(invalid: &[Invalid]) -> Reply {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let fields: Vec<_> =
        invalid.iter().map(|one| InvalidField { field: &one.field, message: &one.message }).collect();
    let problem = ProblemBody {
        status: status.as_u16(),
        r#type: "about:blank",
        title: "Unprocessable Entity",
        detail: "Invalid data was sent.",
        invalid_fields: &fields,
    };
    Reply::json(status, &problem)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_vault_that_cannot_serve_says_when_to_try_again() {
        for refused in [Refused::Busy, Refused::Unavailable, Refused::Contended] {
            let response = reply(&Problem::Refused(refused)).into_response("request");
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
            let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!(header("retry-after"), Some("1"), "{refused:?}");
            assert_eq!(header("content-type"), Some("application/json"), "{refused:?}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((&body["status"], &body["title"]), (&503.into(), &"Service Unavailable".into()));
            let detail = body["detail"].as_str().unwrap();
            let is_known = refused != Refused::Unavailable;
            assert_eq!(detail.contains("Nothing was done"), is_known, "{detail}");
        }
    }
}
