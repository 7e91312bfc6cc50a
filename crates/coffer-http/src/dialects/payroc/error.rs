//! Errors in Payroc's shape (section 9): RFC 7807 with `errors`, `resource` and `link` of its own.

use std::sync::Arc;

use coffer_core::{FailureReason, FieldsError, ReferencedError, Refused};
use coffer_types::{Timestamp, limits};
use hyper::{StatusCode, header::WWW_AUTHENTICATE};
use schemars::JsonSchema;
use serde::Serialize;

use super::wire::resource::LinkBody;
use crate::{
    app::App,
    call::{BodyError, Call},
    form::{Invalid, Rule},
    json::JsonError,
    refusal,
    reply::Reply,
};

/// Where the company describes its errors; the fragment names one.
const TYPES: &str = "https://docs.payroc.com/api/errors#";

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
        /// What it may not.
        resource: &'static str,
    },
    /// `Content-Type` is not JSON.
    UnsupportedMedia,
    /// `Accept` takes no JSON.
    NotAcceptable,
    /// The body did not arrive whole.
    Body(BodyError),
    /// There is no idempotency key.
    NoKey,
    /// The key was used for another request, or its request is under way.
    KeyInUse {
        /// Whether the same request is under way.
        underway: bool,
    },
    /// A payment was sent, and nobody knows what became of it.
    Unknown,
    /// The body is not JSON.
    NotJson(JsonError),
    /// Parameters with problems, all of them.
    Invalid(Vec<InvalidField>),
    /// A single-use token that is unknown, used or over: one answer for all (section 12, point 1).
    NotUsable {
        /// The parameter that named it.
        parameter: &'static str,
    },
    /// A session of a browser that is unknown, used or over.
    NoSession,
    /// The vault or the terminal does not have what is asked for.
    NoCapability(InvalidField),
    /// No such resource for this caller.
    NotFound {
        /// What it would be.
        resource: &'static str,
    },
    /// The name is taken.
    Exists {
        /// Where what has it is.
        href: String,
    },
    /// A `test` of a patch does not hold.
    TestFailed(InvalidField),
    /// More than the caller may do at this time.
    TooMany {
        /// The credential's name.
        actor: Arc<str>,
        /// When it may do more.
        until: Timestamp,
        /// The time of the refusal.
        now: Timestamp,
    },
    /// The upstream could not be asked, or gave no answer that could be passed on.
    Upstream,
    /// The vault could not serve.
    Refused(Refused),
}

/// One parameter that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ErrorItem")]
pub(super) struct InvalidField {
    /// In dot notation: `source.cardDetails.keyedData.cardNumber`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) parameter: String,
    /// In short.
    pub(super) detail: &'static str,
    /// The rule, in a sentence.
    pub(super) message: String,
}

/// What every parameter that is there and wrong is called in short.
pub(super) const INVALID: &str = "Invalid format";
const MISSING: &str = "Required field not populated";
/// The parameter that the whole body is.
const BODY: &str = "body";

impl InvalidField {
    pub(super) fn new(parameter: impl Into<String>, message: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), detail: INVALID, message: message.into() }
    }
}

impl From<(Invalid, Rule)> for InvalidField {
    fn from((invalid, rule): (Invalid, Rule)) -> Self {
        let detail = if rule == Rule::Missing { MISSING } else { INVALID };
        // Every item names something; what is wrong with the whole has no name of its own.
        let parameter = if invalid.field.is_empty() { BODY.to_owned() } else { invalid.field };
        Self { parameter, detail, message: invalid.message }
    }
}

