//! Cards that a device read (4.3): chip and stripe, in the clear or encrypted with keys that Coffer has not. All of it
//! is kept as it came, beside what could be read out of it, and is sealed as a code is.

use coffer_types::{
    ChipError, HexError, ReadCard, holds_pin_block, limits, read_chip, read_hex, read_tracks,
};

use super::{
    card::{CardRead, HOLDER, read_benefits, read_encrypted, read_holder, read_signature},
    expiry,
    facts::EntryMethod,
    fields::{DIGITS, HEX},
    source::Taking,
};
use crate::{
    detector::text_holds_card,
    form::{Length, Mark, Section, Variant, up_to},
};

/// What is said of a PIN block, however it is written: there is no place for one here (design 10).
pub(super) const PIN_REFUSED: &str = "PIN blocks are not taken here.";

/// Hexadecimal digits of whatever a reader sends: two for each byte that a chip's data may have.
pub(super) const HEX_DATA: Length = up_to(2 * limits::CHIP_BYTES);
/// The same of a key's serial number: 10 bytes, 12 of the newer method (ANSI X9.24), and room.
const KEY_SERIAL: Length = up_to(64);
/// Characters of a stripe's tracks.
const TRACKS: Length = up_to(limits::TRACKS_CHARS);
/// Characters of what makers print on devices.
const SERIAL: Length = up_to(100);
/// Characters of the two numbers of a paper voucher.
const VOUCHER: Length = up_to(50);

/// How a terminal may treat a card whose chip it could not use.
const DOWNGRADES: [&str; 2] = ["keyed", "swiped"];
/// Why a stripe was read of a card that has a chip.
const FALLBACKS: [&str; 3] = ["technical", "repeatFallback", "emptyCandidateList"];
const CATEGORIES: [&str; 2] = ["attended", "unattended"];
const BENEFITS: [&str; 2] = ["cash", "foodStamp"];

#[rustfmt::skip]
const MODELS: [&str; 40] = [
    "bbposChp", "bbposChp2x", "bbposChp3x", "bbposRambler", "bbposWp", "bbposWp2", "bbposWp3", "genericCtlsMsr",
    "genericMsr", "idtechAugusta", "idtechMinismart", "idtechSredkey", "idtechVp3300", "idtechVp5300", "idtechVp6300",
    "idtechVp6800", "ingenicoAxiumDx4000", "ingenicoAxiumDx8000", "ingenicoAxiumEx8000", "ingenicoIct220",
    "ingenicoIpp320", "ingenicoIpp350", "ingenicoIuc285", "ingenicoL3000", "ingenicoL7000", "ingenicoS2000",
    "ingenicoS3000", "ingenicoS4000", "ingenicoS5000", "ingenicoS7000", "paxA80", "paxA920", "paxA920Pro",
    "paxA920Max", "paxE500", "paxE700", "paxE800", "paxIm30", "uic680", "uicBezel8",
];

/// `raw`: what a chip said, in the clear.
pub(super) fn read_raw(details: Section<'_, '_>, taking: Taking) -> Option<CardRead> {
    let device = details.section("device", read_plain_device);
    let text = read_encrypted(details, "rawData");
    read_rest(details);
    let chip = open_chip(details, "rawData", text?)?;
    device?;
    card(details, "rawData", chip, EntryMethod::Raw, taking)
}

/// `icc`: what a chip said, encrypted by the device.
pub(super) fn read_icc(details: Section<'_, '_>) -> Option<CardRead> {
    let device = details.section("device", read_encrypting_device);
    let text = read_encrypted(details, "iccData");
    let mask = read_first_digit(details);
    read_benefits(details);
    read_rest(details);
    device?;
    if read_hex(text?).is_ok_and(|bytes| holds_pin_block(&bytes)) {
        return details.invalid("iccData", PIN_REFUSED);
    }
    Some(CardRead::closed(mask, EntryMethod::Icc))
}

/// `swiped`.
pub(super) fn read_swiped(details: Section<'_, '_>, taking: Taking) -> Option<CardRead> {
    let holder = read_holder(details);
    read_benefits(details);
    read_rest(details);
    let card = details.section("swipedData", |data| {
        let forms = [
            Variant { names: &["plainText"], read: &|data| read_stripe(data, taking) },
            Variant { names: &["encrypted"], read: &read_encrypted_stripe },
        ];
        data.variant("dataFormat", &forms).map(|(_, card)| card)
    })?;
    // What the request says goes before what the stripe says.
    Some(CardRead { holder: holder.or(card.holder), ..card })
}

