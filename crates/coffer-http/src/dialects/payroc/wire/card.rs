//! `cardDetails`: what a card's number, expiry and name come from (4.3). Here the cards that were typed; those that a
//! device read stand in `reader.rs`.

use coffer_core::Protected;
use coffer_types::{Cvv, Expiry, Pan, mask, read_masked};

use super::{
    expiry::{read_expiry, read_optional_expiry},
    facts::{CardSource, EntryMethod, SourceFacts},
    fields::{DIGITS, HEX},
    pins::refuse_pins,
    reader::{
        self, HEX_DATA, PIN_REFUSED, read_ebt, read_encrypting_device, read_first_digit, read_plain_device,
    },
    source::{GivenSource, Taking},
    words::optional_word,
};
use crate::{
    form::{Length, Mark, Section, Variant, at_most, up_to},
    json::wiped_text,
};

/// What is said of a number whose check digit is wrong.
pub(crate) const CHECK_DIGIT: &str = "Is not a card number: the check digit is wrong.";

/// Digits of a card number, whatever its brand.
const NUMBER: Length = Length { min: 12, max: 19 };
/// Digits of a code. Any brand takes either length: the test environment takes any value (section 10).
const CODE: Length = Length { min: 3, max: 4 };
/// Characters of a cardholder's name.
pub(super) const HOLDER: Length = at_most(50);
/// Characters of an issue number. Those of Switch and Solo, who alone had some, have one or two digits.
const ISSUE: Length = up_to(10);
/// Characters of a signature: an image of a stroke on a small screen, with room.
const SIGNATURE: Length = up_to(32_768);

/// What one entry method tells of a card.
pub(super) struct CardRead {
    pub(super) protected: Protected,
    /// The number as it is shown.
    pub(super) mask: String,
    pub(super) expiry: Option<Expiry>,
    pub(super) cvv: Option<Cvv>,
    pub(super) holder: Option<String>,
    pub(super) entry: EntryMethod,
    /// Whether there is more than number, expiry, code and name, so that the whole is kept as it came.
    pub(super) is_kept: bool,
}

impl CardRead {
    /// A card that is in the clear.
    pub(super) fn open(pan: Pan, entry: EntryMethod) -> Self {
        let mask = mask(&pan);
        Self { protected: Protected::Card(pan), ..Self::closed(mask, entry) }
    }

    /// A card that nobody here can open.
    pub(super) fn closed(mask: String, entry: EntryMethod) -> Self {
        let protected = Protected::Nothing;
        Self { protected, mask, expiry: None, cvv: None, holder: None, entry, is_kept: true }
    }
}

/// The members of a source or payment method that is a card.
pub(crate) fn read_card(source: Section<'_, '_>, taking: Taking) -> Option<GivenSource> {
    let account_type = optional_word(source, "accountType");
    refuse_pins(source, "cardDetails.pinDetails");
    let (card, reader) = source.section("cardDetails", |details| {
        let card = read_details(details, taking)?;
        let reader = if card.is_kept { Some(wiped_text(details.node()?)?) } else { None };
        Some((card, reader))
    })?;
    let facts = CardSource {
        cardholder_name: card.holder.unwrap_or_default(),
        number: card.mask,
        account_type,
        card_type: None,
        currency: None,
        debit: None,
        entry_method: card.entry,
    };
    let (protected, cvv, expiry) = (card.protected, card.cvv, card.expiry);
    Some(GivenSource { protected, cvv, reader, expiry, facts: SourceFacts::Card(facts) })
}

fn read_details(details: Section<'_, '_>, taking: Taking) -> Option<CardRead> {
    let forms = [
        Variant { names: &["raw"], read: &|details| reader::read_raw(details, taking) },
        Variant { names: &["icc"], read: &reader::read_icc },
        Variant { names: &["keyed"], read: &|details| read_keyed(details, taking) },
        Variant { names: &["swiped"], read: &|details| reader::read_swiped(details, taking) },
    ];
    details.variant("entryMethod", &forms).map(|(_, card)| card)
}

