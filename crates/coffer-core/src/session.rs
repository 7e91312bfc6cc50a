//! Sessions: a browser leaves a card or a code for a merchant, who uses it once and soon, and never sees it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use coffer_crypto::{LocatorBytes, LocatorKind};
use coffer_types::{RecordNumber, Timestamp, limits};

use crate::{
    audit::Action,
    create::{Created, NewToken},
    once::Once,
    redeem::Opened,
    store::{Stretch, TokenKind, TokenRow},
    sweep::Swept,
    vault::{Act, Refused, Vault},
};

/// What a browser left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// A card.
    Card,
    /// A verification code alone.
    Cvv,
    /// The fields of a form, one after the other; at the end they become a single-use token.
    Fields,
}

impl SessionKind {
    /// What its row is.
    pub(crate) fn row(self) -> TokenKind {
        match self {
            Self::Card => TokenKind::CardSession,
            Self::Cvv => TokenKind::CvvSession,
            Self::Fields => TokenKind::FieldsSession,
        }
    }

    /// What a printed form was made as, where it is a session's.
    pub fn of(locator: LocatorKind) -> Option<Self> {
        [Self::Card, Self::Cvv, Self::Fields].into_iter().find(|kind| kind.locator() == locator)
    }

    /// What its printed form is made as.
    pub fn locator(self) -> LocatorKind {
        match self {
            Self::Card => LocatorKind::CardSession,
            Self::Cvv => LocatorKind::CvvSession,
            Self::Fields => LocatorKind::FieldsSession,
        }
    }
}

/// The sessions and kept codes of this process, until they are over: each kind in the order of its end.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<[BTreeSet<(Timestamp, RecordNumber)>; 4]>);

/// Where those of a kind are remembered; none for a kind that is not.
fn place_of(kind: TokenKind) -> Option<usize> {
    match kind {
        TokenKind::CardSession => Some(0),
        TokenKind::CvvSession => Some(1),
        TokenKind::FieldsSession => Some(2),
        TokenKind::KeptCode => Some(3),
        TokenKind::SingleUse | TokenKind::Conflict => None,
    }
}

impl Sessions {
    /// Remembers one. Beyond [`limits::SESSIONS_REMEMBERED`] of a kind, none: those wait for half an hour.
    pub(crate) fn add(&self, kind: TokenKind, over: (Timestamp, RecordNumber)) {
        let Some(place) = place_of(kind) else { return };
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = &mut kinds[place];
        if of_kind.len() < limits::SESSIONS_REMEMBERED {
            of_kind.insert(over);
        }
    }

    /// Those that are over, at most so many; they are forgotten.
    fn take_over(&self, now: Timestamp) -> Vec<RecordNumber> {
        let bound = usize::try_from(limits::SWEEP_ROWS).unwrap_or(usize::MAX);
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut over = Vec::new();
        for of_kind in kinds.iter_mut() {
            while over.len() < bound && of_kind.first().is_some_and(|(ends_at, _)| *ends_at <= now) {
                over.extend(of_kind.pop_first().map(|(_, number)| number));
            }
        }
        over
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
        self.create_session_once(act, kind, new, None, |made| render(&made.locator)).await
    }

    /// The same, and what is answered is kept for whoever asks again under the same key.
    pub async fn create_session_once<R>(
        &self,
        act: &Act,
        kind: SessionKind,
        new: &NewToken,
        once: Option<Once<'_, R>>,
        render: impl FnOnce(&Created) -> R,
    ) -> Result<R, Refused> {
        let now = self.now();
        let row = self.seal_token(act.tenant, kind.row(), new, now).await?;
        let over = (row.expires_at, row.number);
        let locator = self.keys.locator().seal(kind.locator(), row.tenant, row.number);
        let locator = locator.map_err(|_| Refused::Unavailable)?;
        let reply = render(&Created { locator, created_at: now });
        let fact = act.fact(Action::SessionCreate).object(row.number);
        let unit = self.unit(now)?.insert(row).fact(fact);
        if !self.commit_once(act, unit, once, &reply, now).await? {
            return Err(Refused::Contended);
        }
        self.sessions.add(kind.row(), over);
        Ok(reply)
    }

    /// One step: sessions and kept codes whose time is over lose what they hold, at most [`limits::SWEEP_ROWS`] of
    /// them. What another process left is taken after half an hour, as everything in the short-lived table is.
    pub(crate) async fn blank_sessions(&self) -> Result<Swept, Refused> {
        let now = self.now();
        let mut unit = self.unit(now)?;
        let over = self.sessions.take_over(now);
        for number in &over {
            let Ok(below) = RecordNumber::from_u64(number.get() + 1) else { continue };
            unit = unit.blank_tokens(Stretch { from: *number, below, at_most: 1 });
        }
        if over.is_empty() {
            return Ok(Swept::Clean);
        }
        self.store.commit(unit.finish()).await?;
        Ok(Swept::More)
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
        let Some(live) = self.live_row(act.tenant, TokenKind::CardSession, number, now).await? else {
            return Ok(None);
        };
        let opened = self.open_live(&live)?;
        Ok(Some((live, opened)))
    }
}
