//! Bank accounts: `ach` of the United States (4.1) and `pad` of Canada (4.2).

use coffer_core::{Account, Protected};
use coffer_types::{AccountNumber, InstitutionNumber, RoutingNumber, TransitNumber, mask_account};

use super::{
    facts::{AchSource, PadSource, SourceFacts},
    fields::{DIGITS, free},
    pins::refuse_pins,
    source::GivenSource,
    words::optional_word,
};
use crate::form::{Length, Mark, Section, up_to};

/// Characters of whoever owns an account.
pub(super) const OWNER: Length = up_to(29);
/// Digits of an account's number in the United States.
const ACH_NUMBER: Length = Length { min: 4, max: 17 };
/// The same in Canada.
const PAD_NUMBER: Length = Length { min: 7, max: 12 };
/// Digits of a bank's number in the United States. Their checksum is not asked: the documentation's own examples fail
/// it (`123456789`).
const ROUTING: Length = Length { min: 9, max: 9 };
/// Digits of a branch's number in Canada.
const TRANSIT: Length = Length { min: 5, max: 5 };
/// Digits of a bank's number in Canada.
pub(super) const INSTITUTION: Length = Length { min: 3, max: 3 };

/// The members of `ach`.
pub(crate) fn read_ach(source: Section<'_, '_>) -> Option<GivenSource> {
    refuse_pins(source, "");
    let name = free(source, "nameOnAccount", OWNER);
    let number = read_number(source, ACH_NUMBER);
    let routing = source.text_like("routingNumber", ROUTING, DIGITS);
    let (account_type, sec_code) = (optional_word(source, "accountType"), optional_word(source, "secCode"));
    let (number, routing) = (number?, RoutingNumber::parse(routing?).ok()?);
    let facts = AchSource {
        name_on_account: name?.to_owned(),
        number: mask_account(&number),
        routing_number: routing.as_str().to_owned(),
        aba_checksum: routing.has_aba_checksum(),
        account_type,
        sec_code,
    };
    Some(given(number, routing, SourceFacts::Ach(facts)))
}

/// The members of `pad`. Branch and bank together are what tells two accounts of one number apart.
pub(crate) fn read_pad(source: Section<'_, '_>) -> Option<GivenSource> {
    refuse_pins(source, "");
    let name = free(source, "nameOnAccount", OWNER);
    let number = read_number(source, PAD_NUMBER);
    let transit = source.text_like("transitNumber", TRANSIT, DIGITS);
    let institution = source.text_like("institutionNumber", INSTITUTION, DIGITS);
    let account_type = optional_word(source, "accountType");
    let (number, transit, institution) = (number?, transit?, institution?);
    let routing = TransitNumber::parse(transit).ok()?.with(&InstitutionNumber::parse(institution).ok()?);
    let facts = PadSource {
        name_on_account: name?.to_owned(),
        number: mask_account(&number),
        transit_number: transit.to_owned(),
        institution_number: institution.to_owned(),
        account_type,
    };
    Some(given(number, routing, SourceFacts::Pad(facts)))
}

fn read_number(source: Section<'_, '_>, length: Length) -> Option<AccountNumber> {
    source.mark("accountNumber", Mark::WriteOnly);
    AccountNumber::parse_bban(source.text_like("accountNumber", length, DIGITS)?).ok()
}

fn given(number: AccountNumber, routing: RoutingNumber, facts: SourceFacts) -> GivenSource {
    let protected = Protected::Account(Account { number, routing: Some(routing) });
    GivenSource { protected, cvv: None, reader: None, expiry: None, facts }
}
