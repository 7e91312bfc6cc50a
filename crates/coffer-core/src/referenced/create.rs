//! Create: a card or an account, given or behind a single-use token, becomes a referenced token.

use coffer_crypto::LocatorBytes;
use coffer_types::{RecordNumber, Timestamp, limits};
use serde_json::value::RawValue;

use super::{NEVER, ReferencedDetails, ReferencedError, ReferencedView};
use crate::{
    audit::Action,
    details::Details,
    keep::NewInstrument,
    once::Once,
    protected::Protected,
    redeem::Opened,
    reusable::first,
    store::{Row, TokenRow, UnitBuilder},
    vault::{Act, Refused, Vault, wiped_json},
};

/// The digits of a referenced token are made of a number below this.
const DIGITS_BELOW: u128 = 1_000_000_000_000;

/// What a referenced token is made from.
pub struct NewReferenced<'a> {
    /// What it is grouped by.
    pub group: &'a str,
    /// The merchant's reference for it; one is made where there is none.
    pub reference: Option<&'a str>,
    /// What it protects.
    pub source: ReferencedSource<'a>,
    /// Makes of the source's details what the token keeps of them, and the dialect's fields of the token itself.
    pub make: &'a (dyn Fn(Details) -> (Details, Box<RawValue>) + Sync),
    /// How references and digits are written.
    pub forms: ReferencedForms,
}

/// What a referenced token protects.
#[derive(Clone, Copy)]
pub enum ReferencedSource<'a> {
    /// It came with the call.
    Given(&'a NewInstrument),
    /// A single-use token, which is used up.
    Token(&'a LocatorBytes),
}

/// How a dialect writes the names of referenced tokens.
#[derive(Clone, Copy, Debug)]
pub struct ReferencedForms {
    /// A reference, made of random bytes.
    pub reference: fn(&[u8; 17]) -> String,
    /// Digits, made of a random number below a million millions; equal numbers are written the same.
    pub digits: fn(u64) -> String,
}

/// What one attempt found out of its source.
pub(super) struct Found {
    pub(super) protected: Protected,
    pub(super) details: Details,
    /// The single-use token that it comes from.
    pub(super) token: Option<(TokenRow, Opened)>,
}

impl Vault {
    /// Makes a referenced token. `render` makes the reply before the commit; it is given back after everything is on
    /// disk.
    pub async fn create_referenced<R>(
        &self,
        act: &Act,
        new: &NewReferenced<'_>,
        once: Option<Once<'_, R>>,
        render: impl Fn(&ReferencedView) -> R,
    ) -> Result<R, ReferencedError> {
        for _ in 0..limits::PLAN_ATTEMPTS {
            let now = self.now();
            let (unit, view) = self.plan_referenced(act, new, self.unit(now)?, now).await?;
            let reply = render(&view);
            if self.commit_once(act, unit, once, &reply, now).await? {
                return Ok(reply);
            }
        }
        Err(Refused::Contended.into())
    }

    /// Adds to a unit what a new token takes, and gives the token as it will be.
    pub(crate) async fn plan_referenced(
        &self,
        act: &Act,
        new: &NewReferenced<'_>,
        unit: UnitBuilder,
        now: Timestamp,
    ) -> Result<(UnitBuilder, ReferencedView), ReferencedError> {
        let Found { protected, details, token } = self.source_of(act, new.source, now).await?;
        let (details, own) = (new.make)(details);
        let (reference, digits) = self.free_names(act, new).await?;
        let number = self.number(now)?;
        let (token, code) = match token {
            Some((live, mut opened)) => {
                let code = opened.code.take();
                (Some((live, opened)), code)
            }
            None => (None, None),
        };
        let (unit, kept_code) = self.keep_code(unit, (act.tenant, number), code, now)?;
        let group = new.group.to_owned();
        let details = ReferencedDetails { group, reference, digits, details, kept_code, own };
        let at = first(act.tenant, number);
        let row = self.seal_reusable(at, &protected, (&details, NEVER), (now, now))?;
        let unit = match token {
            Some((live, opened)) => {
                let used = self.used(&live, &opened.json, now)?;
                let fact = act.fact(Action::Exchange).object(live.number).result(number);
                unit.replace_token(live.generation, used).fact(fact)
            }
            None => unit,
        };
        let unit = self.hold_names(act, unit.insert(row.clone()), &details, number)?;
        let unit = unit.fact(act.fact(Action::ReusableCreate).object(number));
        Ok((unit, ReferencedView::of(&row, details)))
    }

    /// A reference that nobody has or had, and digits. Whether nobody has the digits is seen at the commit.
    async fn free_names(
        &self,
        act: &Act,
        new: &NewReferenced<'_>,
    ) -> Result<(String, String), ReferencedError> {
        for _ in 0..limits::PLAN_ATTEMPTS {
            let (reference, digits) = self.names_of(new)?;
            let key = self.reference_key(act.tenant, new.group, &reference)?;
            if self.store.holder(key).await.map_err(Refused::from)?.is_none() {
                return Ok((reference, digits));
            }
            if new.reference.is_some() {
                return Err(ReferencedError::Taken);
            }
        }
        Err(Refused::Contended.into())
    }

    /// Opens a source.
    pub(super) async fn source_of(
        &self,
        act: &Act,
        source: ReferencedSource<'_>,
        now: Timestamp,
    ) -> Result<Found, ReferencedError> {
        let copy = |protected: &Protected| {
            Protected::from_bytes(&protected.to_bytes()).map_err(|_| Refused::Unavailable)
        };
        let found = match source {
            ReferencedSource::Given(given) => {
                let json = wiped_json(&given.details)?;
                let details = serde_json::from_slice(&json).map_err(|_| Refused::Unavailable)?;
                Found { protected: copy(&given.protected)?, details, token: None }
            }
            ReferencedSource::Token(token) => {
                let usable = self.exchangeable_token(act, token, now).await?;
                let (live, opened) = usable.ok_or(ReferencedError::NotUsable)?;
                let details = serde_json::from_slice(&opened.json).map_err(|_| Refused::Unavailable)?;
                Found { protected: copy(&opened.protected)?, details, token: Some((live, opened)) }
            }
        };
        if let Protected::Nothing = found.protected {
            return Err(ReferencedError::Nothing);
        }
        Ok(found)
    }

    fn names_of(&self, new: &NewReferenced<'_>) -> Result<(String, String), Refused> {
        let mut random = [0; 33];
        self.entropy.fill(&mut random).map_err(|_| Refused::Unavailable)?;
        let (name, number) = random.split_first_chunk::<17>().ok_or(Refused::Unavailable)?;
        let number = number.first_chunk::<16>().ok_or(Refused::Unavailable)?;
        // Of 128 bits, what remains by this divisor is as good as uniform.
        let number = u64::try_from(u128::from_be_bytes(*number) % DIGITS_BELOW).unwrap_or(0);
        let reference = new.reference.map_or_else(|| (new.forms.reference)(name), str::to_owned);
        Ok((reference, (new.forms.digits)(number)))
    }

    /// Adds to a unit what a new token is found by.
    fn hold_names(
        &self,
        act: &Act,
        unit: UnitBuilder,
        details: &ReferencedDetails,
        holder: RecordNumber,
    ) -> Result<UnitBuilder, Refused> {
        let ReferencedDetails { group, reference, digits, .. } = details;
        let keys = [
            self.reference_key(act.tenant, group, reference)?,
            self.digits_key(act.tenant, digits)?,
            self.member_key(act.tenant, group, holder)?,
        ];
        Ok(keys.into_iter().fold(unit, |unit, key| unit.insert(Row::Index { key, holder })))
    }
}
