//! `GET /openapi.json`: the document of what is served, made of the table of operations, of the readers of requests and
//! of the structs of answers.

mod answers;
mod operations;
#[cfg(test)]
mod tests;

use std::future::ready;

use hyper::{StatusCode, body::Bytes};

use super::{ENDPOINTS, Kind, Operation};
use crate::{
    app::App,
    openapi::{self, Document, Security},
    reply::Reply,
    router::Handler,
};

const DESCRIPTION: &str = "Coffer keeps card details under your own roof and speaks Worldpay's Access Tokens API for \
    it, version 3: reusable tokens in namespaces, with match and conflict, and the verified tokens and checkout \
    sessions beside them. Versions 1 and 2 are answered as well, with their own media types. Nothing here moves \
    money.\n\n\
    Members that no schema names are ignored. An object may not have a name twice, and a body has at most 65536 bytes, \
    32 levels and 1024 members. What a schema cannot say is answered with 400 as well, and every invalid field is \
    named: check digits, moments that are over, texts that might hold a card number.";

const BASIC: &str = "BasicAuth";

pub(super) const HANDLER: Handler = |app, _| Box::pin(ready(answer(app)));

/// Rendered once, when somebody first asks: only then the address of every link is known.
fn answer(app: &App) -> Reply {
    let render = || Bytes::from(document(&format!("{}/worldpay", app.public_url())).into_value().to_string());
    Reply::written_json(StatusCode::OK, app.worldpay_document.get_or_init(render).clone())
}

fn document(base: &str) -> Document {
    let title = "Coffer: Worldpay-compatible reusable card tokens";
    let mut document = Document::new(title, env!("CARGO_PKG_VERSION"), DESCRIPTION);
    document.server(base, "This vault.", &[]);
    document.security(BASIC, &Security::Basic, "A user of a merchant account, and its password.");
    for (operation, _) in ENDPOINTS {
        add(&mut document, operation);
    }
    document
}

/// An operation of the table. One that nobody described is left out, and a test fails.
fn add(document: &mut Document, operation: &Operation) {
    let Some(described) = operations::described(document, operation.id) else { return };
    let answers = answers::all(document, operation, &described);
    let operations::Described { summary, description, media, parameters, request, .. } = described;
    let is_user = operation.may.iter().any(|kind| matches!(kind, Kind::User | Kind::Reveal));
    document.operation(openapi::Operation {
        id: operation.id,
        method: operation.method.clone(),
        path: if operation.path.is_empty() { "/" } else { operation.path },
        summary,
        description,
        security: if is_user { vec![BASIC] } else { Vec::new() },
        media,
        parameters,
        request,
        answers,
    });
}
