//! Renew: a record is sealed anew under the keys in use, and found by them. What it says stays, its generation too: to
//! whoever reads or changes it nothing has happened.

use coffer_crypto::{Blob, Class, Field, OpenError, Salt};
use coffer_types::{RecordNumber, limits};

use super::{
    load::Loaded,
    prints::{Prints, shown},
};
use crate::{
    keep::matched_key,
    numbers::Numbers,
    referenced::ReferencedDetails,
    store::{CustomerRow, InstrumentRow, ReplyRow, ReusableRow, Row, UniqueKey, UnitBuilder},
    vault::{Place, Refused, Vault, not_sealed, unreadable},
};

/// What became of a record.
pub(crate) enum Renewal {
    /// It is as it should be.
    None,
    /// This makes it so.
    Unit(UnitBuilder),
    /// It holds what lives half an hour, and is left alone until that is over.
    Later,
}

/// What a renewed row has in place of what it had.
struct Resealed {
    salt: Salt,
    blobs: Vec<Blob>,
}

impl Vault {
    /// What makes a record as it should be. `by_print` also looks at the keys by which it is found.
    pub(crate) async fn renewal(
        &self,
        loaded: &Loaded,
        row: Row,
        by_print: bool,
    ) -> Result<Renewal, Refused> {
        // Nobody can, and it holds up nothing.
        if self.is_erased(&row) {
            return Ok(Renewal::None);
        }
        match row {
            Row::Customer(row) => self.renew_customer(loaded, &row),
            Row::Instrument(row) => self.renew_instrument(loaded, row, by_print).await,
            Row::Reusable(row) => self.renew_reusable(loaded, row, by_print).await,
            Row::Reply(row) => self.renew_reply(loaded, &row),
            Row::Token(_) | Row::Index { .. } | Row::Key(_) => Ok(Renewal::None),
        }
    }

    fn renew_customer(&self, loaded: &Loaded, row: &CustomerRow) -> Result<Renewal, Refused> {
        let at = Place { tenant: row.tenant, number: row.number, generation: row.generation };
        if is_newest(loaded, at, &[&row.details]) {
            return Ok(Renewal::None);
        }
        let mut fresh = self.resealed(at, &row.salt, &[(Field::Details, &row.details)])?;
        let details = fresh.blobs.pop().ok_or(Refused::Unavailable)?;
        let after = CustomerRow { salt: fresh.salt, details, ..row.clone() };
        Ok(Renewal::Unit(self.unit(self.now())?.replace_customer(at.generation, after)))
    }

    /// A reply keeps the mark of its SAD under the ring's key of its half minute: it is renewed when that is dead.
    fn renew_reply(&self, loaded: &Loaded, row: &ReplyRow) -> Result<Renewal, Refused> {
        let at = Place { tenant: row.tenant, number: row.number, generation: row.generation };
        if is_newest(loaded, at, &[&row.details]) {
            return Ok(Renewal::None);
        }
        let over = Numbers::lowest_at(self.now().plus_seconds(-limits::SAD_WIPED_SECONDS));
        if row.sad.is_some() && row.number >= over {
            return Ok(Renewal::Later);
        }
        let mut fresh = self.resealed(at, &row.salt, &[(Field::Details, &row.details)])?;
        let details = fresh.blobs.pop().ok_or(Refused::Unavailable)?;
        let after = ReplyRow { salt: fresh.salt, details, sad: None, ..row.clone() };
        Ok(Renewal::Unit(self.unit(self.now())?.replace_reply(at.generation, after)))
    }

    async fn renew_instrument(
        &self,
        loaded: &Loaded,
        row: InstrumentRow,
        by_print: bool,
    ) -> Result<Renewal, Refused> {
        let at = row.place();
        let mut after = row.clone();
        let mut unit = self.unit(self.now())?;
        let mut changed = false;
        if by_print {
            let prints = self.prints(row.tenant, &self.open_instrument(&row)?)?;
            let details = self.open_instrument_details(&row)?;
            let line = self.customer_prefix(row.tenant, &details.customer)?;
            after.fingerprint = shown(prints.as_ref());
            changed = after.fingerprint != row.fingerprint;
            if let Some(prints) = prints.filter(|_| !details.deactivated) {
                let key = |print| Ok(matched_key(row.tenant, line, &print));
                (unit, changed) = self.found_by(unit, changed, row.number, &prints, key).await?;
            }
        }
        if let Some(fresh) = self.both_anew(loaded, at, &row.salt, (&row.protected, &row.details))? {
            (after.salt, after.protected, after.details) = fresh;
            changed = true;
        }
        let unit = unit.replace_instrument(at.generation, after);
        Ok(if changed { Renewal::Unit(unit) } else { Renewal::None })
    }

