//! `/storefront/payment-instruments`: what a customer's own browser may do with the customer's instruments.

pub(super) mod create;
pub(super) mod list;
pub(super) mod update;
