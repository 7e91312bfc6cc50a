//! `OPTIONS`: what a browser asks before a call that another origin's page makes.
//!
//! A preflight shows no key. It is answered for every origin that some publishable key allows, of the organization in
//! the path where there is one; the call itself is then judged by its own key.

use hyper::StatusCode;

use super::auth::is_allowed_origin;
use crate::{app::App, call::Call, edge::cors, reply::Reply, router::Handler};

/// Every method of the dialect: what a path has of them, `Allow` says.
const METHODS: &str = "GET, POST, PUT, PATCH, OPTIONS";

pub(super) const HANDLER: Handler = |app, call| Box::pin(std::future::ready(answer(app, call)));

fn answer(app: &App, call: &Call) -> Reply {
    let reply = Reply::empty(StatusCode::NO_CONTENT);
    let allowed = call.header("origin").filter(|origin| is_allowed_origin(app, &app.known(), call, origin));
    match allowed {
        Some(origin) => cors::preflight(origin, METHODS)
            .into_iter()
            .fold(reply, |reply, (name, value)| reply.header(name, value)),
        None => {
            cors::other_answer().into_iter().fold(reply, |reply, (name, value)| reply.header(name, value))
        }
    }
}
