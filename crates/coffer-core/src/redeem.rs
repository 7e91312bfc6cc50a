//! Redeem: the one use of a single-use token that lets its clear details out.

use coffer_crypto::{Class, Field, SadKeyVersion};
use coffer_types::{RecordNumber, Tenant, Timestamp, limits};
use zeroize::Zeroizing;

use crate::{
    audit::Action,
    create::Sad,
    details::{Clear, Details},
    kept_code::BroughtCode,
    numbers::Numbers,
    protected::Protected,
    session::SessionKind,
    store::{Outcome, TokenKind, TokenRow, TokenState},
    vault::{Act, Refused, Vault, not_sealed, unreadable},
};

/// A token that is about to be used up, and what it gives.
#[derive(Debug)]
pub struct Redeemed {
    /// What it protects, with the code if one came and is still there.
    pub clear: Clear,
    /// What came with it.
    pub details: Details,
    /// When the token was made.
    pub created_at: Timestamp,
    /// When it was used: now.
    pub used_at: Timestamp,
}

/// What a live token holds.
pub(crate) struct Opened {
    pub(crate) protected: Protected,
    /// The details as they were sealed: sealed again without being written anew.
    pub(crate) json: Zeroizing<Vec<u8>>,
    pub(crate) details: Details,
    /// A code that outlives the token's exchange; only [`Vault::exchangeable_token`] looks for one.
    pub(crate) code: Option<BroughtCode>,
}

/// Why a token was not redeemed. A refused redeem uses nothing up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// Unknown, used or expired: one answer for all three, so that tokens cannot be probed.
    #[error("the token cannot be used")]
    NotUsable,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// Uses up a live token and gives out its clear details, once. The use and its audit fact are durable before
    /// the reply is given back; a crash in between leaves the token used.
    pub async fn redeem<R>(
        &self,
        act: &Act,
        number: RecordNumber,
        render: impl Fn(&Redeemed) -> R,
    ) -> Result<R, RedeemError> {
        self.redeem_row(act, TokenKind::SingleUse, number, render).await
    }

    /// The same of a session that a browser left.
    pub async fn redeem_session<R>(
        &self,
        act: &Act,
        kind: SessionKind,
        number: RecordNumber,
        render: impl Fn(&Redeemed) -> R,
    ) -> Result<R, RedeemError> {
        self.redeem_row(act, kind.row(), number, render).await
    }

    async fn redeem_row<R>(
        &self,
        act: &Act,
        kind: TokenKind,
        number: RecordNumber,
        render: impl Fn(&Redeemed) -> R,
    ) -> Result<R, RedeemError> {
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let Some(live) = self.live_row(act.tenant, kind, number, now).await? else {
                return Err(RedeemError::NotUsable);
            };
            let opened = self.open_live(&live)?;
            let after = self.used(&live, &opened.json, now)?;
            let Sad { cvv, reader } = self.open_sad(&live, now).await?;
            let clear = Clear { protected: opened.protected, cvv, reader };
            let reply = render(&Redeemed {
                clear,
                details: opened.details,
                created_at: live.created_at,
                used_at: now,
            });
            let unit = self.unit(now)?.replace_token(live.generation, after);
            let unit = unit.fact(act.fact(Action::Redeem).object(number)).finish();
            if let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? {
                return Ok(reply);
            }
        }
        Err(Refused::Contended.into())
    }

    /// The row of a single-use token that can be used now.
    pub(crate) async fn live_token(
        &self,
        act: &Act,
        number: RecordNumber,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, Refused> {
        self.live_row(act.tenant, TokenKind::SingleUse, number, now).await
    }

    /// The row of the short-lived table, of this kind, that can be used now.
    pub(crate) async fn live_row(
        &self,
        tenant: Tenant,
        kind: TokenKind,
        number: RecordNumber,
        now: Timestamp,
    ) -> Result<Option<TokenRow>, Refused> {
        // The number is bound into everything sealed, and the time in it bounds a row whose clear times were bent.
        let bound = Numbers::time_of(number).plus_seconds(kind.seconds());
        let row = self.store.token(tenant, number).await?;
        let usable = |row: &TokenRow| row.kind == kind && row.is_live(now) && now < bound;
        Ok(row.filter(|row| usable(row) && !self.restored.is_void(number) && !self.is_token_erased(row)))
    }

    /// Opens a live token with one key: all but the code was sealed in one write.
    pub(crate) fn open_live(&self, row: &TokenRow) -> Result<Opened, Refused> {
        let TokenState::Live { protected: blob, .. } = &row.state else { return Err(Refused::Unavailable) };
        let at = row.place();
        let opener = self.opener(Class::ShortLived, at, &row.salt, blob)?;
        let clear = opener.open(Field::Protected, blob).map_err(|_| unreadable(at))?;
        let protected = Protected::from_bytes(&clear).map_err(|_| unreadable(at))?;
        let json = opener.open(Field::Details, &row.details).map_err(|_| unreadable(at))?;
        let details = serde_json::from_slice(&json).map_err(|_| unreadable(at))?;
        Ok(Opened { protected, json, details, code: None })
    }

    /// What is sensitive authentication data; nothing when none came or its key is gone already.
    pub(crate) async fn open_sad(&self, row: &TokenRow, now: Timestamp) -> Result<Sad, Refused> {
        if self.sad.is_dropped() {
            return Ok(Sad::default());
        }
        let TokenState::Live { sad: Some(sad), .. } = &row.state else { return Ok(Sad::default()) };
        let at = row.place();
        let version = sad.key_version().map_err(|_| unreadable(at))?;
        let version = SadKeyVersion::from(version);
        self.fetch_key(version, now).await?;
        let opener = self.ring.opener(version, row.tenant, row.number, row.generation, &row.salt, now);
        let Ok(opener) = opener else {
            tracing::warn!(
                record = at.number.get(),
                "the key of a code is gone before its token: the code came in earlier, or the ring was lost"
            );
            return Ok(Sad::default());
        };
        let clear = opener.open(Field::Sad, sad).map_err(|_| unreadable(at))?;
        Sad::from_bytes(&clear).ok_or_else(|| unreadable(at))
    }

    /// The row after its use: it protects nothing, has no code, and its details are sealed anew.
    pub(crate) fn used(&self, live: &TokenRow, details: &[u8], now: Timestamp) -> Result<TokenRow, Refused> {
        let generation = live.generation.next().ok_or(Refused::Unavailable)?;
        let [salt] = self.salts()?;
        let sealer = self.keys.sealer(Class::ShortLived, live.tenant, live.number, generation, salt.clone());
        let details = sealer.map_err(not_sealed)?.seal(Field::Details, details).map_err(not_sealed)?;
        Ok(TokenRow {
            number: live.number,
            tenant: live.tenant,
            kind: live.kind,
            generation,
            created_at: live.created_at,
            expires_at: live.expires_at,
            face: live.face,
            salt,
            details,
            state: TokenState::Used { at: now },
        })
    }
}
