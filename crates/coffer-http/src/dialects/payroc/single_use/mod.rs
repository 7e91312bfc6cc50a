//! Single-use tokens (section 3). There is nothing but making one.

pub(super) mod create;
