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
//! | what did a reader read from a card? | [`read_chip`], [`read_tracks`], [`read_masked`], [`read_hex`] |
//! | is this text a bank account? | [`AccountNumber`] |
//! | at which bank? | [`RoutingNumber`], [`TransitNumber`], [`InstitutionNumber`] |
//! | what of an account may be shown? | [`mask_account`], [`AccountTail`] |
//! | the code on the card, the month it ends | [`Cvv`], [`Expiry`] |
//! | whose record, which record, which version of it | [`Tenant`], [`RecordNumber`], [`Generation`] |
//! | when, in which country | [`Timestamp`], [`Country`] |
//! | how much is too much | [`limits`] |
//!
//! What reads untrusted bytes or text is a function of them alone, without state, and public: a fuzzer drives
//! [`read_chip`] and [`read_tracks`] as they are.
//!
//! What this crate never does: input or output, async, reading a clock, drawing randomness, cryptography, a
//! company's own words. It depends on nothing else of the product, and everything else depends on it.

mod bank;
mod bin;
mod brand;
mod brand_index;
mod brand_ranges;
mod clear_digits;
mod country;
mod cvv;
mod emv;
mod expiry;
mod hex;
mod ids;
pub mod limits;
mod luhn;
mod mask;
mod masked_pan;
mod pan;
mod read_card;
mod secret;
mod secret_digits;
#[cfg(test)]
mod test_numbers;
mod timestamp;
mod track;

pub use bank::{
    AccountKind, AccountNumber, AccountTail, AccountTailError, BbanError, IbanError, InstitutionNumber,
    RoutingNumber, RoutingNumberError, SealedAccountError, TransitNumber, mask_account,
};
pub use bin::{Bin, Last4};
pub use brand::Brand;
pub use brand_index::brands;
pub use clear_digits::ClearDigitsError;
pub use country::{Country, CountryError};
pub use cvv::{Cvv, CvvError};
pub use emv::{ChipCard, ChipError, holds_pin_block, read_chip};
pub use expiry::{Expiry, ExpiryError};
pub use hex::{HexError, read_hex};
pub use ids::{Generation, GenerationError, RecordNumber, RecordNumberError, Tenant, TenantError};
pub use luhn::passes_luhn;
pub use mask::{mask, mask_four};
pub use masked_pan::{MaskedPan, MaskedPanError, read_masked};
pub use pan::{Pan, PanError};
pub use read_card::ReadCard;
pub use secret::Secret;
pub use timestamp::Timestamp;
pub use track::{StripeCard, TrackError, read_tracks};
