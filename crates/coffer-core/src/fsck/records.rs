//! One record after the other.

use std::collections::BTreeSet;

use coffer_crypto::{Blob, Class, Field, Fingerprint, KeyPurpose, KeyState, Keyring, Salt, SealError};
use coffer_types::{RecordNumber, Tenant, Timestamp};
use serde::de::DeserializeOwned;

use super::Problem;
use crate::{
    details::{CustomerDetails, Details, InstrumentDetails},
    index,
    keep::{lone_key, matched_key},
    numbers::Numbers,
    once::Kept,
    protected::Protected,
    referenced::{NEVER, ReferencedDetails},
    reusable::{ReusableDetails, place_key},
    store::{
        CardFace, CustomerRow, InstrumentRow, KeyId, KeyRow, ReplyRow, ReusableRow, Row, TokenRow,
        TokenState, UniqueKey,
    },
    vault::Place,
};

/// What a record came to.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong with it; the record itself is named by whoever asks.
    pub wrong: Vec<&'static str>,
    /// The unique keys that it must hold: of each list one at least. While a key of fingerprints is replaced a record
    /// may hold those of both.
    pub held: Vec<Vec<UniqueKey>>,
    /// The version of the key under which it was sealed, where that was destroyed: nothing opens it, by design.
    pub erased: Option<u32>,
    /// Whether it has something sealed under a key of the ring: that cannot be opened here.
    pub has_sad: bool,
}

impl Checked {
    fn wrong(what: &'static str) -> Self {
        Self { wrong: vec![what], ..Self::default() }
    }

    /// Whether the record may hold this unique key.
    pub fn may_hold(&self, key: &UniqueKey) -> bool {
        self.held.iter().flatten().any(|held| held == key)
    }

    /// What is wrong, with the record's name.
    pub fn problems(&self, table: &'static str, number: RecordNumber, tenant: Tenant) -> Vec<Problem> {
        let named = |what: &&'static str| Problem::of(table, *what).record(number.get()).tenant(Some(tenant));
        self.wrong.iter().map(named).collect()
    }
}

/// Why a field of a record gives nothing.
enum Shut {
    /// Its key was destroyed.
    Erased(u32),
    /// Something is wrong.
    Wrong(&'static str),
}

impl From<SealError> for Shut {
    /// Of an index or a fingerprint.
    fn from(_: SealError) -> Self {
        Self::Wrong(HASH)
    }
}

impl From<Shut> for Checked {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Erased(version) => Self { erased: Some(version), ..Self::default() },
            Shut::Wrong(what) => Self::wrong(what),
        }
    }
}

const PROTECTED: &str = "what is protected does not open: it was changed, or is another record's or tenant's";
const DETAILS: &str = "the details do not open: they were changed, or are another record's or tenant's";
const FORM: &str = "what was sealed does not read back";
const FACE: &str = "BIN, last four or brand in the clear are not the card's";
const FINGERPRINT: &str = "the fingerprint is not the one of what is protected";
const TIMES: &str = "its times in the clear do not belong to its number";
const ENDS: &str = "the time of its end in the clear is not the sealed one";
const HASH: &str = "a keyed hash could not be made: the tenant's keys are not there";

/// Holds records against the keys of their vault.
#[derive(Debug)]
pub struct Checks<'k> {
    keys: &'k Keyring,
    destroyed: BTreeSet<KeyId>,
}

impl<'k> Checks<'k> {
    /// Against these keys; `rows` say which were destroyed.
    pub fn new(keys: &'k Keyring, rows: &[KeyRow]) -> Self {
        let destroyed = rows.iter().filter(|row| row.state == KeyState::Destroyed).map(KeyRow::id).collect();
        Self { keys, destroyed }
    }

    /// A record of any table; rows without a number have nothing to be checked here.
    pub fn record(&self, row: &Row) -> Checked {
        let checked = match row {
            Row::Token(row) => self.token(row),
            Row::Instrument(row) => self.instrument(row),
            Row::Customer(row) => self.customer(row),
            Row::Reusable(row) => self.reusable(row),
            Row::Reply(row) => self.reply(row),
            Row::Index { .. } | Row::Key(_) => Ok(Checked::default()),
        };
        checked.unwrap_or_else(Checked::from)
    }

