//! The Worldpay dialect against its contract, over a socket of the real binary (`reference/worldpay.md` and seed 001).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "support/live.rs"]
mod live;

#[path = "worldpay/acl.rs"]
mod acl;
#[path = "worldpay/audit.rs"]
mod audit;
#[path = "support/breaking.rs"]
mod breaking;
#[path = "worldpay/calls.rs"]
mod calls;
#[path = "worldpay/cards.rs"]
mod cards;
#[path = "worldpay/clients.rs"]
mod clients;
#[path = "worldpay/conflict.rs"]
mod conflict;
#[path = "worldpay/create.rs"]
mod create;
#[path = "worldpay/crowd.rs"]
mod crowd;
#[path = "worldpay/documented.rs"]
mod documented;
#[path = "worldpay/elsewhere.rs"]
mod elsewhere;
#[path = "worldpay/erasure.rs"]
mod erasure;
#[path = "worldpay/errors.rs"]
mod errors;
#[path = "worldpay/expiry.rs"]
mod expiry;
#[path = "worldpay/forbidden.rs"]
mod forbidden;
#[path = "worldpay/funding.rs"]
mod funding;
#[path = "worldpay/headers.rs"]
mod headers;
#[path = "worldpay/links.rs"]
mod links;
#[path = "worldpay/namespaces.rs"]
mod namespaces;
#[path = "worldpay/place.rs"]
mod place;
#[path = "worldpay/property.rs"]
mod property;
#[path = "worldpay/property_forms.rs"]
mod property_forms;
#[path = "worldpay/reveal.rs"]
mod reveal;
#[path = "worldpay/sessions.rs"]
mod sessions;
#[path = "worldpay/update.rs"]
mod update;
#[path = "worldpay/verified.rs"]
mod verified;
