//! What of a card's chip data is a card: number, expiry, name (EMV Book 3, annexes A and B; ISO/IEC 7816-4).

mod tlv;

use data_encoding::HEXUPPER;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::limits::{CHIP_BYTES, CHIP_DEPTH, CHIP_OBJECTS};
use crate::read_card::{Draft, Flaw};
use crate::{PanError, ReadCard};

/// What [`read_chip`] reads.
pub type ChipCard = ReadCard;

/// The objects that are read (EMV Book 3, annex A). Others are passed over.
mod tag {
    /// Track 2 equivalent data.
    pub(super) const TRACK_2: u32 = 0x57;
    /// Application primary account number.
    pub(super) const PAN: u32 = 0x5A;
    /// Transaction personal identification number data: a PIN block.
    pub(super) const PIN: u32 = 0x99;
    /// Cardholder name.
    pub(super) const HOLDER: u32 = 0x5F20;
    /// Application expiration date.
    pub(super) const EXPIRY: u32 = 0x5F24;
}

/// Bytes of the longest account number: 19 digits and a filler.
const PAN_BYTES_MAX: usize = 10;
/// Bytes of the longest track 2 equivalent data.
const TRACK_2_BYTES_MAX: usize = 19;
/// Bytes of an expiry: year, month, day.
const EXPIRY_BYTES: usize = 3;

/// Why chip data is refused. Carries nothing of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChipError {
    /// There is nothing.
    #[error("the chip data is empty")]
    Empty,
    /// More than [`CHIP_BYTES`].
    #[error("the chip data is too long")]
    TooLong,
    /// The data, or a template in it, ends within an object.
    #[error("the chip data ends within an object")]
    Truncated,
    /// A tag of more than three bytes.
    #[error("the chip data has a tag of more than three bytes")]
    Tag,
    /// A length that is indefinite, or written in more than two bytes.
    #[error("the chip data has a length of a form that is not used")]
    Length,
    /// More than [`CHIP_DEPTH`] templates within each other.
    #[error("the chip data is nested too deeply")]
    TooDeep,
    /// More than [`CHIP_OBJECTS`] objects.
    #[error("the chip data has too many objects")]
    TooMany,
    /// There is a PIN block (tag 99). It is sensitive authentication data for which there is no place here.
    #[error("the chip data has a PIN block")]
    PinBlock,
    /// Neither an account number (tag 5A) nor track 2 equivalent data (tag 57).
    #[error("the chip data has no card number")]
    NoPan,
    /// What stands in the place of a card number is none.
    #[error("the chip data has a wrong card number: {0}")]
    Pan(PanError),
    /// Track 2 equivalent data (tag 57) that is too long or has no separator.
    #[error("the chip data has track 2 data of another form")]
    Track2,
    /// An expiry (tag 5F24 or in tag 57) that is no month of a year.
    #[error("the chip data has a wrong expiry")]
    Expiry,
    /// A name (tag 5F20) of more than 26 characters, or with one that is not printable ASCII.
    #[error("the chip data has a wrong name")]
    Holder,
    /// Two numbers, months or names that differ.
    #[error("the chip data has two different cards")]
    AtOdds,
}

/// Reads a card out of the TLV objects that a chip reader sends (Payroc reference 4.3, `icc`).
///
/// The number comes from tag 5A or 57, the expiry from 5F24 or 57, the name from 5F20, at any depth of templates. What
/// is there more than once must agree. An object without content counts as absent: so readers send what they were asked
/// for and do not have. Zero bytes between objects are fill. All other objects are passed over, and of 5F24 the
/// day. A year of two digits is of this century.
///
/// Never panics and never reads past its input, whatever the bytes. The first rule that is broken, in the order of the
/// data, is the error.
///
/// ```
/// let data = coffer_types::read_hex("70105A0841111111111111115F2403301231")?;
/// let card = coffer_types::read_chip(&data)?;
/// assert_eq!(coffer_types::mask(&card.pan), "411111******1111");
/// assert_eq!(card.expiry, Some(coffer_types::Expiry::new(2030, 12)?));
/// assert_eq!(format!("{card:?}"), "ReadCard(..)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_chip(data: &[u8]) -> Result<ChipCard, ChipError> {
    let mut reading = Reading { card: Draft::default() };
    each_object(data, &mut |tag, value| reading.take(tag, value))?;
    reading.card.finish().ok_or(ChipError::NoPan)
}

