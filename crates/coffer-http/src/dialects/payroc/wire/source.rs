//! `source`: what a token is made from (section 4). Payments say `paymentMethod` and mean the same.

use coffer_core::Protected;
use coffer_types::{Cvv, Expiry, Timestamp};
use zeroize::Zeroizing;

use super::{
    bank::{read_ach, read_pad},
    card::read_card,
    facts::{AccountType, SecCode, SourceFacts},
    pins::refuse_pins,
    reader::{PIN_REFUSED, read_ebt},
    words::optional_word,
};
use crate::form::{Length, Section, Variant};

/// What is taken depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taking {
    pub(crate) now: Timestamp,
    /// Whether the terminal takes cards that have expired.
    pub(crate) allow_expired: bool,
}

/// Details that the request itself has.
pub(crate) struct GivenSource {
    pub(crate) protected: Protected,
    pub(crate) cvv: Option<Cvv>,
    /// `cardDetails` as it came, where there is more in it than number, expiry, code and name: JSON, to be sent on
    /// unopened within the token's life, and sealed as a code is.
    pub(crate) reader: Option<Zeroizing<String>>,
    pub(crate) expiry: Option<Expiry>,
    pub(crate) facts: SourceFacts,
}

/// Details that a single-use token has.
pub(crate) struct TokenSource<'r> {
    pub(crate) token: &'r str,
    pub(crate) account_type: Option<AccountType>,
    pub(crate) sec_code: Option<SecCode>,
}

/// The one or the other.
pub(crate) enum AnySource<'r> {
    Given(GivenSource),
    Token(TokenSource<'r>),
}

/// Characters of a single-use token (3.2).
pub(super) const TOKEN: Length = Length { min: 128, max: 128 };

/// What a single-use token is made from.
pub(crate) fn read_given(source: Section<'_, '_>, taking: Taking) -> Option<GivenSource> {
    let forms = [
        Variant { names: &["ach"], read: &read_ach },
        Variant { names: &["pad"], read: &read_pad },
        Variant { names: &["card"], read: &|source: Section<'_, '_>| read_card(source, taking) },
    ];
    source.variant("type", &forms).map(|(_, given)| given)
}

/// What a secure token is made from.
pub(crate) fn read_any<'r>(source: Section<'_, 'r>, taking: Taking) -> Option<AnySource<'r>> {
    let forms = [
        Variant { names: &["ach"], read: &|source: Section<'_, 'r>| read_ach(source).map(AnySource::Given) },
        Variant { names: &["pad"], read: &|source: Section<'_, 'r>| read_pad(source).map(AnySource::Given) },
        Variant {
            names: &["card"],
            read: &|source: Section<'_, 'r>| read_card(source, taking).map(AnySource::Given),
        },
        Variant {
            names: &["singleUseToken"],
            read: &|source: Section<'_, 'r>| read_single_use(source).map(AnySource::Token),
        },
    ];
    source.variant("type", &forms).map(|(_, any)| any)
}

/// The members of a source that is a single-use token (4.4).
pub(crate) fn read_single_use<'r>(source: Section<'_, 'r>) -> Option<TokenSource<'r>> {
    let token = source.text("token", TOKEN);
    let (account_type, sec_code) = (optional_word(source, "accountType"), optional_word(source, "secCode"));
    source.refuse("pinDetails", PIN_REFUSED);
    refuse_pins(source, "pinDetails");
    source.optional_section("ebtDetails", read_ebt);
    Some(TokenSource { token: token?, account_type, sec_code })
}
