//! `GET /sessions`: where sessions are made. It tells paths only, and asks for no credential: browsers have none.

use hyper::StatusCode;

use super::super::{
    Operation, auth, error,
    media::{Family, Media},
    operation, preflight,
    wire::links::{Curie, RootBody},
};
use crate::{app::App, call::Call, reply::Reply};

pub(crate) const OPERATION: Operation = operation!("getSessions", GET "/sessions", [Anybody]);

/// Answers the operation.
pub(crate) async fn answer(app: &App, call: &mut Call) -> Reply {
    preflight::allow_readers(app, call);
    let family = Family::Sessions;
    let result = Media::of_read(call, family).map(|media| {
        Reply::json(StatusCode::OK, &root(&auth::base(app))).with_type(family.media_type(media.answer))
    });
    error::answer(app, call, family, result).await
}

fn root(base: &str) -> RootBody {
    let links = [
        ("sessions:card", format!("{base}/sessions/card")),
        ("sessions:paymentsCvc", format!("{base}/sessions/payments/cvc")),
        ("resourceTree", format!("{base}/rels/sessions/resourceTree.json")),
    ];
    RootBody::of(links, Curie::of(base, "sessions"))
}