/// What a stripe said, in the clear.
fn read_stripe(data: Section<'_, '_>, taking: Taking) -> Option<CardRead> {
    let device = data.section("device", read_plain_device);
    data.mark("trackData", Mark::WriteOnly);
    let text = data.text("trackData", TRACKS);
    read_fallback(data);
    let Ok(stripe) = read_tracks(text?) else {
        return data.invalid("trackData", "Is neither track 1 nor track 2 of a card.");
    };
    device?;
    card(data, "trackData", stripe, EntryMethod::Swiped, taking)
}

/// What a stripe said, encrypted by the device.
fn read_encrypted_stripe(data: Section<'_, '_>) -> Option<CardRead> {
    let device = data.section("device", read_encrypting_device);
    let encrypted = read_encrypted(data, "encryptedData");
    let mask = read_first_digit(data);
    read_fallback(data);
    device.and(encrypted)?;
    Some(CardRead::closed(mask, EntryMethod::Swiped))
}

fn open_chip(details: Section<'_, '_>, name: &str, text: &str) -> Option<ReadCard> {
    let bytes = match read_hex(text) {
        Ok(bytes) => bytes,
        Err(HexError::OddLength) => return details.invalid(name, "Must have an even number of digits."),
        Err(HexError::Empty | HexError::NotHex) => return details.invalid(name, HEX.message),
    };
    match read_chip(&bytes) {
        Ok(chip) => Some(chip),
        Err(ChipError::PinBlock) => details.invalid(name, PIN_REFUSED),
        Err(_) => details.invalid(name, "Is not the data of a chip with a card number (EMV tag 5A or 57)."),
    }
}

/// The card that was read out of a member.
fn card(
    section: Section<'_, '_>,
    name: &str,
    read: ReadCard,
    entry: EntryMethod,
    taking: Taking,
) -> Option<CardRead> {
    let expiry = match read.expiry {
        Some(expiry) => Some(expiry::open(section, name, expiry, taking)?),
        None => None,
    };
    let holder = read.holder.map(|holder| holder.to_string());
    if holder.as_deref().is_some_and(|name| text_holds_card(name) || name.chars().count() > HOLDER.max) {
        return section.invalid(name, "Has something else in the place of a name.");
    }
    Some(CardRead { expiry, holder, ..CardRead::open(read.pan, entry) })
}

/// What a chip or stripe has beside its data. A PIN is in none of the forms of `raw` and `icc`; whoever sends one there
/// all the same is told.
fn read_rest(details: Section<'_, '_>) {
    details.optional_one_of("downgradeTo", &DOWNGRADES);
    read_signature(details);
    details.refuse("pinDetails", PIN_REFUSED);
}

fn read_fallback(data: Section<'_, '_>) {
    data.optional_bool("fallback");
    data.optional_one_of("fallbackReason", &FALLBACKS);
}

/// `firstDigitOfPan`, as far as it goes for a mask: nothing else is known of a number that only its reader's owner can
/// open (design 10).
pub(super) fn read_first_digit(section: Section<'_, '_>) -> String {
    const HIDDEN: &str = "***************";
    let digit = section.optional_text_like("firstDigitOfPan", up_to(1), DIGITS);
    format!("{}{HIDDEN}", digit.unwrap_or("*"))
}

/// A device that sends what it reads in the clear.
pub(super) fn read_plain_device(device: Section<'_, '_>) -> Option<()> {
    let model = device.one_of("model", &MODELS);
    let serial = device.text("serialNumber", SERIAL);
    device.optional_one_of("category", &CATEGORIES);
    device.optional_text("firmwareVersion", SERIAL);
    device.optional_section("config", |config| config.bool("quickChip").map(|_| ()));
    model.and(serial).map(|_| ())
}

/// A device that encrypts it, with the serial number of the key.
pub(super) fn read_encrypting_device(device: Section<'_, '_>) -> Option<()> {
    let plain = read_plain_device(device);
    device.mark("dataKsn", Mark::WriteOnly);
    plain.and(device.text_like("dataKsn", KEY_SERIAL, HEX)).map(|_| ())
}

/// `ebtDetails`: which benefit a card pays with, and the voucher where the terminal was offline.
pub(super) fn read_ebt(ebt: Section<'_, '_>) -> Option<()> {
    let category = ebt.one_of("benefitCategory", &BENEFITS);
    ebt.optional_bool("withdrawal");
    ebt.optional_section("voucher", |voucher| {
        voucher.text("approvalCode", VOUCHER).and(voucher.text("serialNumber", VOUCHER)).map(|_| ())
    });
    category.map(|_| ())
}
