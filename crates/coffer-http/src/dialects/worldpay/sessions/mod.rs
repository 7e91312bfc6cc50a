//! `/sessions`: a shopper's browser leaves a card or a code, and the merchant's server gets a link that is used once
//! and soon (section 12).

pub(super) mod card;
pub(super) mod cvc;
pub(super) mod root;

use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    media::Family,
    wire::links::{Curie, Link},
};
use crate::reply::Reply;

/// A session.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(super) struct SessionBody {
    #[serde(rename = "_links")]
    links: SessionLinks,
}

/// Its links.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionLinks")]
struct SessionLinks {
    #[serde(rename = "sessions:session", skip_serializing_if = "Option::is_none")]
    session: Option<Link>,
    #[serde(rename = "verifiedTokens:session", skip_serializing_if = "Option::is_none")]
    verified_tokens_session: Option<Link>,
    curies: [Curie; 1],
}

/// 201 with the link of a new session, in the words of the API that was called.
fn created(family: Family, base: &str, href: &str, media_type: &'static str) -> Reply {
    let (session, verified, name) = match family {
        Family::VerifiedTokens => (None, Some(Link::of(href.to_owned())), "verifiedTokens"),
        Family::Tokens | Family::Sessions => (Some(Link::of(href.to_owned())), None, "sessions"),
    };
    let links = SessionLinks { session, verified_tokens_session: verified, curies: [Curie::of(base, name)] };
    Reply::json(StatusCode::CREATED, &SessionBody { links }).with_type(media_type).location(href)
}
