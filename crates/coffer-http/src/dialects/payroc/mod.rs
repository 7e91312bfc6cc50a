//! Payroc's token API: single-use tokens, secure tokens and sessions of hosted fields (`reference/payroc.md`, seed
//! 003), and the payments that take them. The table of operations: read this first.

mod auth;
mod authorize;
mod bearer;
mod begin;
mod convert;
mod error;
pub(crate) mod import;
mod media;
mod once;
mod openapi;
mod payments;
mod secure;
mod sessions;
mod settings;
mod single_use;
mod wire;

use coffer_core::Refused;
use hyper::Method;

pub(crate) use bearer::ApiKeys;
pub use settings::{Accepts, Forwarding, PayrocSettings, Processor, Terminal};

use crate::router::{Handler, Mount, NO_HEADER, Route};

/// Everything below `/payroc`: the API below `/payroc/v1`, the identity service beside it.
pub(crate) const MOUNT: Mount = Mount {
    prefix: "/payroc",
    routes,
    not_found: error::no_such_path,
    wrong_method: error::wrong_method,
    sealed: |_| error::reply(&error::Problem::Refused(Refused::Sealed)),
    every: NO_HEADER,
};

/// One operation, under the name that our document gives it.
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// What callers show.
    pub(crate) shown: Shown,
}

/// What a caller shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// An API key.
    Key,
    /// A bearer token, and an idempotency key where something is made or changed.
    Bearer,
    /// A session, in the path: a browser.
    Session,
}

/// An operation from its parts.
macro_rules! operation {
    ($id:literal, $method:ident $path:literal, $shown:ident) => {
        $crate::dialects::payroc::Operation {
            id: $id,
            method: hyper::Method::$method,
            path: $path,
            shown: $crate::dialects::payroc::Shown::$shown,
        }
    };
}
use operation;

/// An operation and what answers it, out of the endpoint's module.
macro_rules! endpoint {
    ($($module:ident)::+) => {
        (&$($module)::+::OPERATION, |app, call| Box::pin($($module)::+::answer(app, call)))
    };
}

/// All of them.
const ENDPOINTS: &[(&Operation, Handler)] = &[
    endpoint!(authorize),
    endpoint!(single_use::create),
    endpoint!(secure::list),
    endpoint!(secure::create),
    endpoint!(secure::read),
    endpoint!(secure::patch),
    endpoint!(secure::delete),
    endpoint!(secure::update_account),
    endpoint!(sessions::create),
    endpoint!(sessions::configuration),
    endpoint!(sessions::fill),
    endpoint!(sessions::finish),
    endpoint!(sessions::apple_pay),
    endpoint!(payments::create),
    endpoint!(payments::bank_transfer),
];

/// Every path.
fn routes() -> Vec<Route> {
    let own = ENDPOINTS.iter().map(|(one, handler)| Route::at(&one.method, one.path, *handler));
    let mut routes: Vec<Route> = own.collect();
    routes.push(Route::at(&Method::GET, "/openapi.json", openapi::HANDLER));
    routes
}
