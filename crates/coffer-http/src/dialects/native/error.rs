//! Problems of the native API: RFC 9457, `application/problem+json`.

use std::sync::Arc;

use coffer_core::{FailureReason, RedeemError, Refused, RevealError};
use coffer_types::limits;
use hyper::{StatusCode, header::WWW_AUTHENTICATE};
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
    },
    /// The record is unknown, is of a tenant that the credential is not for, or is a token that was used or has
    /// expired. Answered and recorded alike.
    Missing(Sought),
    /// The body did not arrive whole.
    Body(BodyError),
    /// The body is not JSON.
    Json(JsonError),
    /// Fields with problems, all of them.
    Invalid(Vec<Invalid>),
    /// The vault could not serve.
    Refused(Refused),
}

/// What a caller asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    /// A single-use token.
    Token,
    /// An instrument.
    Instrument,
    /// A referenced token.
    Referenced,
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

impl From<RedeemError> for Problem {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::NotUsable => Self::Missing(Sought::Token),
            RedeemError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<RevealError> for Problem {
    fn from(error: RevealError) -> Self {
        match error {
            RevealError::Unknown => Self::Missing(Sought::Instrument),
            RevealError::Refused(refused) => Self::Refused(refused),
        }
    }
}

#[derive(Serialize)]
struct ProblemBody<'p> {
    r#type: &'static str,
    title: &'p str,
    status: u16,
    detail: &'p str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldBody<'p>>,
}

#[derive(Serialize)]
struct FieldBody<'p> {
    field: &'p str,
    detail: &'p str,
}

/// The answer to a request; a refusal is in the audit log before it leaves.
pub(super) async fn answer(app: &App, call: &Call, result: Result<Reply, Problem>) -> Reply {
    let problem = match result {
        Ok(reply) => return reply,
        Err(problem) => problem,
    };
    match &problem {
        Problem::Unauthenticated => refusal::record(app, call, FailureReason::Unauthenticated, None).await,
        Problem::Forbidden { actor } => {
            refusal::record(app, call, FailureReason::Forbidden, Some(Arc::clone(actor))).await;
        }
        // Alike whatever the cause: the time of an answer must not tell what is another tenant's from what is none.
        Problem::Missing(_) => {
            refusal::record(app, call, FailureReason::NotUsable, call.actor().cloned()).await;
        }
        _ => {}
    }
    reply(&problem)
}

/// The answer that a problem is.
pub(super) fn reply(problem: &Problem) -> Reply {
    match problem {
        Problem::Unauthenticated => {
            // RFC 9110, 15.5.2: a 401 names the scheme that is asked for.
            body(StatusCode::UNAUTHORIZED, "Show a bearer key that this vault knows.")
                .header(WWW_AUTHENTICATE, "Bearer")
        }
        Problem::Forbidden { .. } => body(StatusCode::FORBIDDEN, "This key may not open clear details."),
        Problem::Missing(sought) => missing(*sought),
        Problem::Body(BodyError::TooLarge) => body(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
        Problem::Body(BodyError::TooSlow) => {
            body(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")
        }
        Problem::Body(BodyError::Broken) => body(StatusCode::BAD_REQUEST, "The body could not be read."),
        Problem::Json(error) => body(StatusCode::BAD_REQUEST, &error.to_string()),
        Problem::Invalid(invalid) => {
            let errors =
                invalid.iter().map(|one| FieldBody { field: &one.field, detail: &one.message }).collect();
            problem_body(StatusCode::UNPROCESSABLE_ENTITY, "Fields of the request are not valid.", errors)
        }
        Problem::Refused(refused) => {
            let (status, detail) = refusal::of(*refused);
            let reply = body(status, detail);
            if status.is_server_error() { reply.retry_after(limits::RETRY_AFTER_SECONDS) } else { reply }
        }
    }
}

fn missing(sought: Sought) -> Reply {
    let detail = match sought {
        Sought::Token => "There is no such token, or it was used or has expired.",
        Sought::Instrument => "There is no such instrument.",
        Sought::Referenced => "There is no such token.",
    };
    body(StatusCode::NOT_FOUND, detail)
}

/// A path that this API does not have.
pub(super) fn no_such_path() -> Reply {
    body(StatusCode::NOT_FOUND, "There is no such operation here.")
}

/// A path that is not used with this method.
pub(super) fn wrong_method(allowed: &str) -> Reply {
    body(StatusCode::METHOD_NOT_ALLOWED, &format!("This path takes {allowed}."))
}

fn body(status: StatusCode, detail: &str) -> Reply {
    problem_body(status, detail, Vec::new())
}

fn problem_body(status: StatusCode, detail: &str, errors: Vec<FieldBody<'_>>) -> Reply {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = ProblemBody { r#type: "about:blank", title, status: status.as_u16(), detail, errors };
    Reply::json(status, &body).with_type("application/problem+json")
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
            assert_eq!(header("content-type"), Some("application/problem+json"), "{refused:?}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((&body["status"], &body["title"]), (&503.into(), &"Service Unavailable".into()));
            let detail = body["detail"].as_str().unwrap();
            let is_known = refused != Refused::Unavailable;
            assert_eq!(detail.contains("Nothing was done"), is_known, "{detail}");
        }
    }
}
