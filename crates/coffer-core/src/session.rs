//! Sessions: a browser leaves a card or a code for a merchant, who uses it once and soon, and never sees it.

use coffer_crypto::{LocatorBytes, LocatorKind};
use coffer_types::{Timestamp, limits};

use crate::{
    audit::Action,
    create::NewToken,
    redeem::Opened,
    store::{Outcome, TokenKind, TokenRow},
    vault::{Act, Refused, Vault},
};

/// What a browser left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A card.
    Card,
    /// A verification code alone.
    Cvv,
}

impl SessionKind {
    /// Seconds of its life.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Card => limits::CARD_SESSION_SECONDS,
            Self::Cvv => limits::CVV_SESSION_SECONDS,
        }
    }

    /// What its printed form is made as.
    pub fn locator(self) -> LocatorKind {
        match self {
            Self::Card => LocatorKind::CardSession,
            Self::Cvv => LocatorKind::CvvSession,
        }
    }
}

impl Vault {
    /// Keeps what a browser left. `render` makes the reply before the commit; it is given back after the session is on
    /// disk.
    pub async fn create_session<R>(
        &self,
        act: &Act,
        kind: SessionKind,
        new: &NewToken,
        render: impl FnOnce(&LocatorBytes) -> R,
    ) -> Result<R, Refused> {
        let now = self.now();
        let row = self.seal_token(act, TokenKind::Session, new, (now, now.plus_seconds(kind.seconds())))?;
        let locator = self.keys.locator().seal(kind.locator(), row.tenant, row.number);
        let reply = render(&locator.map_err(|_| Refused::Unavailable)?);
        let fact = act.fact(Action::SessionCreate).object(row.number);
        match self.store.commit(self.unit(now).insert(row).fact(fact).finish()).await? {
            Outcome::Done(_) => Ok(reply),
            Outcome::Lost { .. } => Err(Refused::Contended),
        }
    }

    /// The live card session of this caller's tenant behind a printed form, opened.
    pub(crate) async fn usable_session(
        &self,
        act: &Act,
        session: &LocatorBytes,
        now: Timestamp,
    ) -> Result<Option<(TokenRow, Opened)>, Refused> {
        let located = self.locate(LocatorKind::CardSession, session);
        let Some((_, number)) = located.filter(|(owner, _)| *owner == act.tenant) else { return Ok(None) };
        let Some(live) = self.live_row(act, TokenKind::Session, number, now).await? else { return Ok(None) };
        let opened = self.open_live(&live)?;
        Ok(Some((live, opened)))
    }
}
