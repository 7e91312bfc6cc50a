//! Reveal: the clear details of an instrument, for a caller with that permission and a reason.

use coffer_crypto::{Class, Field};
use coffer_types::{RecordNumber, limits};

use crate::{
    audit::Action,
    details::{Clear, InstrumentDetails},
    kept_code::KeptCode,
    protected::Protected,
    store::{InstrumentRow, Outcome},
    vault::{Act, Refused, Vault, unreadable},
};

/// An instrument in the clear. There is a code where its tenant keeps codes and it leaves for the first time.
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
    /// cannot be written, nothing is. A code that was kept through the exchange leaves with it, once.
    pub async fn reveal(
        &self,
        act: &Act,
        number: RecordNumber,
        reason: &str,
    ) -> Result<Revealed, RevealError> {
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let row = self.instrument_numbered(act.tenant, number).await?;
            let row = row.ok_or(RevealError::Unknown)?;
            let details = self.open_instrument_details(&row)?;
            let kept = self.kept_code((act.tenant, number), details.kept_code, now).await?;
            let fact = act.fact(Action::Reveal).object(number).reason(reason);
            let (unit, fact, cvv) = KeptCode::taken(kept, self.unit(now)?, fact);
            if let Outcome::Done(_) =
                self.store.commit(unit.fact(fact).finish()).await.map_err(Refused::from)?
            {
                let clear = Clear { protected: self.open_instrument(&row)?, cvv, reader: None };
                return Ok(Revealed { clear, details });
            }
        }
        Err(Refused::Contended.into())
    }

    pub(crate) fn open_instrument(&self, row: &InstrumentRow) -> Result<Protected, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.protected)?;
        let clear = opener.open(Field::Protected, &row.protected).map_err(|_| unreadable(at))?;
        Protected::from_bytes(&clear).map_err(|_| unreadable(at))
    }
}
