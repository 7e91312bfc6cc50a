//! Worldpay Access Tokens v3: reusable card tokens in namespaces, with match and conflict
//! (`reference/worldpay.md`, seed 001), and their neighbours: verified tokens and checkout sessions. The table of
//! operations: read this first.

mod auth;
mod convert;
mod error;
pub(crate) mod import;
mod media;
mod network;
mod openapi;
mod preflight;
mod root;
mod sessions;
mod settings;
mod tokens;
mod verified;
mod wire;

use hyper::Method;

pub use settings::WorldpaySettings;

use crate::router::{Handler, Mount, Route};

/// Everything below `/worldpay`.
pub(crate) const MOUNT: Mount = Mount {
    prefix: "/worldpay",
    routes,
    not_found: error::no_such_path,
    wrong_method: error::wrong_method,
    sealed: error::sealed,
    every: error::correlation,
};

/// One operation, under the name that our document gives it.
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// Which callers may.
    pub(crate) may: &'static [Kind],
}

/// The kinds of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A user of a merchant account (Basic).
    User,
    /// A user who may reveal and nothing else (Basic).
    Reveal,
    /// A browser with the public identity of a checkout, in the body.
    Checkout,
    /// Anybody: what tells paths and nothing else.
    Anybody,
}

/// An operation from its parts.
macro_rules! operation {
    ($id:literal, $method:ident $path:literal, [$($kind:ident),*]) => {
        $crate::dialects::worldpay::Operation {
            id: $id,
            method: hyper::Method::$method,
            path: $path,
            may: &[$($crate::dialects::worldpay::Kind::$kind),*],
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
    endpoint!(root),
    endpoint!(tokens::list),
    endpoint!(tokens::create),
    endpoint!(tokens::read),
    endpoint!(tokens::update),
    endpoint!(tokens::delete),
    endpoint!(network::provision),
    endpoint!(network::cryptogram),
    endpoint!(network::read),
    endpoint!(network::delete),
    endpoint!(verified::root),
    endpoint!(verified::card_on_file),
    endpoint!(verified::one_time),
    endpoint!(verified::session),
    endpoint!(sessions::root),
    endpoint!(sessions::card),
    endpoint!(sessions::cvc),
];

/// Every path, and `OPTIONS` beside those that pages use.
fn routes() -> Vec<Route> {
    let own = ENDPOINTS.iter().map(|(one, handler)| Route::at(&one.method, one.path, *handler));
    let mut routes: Vec<Route> = own.collect();
    for path in preflight::PATHS {
        routes.push(Route::at(&Method::OPTIONS, path, preflight::HANDLER));
    }
    routes.push(Route::at(&Method::GET, "/openapi.json", openapi::HANDLER));
    routes
}
