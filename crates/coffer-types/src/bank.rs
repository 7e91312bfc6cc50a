//! Bank accounts: the number that is secret, what of it may be shown, and the bank's own number or
//! numbers (security reference 6).

mod account;
mod canada;
mod iban;
mod mask;
mod routing;
mod tail;

pub use account::{AccountKind, AccountNumber, BbanError, SealedAccountError};
pub use canada::{InstitutionNumber, TransitNumber};
pub use iban::IbanError;
pub use mask::mask_account;
pub use routing::{RoutingNumber, RoutingNumberError};
pub use tail::{AccountTail, AccountTailError};
