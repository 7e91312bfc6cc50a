//! What of a card's magnetic stripe is a card: number, expiry, name (ISO/IEC 7813).

use thiserror::Error;

use crate::limits::{TRACK_1_CHARS, TRACK_2_CHARS, TRACK_3_CHARS, TRACKS_CHARS};
use crate::read_card::{Draft, Flaw};
use crate::{PanError, ReadCard};

/// What [`read_tracks`] reads.
pub type StripeCard = ReadCard;

const TRACK_1_START: char = '%';
const TRACK_2_START: char = ';';
/// The standard begins track 3 like track 2; many readers print this instead.
const TRACK_3_START: char = '+';
const END: char = '?';

/// The format of track 1 that banks use.
const BANK_FORMAT: char = 'B';
const TRACK_1_SEPARATOR: char = '^';
const TRACK_2_SEPARATOR: char = '=';

/// Characters of a track that are not between its sentinels: the two, and the check character.
const FRAME_CHARS: usize = 3;

/// What a reader that types its tracks puts behind each.
const LINE_ENDS: [char; 2] = ['\r', '\n'];

/// Why tracks are refused. Carries nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrackError {
    /// There is nothing.
    #[error("the track data is empty")]
    Empty,
    /// The text has more than [`TRACKS_CHARS`] characters, or a track has more than its standard allows.
    #[error("the track data is too long")]
    TooLong,
    /// A character that no track has, or that this track has not in this place.
    #[error("the track data has a character that does not belong there")]
    WrongCharacter,
    /// Neither a track 1 in the format of banks nor a track 2, or more than tracks.
    #[error("the track data has no known form")]
    WrongForm,
    /// A track begins and does not end.
    #[error("the track data ends within a track")]
    Truncated,
    /// What stands in the place of a card number is none.
    #[error("the track data has a wrong card number: {0}")]
    Pan(PanError),
    /// What stands in the place of an expiry is no month of a year.
    #[error("the track data has a wrong expiry")]
    Expiry,
    /// A name of more than 26 characters.
    #[error("the track data has a wrong name")]
    Holder,
    /// Track 1 and track 2 differ in number or month.
    #[error("the track data has two different cards")]
    AtOdds,
}

/// Reads a card out of the text of its tracks (Payroc reference 4.3, `trackData`).
///
/// | form | text |
/// | --- | --- |
/// | track 1 | `%B` number `^` name `^` year, month, more `?` |
/// | track 2 | `;` number `=` year, month, more `?` |
/// | both | one behind the other, in this order; they must agree |
/// | bare | one of them without `%` and `;` in front and without `?` at the end |
///
/// In the place of year and month there may be one more separator: the card then has no expiry. Behind each `?` there
/// may be a check character, which is not checked, since many readers put another in its place, and line ends. A track
/// 3 behind the others is passed over: Coffer has no use for it, and a reader sends it without being asked. Of the
/// service code and the discretionary data only the characters are checked. A year of two digits is of this century.
///
/// Never panics, whatever the text.
///
/// ```
/// let card = coffer_types::read_tracks("%B4111111111111111^DOE/JANE^3012101?;4111111111111111=3012101?")?;
/// assert_eq!(coffer_types::mask(&card.pan), "411111******1111");
/// assert_eq!(card.expiry, Some(coffer_types::Expiry::new(2030, 12)?));
/// assert_eq!(card.holder.as_deref().map(String::as_str), Some("DOE/JANE"));
/// assert_eq!(format!("{card:?}"), "ReadCard(..)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_tracks(text: &str) -> Result<StripeCard, TrackError> {
    let text = text.trim_matches(LINE_ENDS);
    if text.is_empty() {
        return Err(TrackError::Empty);
    }
    if text.len() > TRACKS_CHARS {
        return Err(TrackError::TooLong);
    }
    if !text.chars().all(|c| matches!(c, ' '..='~') || LINE_ENDS.contains(&c)) {
        return Err(TrackError::WrongCharacter);
    }
    let mut card = Draft::default();
    if text.starts_with([TRACK_1_START, TRACK_2_START]) {
        framed(&mut card, text)?;
    } else if text.starts_with(BANK_FORMAT) {
        track_1(&mut card, text)?;
    } else if text.starts_with(|c: char| c.is_ascii_digit()) {
        track_2(&mut card, text)?;
    }
    card.finish().ok_or(TrackError::WrongForm)
}

/// Tracks with their sentinels.
fn framed(card: &mut Draft, mut text: &str) -> Result<(), TrackError> {
    if let Some(track) = text.strip_prefix(TRACK_1_START) {
        let (body, behind) = track.split_once(END).ok_or(TrackError::Truncated)?;
        track_1(card, body)?;
        text = next_track(behind)?;
    }
    if let Some(track) = text.strip_prefix(TRACK_2_START) {
        let (body, behind) = track.split_once(END).ok_or(TrackError::Truncated)?;
        track_2(card, body)?;
        text = next_track(behind)?;
    }
    if text.len() > TRACK_3_CHARS { Err(TrackError::TooLong) } else { Ok(()) }
}

/// Passes over the check character and line ends behind a track. Leaves nothing, or the beginning of a track.
fn next_track(behind: &str) -> Result<&str, TrackError> {
    let mut unchecked = behind.chars();
    unchecked.next();
    // A check character may look like the beginning of a track, so first it is taken to be there.
    [unchecked.as_str(), behind]
        .map(|text| text.trim_start_matches(LINE_ENDS))
        .into_iter()
        .find(|text| text.is_empty() || text.starts_with([TRACK_2_START, TRACK_3_START]))
        .ok_or(TrackError::WrongForm)
}

/// What is between the sentinels of track 1.
fn track_1(card: &mut Draft, body: &str) -> Result<(), TrackError> {
    if body.len() > TRACK_1_CHARS - FRAME_CHARS {
        return Err(TrackError::TooLong);
    }
    if body.contains([TRACK_1_START, END]) || body.contains(LINE_ENDS) {
        return Err(TrackError::WrongCharacter);
    }
    let fields = body.strip_prefix(BANK_FORMAT).ok_or(TrackError::WrongForm)?;
    let (pan, rest) = fields.split_once(TRACK_1_SEPARATOR).ok_or(TrackError::WrongForm)?;
    let (name, rest) = rest.split_once(TRACK_1_SEPARATOR).ok_or(TrackError::WrongForm)?;
    card.pan(pan)?;
    card.holder(name.as_bytes())?;
    Ok(card.expiry_field(rest, TRACK_1_SEPARATOR)?)
}

/// What is between the sentinels of track 2.
fn track_2(card: &mut Draft, body: &str) -> Result<(), TrackError> {
    if body.len() > TRACK_2_CHARS - FRAME_CHARS {
        return Err(TrackError::TooLong);
    }
    let (pan, rest) = body.split_once(TRACK_2_SEPARATOR).ok_or(TrackError::WrongForm)?;
    if !rest.chars().all(|c| c.is_ascii_digit() || c == TRACK_2_SEPARATOR) {
        return Err(TrackError::WrongCharacter);
    }
    card.pan(pan)?;
    Ok(card.expiry_field(rest, TRACK_2_SEPARATOR)?)
}

impl From<Flaw> for TrackError {
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
