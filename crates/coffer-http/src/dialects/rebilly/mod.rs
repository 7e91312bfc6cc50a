//! Rebilly payment tokens: single use, 30 minutes, exchanged into a payment instrument
//! (`reference/rebilly.md`, seeds 000 and 002). The table of operations: read this first.

mod auth;
mod collection;
mod contact_hash;
mod convert;
mod customers;
mod elsewhere;
mod error;
mod fake_names;
pub(crate) mod import;
mod instruments;
mod methods;
mod openapi;
mod preflight;
mod risk;
mod storefront;
mod tokens;
mod wire;

use std::borrow::Cow;

pub use risk::{RiskSettings, RiskWeights, WeightError};

use coffer_core::Refused;
use hyper::Method;

use crate::router::{Handler, Mount, NO_HEADER, Route};

/// Everything below `/rebilly`.
pub(crate) const MOUNT: Mount = Mount {
    prefix: "/rebilly",
    routes,
    not_found: error::no_such_path,
    wrong_method: error::wrong_method,
    sealed: |_| error::reply(&error::Problem::Refused(Refused::Sealed)),
    every: NO_HEADER,
};

/// One operation, as the definition names it.
pub(crate) struct Operation {
    /// The name that lists of permissions use (2.2).
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// Without the organization.
    pub(crate) path: &'static str,
    /// Which kinds of callers may, whatever their lists of permissions say.
    pub(crate) may: &'static [Kind],
}

/// The kinds of callers of 2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A secret API key.
    Secret,
    /// A publishable API key.
    Publishable,
    /// A JWT of the merchant.
    Jwt,
    /// A JWT of one customer.
    CustomerJwt,
}

/// An operation from its parts.
macro_rules! operation {
    ($id:literal, $method:ident $path:literal, [$($kind:ident),*]) => {
        $crate::dialects::rebilly::Operation {
            id: $id,
            method: hyper::Method::$method,
            path: $path,
            may: &[$($crate::dialects::rebilly::Kind::$kind),*],
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
    endpoint!(tokens::create),
    endpoint!(tokens::list),
    endpoint!(tokens::read),
    endpoint!(instruments::create),
    endpoint!(instruments::list),
    endpoint!(instruments::read),
    endpoint!(instruments::update),
    endpoint!(instruments::deactivate),
    endpoint!(customers::create),
    endpoint!(customers::read),
    endpoint!(customers::put),
    endpoint!(storefront::create),
    endpoint!(storefront::list),
    endpoint!(storefront::read),
    endpoint!(storefront::update),
    endpoint!(storefront::deactivate),
];

/// The names of all operations, for lists of permissions.
pub fn operations() -> impl Iterator<Item = &'static str> {
    ENDPOINTS.iter().map(|(operation, _)| operation.id)
}

/// Every path in every form that clients use (2.1), and `OPTIONS` beside each for browsers.
fn routes() -> Vec<Route> {
    let operations = ENDPOINTS.iter().map(|(one, handler)| (one.method.clone(), one.path, *handler));
    let elsewhere = elsewhere::PATHS.iter().map(|path| (Method::POST, *path, elsewhere::HANDLER));
    let mut routes = Vec::new();
    for (method, path, handler) in operations.chain(elsewhere) {
        for path in forms(path) {
            let seen = routes.iter().any(|route: &Route| route.path == path);
            if !seen {
                let path = Cow::Owned(path.clone());
                routes.push(Route { method: Method::OPTIONS, path, handler: preflight::HANDLER });
            }
            routes.push(Route { method: method.clone(), path: Cow::Owned(path), handler });
        }
    }
    routes.push(Route::at(&Method::GET, "/openapi.json", openapi::HANDLER));
    routes
}

/// With and without the organization; below the storefront, with the organization in either place.
fn forms(path: &str) -> Vec<String> {
    let mut forms = vec![path.to_owned(), format!("/organizations/{{org}}{path}")];
    if let Some(rest) = path.strip_prefix("/storefront") {
        forms.push(format!("/storefront/organizations/{{org}}{rest}"));
    }
    forms
}
