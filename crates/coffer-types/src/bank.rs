//! Bank accounts: the number that is secret, what of it may be shown, and the bank's own number (security
//! reference 6).

mod account;
mod iban;
mod routing;
mod tail;

pub use account::{AccountKind, AccountNumber, BbanError, SealedAccountError};
pub use iban::IbanError;
pub use routing::{RoutingNumber, RoutingNumberError};
pub use tail::{AccountTail, AccountTailError};
