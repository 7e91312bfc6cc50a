//! What each operation is for, what it takes and what it gives.

use coffer_types::Timestamp;
use serde_json::{Value, json};

use super::super::{
    media::Version,
    sessions::SessionBody,
    wire::{
        address::read_address,
        card::read_expiry,
        create::CreateRequest,
        links::RootBody,
        session::{CardSession, CvvSession},
        token::{TokenBody, TokensBody},
        verified::{FlatBody, VerifiedBody, VerifiedRequest},
    },
};
use crate::{
    form,
    openapi::{Document, Parameter},
};

/// The media types of the tokens API.
pub(super) const TOKENS: &[&str] = &[
    "application/vnd.worldpay.tokens-v3.hal+json",
    "application/vnd.worldpay.tokens-v2.hal+json",
    "application/vnd.worldpay.tokens-v1.hal+json",
];
/// Of verified tokens.
const VERIFIED: &[&str] = &[
    "application/vnd.worldpay.verified-tokens-v3.hal+json",
    "application/vnd.worldpay.verified-tokens-v2.hal+json",
    "application/vnd.worldpay.verified-tokens-v1.hal+json",
];
/// Of sessions.
const SESSIONS: &[&str] = &["application/vnd.worldpay.sessions-v1.hal+json"];
/// Of the root.
const ROOT: &[&str] = &["application/json", SESSIONS[0]];

/// What an operation is, beside its line in the table.
pub(super) struct Described {
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) media: &'static [&'static str],
    pub(super) parameters: Vec<Parameter>,
    pub(super) request: Option<Value>,
    /// Statuses that succeed, or that a client goes on with, and what they mean.
    pub(super) successes: &'static [(u16, &'static str)],
    /// The body of those; none where there is none.
    pub(super) answer: Option<Value>,
    /// Bodies of single media types.
    pub(super) others: Vec<(&'static str, Value)>,
    /// Refusals of its own, beside those that its method brings.
    pub(super) refusals: &'static [u16],
}

/// The description of an operation; none of one that nobody described.
pub(super) fn described(document: &mut Document, id: &str) -> Option<Described> {
    Some(match id {
        "getRoot" => root(document, "Find the services", ROOT),
        "getVerifiedTokens" => root(document, "Find where verified tokens are made", VERIFIED),
        "getSessions" => root(document, "Find where sessions are made", SESSIONS),
        "queryTokens" => query(document),
        "createToken" => create(document),
        "getToken" => read(document),
        "updateToken" => update(document),
        "deleteToken" => plain(
            "Delete a token",
            "The card and its place in the namespace are free at once.",
            &[(204, "It is gone.")],
        ),
        "provisionNetworkToken" => {
            Described { request: Some(unread()), ..never("Provision a network token") }
        }
        "createCryptogram" => Described { request: Some(unread()), ..never("Create a cryptogram") },
        "deleteNetworkToken" => {
            Described { parameters: vec![reference()], ..never("Delete a network token") }
        }
        "getNetworkToken" => {
            let parameters = vec![reference()];
            Described { parameters, refusals: &[404], ..never("Retrieve a network token") }
        }
        "createCardOnFileToken" => verified(document, "Create a verified token of a card that is stored"),
        "createOneTimeToken" => verified(document, "Create a verified token for one payment"),
        "createVerifiedTokensSession" => card_session(document, VERIFIED),
        "createCardSession" => card_session(document, SESSIONS),
        "createCvcSession" => {
            let request = document.component("CvcSessionRequest", form::describe(CvvSession::fields));
            let code = session(document, "Leave a verification code", SESSIONS);
            Described { request: Some(request), refusals: &[], ..code }
        }
        _ => return None,
    })
}

fn plain(
    summary: &'static str,
    description: &'static str,
    successes: &'static [(u16, &'static str)],
) -> Described {
    Described {
        summary,
        description,
        media: TOKENS,
        parameters: vec![token()],
        request: None,
        successes,
        answer: None,
        others: Vec::new(),
        refusals: &[404, 405],
    }
}

