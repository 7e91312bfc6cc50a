//! Reusable tokens: a card that can be used until its token ends or is deleted, matched by its number within a
//! namespace. One file an act; what they share is here.

mod conflict;
mod delete;
mod expire;
mod namespace;
mod reveal;
mod tokenize;
mod update;

use std::fmt;

use coffer_crypto::{Class, Field, Fingerprint, LocatorBytes, LocatorKind, ShortName};
use coffer_types::{Expiry, Generation, RecordNumber, Tenant, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    details::Contact,
    index,
    keys::prints::{Prints, shown},
    protected::Protected,
    store::{CardFace, ReusableRow, Row, UniqueKey, UnitBuilder},
    vault::{Place, Refused, Vault, not_sealed, open_json, unreadable, wiped_json},
};

pub use conflict::{Conflict, ResolveError};
pub(crate) use namespace::place_key;
pub use reveal::{RevealReusableError, RevealedReusable};
pub use tokenize::{Lifetime, NewReusable, Source, TokenizeError, Tokenized};
pub use update::{ReusableChange, ReusableError};

/// What is kept of a card beside its number, and compared when the card comes again.
#[derive(Clone, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct CardFacts {
    /// The name on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Month and year on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// The address to bill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// What a card scheme called the first payment of a series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme_reference: Option<String>,
}

impl CardFacts {
    /// Those of `offered` that are there and not the same here. What is absent says nothing.
    #[must_use]
    pub fn differing(&self, offered: &Self) -> Self {
        fn other<T: Clone + PartialEq>(stored: Option<&T>, offered: Option<&T>) -> Option<T> {
            offered.filter(|offered| stored != Some(*offered)).cloned()
        }
        Self {
            holder: other(self.holder.as_ref(), offered.holder.as_ref()),
            expiry: other(self.expiry.as_ref(), offered.expiry.as_ref()),
            contact: other(self.contact.as_ref(), offered.contact.as_ref()),
            scheme_reference: other(self.scheme_reference.as_ref(), offered.scheme_reference.as_ref()),
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These, with what `others` say in place of what they said.
    #[must_use]
    fn overlaid(self, others: Self) -> Self {
        Self {
            holder: others.holder.or(self.holder),
            expiry: others.expiry.or(self.expiry),
            contact: others.contact.or(self.contact),
            scheme_reference: others.scheme_reference.or(self.scheme_reference),
        }
    }
}

impl fmt::Debug for CardFacts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CardFacts(..)")
    }
}

/// Everything of a reusable token that is not protected. Lives sealed.
#[derive(Deserialize, Serialize)]
pub struct ReusableDetails {
    /// The version of the locator key with which all its names are printed, for ever.
    locator: u8,
    /// When it ends. The clear column only serves the sweep.
    pub ends_at: Timestamp,
    /// Since when it has the time until then: since it was made, or last extended.
    since: Timestamp,
    /// What it is grouped by, in the merchant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its place in the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<u8>,
    /// The merchant's words for it.
    pub description: String,
    /// What is compared.
    pub facts: CardFacts,
    /// The dialect's own fields, as JSON that only it understands. They are made once, of the card.
    pub own: Box<RawValue>,
    /// When it was changed, in seconds of the epoch, as far as that still counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    updates: Vec<i64>,
}

impl ReusableDetails {
    /// Its place in its namespace.
    pub(crate) fn place(&self) -> Option<u8> {
        self.place
    }
}

impl fmt::Debug for ReusableDetails {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ReusableDetails(..)")
    }
}

/// How a reusable token is named: by itself, by each part that can be changed, and in short.
#[derive(Clone, Copy, Debug)]
pub struct ReusableNames {
    /// The token.
    pub token: LocatorBytes,
    /// Its description.
    pub description: LocatorBytes,
    /// The card holder.
    pub holder: LocatorBytes,
    /// The card's expiry.
    pub expiry: LocatorBytes,
    /// The address.
    pub address: LocatorBytes,
    /// The scheme reference.
    pub scheme_reference: LocatorBytes,
    /// For whoever shows the tenant's credential.
    pub short: ShortName,
}