    async fn renew_reusable(
        &self,
        loaded: &Loaded,
        row: ReusableRow,
        by_print: bool,
    ) -> Result<Renewal, Refused> {
        let at = row.place();
        let mut after = row.clone();
        let mut unit = self.unit(self.now())?;
        let mut changed = false;
        if by_print {
            let prints = self.prints(row.tenant, &self.open_reusable(&row)?)?;
            after.fingerprint = shown(prints.as_ref());
            changed = after.fingerprint != row.fingerprint;
            // Referenced tokens are found by their references and digits alone.
            if let (Some(prints), false) = (prints, self.is_referenced(&row)?) {
                let details = self.open_reusable_details(&row)?;
                let key = |print| self.reusable_card_key(row.tenant, details.namespace.as_deref(), &print);
                (unit, changed) = self.found_by(unit, changed, row.number, &prints, key).await?;
            }
        }
        if let Some(fresh) = self.both_anew(loaded, at, &row.salt, (&row.protected, &row.details))? {
            (after.salt, after.protected, after.details) = fresh;
            changed = true;
        }
        let unit = unit.replace_reusable(at.generation, after);
        Ok(if changed { Renewal::Unit(unit) } else { Renewal::None })
    }

    /// What a record protects and its details under the newest key; none where they lie under it.
    fn both_anew(
        &self,
        loaded: &Loaded,
        at: Place,
        salt: &Salt,
        (protected, details): (&Blob, &Blob),
    ) -> Result<Option<(Salt, Blob, Blob)>, Refused> {
        if is_newest(loaded, at, &[protected, details]) {
            return Ok(None);
        }
        let fields = [(Field::Protected, protected), (Field::Details, details)];
        two(self.resealed(at, salt, &fields)?).map(Some)
    }

    /// Whether a row of the table of reusable tokens is a referenced one, by what is sealed.
    fn is_referenced(&self, row: &ReusableRow) -> Result<bool, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.details)?;
        let json = opener.open(Field::Details, &row.details).map_err(|_| unreadable(at))?;
        Ok(serde_json::from_slice::<ReferencedDetails>(&json).is_ok())
    }

    /// The record is found by every fingerprint in use, and by none that is retired.
    async fn found_by(
        &self,
        mut unit: UnitBuilder,
        mut changed: bool,
        number: RecordNumber,
        prints: &Prints,
        key: impl Fn(coffer_crypto::Fingerprint) -> Result<UniqueKey, Refused>,
    ) -> Result<(UnitBuilder, bool), Refused> {
        for print in prints.active() {
            let key = key(print)?;
            match self.store.holder(key).await? {
                Some(holder) if holder == number => {}
                // The key by which it was found before stays: without it nothing would lead here.
                Some(_) => {
                    tracing::error!(record = number.get(), "another record is found in its place");
                    return Err(Refused::Contended);
                }
                None => {
                    unit = unit.insert(Row::Index { key, holder: number });
                    changed = true;
                }
            }
        }
        for print in prints.retired() {
            let key = key(print)?;
            if self.store.holder(key).await? == Some(number) {
                unit = unit.free_key(key);
                changed = true;
            }
        }
        Ok((unit, changed))
    }

    /// The same clear bytes under the key in use and a fresh salt.
    fn resealed(&self, at: Place, salt: &Salt, fields: &[(Field, &Blob)]) -> Result<Resealed, Refused> {
        let [fresh] = self.salts()?;
        let sealer = self.keys.sealer(Class::Durable, at.tenant, at.number, at.generation, fresh.clone());
        let mut sealer = sealer.map_err(not_sealed)?;
        let mut blobs = Vec::with_capacity(fields.len());
        for (field, blob) in fields {
            let opener = self.opener(Class::Durable, at, salt, blob)?;
            let clear = opener.open(*field, blob).map_err(|OpenError| unreadable(at))?;
            blobs.push(sealer.seal(*field, &clear).map_err(not_sealed)?);
        }
        Ok(Resealed { salt: fresh, blobs })
    }
}

/// Whether everything of a record lies under the key in use.
fn is_newest(loaded: &Loaded, at: Place, blobs: &[&Blob]) -> bool {
    let newest = loaded.keyring.sealing_version(Class::Durable, at.tenant);
    blobs.iter().all(|blob| blob.key_version().ok() == newest)
}

fn two(fresh: Resealed) -> Result<(Salt, Blob, Blob), Refused> {
    let mut blobs = fresh.blobs.into_iter();
    let (Some(protected), Some(details)) = (blobs.next(), blobs.next()) else {
        return Err(Refused::Unavailable);
    };
    Ok((fresh.salt, protected, details))
}
