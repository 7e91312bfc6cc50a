//! The answers of an operation: its successes, and every refusal that its method and its own work can bring.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    super::{Operation, error::ProblemBody},
    operations::Described,
};
use crate::openapi::{Answer, Document, Header};

/// Refusals of every operation.
const ALWAYS: [u16; 3] = [401, 403, 503];
/// Refusals of those that change something: they read a body, and they are counted.
const OF_A_CHANGE: [u16; 4] = [400, 408, 413, 429];

/// Every status that the operation answers with. `counts`: whether requests are counted, and their number told.
pub(super) fn all(
    document: &mut Document,
    operation: &Operation,
    described: &Described,
    counts: bool,
) -> Vec<Answer> {
    let changes = operation.method != Method::GET;
    let mut statuses: Vec<u16> = ALWAYS.into_iter().chain(described.refusals.iter().copied()).collect();
    if changes {
        statuses.extend(OF_A_CHANGE);
    }
    statuses.sort_unstable();
    let told = changes && counts;
    let success = |(status, description): &(u16, &'static str)| {
        let mut headers = headers(*status, told);
        if described.is_list {
            headers.extend(pagination());
        }
        Answer {
            status: *status,
            description,
            schema: Some(described.answer.clone()),
            media: None,
            others: Vec::new(),
            headers,
        }
    };
    let mut answers: Vec<Answer> = described.successes.iter().map(success).collect();
    for status in statuses {
        let schema = Some(problem(document, status));
        answers.push(Answer {
            status,
            description: words(status),
            schema,
            media: None,
            others: Vec::new(),
            headers: headers(status, told),
        });
    }
    answers
}

/// The body of a refusal (section 8).
fn problem(document: &mut Document, status: u16) -> Value {
    let problem = document.answer_schema::<ProblemBody<'_>>();
    match status {
        422 => document.component(
            "InvalidProblem",
            json!({ "allOf": [problem], "required": ["invalidFields"],
                "properties": { "invalidFields": { "minItems": 1 } } }),
        ),
        _ => problem,
    }
}

fn words(status: u16) -> &'static str {
    match status {
        400 => "The body is not JSON, has a name twice, or is too deep or too wide.",
        401 => "No credentials, or none that are known.",
        403 => "The credentials are known and may not do this.",
        404 => "There is no such resource, or it is another organization's.",
        408 => "The body did not arrive in time.",
        409 => "The instrument is deactivated already.",
        413 => "The body is too large.",
        422 => "Something in the request is invalid. Every field of it is named.",
        429 => "Too many requests in a certain time.",
        _ => "The vault cannot serve this now; try again.",
    }
}

/// The headers of a status. Whoever is not known, or may not, is not counted.
fn headers(status: u16, told: bool) -> Vec<Header> {
    let mut headers = vec![header(
        "X-Request-Id",
        "Names the request in the logs of the vault.",
        json!({ "type": "string", "pattern": "^[0-9a-f]{26}$" }),
    )];
    if matches!(status, 201 | 303) {
        headers.push(header(
            "Location",
            "Where the resource is.",
            json!({ "type": "string", "format": "uri" }),
        ));
    }
    if told && !matches!(status, 401 | 403) {
        headers.push(integer("X-RateLimit-Limit", "How many requests the organization has in one window."));
        headers.push(integer("X-RateLimit-Remaining", "How many of them are left in this one."));
    }
    if status == 429 {
        headers.push(integer("X-RateLimit-Retry-After", "When to try again: seconds since 1970, UTC."));
    }
    if matches!(status, 429 | 503) {
        headers.push(integer("Retry-After", "In how many seconds to try again."));
    }
    headers
}

fn pagination() -> [Header; 3] {
    [
        integer("Pagination-Total", "How many items there are in all."),
        integer("Pagination-Limit", "How many items this page has at most."),
        integer("Pagination-Offset", "How many items are before this page."),
    ]
}

fn integer(name: &'static str, description: &'static str) -> Header {
    header(name, description, json!({ "type": "integer", "minimum": 0 }))
}

fn header(name: &'static str, description: &'static str, schema: Value) -> Header {
    Header { name, description, schema }
}
