//! `GET /openapi.json`: the document of what is served, made of the table of operations, of the readers of requests and
//! of the structs of answers.

mod answers;
mod operations;
mod parameters;
#[cfg(test)]
mod tests;

use std::future::ready;

use coffer_types::Timestamp;
use hyper::{StatusCode, body::Bytes};

use super::{ENDPOINTS, Kind, Operation};
use crate::{
    app::App,
    openapi::{self, Document, Security, ServerVariable},
    reply::Reply,
    router::Handler,
};

const DESCRIPTION: &str = "Coffer keeps payment details under your own roof and speaks Rebilly's API for it: payment \
    tokens, the payment instruments that they become, customers and the storefront. A payment token is used once, and \
    lives 30 minutes. Nothing here moves money.\n\n\
    Members that no schema names are ignored. An object may not have a name twice, and a body has at most 65536 bytes, \
    32 levels and 1024 members. What a schema cannot say is answered with 422 as well, and every invalid field is \
    named: check digits, lengths that a card's brand asks for, dates that are over, tokens that cannot be used.";

pub(super) const HANDLER: Handler = |app, _| Box::pin(ready(answer(app)));

/// Rendered once, when somebody first asks: only then the address of every link is known.
fn answer(app: &App) -> Reply {
    let render = || Bytes::from(Place::of(app).document().into_value().to_string());
    Reply::written_json(StatusCode::OK, app.rebilly_document.get_or_init(render).clone())
}

/// What differs from node to node.
struct Place<'a> {
    public_url: &'a str,
    /// An organization to try with; a live node names none of its own.
    organization: &'a str,
    /// Whether requests are counted, and their number told.
    counts: bool,
    now: Timestamp,
}

impl<'a> Place<'a> {
    fn of(app: &'a App) -> Self {
        let mut organizations = app.settings.organizations.keys().map(String::as_str);
        let organization = organizations.next().filter(|_| app.settings.sandbox).unwrap_or("org_example");
        let (counts, now) = (app.settings.quota.is_some(), app.vault.now());
        Self { public_url: app.public_url(), organization, counts, now }
    }

    fn document(&self) -> Document {
        let title = "Coffer: Rebilly-compatible payment tokens and instruments";
        let mut document = Document::new(title, env!("CARGO_PKG_VERSION"), DESCRIPTION);
        self.servers(&mut document);
        for kind in [Kind::Secret, Kind::Publishable, Kind::Jwt, Kind::CustomerJwt] {
            let (name, scheme, description) = scheme(kind);
            document.security(name, &scheme, description);
        }
        for (operation, _) in ENDPOINTS {
            self.add(&mut document, operation);
        }
        document
    }

    fn servers(&self, document: &mut Document) {
        let base = format!("{}/rebilly", self.public_url);
        document.server(&base, "The first organization of the credential.", &[]);
        let variable = ServerVariable {
            name: "organizationId",
            default: self.organization.to_owned(),
            description: "The id of an organization.",
        };
        let url = format!("{base}/organizations/{{organizationId}}");
        document.server(&url, "One organization of the credential.", &[variable]);
    }

    /// An operation of the table. One that nobody described is left out, and a test fails.
    fn add(&self, document: &mut Document, operation: &Operation) {
        let Some(described) = operations::described(document, operation.id, self.now) else { return };
        let answers = answers::all(document, operation, &described, self.counts);
        let operations::Described { summary, description, parameters, request, .. } = described;
        document.operation(openapi::Operation {
            id: operation.id,
            method: operation.method.clone(),
            path: operation.path,
            summary,
            description,
            security: operation.may.iter().map(|kind| scheme(*kind).0).collect(),
            media: &["application/json"],
            parameters,
            request,
            answers,
        });
    }
}

/// How a kind of caller is known (2.2).
fn scheme(kind: Kind) -> (&'static str, Security, &'static str) {
    match kind {
        Kind::Secret => (
            "SecretApiKey",
            Security::Header("REB-APIKEY"),
            "A secret key, for servers only. It is refused where the request has an Origin header.",
        ),
        Kind::Publishable => (
            "PublishableApiKey",
            Security::Header("Authorization"),
            "A publishable key, bare or after the word Bearer, for pages of the origins that the key allows.",
        ),
        Kind::Jwt => ("JWT", Security::Bearer("JWT"), "A JWT of one of the merchant's issuers."),
        Kind::CustomerJwt => (
            "CustomerJWT",
            Security::Bearer("JWT"),
            "A JWT of one of the merchant's issuers, for one customer.",
        ),
    }
}
