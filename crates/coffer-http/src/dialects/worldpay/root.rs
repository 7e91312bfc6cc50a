//! `GET /`: where everything is (section 2). Clients follow links by their names.

use hyper::{StatusCode, header::ACCEPT};

use super::{
    Operation, auth, operation, preflight,
    wire::links::{Curie, RootBody},
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("getRoot", GET "", [Anybody]);

/// Answers the operation. It tells paths and nothing of anybody, so that it asks for no credential: browsers have none.
#[expect(clippy::unused_async, reason = "an endpoint of the table is awaited")]
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    preflight::allow_readers(app, call);
    let base = auth::base(app);
    let links = [
        ("service:tokens", format!("{base}/tokens")),
        ("service:verifiedTokens", format!("{base}/verifiedTokens")),
        ("service:sessions", format!("{base}/sessions")),
    ];
    let body = RootBody::of(links, Curie::of(&base, "service"));
    // A client that asks for the media type of one of the services gets it: the root has none of its own.
    let asked = call.header(ACCEPT.as_str()).unwrap_or_default();
    let known = ["application/vnd.worldpay.sessions-v1.hal+json"];
    let media_type = known.into_iter().find(|known| asked.eq_ignore_ascii_case(known));
    call.told(Reply::json(StatusCode::OK, &body).with_type(media_type.unwrap_or("application/json")))
}
