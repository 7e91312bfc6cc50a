//! The Payroc dialect against its contract, over a socket of the real binary (`reference/payroc.md` and seed 003).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "support/live.rs"]
mod live;

#[path = "payroc/acl.rs"]
mod acl;
#[path = "payroc/apple_pay.rs"]
mod apple_pay;
#[path = "payroc/audit.rs"]
mod audit;
#[path = "payroc/browsers.rs"]
mod browsers;
#[path = "payroc/calls.rs"]
mod calls;
#[path = "payroc/cards.rs"]
mod cards;
#[path = "payroc/create.rs"]
mod create;
#[path = "payroc/delete.rs"]
mod delete;
#[path = "payroc/doors.rs"]
mod doors;
#[path = "payroc/elsewhere.rs"]
mod elsewhere;
#[path = "payroc/errors.rs"]
mod errors;
#[path = "payroc/fields.rs"]
mod fields;
#[path = "payroc/identity.rs"]
mod identity;
#[path = "payroc/list.rs"]
mod list;
#[path = "payroc/long_form.rs"]
mod long_form;
#[path = "payroc/order.rs"]
mod order;
#[path = "payroc/patch.rs"]
mod patch;
#[path = "payroc/patch_refused.rs"]
mod patch_refused;
#[path = "payroc/place.rs"]
mod place;
#[path = "payroc/readers.rs"]
mod readers;
#[path = "payroc/secure.rs"]
mod secure;
#[path = "payroc/single_use.rs"]
mod single_use;
#[path = "payroc/update_account.rs"]
mod update_account;
