//! Referenced tokens: reusable tokens that their merchant names. One belongs to a group, has the merchant's reference
//! within it and digits within the tenant, lives until it is deleted, and is matched by nothing: the same card twice is
//! two tokens. A reference and digits are used once: nobody gets those of a token that was deleted.
//!
//! One file an act; what they share is here.

mod create;
mod delete;
mod list;
mod reveal;
mod update;

use std::fmt;

use coffer_crypto::Class;
use coffer_types::{RecordNumber, Tenant, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    details::Details,
    index,
    protected::Protected,
    store::{CardFace, ReusableRow, UniqueKey},
    vault::{Place, Refused, Vault, open_json},
};

pub use create::{NewReferenced, ReferencedForms, ReferencedSource};
pub use list::{ReferencedPage, Side};
pub use reveal::RevealedReferenced;
pub use update::ReferencedChange;

/// When the sweep may take a referenced token: never.
pub(crate) const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// Everything of a referenced token that is not protected. Lives sealed.
#[derive(Deserialize, Serialize)]
pub struct ReferencedDetails {
    /// What it is grouped by.
    pub group: String,
    /// The merchant's reference for it, unique within the group for ever.
    pub reference: String,
    /// Its digits, unique within the tenant for ever.
    pub digits: String,
    /// What belongs to what is protected. Not flattened: the dialect's own JSON cannot be read back through serde's
    /// flatten.
    pub details: Details,
    /// The number of the short-lived row with the code that came with it, where its tenant keeps codes through an
    /// exchange. It says nothing of whether that is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_code: Option<u64>,
    /// The dialect's fields of the token itself, as JSON that only it understands.
    pub own: Box<RawValue>,
}

impl fmt::Debug for ReferencedDetails {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ReferencedDetails(..)")
    }
}

/// A referenced token, masked.
#[derive(Debug)]
pub struct ReferencedView {
    /// The record's number: it rises with time.
    pub number: RecordNumber,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Of a card, what may be shown.
    pub face: Option<CardFace>,
    /// All else.
    pub details: ReferencedDetails,
}

/// Why nothing was done with a referenced token. Nothing is used up then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferencedError {
    /// No such token of this tenant in this group.
    #[error("there is no such token")]
    Unknown,
    /// The reference is, or was, another token's.
    #[error("the reference was used before")]
    Taken,
    /// The single-use token is forged, unknown, another tenant's, used or expired: one answer for all.
    #[error("the single-use token cannot be used")]
    NotUsable,
    /// The single-use token protects nothing that can be kept.
    #[error("there is nothing to keep")]
    Nothing,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Vault {
    /// The token of this tenant with this reference in this group.
    pub async fn read_referenced(
        &self,
        tenant: Tenant,
        group: &str,
        reference: &str,
    ) -> Result<Option<ReferencedView>, Refused> {
        let found = self.find_referenced(tenant, group, reference).await?;
        Ok(found.map(|(row, details)| ReferencedView::of(&row, details)))
    }

    /// The token of this tenant with these digits, whatever its group.
    pub async fn read_referenced_digits(
        &self,
        tenant: Tenant,
        digits: &str,
    ) -> Result<Option<ReferencedView>, Refused> {
        let found = self.find_digits(tenant, digits).await?;
        Ok(found.map(|(row, details)| ReferencedView::of(&row, details)))
    }

    /// The row with a reference, and what is sealed in it.
    ///
    /// A reference outlives its token, and where it leads is not sealed: that it leads to this token is only seen
    /// inside.
    pub(crate) async fn find_referenced(
        &self,
        tenant: Tenant,
        group: &str,
        reference: &str,
    ) -> Result<Option<(ReusableRow, ReferencedDetails)>, Refused> {
        let found = self.held_referenced(self.reference_key(tenant, group, reference)?).await?;
        Ok(found.filter(|(_, details)| details.group == group && details.reference == reference))
    }

    /// The row with these digits, as with a reference.
    pub(crate) async fn find_digits(
        &self,
        tenant: Tenant,
        digits: &str,
    ) -> Result<Option<(ReusableRow, ReferencedDetails)>, Refused> {
        let found = self.held_referenced(self.digits_key(tenant, digits)?).await?;
        Ok(found.filter(|(_, details)| details.digits == digits))
    }

    async fn held_referenced(
        &self,
        key: UniqueKey,
    ) -> Result<Option<(ReusableRow, ReferencedDetails)>, Refused> {
        let Some(holder) = self.store.holder(key).await? else { return Ok(None) };
        let Some(row) = self.reusable_numbered(key.tenant, holder).await? else { return Ok(None) };
        let details = self.open_referenced_details(&row)?;
        Ok(Some((row, details)))
    }

    fn open_referenced_details(&self, row: &ReusableRow) -> Result<ReferencedDetails, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.details)?;
        open_json(&opener, at, &row.details)
    }

    /// The next generation of a row, sealed anew.
    fn resealed_referenced(
        &self,
        before: &ReusableRow,
        protected: &Protected,
        details: &ReferencedDetails,
        now: Timestamp,
    ) -> Result<ReusableRow, Refused> {
        let generation = before.generation.next().ok_or(Refused::Unavailable)?;
        let at = Place { generation, ..before.place() };
        self.seal_reusable(at, protected, (details, NEVER), (before.created_at, now))
    }

    pub(crate) fn reference_key(
        &self,
        tenant: Tenant,
        group: &str,
        reference: &str,
    ) -> Result<UniqueKey, Refused> {
        self.keys.index(|keys| index::reference(keys, tenant, group, reference))
    }

    fn digits_key(&self, tenant: Tenant, digits: &str) -> Result<UniqueKey, Refused> {
        self.keys.index(|keys| index::digits(keys, tenant, digits))
    }

    /// See [`index::group_prefix`].
    fn group_prefix(&self, tenant: Tenant, group: &str) -> Result<[u8; 8], Refused> {
        self.keys.index(|keys| index::group_prefix(keys, tenant, group))
    }

    fn member_key(&self, tenant: Tenant, group: &str, number: RecordNumber) -> Result<UniqueKey, Refused> {
        self.keys.index(|keys| index::member(keys, tenant, group, number))
    }
}

impl ReferencedView {
    pub(crate) fn of(row: &ReusableRow, details: ReferencedDetails) -> Self {
        Self {
            number: row.number,
            created_at: row.created_at,
            updated_at: row.updated_at,
            face: row.face,
            details,
        }
    }
}