    fn token(&self, row: &TokenRow) -> Result<Checked, Shut> {
        let (at, mut wrong) = (row.place(), Vec::new());
        let _: Details = self.json(Class::ShortLived, at, &row.salt, &row.details)?;
        let mut has_sad = false;
        if let TokenState::Live { protected, sad } = &row.state {
            let protected = self.protected(Class::ShortLived, at, &row.salt, protected)?;
            has_sad = sad.is_some();
            // What a form has not filled in yet is not there.
            if protected.face() != row.face {
                wrong.push(FACE);
            }
            let whole_life = row.created_at.plus_seconds(row.kind.seconds());
            let bound = Numbers::time_of(row.number).plus_seconds(row.kind.seconds());
            if row.expires_at != whole_life || row.expires_at > bound {
                wrong.push(TIMES);
            }
        }
        Ok(Checked { wrong, has_sad, ..Checked::default() })
    }

    fn customer(&self, row: &CustomerRow) -> Result<Checked, Shut> {
        let at = Place { tenant: row.tenant, number: row.number, generation: row.generation };
        let details: CustomerDetails = self.json(Class::Durable, at, &row.salt, &row.details)?;
        let key = index::customer_id(self.keys, row.tenant, &details.id)?;
        Ok(Checked { held: vec![vec![key]], ..self.times(row.created_at, row.updated_at) })
    }

    fn instrument(&self, row: &InstrumentRow) -> Result<Checked, Shut> {
        let at = row.place();
        let protected = self.protected(Class::Durable, at, &row.salt, &row.protected)?;
        let details: InstrumentDetails = self.json(Class::Durable, at, &row.salt, &row.details)?;
        let prints = self.fingerprints(row.tenant, &protected)?;
        let customer = index::customer_prefix(self.keys, row.tenant, &details.customer)?;
        let keys = if details.deactivated || prints.is_empty() {
            vec![lone_key(row.tenant, customer, row.number)]
        } else {
            prints.iter().map(|print| matched_key(row.tenant, customer, print)).collect()
        };
        let times = self.times(row.created_at, row.updated_at);
        let wrong = [times.wrong, clear(&protected, &prints, row.face, row.fingerprint.as_ref())].concat();
        Ok(Checked { wrong, held: vec![keys], ..Checked::default() })
    }

    fn reusable(&self, row: &ReusableRow) -> Result<Checked, Shut> {
        let protected = self.protected(Class::Durable, row.place(), &row.salt, &row.protected)?;
        let prints = self.fingerprints(row.tenant, &protected)?;
        let (held, ends_at) =
            match self.json::<ReferencedDetails>(Class::Durable, row.place(), &row.salt, &row.details) {
                Ok(details) => (self.names(row, &details)?, NEVER),
                Err(Shut::Wrong(FORM)) => {
                    let details = self.json(Class::Durable, row.place(), &row.salt, &row.details)?;
                    (self.places(row, &details, &prints)?, details.ends_at)
                }
                Err(shut) => return Err(shut),
            };
        let mut wrong = clear(&protected, &prints, row.face, row.fingerprint.as_ref());
        wrong.extend(self.times(row.created_at, row.updated_at).wrong);
        if ends_at != row.ends_at {
            wrong.push(ENDS);
        }
        Ok(Checked { wrong, held, ..Checked::default() })
    }

    /// What a referenced token is named by.
    fn names(&self, row: &ReusableRow, details: &ReferencedDetails) -> Result<Vec<Vec<UniqueKey>>, Shut> {
        let (keys, tenant, group) = (self.keys, row.tenant, &*details.group);
        Ok(vec![
            vec![index::reference(keys, tenant, group, &details.reference)?],
            vec![index::digits(keys, tenant, &details.digits)?],
            vec![index::member(keys, tenant, group, row.number)?],
        ])
    }

