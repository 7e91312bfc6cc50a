//! `GET /openapi.json`: the document of what is served, made of the table of operations, of the readers of requests and
//! of the structs of answers.

mod answers;
mod operations;
#[cfg(test)]
mod tests;

use std::future::ready;

use hyper::{Method, StatusCode, body::Bytes};
use serde_json::json;

use super::{ENDPOINTS, Operation, Shown};
use crate::{
    app::App,
    openapi::{self, Document, Parameter, Security},
    reply::Reply,
    router::Handler,
};

const DESCRIPTION: &str = "Coffer keeps card and bank details under your own roof and speaks Payroc's token API for \
    it: single-use tokens, secure tokens, sessions of hosted fields, and the payments that take them. Payments are a \
    processor's work: they are sent to the upstream that the operator has configured.\n\n\
    `POST /authorize` gives a bearer token for an API key. Every other POST and every PATCH needs an \
    `Idempotency-Key`, a UUID of version 4; who sends a request again with the same key is given the same answer for \
    seven days.\n\n\
    Members that no schema names are ignored. An object may not have a name twice, and a body has at most 65536 bytes, \
    32 levels and 1024 members. What a schema cannot say is answered with 400 as well, and every invalid parameter is \
    named: check digits, cards that have expired, chip and stripe data that does not parse, texts that hold a \
    card number.";

const KEY: &str = "ApiKey";
const BEARER: &str = "BearerToken";

pub(super) const HANDLER: Handler = |app, _| Box::pin(ready(answer(app)));

/// Rendered once, when somebody first asks: only then the address of every link is known.
fn answer(app: &App) -> Reply {
    let render = || Bytes::from(document(&format!("{}/payroc", app.public_url())).into_value().to_string());
    Reply::written_json(StatusCode::OK, app.payroc_document.get_or_init(render).clone())
}

fn document(base: &str) -> Document {
    let title = "Coffer: Payroc-compatible payment tokens";
    let mut document = Document::new(title, env!("CARGO_PKG_VERSION"), DESCRIPTION);
    document.server(base, "This vault: the identity service at the root, the API below /v1.", &[]);
    document.security(KEY, &Security::Header("x-api-key"), "An API key of a merchant account.");
    document.security(BEARER, &Security::Bearer("opaque"), "A token of POST /authorize, good for an hour.");
    for (operation, _) in ENDPOINTS {
        add(&mut document, operation);
    }
    document
}

/// An operation of the table. One that nobody described is left out, and a test fails.
fn add(document: &mut Document, operation: &Operation) {
    let Some(described) = operations::described(document, operation.id) else { return };
    let answers = answers::all(document, operation, &described);
    let operations::Described { summary, description, mut parameters, request, .. } = described;
    parameters.extend(in_path(operation.path));
    if is_once(operation) {
        let schema = json!({ "type": "string", "format": "uuid", "pattern": VERSION_4 });
        let text = "A UUID of version 4, made by the caller for this request.";
        parameters.push(Parameter::header("Idempotency-Key", text, schema));
    }
    document.operation(openapi::Operation {
        id: operation.id,
        method: operation.method.clone(),
        path: operation.path,
        summary,
        description,
        security: match operation.shown {
            Shown::Key => vec![KEY],
            Shown::Bearer => vec![BEARER],
            Shown::Session => Vec::new(),
        },
        media: &["application/json"],
        parameters,
        request,
        answers,
    });
}

/// A UUID of version 4, in either case.
const VERSION_4: &str =
    "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}$";

/// Whether a request needs an idempotency key.
fn is_once(operation: &Operation) -> bool {
    let writes = matches!(operation.method, Method::POST | Method::PATCH);
    writes && operation.shown != Shown::Key && operation.id != "createApplePaySession"
}

/// The parts of the path that vary.
fn in_path(path: &str) -> Vec<Parameter> {
    let parts = [
        ("processingTerminalId", "A terminal of the merchant account.", "^[^/]{4,50}$", 50),
        ("secureTokenId", "The merchant's id of the secure token.", "^[^/]+$", 200),
        ("session", "The token of the session.", "^[0-9a-f]{56}$", 56),
    ];
    let varies = |name: &str| path.contains(&format!("{{{name}}}"));
    let parts = parts.into_iter().filter(|(name, ..)| varies(name));
    parts.map(|(name, text, pattern, max)| Parameter::path(name, text, pattern, max)).collect()
}
