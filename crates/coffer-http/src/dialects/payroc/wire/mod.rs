//! Payroc's requests and answers as the reference documents them (sections 3 to 8). No logic.
//!
//! A request's `fields` function reads it and is its schema too ([`crate::form`]); an answer's struct is its schema.

pub(super) mod bank;
pub(super) mod card;
pub(super) mod checks;
pub(super) mod create;
mod currency;
pub(super) mod customer;
pub(super) mod expiry;
pub(super) mod facts;
pub(super) mod fields;
pub(super) mod filter;
pub(super) mod form_fields;
pub(super) mod kept;
mod moment;
pub(super) mod patch;
pub(super) mod payment;
pub(super) mod payment_answer;
mod pins;
mod reader;
pub(super) mod resource;
pub(super) mod source;
#[cfg(test)]
mod tests;
pub(super) mod words;
