//! Reveal: the clear details of an instrument, for a caller with that permission and a reason.

use coffer_crypto::{Class, Field};
use coffer_types::RecordNumber;

use crate::{
    audit::Action,
    details::{Clear, InstrumentDetails},
    protected::Protected,
    store::{InstrumentRow, Outcome},
    vault::{Act, Refused, Vault, unreadable},
};

/// An instrument in the clear. There is no code: none was kept.
#[derive(Debug)]
pub struct Revealed {
    /// What it protects.
    pub clear: Clear,
    /// Customer and what came with it.
    pub details: InstrumentDetails,
}

/// Why nothing was revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevealError {
    /// No such instrument of this tenant.
    #[error("there is no such instrument")]
    Unknown,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// Opens an instrument. The audit fact, with the reason, is durable before anything is given back; when it
    /// cannot be written, nothing is.
    pub async fn reveal(
        &self,
        act: &Act,
        number: RecordNumber,
        reason: &str,
    ) -> Result<Revealed, RevealError> {
        let row = self.store.instrument(act.tenant, number).await.map_err(Refused::from)?;
        let row = row.ok_or(RevealError::Unknown)?;
        let fact = act.fact(Action::Reveal).object(number).reason(reason);
        let unit = self.unit(self.now())?.fact(fact).finish();
        let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? else {
            return Err(Refused::Contended.into());
        };
        let clear = Clear { protected: self.open_instrument(&row)?, cvv: None, reader: None };
        Ok(Revealed { clear, details: self.open_instrument_details(&row)? })
    }

    pub(crate) fn open_instrument(&self, row: &InstrumentRow) -> Result<Protected, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.protected)?;
        let clear = opener.open(Field::Protected, &row.protected).map_err(|_| unreadable(at))?;
        Protected::from_bytes(&clear).map_err(|_| unreadable(at))
    }
}
