//! The answers of an operation: its successes, and every refusal that its method and its own work can bring.

use hyper::Method;
use serde_json::json;

use super::{
    super::{Operation, Shown, error, error::ProblemBody},
    is_once,
    operations::Described,
};
use crate::openapi::{Answer, Document, Header};

/// Every status that the operation answers with.
pub(super) fn all(document: &mut Document, operation: &Operation, described: &Described) -> Vec<Answer> {
    let mut answers = Vec::new();
    if let Some((status, description)) = described.success {
        answers.push(Answer {
            status,
            description,
            schema: described.answer.clone(),
            media: None,
            others: Vec::new(),
            headers: success_headers(described),
        });
    }
    for status in refusals(operation, described) {
        answers.push(Answer {
            status,
            description: words(status),
            schema: Some(document.answer_schema::<ProblemBody<'_>>()),
            media: Some(&[error::TYPE]),
            others: Vec::new(),
            headers: headers(status),
        });
    }
    answers
}

fn refusals(operation: &Operation, described: &Described) -> Vec<u16> {
    let mut statuses: Vec<u16> = described.refusals.to_vec();
    statuses.push(503);
    if operation.shown != Shown::Session {
        statuses.extend([401, 403]);
    }
    if operation.shown == Shown::Session {
        statuses.push(400);
    }
    if operation.shown == Shown::Bearer
        || operation.method == Method::POST && operation.shown == Shown::Session
    {
        statuses.push(429);
    }
    if operation.shown != Shown::Key && operation.method != Method::DELETE {
        statuses.push(406);
    }
    if described.request.is_some() {
        statuses.extend([400, 408, 413, 415]);
    }
    if is_once(operation) {
        statuses.extend([400, 408, 409, 413]);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn words(status: u16) -> &'static str {
    match status {
        400 => {
            "The request is not as its schema says, or asks for what is not to be had; every parameter is named."
        }
        401 => "No API key or bearer token, or none that is known.",
        403 => "The terminal is not one of this account.",
        404 => "There is no such secure token.",
        406 => "`Accept` does not take JSON.",
        408 => "The body did not arrive in time.",
        409 => {
            "The idempotency key was used for another request, or what is to be made exists or is in another state."
        }
        413 => "The body is too large.",
        415 => "`Content-Type` is not JSON.",
        429 => "Too many requests.",
        500 => "The payment could not be processed, or what became of it is not known.",
        _ => "The vault cannot serve this now; try again.",
    }
}

fn success_headers(described: &Described) -> Vec<Header> {
    if !described.located {
        return Vec::new();
    }
    let schema = json!({ "type": "string", "format": "uri" });
    vec![Header { name: "Location", description: "Where what was made is.", schema }]
}

fn headers(status: u16) -> Vec<Header> {
    let text = |name, description| Header { name, description, schema: json!({ "type": "string" }) };
    match status {
        401 => vec![text("WWW-Authenticate", "What is asked for.")],
        409 | 429 | 503 => {
            let schema = json!({ "type": "integer", "minimum": 1 });
            let description = if status == 409 {
                "In how many seconds to try again, while the same request is under way."
            } else {
                "In how many seconds to try again."
            };
            vec![Header { name: "Retry-After", description, schema }]
        }
        _ => Vec::new(),
    }
}
