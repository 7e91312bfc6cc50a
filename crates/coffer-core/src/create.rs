//! Create: details come in, a single-use token goes out.

use coffer_crypto::{Class, Field, LocatorBytes};
use coffer_types::{Cvv, Generation, Timestamp};

use crate::{
    audit::Action,
    details::Details,
    protected::Protected,
    store::{Outcome, TokenKind, TokenRow, TokenState},
    vault::{Act, Refused, Vault, wiped_json},
};

/// What a token is made from; the parts are valid because their types are.
#[derive(Debug)]
pub struct NewToken {
    /// What the token protects.
    pub protected: Protected,
    /// The verification code, if the caller sent one.
    pub cvv: Option<Cvv>,
    /// Everything else.
    pub details: Details,
}

/// A token that is about to be durable.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    /// What the printed token is made of.
    pub locator: LocatorBytes,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Vault {
    /// Makes a single-use token that ends at its first use or after 30 minutes.
    ///
    /// `render` makes the reply before the commit; it is given back after the token is on disk.
    pub async fn create<R>(
        &self,
        act: &Act,
        new: &NewToken,
        render: impl FnOnce(&Created) -> R,
    ) -> Result<R, Refused> {
        let now = self.now();
        let row = self.seal_token(act, TokenKind::SingleUse, new, now)?;
        let created = Created { locator: self.token_locator(row.tenant, row.number)?, created_at: now };
        let reply = render(&created);
        let fact = act.fact(Action::Create).object(row.number);
        match self.store.commit(self.unit(now).insert(row).fact(fact).finish()).await? {
            Outcome::Done(_) => Ok(reply),
            Outcome::Lost { .. } => Err(Refused::Contended),
        }
    }

    /// A row of the short-lived table that lives as long as its kind.
    pub(crate) fn seal_token(
        &self,
        act: &Act,
        kind: TokenKind,
        new: &NewToken,
        now: Timestamp,
    ) -> Result<TokenRow, Refused> {
        let (tenant, number, generation) = (act.tenant, self.numbers.next(now), Generation::FIRST);
        let [salt] = self.salts()?;
        let sealed = |_| Refused::Unavailable;
        let mut sealer =
            self.keys.sealer(Class::ShortLived, tenant, number, generation, salt.clone()).map_err(sealed)?;
        let sad = match &new.cvv {
            Some(cvv) => {
                let version = self.ring.current(now, &*self.entropy).map_err(|_| Refused::Unavailable)?;
                let sealer = self.ring.sealer(version, tenant, number, generation, salt.clone(), now);
                Some(sealer.map_err(sealed)?.seal(Field::Sad, cvv.padded().as_slice()).map_err(sealed)?)
            }
            None => None,
        };
        let protected = sealer.seal(Field::Protected, &new.protected.to_bytes()).map_err(sealed)?;
        let details = sealer.seal(Field::Details, &wiped_json(&new.details)?).map_err(sealed)?;
        Ok(TokenRow {
            number,
            tenant,
            kind,
            generation,
            created_at: now,
            expires_at: now.plus_seconds(kind.seconds()),
            face: new.protected.face(),
            salt,
            details,
            state: TokenState::Live { protected, sad },
        })
    }
}
