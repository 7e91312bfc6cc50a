//! What a reader read from a card, whether from its chip or from its stripe.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Expiry, Pan, PanError};

/// Characters of the longest name: both of a chip (EMV Book 3, annex A, tag 5F20) and of track 1 (ISO/IEC 7813).
const HOLDER_CHARS_MAX: usize = 26;

/// What of a card's chip data or tracks is more than a copy of the chip or stripe: who may be charged, and until when.
///
/// Service code, discretionary data and cryptograms are not kept: they are sensitive authentication data (security
/// reference 2). Wiped on drop; `Debug` shows nothing.
///
/// ```compile_fail
/// let card = coffer_types::read_tracks(";4111111111111111=3012101?").unwrap();
/// let second = card.clone(); // a card that was read has no clone
/// ```
pub struct ReadCard {
    /// The card number.
    pub pan: Pan,
    /// The month in which the card ends, if it is there.
    pub expiry: Option<Expiry>,
    /// The name as the card has it, mostly `SURNAME/GIVEN`, without blanks around it: 1 to 26 printable ASCII
    /// characters. Absent where the card has none, or blanks and slashes only, as cards without a name have.
    pub holder: Option<Zeroizing<String>>,
}

impl fmt::Debug for ReadCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadCard(..)")
    }
}

/// Why what was found makes no card. The readers translate it into their own errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    Pan(PanError),
    Expiry,
    Holder,
    AtOdds,
}

/// A card that is being read. What is found twice must be the same both times.
#[derive(Default)]
pub(crate) struct Draft {
    pan: Option<Pan>,
    expiry: Option<Expiry>,
    holder: Option<Zeroizing<String>>,
}

impl Draft {
    /// Takes a card number.
    pub(crate) fn pan(&mut self, text: &str) -> Result<(), Flaw> {
        let pan = Pan::parse(text).map_err(Flaw::Pan)?;
        // Compared in clear and not in constant time: one caller sent both in one request and learns nothing new.
        keep(&mut self.pan, pan, |one, other| one.expose() == other.expose())
    }

    /// Takes year and month, four digits.
    pub(crate) fn expiry(&mut self, yymm: &str) -> Result<(), Flaw> {
        let expiry = Expiry::parse_yymm(yymm).ok_or(Flaw::Expiry)?;
        keep(&mut self.expiry, expiry, |one, other| one == other)
    }

    /// Takes what stands behind a separator in a track: an expiry first, or in its place one more separator (ISO/IEC
    /// 7813). What follows, service code and discretionary data, is the issuer's and not looked at.
    pub(crate) fn expiry_field(&mut self, rest: &str, separator: char) -> Result<(), Flaw> {
        if rest.starts_with(separator) {
            return Ok(());
        }
        self.expiry(rest.get(..4).ok_or(Flaw::Expiry)?)
    }

    /// Takes a name, with the blanks that fill it up.
    pub(crate) fn holder(&mut self, name: &[u8]) -> Result<(), Flaw> {
        let printable = |byte: &u8| matches!(byte, b' '..=b'~');
        if name.len() > HOLDER_CHARS_MAX || !name.iter().all(printable) {
            return Err(Flaw::Holder);
        }
        let name = str::from_utf8(name).map_err(|_| Flaw::Holder)?.trim_matches(' ');
        if name.bytes().all(|byte| matches!(byte, b' ' | b'/')) {
            return Ok(());
        }
        keep(&mut self.holder, Zeroizing::new(name.to_owned()), |one, other| one == other)
    }

    /// The card; `None` when it has no number.
    pub(crate) fn finish(self) -> Option<ReadCard> {
        let Self { pan, expiry, holder } = self;
        Some(ReadCard { pan: pan?, expiry, holder })
    }
}

/// Keeps what was found if nothing was there; what was there must be the same.
fn keep<T>(place: &mut Option<T>, found: T, same: impl Fn(&T, &T) -> bool) -> Result<(), Flaw> {
    match place {
        Some(kept) if !same(kept, &found) => Err(Flaw::AtOdds),
        Some(_) => Ok(()),
        None => {
            *place = Some(found);
            Ok(())
        }
    }
}