/// `keyed`.
fn read_keyed(details: Section<'_, '_>, taking: Taking) -> Option<CardRead> {
    let holder = read_holder(details);
    let (is_signed, has_benefits) = (read_signature(details), read_benefits(details));
    details.refuse("pinDetails", PIN_REFUSED);
    let card = details.section("keyedData", |data| {
        let forms = [
            Variant { names: &["plainText"], read: &|data| read_plain(data, taking) },
            Variant { names: &["partiallyEncrypted"], read: &|data| read_partly(data, taking) },
            Variant { names: &["fullyEncrypted"], read: &read_fully },
        ];
        data.variant("dataFormat", &forms).map(|(_, card)| card)
    })?;
    Some(CardRead { holder, is_kept: card.is_kept || is_signed || has_benefits, ..card })
}

/// A number in the clear.
fn read_plain(data: Section<'_, '_>, taking: Taking) -> Option<CardRead> {
    let pan = read_number(data);
    let expiry = read_optional_expiry(data, taking);
    let cvv = read_code(data);
    let issue = read_issue(data);
    let device = data.optional_section("device", read_plain_device);
    let card = CardRead::open(pan?, EntryMethod::Keyed);
    Some(CardRead { expiry, cvv, is_kept: issue.is_some() || device.is_some(), ..card })
}

/// An encrypted number beside its mask.
fn read_partly(data: Section<'_, '_>, taking: Taking) -> Option<CardRead> {
    let device = data.section("device", read_encrypting_device);
    let number = read_encrypted(data, "encryptedPan");
    let mask = read_mask(data);
    let expiry = read_expiry(data, taking);
    let cvv = read_code(data);
    data.optional_text_like("cvvEncrypted", HEX_DATA, HEX);
    data.mark("cvvEncrypted", Mark::WriteOnly);
    read_issue(data);
    device.and(number)?;
    Some(CardRead { expiry: Some(expiry?), cvv, ..CardRead::closed(mask?, EntryMethod::Keyed) })
}

/// Everything encrypted.
fn read_fully(data: Section<'_, '_>) -> Option<CardRead> {
    let device = data.section("device", read_encrypting_device);
    let encrypted = read_encrypted(data, "encryptedData");
    let mask = read_first_digit(data);
    device.and(encrypted)?;
    Some(CardRead::closed(mask, EntryMethod::Keyed))
}

/// A member of hexadecimal digits that is never given back.
pub(super) fn read_encrypted<'r>(section: Section<'_, 'r>, name: &str) -> Option<&'r str> {
    section.mark(name, Mark::WriteOnly);
    section.text_like(name, HEX_DATA, HEX)
}

/// `cardNumber`. Brands' lengths are not asked, as nobody's browser library does: the test environment's own American
/// Express has 16 digits (section 10).
fn read_number(data: Section<'_, '_>) -> Option<Pan> {
    data.mark("cardNumber", Mark::WriteOnly);
    let text = data.text_like("cardNumber", NUMBER, DIGITS)?;
    Pan::parse_leniently(text).ok().or_else(|| data.invalid("cardNumber", CHECK_DIGIT))
}

fn read_mask(data: Section<'_, '_>) -> Option<String> {
    let text = data.text("maskedPan", NUMBER)?;
    match read_masked(text) {
        Ok(masked) => Some(masked.as_str().to_owned()),
        Err(_) => data.invalid(
            "maskedPan",
            "Must show at most the first six and the last four digits, with a * for each other one.",
        ),
    }
}

fn read_code(data: Section<'_, '_>) -> Option<Cvv> {
    data.mark("cvv", Mark::WriteOnly);
    Cvv::parse(data.optional_text_like("cvv", CODE, DIGITS)?).ok()
}

fn read_issue<'r>(data: Section<'_, 'r>) -> Option<&'r str> {
    data.mark("issueNumber", Mark::WriteOnly);
    data.optional_text("issueNumber", ISSUE)
}

/// `cardholderName`. An empty one is none.
pub(super) fn read_holder(details: Section<'_, '_>) -> Option<String> {
    const NAME: &str = "cardholderName";
    let holder = details.without_card(NAME, details.optional_text(NAME, HOLDER))?;
    (!holder.is_empty()).then(|| holder.to_owned())
}

/// `cardholderSignature`, which is sent on and never looked at. Whether it is there.
pub(super) fn read_signature(details: Section<'_, '_>) -> bool {
    details.mark("cardholderSignature", Mark::WriteOnly);
    details.optional_text("cardholderSignature", SIGNATURE).is_some()
}

/// `ebtDetails`. Whether they are there.
pub(super) fn read_benefits(details: Section<'_, '_>) -> bool {
    details.optional_section("ebtDetails", read_ebt).is_some()
}