/// Whether chip data has a PIN block (tag 99), for whoever passes the data on unread, because its card is encrypted.
/// What is not in the form of chip data from its first byte to its last has none: among bytes that look random, any tag
/// is found.
///
/// ```
/// let holds = |hex| coffer_types::holds_pin_block(&coffer_types::read_hex(hex).unwrap());
/// assert!(holds("9F260400000000990804123456789ABCDE"));
/// assert!(!holds("9F260400000000") && !holds("990804"));
/// ```
pub fn holds_pin_block(data: &[u8]) -> bool {
    let mut found = false;
    let whole = each_object(data, &mut |tag, _| {
        found |= tag == tag::PIN;
        Ok(())
    });
    whole.is_ok() && found
}

/// Gives every object that has a content to `take`, those within templates too.
fn each_object(
    data: &[u8],
    take: &mut impl FnMut(u32, &[u8]) -> Result<(), ChipError>,
) -> Result<(), ChipError> {
    if data.is_empty() {
        return Err(ChipError::Empty);
    }
    if data.len() > CHIP_BYTES {
        return Err(ChipError::TooLong);
    }
    let mut objects = 0;
    each_within(data, 0, &mut objects, take)
}

/// The same of a template that has `depth` others around it. `objects` counts all of them.
fn each_within(
    mut data: &[u8],
    depth: usize,
    objects: &mut usize,
    take: &mut impl FnMut(u32, &[u8]) -> Result<(), ChipError>,
) -> Result<(), ChipError> {
    while let Some((object, rest)) = tlv::first(data)? {
        data = rest;
        *objects += 1;
        if *objects > CHIP_OBJECTS {
            return Err(ChipError::TooMany);
        }
        if object.constructed {
            if depth == CHIP_DEPTH {
                return Err(ChipError::TooDeep);
            }
            each_within(object.value, depth + 1, objects, take)?;
        } else if !object.value.is_empty() {
            take(object.tag, object.value)?;
        }
    }
    Ok(())
}

struct Reading {
    card: Draft,
}

impl Reading {
    fn take(&mut self, tag: u32, value: &[u8]) -> Result<(), ChipError> {
        match tag {
            tag::PIN => Err(ChipError::PinBlock),
            tag::PAN => self.pan(value),
            tag::TRACK_2 => self.track_2(value),
            tag::EXPIRY => self.expiry(value),
            tag::HOLDER => Ok(self.card.holder(value)?),
            _ => Ok(()),
        }
    }

    /// Two digits a byte, filled up with `F` at the end.
    fn pan(&mut self, value: &[u8]) -> Result<(), ChipError> {
        if value.len() > PAN_BYTES_MAX {
            return Err(ChipError::Pan(PanError::TooLong));
        }
        Ok(self.card.pan(half_bytes(value).trim_end_matches('F'))?)
    }

    /// The half bytes of track 2: number, `D`, year and month or another `D`, more of the issuer's, `F` to fill up.
    fn track_2(&mut self, value: &[u8]) -> Result<(), ChipError> {
        if value.len() > TRACK_2_BYTES_MAX {
            return Err(ChipError::Track2);
        }
        let track = half_bytes(value);
        let (pan, rest) = track.trim_end_matches('F').split_once('D').ok_or(ChipError::Track2)?;
        self.card.pan(pan)?;
        Ok(self.card.expiry_field(rest, 'D')?)
    }

    /// Two digits a byte: year, month, day.
    fn expiry(&mut self, value: &[u8]) -> Result<(), ChipError> {
        if value.len() != EXPIRY_BYTES {
            return Err(ChipError::Expiry);
        }
        let date = half_bytes(value);
        let (month, day) = date.split_at(4);
        if !day.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ChipError::Expiry);
        }
        Ok(self.card.expiry(month)?)
    }
}

/// The half bytes of a value, each as a capital hex digit. The text is as large as it gets at once, so that no copy of
/// it stays behind.
fn half_bytes(value: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(HEXUPPER.encode(value))
}

impl From<Flaw> for ChipError {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Pan(error) => Self::Pan(error),
            Flaw::Expiry => Self::Expiry,
            Flaw::Holder => Self::Holder,
            Flaw::AtOdds => Self::AtOdds,
        }
    }
}

#[cfg(test)]
mod tests;