fn root(document: &mut Document, summary: &'static str, media: &'static [&'static str]) -> Described {
    Described {
        summary,
        description: "Links by their names. It asks for no credential.",
        media,
        parameters: Vec::new(),
        request: None,
        successes: &[(200, "The links.")],
        answer: Some(document.answer_schema::<RootBody>()),
        others: Vec::new(),
        refusals: &[],
    }
}

fn query(document: &mut Document) -> Described {
    let tokens = document.answer_schema::<TokensBody<'_>>();
    let links = document.answer_schema::<RootBody>();
    let text = |min: usize, max: usize| json!({ "type": "string", "minLength": min, "maxLength": max });
    Described {
        summary: "Query tokens",
        description: "The tokens of a namespace, newest first; or one by its `tokenId`, with its namespace if it has \
            one. Without a query: where tokens are made.",
        media: TOKENS,
        parameters: vec![
            Parameter::query("tokenId", "The `tokenId` of a token.", text(15, 21)),
            Parameter::query("namespace", "What tokens are grouped by.", text(1, 64)),
        ],
        request: None,
        successes: &[(200, "The tokens, or the links.")],
        answer: Some(json!({ "oneOf": [tokens, links] })),
        others: Vec::new(),
        refusals: &[400],
    }
}

fn create(document: &mut Document) -> Described {
    let fields = |body: form::Section<'_, '_>| CreateRequest::fields(body, Version::V3, NOW);
    let request = document.component("TokenRequest", form::describe(fields));
    Described {
        summary: "Create a token",
        description: "A card that is new in its namespace becomes a token. One that is there is matched, and where \
            what is said of it differs, the new values wait beside its token for half an hour.",
        media: TOKENS,
        parameters: Vec::new(),
        request: Some(request),
        successes: &[
            (200, "The card was there, and all that was said of it is the same."),
            (201, "The new token."),
            (409, "The card was there with other details. The token as it was, and what differs."),
        ],
        answer: Some(document.answer_schema::<TokenBody<'_>>()),
        others: Vec::new(),
        refusals: &[422],
    }
}

fn read(document: &mut Document) -> Described {
    Described {
        answer: Some(document.answer_schema::<TokenBody<'_>>()),
        ..plain(
            "Retrieve a token",
            "By its link or its `tokenId`; by the link of a conflict with what waits. With `masked=false` in `Accept`, \
             for a user made for it, the card number in the clear.",
            &[(200, "The token.")],
        )
    }
}

fn update(document: &mut Document) -> Described {
    let texts = [("description", 255), ("card holder", 255), ("scheme reference", 56)];
    let text = |(what, max): (&str, usize)| {
        let (least, kind) = (1, "string");
        json!({ "type": kind, "description": what, "minLength": least, "maxLength": max })
    };
    let mut values: Vec<Value> = texts.into_iter().map(text).collect();
    values.push(
        json!({ "type": "object", "description": "One of these under its own name.", "minProperties": 1 }),
    );
    values.push(document.component("CardExpiryDateRequest", form::describe(read_expiry)));
    values.push(document.component("BillingAddressRequest", form::describe(read_address)));
    Described {
        request: Some(json!({ "anyOf": values })),
        refusals: &[404],
        ..plain(
            "Update a token",
            "The bare value of the part that the link is of; on the link of a conflict no body at all, and everything \
             that waits is written.",
            &[(204, "It is written.")],
        )
    }
}

/// A body that nobody looks into.
fn unread() -> Value {
    json!({ "type": "object" })
}

fn never(summary: &'static str) -> Described {
    Described {
        summary,
        description: "A vault has no connection to the card schemes: every account is one that is not set up for it.",
        media: TOKENS,
        parameters: Vec::new(),
        request: None,
        successes: &[],
        answer: None,
        others: Vec::new(),
        refusals: &[],
    }
}

fn verified(document: &mut Document, summary: &'static str) -> Described {
    let request = form::describe(|body| VerifiedRequest::fields(body, NOW));
    let request = document.component("VerifiedTokenRequest", request);
    let flat = document.answer_schema::<FlatBody>();
    Described {
        summary,
        description: "As a token, of a card or of a session that a browser left. Nothing is verified here: the answer \
            says what the operator configured.",
        media: VERIFIED,
        parameters: Vec::new(),
        request: Some(request),
        successes: &[
            (200, "The card was there, and all that was said of it is the same."),
            (201, "The new token."),
            (206, "Not verified; the token was made or matched all the same."),
            (409, "The card was there with other details."),
        ],
        answer: Some(document.answer_schema::<VerifiedBody<'_>>()),
        others: vec![(VERIFIED[1], flat.clone()), (VERIFIED[2], flat)],
        refusals: &[422],
    }
}

fn card_session(document: &mut Document, media: &'static [&'static str]) -> Described {
    let request = document.component("CardSessionRequest", form::describe(CardSession::fields));
    Described { request: Some(request), ..session(document, "Leave a card", media) }
}

fn session(document: &mut Document, summary: &'static str, media: &'static [&'static str]) -> Described {
    Described {
        summary,
        description: "For browsers, with the public identity of a checkout. The link is used once and soon.",
        media,
        parameters: Vec::new(),
        request: None,
        successes: &[(201, "The link.")],
        answer: Some(document.answer_schema::<SessionBody>()),
        others: Vec::new(),
        refusals: &[422],
    }
}

/// The last segment of a link, or a `tokenId`.
fn token() -> Parameter {
    Parameter::path(
        "token",
        "The last part of a link of the token, or its `tokenId`.",
        "^[0-9A-Za-z_-]+$",
        64,
    )
}

fn reference() -> Parameter {
    Parameter::path("reference", "The reference of a network token.", "^[^/]+$", 255)
}

/// A schema knows no time.
const NOW: Timestamp = Timestamp::from_millis(0);
