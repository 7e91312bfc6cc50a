//! Rebilly payment tokens: single use, 30 minutes, exchanged into a payment instrument
//! (`reference/rebilly.md`, seeds 000 and 002). The table of routes: read this first.

mod auth;
mod convert;
mod error;
mod payment_instruments;
mod tokens;
mod wire;

use crate::router::{Mount, Route, route};

/// Everything below `/rebilly`. Every path is served with and without the organization (2.1).
pub(crate) const MOUNT: Mount = Mount {
    prefix: "/rebilly",
    routes: ROUTES,
    not_found: error::no_such_path,
    wrong_method: error::wrong_method,
};

const ROUTES: &[Route] = &[
    route!(POST "/tokens" => tokens::create),
    route!(POST "/organizations/{org}/tokens" => tokens::create),
    route!(GET "/tokens/{token}" => tokens::read),
    route!(GET "/organizations/{org}/tokens/{token}" => tokens::read),
    route!(POST "/payment-instruments" => payment_instruments::create),
    route!(POST "/organizations/{org}/payment-instruments" => payment_instruments::create),
    route!(GET "/payment-instruments/{id}" => payment_instruments::read),
    route!(GET "/organizations/{org}/payment-instruments/{id}" => payment_instruments::read),
];
