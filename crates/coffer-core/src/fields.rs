//! Fields: a browser fills in a form field by field, in a session that a merchant's server opened for it, and at the
//! end what it filled in becomes a single-use token.

use coffer_crypto::{LocatorBytes, LocatorKind, SadKeyVersion};
use coffer_types::{RecordNumber, Tenant, Timestamp, limits};
use zeroize::Zeroizing;

use crate::{
    audit::Action,
    create::{Created, NewToken, Sad},
    details::{Clear, Details},
    numbers::Numbers,
    once::Once,
    redeem::Opened,
    reusable::first,
    store::{TokenKind, TokenRow, TokenState},
    vault::{Act, Place, Refused, Vault, unreadable},
};

/// What is in a session of fields.
#[derive(Debug)]
pub struct FieldsSession {
    /// What was filled in so far.
    pub clear: Clear,
    /// What the merchant's server said when it opened the session.
    pub details: Details,
}

/// A session that can be used now.
struct Usable {
    live: TokenRow,
    session: FieldsSession,
    /// The details as they were sealed.
    json: Zeroizing<Vec<u8>>,
    /// The ring's key under which what is sensitive authentication data came in first. However often it is sealed
    /// anew, no key that was made later opens it.
    since: Option<SadKeyVersion>,
}

/// Why nothing was done with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldsError {
    /// Forged, unknown, used or over: one answer for all.
    #[error("the session cannot be used")]
    NotUsable,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// Where a printed session of fields points. None for anything that this vault did not print.
    pub fn locate_fields(&self, session: &LocatorBytes) -> Option<(Tenant, RecordNumber)> {
        self.locate(LocatorKind::FieldsSession, session)
    }

    /// When a session of fields is over, whatever became of it before: its number tells when it was opened.
    pub fn fields_end(session: RecordNumber) -> Timestamp {
        Numbers::time_of(session).plus_seconds(limits::FIELDS_SESSION_SECONDS)
    }

    /// What the merchant's server said when it opened a session that can be used now.
    pub async fn read_fields(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<Option<Details>, Refused> {
        let Some(live) = self.live_fields(tenant, number, self.now()).await? else { return Ok(None) };
        Ok(Some(self.open_live(&live)?.details))
    }

    /// Changes what is filled in. `fill` makes the new content of the one that is there; it may refuse.
    pub async fn fill_fields<R, E: From<FieldsError>>(
        &self,
        act: &Act,
        number: RecordNumber,
        once: Option<Once<'_, R>>,
        fill: impl Fn(FieldsSession) -> Result<NewToken, E>,
        render: impl Fn() -> R,
    ) -> Result<R, E> {
        let refused = |refused| E::from(FieldsError::Refused(refused));
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let Usable { live, session, since, .. } = self.usable_fields(act, number, now).await?;
            let new = fill(session)?;
            let generation = live.generation.next().ok_or(Refused::Unavailable).map_err(refused)?;
            let at = Place { generation, ..live.place() };
            let times = (live.created_at, now);
            let sad = self.sad_key_for(&new, since, now).await.map_err(refused)?;
            let after = self.seal_token_at(at, TokenKind::FieldsSession, &new, times, sad);
            let unit =
                self.unit(now).map_err(refused)?.replace_token(live.generation, after.map_err(refused)?);
            let reply = render();
            if self.commit_once(act, unit, once, &reply, now).await.map_err(refused)? {
                return Ok(reply);
            }
        }
        Err(refused(Refused::Contended))
    }

    /// Makes a single-use token of what is filled in; the session is used up. `make` may refuse, and then nothing is.
    pub async fn finish_fields<R, E: From<FieldsError>>(
        &self,
        act: &Act,
        number: RecordNumber,
        once: Option<Once<'_, R>>,
        make: impl Fn(FieldsSession) -> Result<NewToken, E>,
        render: impl Fn(&Created) -> R,
    ) -> Result<R, E> {
        let refused = |refused| E::from(FieldsError::Refused(refused));
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let Usable { live, session, json, since } = self.usable_fields(act, number, now).await?;
            let new = make(session)?;
            let sad = self.sad_key_for(&new, since, now).await.map_err(refused)?;
            let at = first(act.tenant, self.number(now).map_err(refused)?);
            let row = self.seal_token_at(at, TokenKind::SingleUse, &new, (now, now), sad);
            let row = row.map_err(refused)?;
            let locator = self.token_locator(row.tenant, row.number).map_err(refused)?;
            let reply = render(&Created { locator, created_at: now });
            let used = self.used(&live, &json, now).map_err(refused)?;
            let fact = act.fact(Action::SessionUse).object(live.number).result(row.number);
            let created = act.fact(Action::Create).object(row.number);
            let unit = self.unit(now).map_err(refused)?.replace_token(live.generation, used).insert(row);
            let unit = unit.fact(fact).fact(created);
            if self.commit_once(act, unit, once, &reply, now).await.map_err(refused)? {
                return Ok(reply);
            }
        }
        Err(refused(Refused::Contended))
    }

    async fn usable_fields(
        &self,
        act: &Act,
        number: RecordNumber,
        now: Timestamp,
    ) -> Result<Usable, FieldsError> {
        let live = self.live_fields(act.tenant, number, now).await?.ok_or(FieldsError::NotUsable)?;
        let Sad { cvv, reader } = self.open_sad(&live, now).await?;
        let since = match &live.state {
            TokenState::Live { sad: Some(sad), .. } if cvv.is_some() || reader.is_some() => {
                Some(SadKeyVersion::from(sad.key_version().map_err(|_| unreadable(live.place()))?))
            }
            _ => None,
        };
        let Opened { protected, json, details, code: _ } = self.open_live(&live)?;
        let session = FieldsSession { clear: Clear { protected, cvv, reader }, details };
        Ok(Usable { live, session, json, since })
    }

    async fn live_fields(
        &self,
        tenant: Tenant,
        number: RecordNumber,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, Refused> {
        self.live_row(tenant, TokenKind::FieldsSession, number, now).await
    }
}
