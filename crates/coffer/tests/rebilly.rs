//! The Rebilly dialect against its contract, over a socket of the real binary (`reference/rebilly.md` sections 2 to 5,
//! 7, 8 and 10, and the seeds).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "rebilly/address.rs"]
mod address;
#[path = "support/breaking.rs"]
mod breaking;
#[path = "rebilly/calls.rs"]
mod calls;
#[path = "rebilly/cards.rs"]
mod cards;
#[path = "rebilly/create.rs"]
mod create;
#[path = "rebilly/credentials.rs"]
mod credentials;
#[path = "rebilly/exchange.rs"]
mod exchange;
#[path = "rebilly/families.rs"]
mod families;
#[path = "rebilly/fields.rs"]
mod fields;
#[path = "rebilly/life.rs"]
mod life;
#[path = "rebilly/links.rs"]
mod links;
#[path = "support/live.rs"]
mod live;
#[path = "rebilly/method_fields.rs"]
mod method_fields;
#[path = "rebilly/methods.rs"]
mod methods;
#[allow(dead_code, reason = "written for the tests of the tables, which use all of it")]
#[path = "../../coffer-tables/tests/support/mmdb.rs"]
mod mmdb;
#[path = "rebilly/problems.rs"]
mod problems;
#[path = "rebilly/races.rs"]
mod races;
#[path = "rebilly/ranges.rs"]
mod ranges;
#[path = "rebilly/refused.rs"]
mod refused;
#[path = "rebilly/risk.rs"]
mod risk;
#[path = "rebilly/risk_inputs.rs"]
mod risk_inputs;
#[path = "rebilly/risk_score.rs"]
mod risk_score;
#[path = "rebilly/tokens_list.rs"]
mod tokens_list;
#[path = "rebilly/velocities.rs"]
mod velocities;
#[path = "rebilly/world.rs"]
mod world;

#[path = "rebilly/acl.rs"]
mod acl;
#[path = "rebilly/card_testing.rs"]
mod card_testing;
#[path = "rebilly/cors.rs"]
mod cors;
#[path = "rebilly/foreign.rs"]
mod foreign;
#[path = "rebilly/jwt.rs"]
mod jwt;
#[path = "rebilly/jwts.rs"]
mod jwts;
#[path = "rebilly/operations.rs"]
mod operations;
#[path = "rebilly/property.rs"]
mod property;
#[path = "rebilly/property_forms.rs"]
mod property_forms;
#[path = "rebilly/property_methods.rs"]
mod property_methods;
#[path = "rebilly/property_strange.rs"]
mod property_strange;
#[path = "rebilly/property_target.rs"]
mod property_target;
#[path = "rebilly/rate.rs"]
mod rate;
// Instruments, customers and the storefront.
#[path = "rebilly/again.rs"]
mod again;
#[path = "rebilly/crowd.rs"]
mod crowd;
#[path = "rebilly/customers.rs"]
mod customers;
#[path = "rebilly/deactivation.rs"]
mod deactivation;
#[path = "crash/dice.rs"]
mod dice;
#[path = "rebilly/expand.rs"]
mod expand;
#[path = "rebilly/instruments_create.rs"]
mod instruments_create;
#[path = "rebilly/instruments_list.rs"]
mod instruments_list;
#[path = "rebilly/instruments_query.rs"]
mod instruments_query;
#[path = "rebilly/instruments_races.rs"]
mod instruments_races;
#[path = "rebilly/instruments_tokens.rs"]
mod instruments_tokens;
#[path = "rebilly/instruments_update.rs"]
mod instruments_update;
#[path = "rebilly/kept.rs"]
mod kept;
#[path = "rebilly/kept_fields.rs"]
mod kept_fields;
#[path = "rebilly/kinds.rs"]
mod kinds;
#[path = "rebilly/listing.rs"]
mod listing;
#[path = "rebilly/storefront.rs"]
mod storefront;
// What an operator sees.
#[path = "rebilly/storefront_one.rs"]
mod storefront_one;
#[path = "rebilly/strangers.rs"]
mod strangers;
#[path = "rebilly/tables.rs"]
mod tables;