    /// What a reusable token is matched by, and its place in its namespace.
    fn places(
        &self,
        row: &ReusableRow,
        details: &ReusableDetails,
        prints: &[Fingerprint],
    ) -> Result<Vec<Vec<UniqueKey>>, Shut> {
        let (keys, tenant, namespace) = (self.keys, row.tenant, details.namespace.as_deref());
        let card = |print| index::reusable_card(keys, tenant, namespace, print);
        let mut held = vec![prints.iter().map(card).collect::<Result<_, _>>()?];
        if let (Some(namespace), Some(place)) = (namespace, details.place()) {
            held.push(vec![place_key(tenant, index::namespace(keys, tenant, namespace)?, place)]);
        }
        Ok(held)
    }

    fn reply(&self, row: &ReplyRow) -> Result<Checked, Shut> {
        let at = Place { tenant: row.tenant, number: row.number, generation: row.generation };
        let _: Kept = self.json(Class::Durable, at, &row.salt, &row.details)?;
        Ok(Checked { has_sad: row.sad.is_some(), ..Checked::default() })
    }

    #[expect(clippy::unused_self, reason = "it stands with the other checks")]
    fn times(&self, created_at: Timestamp, updated_at: Timestamp) -> Checked {
        if created_at <= updated_at { Checked::default() } else { Checked::wrong(TIMES) }
    }

    fn open(
        &self,
        class: Class,
        at: Place,
        salt: &Salt,
        (field, blob): (Field, &Blob),
        shut: &'static str,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, Shut> {
        let version = blob.key_version().map_err(|_| Shut::Wrong(shut))?;
        let purpose = match class {
            Class::ShortLived => KeyPurpose::DataShortLived,
            Class::Durable | Class::Sad => KeyPurpose::DataDurable,
        };
        let id = KeyId { tenant: Some(at.tenant), purpose: purpose.code(), version: version.get() };
        if self.destroyed.contains(&id) {
            return Err(Shut::Erased(version.get()));
        }
        let opener = self.keys.opener(class, at.tenant, at.number, at.generation, salt, version);
        opener.and_then(|opener| opener.open(field, blob)).map_err(|_| Shut::Wrong(shut))
    }

    fn json<T: DeserializeOwned>(
        &self,
        class: Class,
        at: Place,
        salt: &Salt,
        blob: &Blob,
    ) -> Result<T, Shut> {
        let clear = self.open(class, at, salt, (Field::Details, blob), DETAILS)?;
        serde_json::from_slice(&clear).map_err(|_| Shut::Wrong(FORM))
    }

    fn protected(&self, class: Class, at: Place, salt: &Salt, blob: &Blob) -> Result<Protected, Shut> {
        let clear = self.open(class, at, salt, (Field::Protected, blob), PROTECTED)?;
        Protected::from_bytes(&clear).map_err(|_| Shut::Wrong(FORM))
    }

    /// The fingerprints of what is protected, under every key of fingerprints that is in use.
    fn fingerprints(&self, tenant: Tenant, protected: &Protected) -> Result<Vec<Fingerprint>, Shut> {
        let Some((kind, identity)) = protected.identity() else { return Ok(Vec::new()) };
        let prints = self.keys.fingerprints(tenant, kind, &identity)?;
        let in_use = prints.into_iter().filter(|(state, _)| *state == KeyState::Active);
        Ok(in_use.map(|(_, print)| print).collect())
    }
}

/// What lies in the clear beside what is sealed.
fn clear(
    protected: &Protected,
    prints: &[Fingerprint],
    face: Option<CardFace>,
    fingerprint: Option<&Fingerprint>,
) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    if protected.face() != face {
        wrong.push(FACE);
    }
    let right = match fingerprint {
        Some(found) => prints.iter().any(|print| print.as_bytes() == found.as_bytes()),
        None => prints.is_empty(),
    };
    if !right {
        wrong.push(FINGERPRINT);
    }
    wrong
}