impl From<Vec<(Invalid, Rule)>> for Problem {
    fn from(problems: Vec<(Invalid, Rule)>) -> Self {
        Self::Invalid(problems.into_iter().map(InvalidField::from).collect())
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Self {
        Self::NotJson(error)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// Of a token, what cannot be said by [`ReferencedError`] alone: which parameter named it.
impl From<ReferencedError> for Problem {
    fn from(error: ReferencedError) -> Self {
        match error {
            ReferencedError::Unknown => Self::NotFound { resource: SECURE_TOKEN },
            ReferencedError::Taken => Self::Exists { href: String::new() },
            ReferencedError::NotUsable => Self::not_usable("source.token"),
            ReferencedError::Nothing => Self::not_opened("source.token"),
            ReferencedError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl From<FieldsError> for Problem {
    fn from(error: FieldsError) -> Self {
        match error {
            FieldsError::NotUsable => Self::NoSession,
            FieldsError::Refused(refused) => Self::Refused(refused),
        }
    }
}

pub(super) const SECURE_TOKEN: &str = "secureToken";

impl Problem {
    /// One parameter is wrong.
    pub(super) fn invalid(parameter: &str, message: &str) -> Self {
        Self::Invalid(vec![InvalidField::new(parameter, message)])
    }

    /// See [`Problem::NotUsable`].
    pub(super) fn not_usable(parameter: &'static str) -> Self {
        Self::NotUsable { parameter }
    }

    /// Details that only the owner of a reader's keys can open.
    pub(super) fn not_opened(parameter: &str) -> Self {
        let message =
            "What is encrypted for somebody else cannot be opened here, and nothing of it can be kept.";
        Self::NoCapability(InvalidField::new(parameter, message))
    }

    /// What a card reader sent, where the vault stores no sensitive authentication data: a token of it would be worth
    /// nothing.
    pub(super) fn not_stored(parameter: &str) -> Self {
        let message = "This vault stores nothing that a card reader sends, and no more of a card than number, expiry, \
            and name: send it with the payment.";
        Self::NoCapability(InvalidField::new(parameter, message))
    }

    /// Whether whoever asks again under the same key is given the same answer: what the request itself brought about.
    /// Refusals of the caller and faults are none of it (section 1.3).
    pub(super) fn is_kept(&self) -> bool {
        match self {
            Self::NotJson(_)
            | Self::Invalid(_)
            | Self::NotUsable { .. }
            | Self::NoCapability(_)
            | Self::NotFound { .. }
            | Self::Exists { .. }
            | Self::TestFailed(_) => true,
            // Whoever has no session is a stranger, and writes nothing.
            Self::NoSession
            | Self::Unauthenticated
            | Self::Forbidden { .. }
            | Self::UnsupportedMedia
            | Self::NotAcceptable
            | Self::Body(_)
            | Self::NoKey
            | Self::KeyInUse { .. }
            | Self::Unknown
            | Self::TooMany { .. }
            | Self::Upstream
            | Self::Refused(_) => false,
        }
    }
}

/// The body of every error.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemBody<'p> {
    /// What kind of error it is: clients go by the fragment.
    #[schemars(extend("format" = "uri-reference"))]
    r#type: String,
    title: &'static str,
    /// That of the answer.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// In a sentence.
    detail: &'static str,
    /// The address of what exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "uri"))]
    instance: Option<&'p str>,
    /// What is not there, or not for the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'static str>,
    /// Everything that is wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [InvalidField],
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkBody>,
}

/// The answer to a request; a refusal is in the audit log before it leaves.
pub(super) async fn answer(app: &App, call: &Call, result: Result<Reply, Problem>) -> Reply {
    let problem = match result {
        Ok(reply) => return call.told(reply),
        Err(problem) => problem,
    };
    match &problem {
        Problem::Unauthenticated => refusal::record(app, call, FailureReason::Unauthenticated, None).await,
        Problem::Forbidden { actor, why, .. } => {
            app.strangers.forbid(why, call.request, app.vault.now());
            refusal::record(app, call, FailureReason::Forbidden, Some(Arc::clone(actor))).await;
        }
        Problem::TooMany { actor, .. } => {
            refusal::record(app, call, FailureReason::Limited, Some(Arc::clone(actor))).await;
        }
        Problem::NotUsable { .. } | Problem::NoSession => {
            refusal::record(app, call, FailureReason::NotUsable, call.actor().cloned()).await;
        }
        _ => {}
    }
    call.told(reply(&problem))
}

/// The answer that a problem is.
pub(super) fn reply(problem: &Problem) -> Reply {
    let (status, fragment, title, detail) = words(problem);
    let own;
    let errors: &[InvalidField] = match problem {
        Problem::Invalid(fields) => fields,
        Problem::NoCapability(field) | Problem::TestFailed(field) => std::slice::from_ref(field),
        Problem::NotUsable { parameter } => {
            own = [InvalidField::new(*parameter, "The single-use token is unknown, used or expired.")];
            &own
        }
        // The company's own browser library knows it by this text (section 11).
        Problem::NoSession => {
            own = [InvalidField::new("hostedFieldsSessionId", "'hostedFieldsSessionId' supplied is invalid")];
            &own
        }
        Problem::NotJson(error) => {
            own = [InvalidField::new(BODY, error.to_string())];
            &own
        }
        Problem::Unknown | Problem::Upstream => {
            let (detail, message) = match problem {
                Problem::Unknown => ("Outcome not known", UNKNOWN),
                _ => ("Not processed", UPSTREAM),
            };
            own = [InvalidField { parameter: String::new(), detail, message: message.to_owned() }];
            &own
        }
        _ => &[],
    };
    let (resource, instance) = match problem {
        Problem::Forbidden { resource, .. } | Problem::NotFound { resource } => (Some(*resource), None),
        Problem::Exists { href } => (None, Some(href.as_str())),
        _ => (None, None),
    };
    let link = instance.map(|href| LinkBody { rel: "self", method: "GET", href: href.to_owned() });
    let r#type = format!("{TYPES}{fragment}");
    let body =
        ProblemBody { r#type, title, status: status.as_u16(), detail, instance, resource, errors, link };
    let reply = Reply::json(status, &body).with_type(TYPE);
    match problem {
        // RFC 9110, 15.5.2: a 401 names the scheme that is asked for.
        Problem::Unauthenticated => reply.header(WWW_AUTHENTICATE, "Bearer realm=\"coffer\""),
        Problem::TooMany { until, now, .. } => {
            let millis = u64::try_from(until.millis() - now.millis()).unwrap_or(0);
            reply.retry_after(millis.div_ceil(1_000).max(1))
        }
        Problem::KeyInUse { underway: true } | Problem::Refused(_) => {
            reply.retry_after(limits::RETRY_AFTER_SECONDS)
        }
        // Neither is a fault of ours to be logged as one.
        Problem::Unknown | Problem::Upstream => reply.decided(),
        _ => reply,
    }
}

/// The media type of every error.
pub(super) const TYPE: &str = "application/problem+json";

const UNKNOWN: &str = "The payment was sent on, and what became of it is not known. It is not sent again.";
const UPSTREAM: &str = "The payment could not be processed, and it is not sent again.";

type Words = (StatusCode, &'static str, &'static str, &'static str);

/// Status, fragment of the type, title and detail.
fn words(problem: &Problem) -> Words {
    match problem {
        Problem::Unauthenticated => (
            StatusCode::UNAUTHORIZED,
            "not-authorized",
            "Not authorized",
            "We can’t verify your identity. This can occur if your Bearer token has expired.",
        ),
        Problem::Forbidden { .. } => {
            (StatusCode::FORBIDDEN, "forbidden", "Forbidden", "You do not have permission to do this")
        }
        Problem::UnsupportedMedia => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "Unsupported media type",
            "The body of a request is application/json",
        ),
        Problem::NotAcceptable => (
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "Not acceptable",
            "The Accept header does not take application/json",
        ),
        Problem::Body(error) => of_body(*error),
        Problem::NoKey
        | Problem::NotJson(_)
        | Problem::Invalid(_)
        | Problem::NotUsable { .. }
        | Problem::NoSession
        | Problem::NoCapability(_) => of_request(problem),
        Problem::NotFound { .. } => {
            (StatusCode::NOT_FOUND, "not-found", "Not found", "The resource does not exist")
        }
        Problem::KeyInUse { .. } | Problem::Exists { .. } | Problem::TestFailed(_) => of_conflict(problem),
        Problem::TooMany { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
            "You have sent more requests than you may at this time",
        ),
        Problem::Unknown | Problem::Upstream => (StatusCode::INTERNAL_SERVER_ERROR, API.0, API.1, API.2),
        Problem::Refused(refused) => match refusal::of(*refused) {
            (StatusCode::PAYLOAD_TOO_LARGE, detail) => {
                (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE.0, TOO_LARGE.1, detail)
            }
            (status, detail) => (status, API.0, API.1, detail),
        },
    }
}

/// What is wrong with the request itself.
fn of_request(problem: &Problem) -> Words {
    let (fragment, title, detail) = match problem {
        Problem::NoKey => (
            "idempotency-key-missing",
            "Idempotency key missing",
            "The request has no Idempotency-Key header",
        ),
        Problem::NoCapability(_) => (
            "capabilities-missing",
            "Capabilities missing",
            "The terminal does not support the capability you are trying to use.",
        ),
        _ => (
            "bad-request",
            "Bad request",
            "One or more validation errors occurred, see error section for more info",
        ),
    };
    (StatusCode::BAD_REQUEST, fragment, title, detail)
}

/// What does not go together with what is there.
fn of_conflict(problem: &Problem) -> Words {
    let (fragment, title, detail) = match problem {
        Problem::Exists { .. } => (
            "resource-already-exists",
            "Resource already exists",
            "A resource with this identifier exists, or existed",
        ),
        Problem::TestFailed(_) => (
            "cannot-be-modified",
            "Cannot be modified",
            "You cannot modify this resource in its current state",
        ),
        Problem::KeyInUse { underway: true } => (
            "idempotency-key-in-use",
            "Idempotency key in use",
            "A request with this Idempotency-Key is being processed",
        ),
        _ => (
            "idempotency-key-in-use",
            "Idempotency key in use",
            "The Idempotency-Key was used for another request",
        ),
    };
    (StatusCode::CONFLICT, fragment, title, detail)
}

const API: (&str, &str, &str) =
    ("api-error", "Api error", "We are unable to process your request at this time");
const TOO_LARGE: (&str, &str) = ("payload-too-large", "Payload too large");

fn of_body(error: BodyError) -> Words {
    match error {
        BodyError::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            TOO_LARGE.0,
            TOO_LARGE.1,
            "The body is larger than this server accepts",
        ),
        BodyError::TooSlow => {
            (StatusCode::REQUEST_TIMEOUT, "bad-request", "Bad request", "The body did not arrive in time")
        }
        BodyError::Broken => {
            (StatusCode::BAD_REQUEST, "bad-request", "Bad request", "The body could not be read")
        }
    }
}

/// A path that this dialect does not have.
pub(super) fn no_such_path() -> Reply {
    reply(&Problem::NotFound { resource: "path" })
}

/// A path that is not used with this method.
pub(super) fn wrong_method(_allowed: &str) -> Reply {
    let body = ProblemBody {
        r#type: format!("{TYPES}bad-request"),
        title: "Bad request",
        status: StatusCode::METHOD_NOT_ALLOWED.as_u16(),
        detail: "The path does not have this method",
        instance: None,
        resource: None,
        errors: &[],
        link: None,
    };
    Reply::json(StatusCode::METHOD_NOT_ALLOWED, &body).with_type(TYPE)
}
