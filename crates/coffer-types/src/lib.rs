//! The words of the product as types: what a card number, a CVV, an expiry, a brand, a tenant, a record
//! number and a moment *are*, which of them may be shown, and how long, large or many anything may be.
//!
//! Everything here is parsed once, at the edge, into a type that can only hold a valid value; after that
//! nobody asks again. What is secret ([`Pan`], [`Cvv`], [`AccountNumber`], [`Secret`]) cannot be printed, compared,
//! cloned or serialized by accident, is opened by the one verb `expose()`, and is wiped when it goes out of scope.
//!
//! | question | where |
//! | --- | --- |
//! | is this text a card number, and whose? | [`Pan`], [`brands`], [`Brand`] |
//! | what of it may be shown or kept in clear? | [`mask()`], [`mask_four`], [`Bin`], [`Last4`] |
//! | is this text a bank account, and at which bank? | [`AccountNumber`], [`RoutingNumber`], [`AccountTail`] |
//! | the code on the card, the month it ends | [`Cvv`], [`Expiry`] |
//! | whose record, which record, which version of it | [`Tenant`], [`RecordNumber`], [`Generation`] |
//! | when, in which country | [`Timestamp`], [`Country`] |
//! | how much is too much | [`limits`] |
//!
//! What this crate never does: input or output, async, reading a clock, drawing randomness, cryptography, a
//! company's own words. It depends on nothing else of the product, and everything else depends on it.

mod bank;
mod bin;
mod brand;
mod brand_index;
mod brand_ranges;
mod country;
mod cvv;
mod expiry;
mod ids;
pub mod limits;
mod luhn;
mod mask;
mod pan;
mod secret;
mod secret_digits;
#[cfg(test)]
mod test_numbers;
mod timestamp;

pub use bank::{
    AccountKind, AccountNumber, AccountTail, AccountTailError, BbanError, IbanError, RoutingNumber,
    RoutingNumberError, SealedAccountError,
};
pub use bin::{Bin, ClearDigitsError, Last4};
pub use brand::Brand;
pub use brand_index::brands;
pub use country::{Country, CountryError};
pub use cvv::{Cvv, CvvError};
pub use expiry::{Expiry, ExpiryError};
pub use ids::{Generation, GenerationError, RecordNumber, RecordNumberError, Tenant, TenantError};
pub use luhn::passes_luhn;
pub use mask::{mask, mask_four};
pub use pan::{Pan, PanError};
pub use secret::Secret;
pub use timestamp::Timestamp;
