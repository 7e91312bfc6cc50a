//! The use cases on a real vault over the in-memory store.
//!
//! Every file holds the promises of one subject. The store, the clock and the randomness are the test's own, so
//! that each can fail, stand still or be tampered with at a chosen moment.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod audit_facts;
mod blank;
mod create;
mod customers;
mod deactivate;
mod erased;
mod exchange;
mod exchange_races;
mod fields;
mod forward;
mod keep;
mod kept_code;
mod kept_code_histories;
mod kept_code_life;
mod keys;
mod keys_nodes;
mod keys_root;
mod keys_turns;
mod keys_waits;
mod lifecycle;
mod lifecycle_instruments;
mod lifecycle_referenced;
mod lifecycle_reusables;
mod list;
mod nodes;
mod nodes_codes;
mod nodes_keys;
mod once;
mod once_tampered;
mod redeem;
mod referenced;
mod referenced_lists;
mod referenced_tampered;
mod referenced_together;
mod refusals;
mod restart;
mod restored;
mod reusable_audit;
mod reusable_conflict;
mod reusable_lifetime;
mod reusable_match;
mod reusable_names;
mod reusable_namespaces;
mod reusable_reveal;
mod reusable_secrecy;
mod reusable_sessions;
mod reusable_tampered;
mod reusable_together;
mod reusable_update;
mod reveal;
mod sad;
mod sad_dropped;
mod sandbox_clock;
mod secrecy;
mod start;
mod start_refused;
mod support;
mod sweep;
mod tampered_customers;
mod tampered_instruments;
mod tampered_tokens;
mod together;
mod update;
mod update_races;