/// A reusable token, masked.
#[derive(Debug)]
pub struct ReusableView {
    /// The record's number: it rises with time.
    pub number: RecordNumber,
    /// How it is named.
    pub names: ReusableNames,
    /// When it was made.
    pub created_at: Timestamp,
    /// Of its card, what may be shown.
    pub face: Option<CardFace>,
    /// All else.
    pub details: ReusableDetails,
}

impl ReusableRow {
    pub(crate) fn place(&self) -> Place {
        Place { tenant: self.tenant, number: self.number, generation: self.generation }
    }
}

impl Vault {
    /// Where a printed name of a reusable token, a part of it, a conflict or a session points. None for anything that
    /// this vault did not print for this kind.
    pub fn locate(&self, kind: LocatorKind, name: &LocatorBytes) -> Option<(Tenant, RecordNumber)> {
        self.keys.locator().open(kind, &name.0)
    }

    /// The record of this tenant that a short name means; none for every other text.
    pub fn locate_short(&self, tenant: Tenant, name: &ShortName) -> Option<RecordNumber> {
        self.keys.locator().open_short_name(tenant, name)
    }

    /// The reusable token of this tenant under this number; none when there is none or its time is over.
    pub async fn read_reusable(
        &self,
        tenant: Tenant,
        number: RecordNumber,
    ) -> Result<Option<ReusableView>, Refused> {
        let found = self.live_reusable(tenant, number, self.now()).await?;
        found.map(|(row, details)| self.reusable_view(&row, details)).transpose()
    }

    /// The row of a token that has not ended, and what is sealed in it.
    async fn live_reusable(
        &self,
        tenant: Tenant,
        number: RecordNumber,
        now: Timestamp,
    ) -> Result<Option<(ReusableRow, ReusableDetails)>, Refused> {
        let Some(row) = self.reusable_numbered(tenant, number).await? else { return Ok(None) };
        let details = self.open_reusable_details(&row)?;
        Ok((now < details.ends_at).then_some((row, details)))
    }

