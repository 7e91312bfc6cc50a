//! The requests and answers as the reference documents them. No logic.

pub(super) mod address;
pub(super) mod attributes;
pub(super) mod card;
pub(super) mod create;
pub(super) mod fields;
pub(super) mod links;
pub(super) mod session;
pub(super) mod token;
pub(super) mod verified;
