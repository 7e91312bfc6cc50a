//! The dialects. Each translates one company's words at its edge; none imports another.

pub(crate) mod native;
pub(crate) mod payroc;
pub(crate) mod rebilly;
pub(crate) mod worldpay;
