//! The answers of an operation: its successes, and every refusal that its method and its own work can bring.

use hyper::Method;
use serde_json::json;

use super::{
    super::{Kind, Operation, error::ErrorBody},
    operations::Described,
};
use crate::openapi::{Answer, Document, Header};

/// Every status that the operation answers with.
pub(super) fn all(document: &mut Document, operation: &Operation, described: &Described) -> Vec<Answer> {
    let success = |(status, description): &(u16, &'static str)| Answer {
        status: *status,
        description,
        schema: described.answer.clone(),
        media: None,
        others: described.others.clone(),
        headers: success_headers(operation, *status),
    };
    let mut answers: Vec<Answer> = described.successes.iter().map(success).collect();
    for status in refusals(operation, described) {
        if answers.iter().any(|answer| answer.status == status) {
            continue;
        }
        let schema = Some(document.answer_schema::<ErrorBody<'_>>());
        let (description, headers) = (words(status), headers(status));
        answers.push(Answer { status, description, schema, media: None, others: Vec::new(), headers });
    }
    answers
}

fn refusals(operation: &Operation, described: &Described) -> Vec<u16> {
    let mut statuses: Vec<u16> = described.refusals.to_vec();
    // The root has no media type of its own.
    if !operation.path.is_empty() {
        statuses.push(406);
    }
    let is_open = operation.may.contains(&Kind::Anybody);
    if !is_open {
        // 500: an account that may not tokenize (seed 001).
        statuses.extend([403, 500, 503]);
    }
    if operation.may.contains(&Kind::User) {
        statuses.push(401);
    }
    if operation.method != Method::GET {
        statuses.push(429);
    }
    // A body that comes with a deletion is not looked at.
    if matches!(operation.method, Method::POST | Method::PUT) {
        statuses.extend([400, 408, 413, 415]);
    }
    if operation.may.contains(&Kind::Reveal) {
        statuses.extend([400, 429]);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

fn words(status: u16) -> &'static str {
    match status {
        400 => "The body is not JSON or not as its schema says, or the headers contradict each other.",
        401 => "No credentials, or none that are known.",
        403 => "The caller may not do this, or the namespace is full.",
        404 => "There is no such token, or it is another account's.",
        405 => "The link is of a part of a token, and does not have this method.",
        406 => "`Accept` names nothing that is served.",
        408 => "The body did not arrive in time.",
        413 => "The body is too large.",
        415 => "`Content-Type` is not the API's.",
        422 => "The card's brand has no name here, or the token would end too late.",
        429 => "Too many requests, or too many changes of one token.",
        500 => "The account may not tokenize.",
        _ => "The vault cannot serve this now; try again.",
    }
}

/// What is made or found is named in a header as well.
fn success_headers(operation: &Operation, status: u16) -> Vec<Header> {
    let mut headers = headers(status);
    if operation.method == Method::POST {
        let schema = json!({ "type": "string", "format": "uri" });
        headers.push(Header { name: "Location", description: "The link of the token or session.", schema });
    }
    headers
}

fn headers(status: u16) -> Vec<Header> {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 64 });
    let mut headers = vec![Header {
        name: "WP-CorrelationId",
        description: "Names the request: the client's own id, or a UUID.",
        schema: text,
    }];
    if status == 401 {
        let (name, description) = ("WWW-Authenticate", "What is asked for.");
        headers.push(Header { name, description, schema: json!({ "type": "string" }) });
    }
    if matches!(status, 429 | 503) {
        let schema = json!({ "type": "integer", "minimum": 1 });
        let description = "In how many seconds to try again.";
        headers.push(Header { name: "Retry-After", description, schema });
    }
    headers
}
