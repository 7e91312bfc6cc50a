//! Exchange: a single-use token becomes an instrument of a customer, or updates the one that is there.

use coffer_crypto::LocatorBytes;
use coffer_types::Timestamp;

use crate::{
    audit::Action,
    keep::{Keep, KeepError, KeepPlan, Kept},
    redeem::Opened,
    store::{Outcome, TokenRow, UnitBuilder},
    vault::{Act, Refused, Vault},
};

/// Why nothing was exchanged. A refused exchange uses nothing up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Forged, unknown, another tenant's, used or expired: one answer for all.
    #[error("the token cannot be used")]
    NotUsable,
    /// A partial card token: it can update a card that is there and make none.
    #[error("the token has no card number")]
    Partial,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<KeepError> for ExchangeError {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Nothing => Self::Partial,
            KeepError::Refused(refused) => Self::Refused(refused),
        }
    }
}

impl Vault {
    /// Uses up a live token and keeps what it protects as an instrument. The same card or account of the same
    /// customer is updated: expiry, address and the dialect's fields are the token's. The code does not come along,
    /// unless the tenant keeps codes ([`crate::SadPolicy`]).
    pub async fn exchange<R>(
        &self,
        act: &Act,
        token: &LocatorBytes,
        keep: Keep<'_>,
        render: impl Fn(&Kept) -> R,
    ) -> Result<R, ExchangeError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let (live, opened) =
                self.exchangeable_token(act, token, now).await?.ok_or(ExchangeError::NotUsable)?;
            let unit = self.spend_token(&live, &opened, now)?;
            let KeepPlan { kept, number, unit, line } = self.plan_keep(act, keep, opened, unit, now).await?;
            if !turn.has_come(line).await? {
                continue;
            }
            let fact = act.fact(Action::Exchange).object(live.number).result(number);
            let reply = render(&kept);
            if let Outcome::Done(_) =
                self.store.commit(unit.fact(fact).finish()).await.map_err(Refused::from)?
            {
                return Ok(reply);
            }
        }
    }

    /// The live token of this caller's tenant behind a printed form, opened.
    pub(crate) async fn usable_token(
        &self,
        act: &Act,
        token: &LocatorBytes,
        now: Timestamp,
    ) -> Result<Option<(TokenRow, Opened)>, Refused> {
        let located = self.locate_token(token).filter(|(tenant, _)| *tenant == act.tenant);
        let Some((_, number)) = located else { return Ok(None) };
        let Some(live) = self.live_token(act, number, now).await? else { return Ok(None) };
        let opened = self.open_live(&live)?;
        Ok(Some((live, opened)))
    }

    /// A unit that uses up a live token.
    pub(crate) fn spend_token(
        &self,
        live: &TokenRow,
        opened: &Opened,
        now: Timestamp,
    ) -> Result<UnitBuilder, Refused> {
        let used = self.used(live, &opened.json, now)?;
        Ok(self.unit(now)?.replace_token(live.generation, used))
    }
}
