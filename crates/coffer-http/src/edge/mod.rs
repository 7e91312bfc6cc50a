//! What stands between the open network and the endpoints: who really calls, how often, and from which pages.
//!
//! | question | where |
//! | --- | --- |
//! | which address is the client's, behind proxies | [`TrustedProxies`] |
//! | how many requests an organization has left | [`Quotas`] |
//! | is this caller trying stolen or guessed card numbers | [`CardTesting`] |
//! | how often a value was seen in the last day | [`Velocities`] |
//! | which web pages may use a publishable key | [`Origins`], [`cors`] |
//!
//! Nothing here reads a clock: the moment is a parameter. Everything is in memory, bounded, and gone with the process;
//! each node counts for itself.

mod bounded;
pub mod card_testing;
pub mod cors;
pub mod proxies;
pub mod quota;
pub mod velocity;
mod window;

pub use card_testing::{CardTesting, CardTestingLimits, Tester, Verdict};
pub use cors::Origins;
pub use proxies::TrustedProxies;
pub use quota::{Quota, Quotas, Spent};
pub use velocity::{Kind, Velocities};