    pub(crate) fn open_reusable_details(&self, row: &ReusableRow) -> Result<ReusableDetails, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.details)?;
        open_json(&opener, at, &row.details)
    }

    pub(crate) fn open_reusable(&self, row: &ReusableRow) -> Result<Protected, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.protected)?;
        let clear = opener.open(Field::Protected, &row.protected).map_err(|_| unreadable(at))?;
        Protected::from_bytes(&clear).map_err(|_| unreadable(at))
    }

    /// A new row, sealed.
    pub(crate) fn seal_reusable<D: Serialize>(
        &self,
        at: Place,
        protected: &Protected,
        (details, ends_at): (&D, Timestamp),
        (created_at, now): (Timestamp, Timestamp),
    ) -> Result<ReusableRow, Refused> {
        let [salt] = self.salts()?;
        let sealer = self.keys.sealer(Class::Durable, at.tenant, at.number, at.generation, salt.clone());
        let mut sealer = sealer.map_err(not_sealed)?;
        let blob = sealer.seal(Field::Protected, &protected.to_bytes()).map_err(not_sealed)?;
        let sealed_details = sealer.seal(Field::Details, &wiped_json(details)?).map_err(not_sealed)?;
        Ok(ReusableRow {
            number: at.number,
            tenant: at.tenant,
            generation: at.generation,
            created_at,
            updated_at: now,
            ends_at,
            face: protected.face(),
            fingerprint: shown(self.prints(at.tenant, protected)?.as_ref()),
            salt,
            protected: blob,
            details: sealed_details,
        })
    }

    /// The next generation of a row, sealed anew with other details.
    fn resealed_reusable(
        &self,
        before: &ReusableRow,
        details: &ReusableDetails,
        now: Timestamp,
    ) -> Result<ReusableRow, Refused> {
        let generation = before.generation.next().ok_or(Refused::Unavailable)?;
        let protected = self.open_reusable(before)?;
        let at = Place { generation, ..before.place() };
        self.seal_reusable(at, &protected, (details, details.ends_at), (before.created_at, now))
    }

    pub(crate) fn reusable_view(
        &self,
        row: &ReusableRow,
        details: ReusableDetails,
    ) -> Result<ReusableView, Refused> {
        let names = self.reusable_names(row.tenant, row.number, details.locator)?;
        Ok(ReusableView { number: row.number, names, created_at: row.created_at, face: row.face, details })
    }

    fn reusable_names(
        &self,
        tenant: Tenant,
        number: RecordNumber,
        version: u8,
    ) -> Result<ReusableNames, Refused> {
        let locator = self.keys.locator();
        let name = |kind| locator.seal_with(version, kind, tenant, number).map_err(|_| Refused::Unavailable);
        Ok(ReusableNames {
            token: name(LocatorKind::Reusable)?,
            description: name(LocatorKind::ReusableDescription)?,
            holder: name(LocatorKind::ReusableHolder)?,
            expiry: name(LocatorKind::ReusableExpiry)?,
            address: name(LocatorKind::ReusableAddress)?,
            scheme_reference: name(LocatorKind::ReusableSchemeReference)?,
            short: locator.short_name(version, tenant, number).map_err(|_| Refused::Unavailable)?,
        })
    }

    /// The unique keys by which a card is looked for within a namespace, newest first; none of what is no card.
    pub(crate) fn card_keys(
        &self,
        tenant: Tenant,
        namespace: Option<&str>,
        protected: &Protected,
    ) -> Result<Vec<UniqueKey>, Refused> {
        let prints = self.prints(tenant, protected)?;
        let active = prints.iter().flat_map(Prints::active);
        active.map(|print| self.reusable_card_key(tenant, namespace, &print)).collect()
    }

    /// See [`index::reusable_card`].
    pub(crate) fn reusable_card_key(
        &self,
        tenant: Tenant,
        namespace: Option<&str>,
        fingerprint: &Fingerprint,
    ) -> Result<UniqueKey, Refused> {
        self.keys.index(|keys| index::reusable_card(keys, tenant, namespace, fingerprint))
    }

    /// Adds to a unit what a new token takes beside its row.
    fn hold_keys(
        &self,
        unit: UnitBuilder,
        row: &ReusableRow,
        details: &ReusableDetails,
    ) -> Result<UnitBuilder, Refused> {
        let keys = self.held_keys(row, details, false)?;
        Ok(keys.into_iter().fold(unit, |unit, key| unit.insert(Row::Index { key, holder: row.number })))
    }

    /// Erases a token and gives back what it took.
    fn erase_reusable(
        &self,
        unit: UnitBuilder,
        row: &ReusableRow,
        details: &ReusableDetails,
    ) -> Result<UnitBuilder, Refused> {
        let keys = self.held_keys(row, details, true)?;
        let unit = unit.erase(row.key(), row.generation);
        Ok(keys.into_iter().fold(unit, UnitBuilder::free_key))
    }

    /// The unique keys of a token; with those of fingerprint keys that are not in use, where it gives back all that
    /// it may have. Made of what is sealed: the row's own fingerprint is clear, and names no key.
    fn held_keys(
        &self,
        row: &ReusableRow,
        details: &ReusableDetails,
        all: bool,
    ) -> Result<Vec<UniqueKey>, Refused> {
        let protected = self.open_reusable(row)?;
        let prints = self.prints(row.tenant, &protected)?.ok_or_else(|| unreadable(row.place()))?;
        let namespace = details.namespace.as_deref();
        let prints: Vec<Fingerprint> = if all { prints.all().collect() } else { prints.active().collect() };
        let keys = prints.iter().map(|print| self.reusable_card_key(row.tenant, namespace, print));
        let mut keys: Vec<UniqueKey> = keys.collect::<Result<_, _>>()?;
        if let (Some(namespace), Some(place)) = (namespace, details.place) {
            keys.push(place_key(row.tenant, self.namespace_hash(row.tenant, namespace)?, place));
        }
        Ok(keys)
    }
}

/// The line in which acts on one token wait for each other. Numbers rise, so their highest bytes are all the same:
/// multiplied by an odd number, they spread over the lines.
pub(crate) fn line_of(number: RecordNumber) -> [u8; 8] {
    number.get().wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()
}

/// The first generation of a new record.
pub(crate) fn first(tenant: Tenant, number: RecordNumber) -> Place {
    Place { tenant, number, generation: Generation::FIRST }
}
