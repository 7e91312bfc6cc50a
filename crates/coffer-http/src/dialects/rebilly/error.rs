//! Problems in Rebilly's shape (section 8, seed 000): `application/json` with status, type, title and detail.

use std::sync::Arc;

use coffer_core::{ExchangeError, FailureReason, Refused};
use coffer_types::limits;
use hyper::StatusCode;
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
    /// No such resource for this caller.
    NotFound,
    /// The body did not arrive whole.
    Body(BodyError),
    /// The body is not JSON.
    Json(JsonError),
    /// Fields with problems, all of them.
    Invalid(Vec<Invalid>),
    /// The vault could not serve.
    Refused(Refused),
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
        match error {
            // One answer for unknown, expired, used and another organization's tokens (4.3).
            ExchangeError::NotUsable => Self::Invalid(vec![Invalid {
                field: "token".to_owned(),
                message: "The token is invalid, expired or already used.".to_owned(),
            }]),
            ExchangeError::Refused(refused) => Self::Refused(refused),
        }
    }
}

/// The body of every problem.
#[derive(Serialize)]
struct ProblemBody<'p> {
    status: u16,
    r#type: &'static str,
    title: &'static str,
    detail: &'p str,
    #[serde(rename = "invalidFields", skip_serializing_if = "<[_]>::is_empty")]
    invalid_fields: &'p [InvalidField<'p>],
}

#[derive(Serialize)]
struct InvalidField<'p> {
    field: &'p str,
    message: &'p str,
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
        _ => {}
    }
    reply(&problem)
}

fn reply(problem: &Problem) -> Reply {
    match problem {
        Problem::Unauthenticated => body(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "Unauthorized access, invalid credentials were used.",
        ),
        Problem::Forbidden { .. } => body(StatusCode::FORBIDDEN, "Forbidden", "Access forbidden."),
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
        Problem::Refused(refused) => {
            let (status, detail) = refusal::of(*refused);
            body(status, "Service Unavailable", detail).retry_after(limits::RETRY_AFTER_SECONDS)
        }
    }
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
            assert!(detail.contains("Nothing was done"), "{detail}");
        }
    }
}
