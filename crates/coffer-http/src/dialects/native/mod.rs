//! The native API: the two doors by which clear details leave. The table of routes: read this first.

mod auth;
mod convert;
mod error;
mod redeem;
mod reveal;
mod reveal_referenced;
mod wire;

use coffer_core::Refused;

use crate::router::{Mount, NO_HEADER, Route, route};

/// Everything below `/coffer/v1`.
pub(crate) const MOUNT: Mount = Mount {
    prefix: "/coffer/v1",
    routes,
    not_found: error::no_such_path,
    wrong_method: error::wrong_method,
    sealed: |_| error::reply(&error::Problem::Refused(Refused::Sealed)),
    every: NO_HEADER,
};

fn routes() -> Vec<Route> {
    vec![
        route!(POST "/tokens/{token}/redeem" => redeem::redeem),
        route!(POST "/instruments/{id}/reveal" => reveal::reveal),
        route!(POST "/referenced-tokens/{digits}/reveal" => reveal_referenced::reveal),
    ]
}
