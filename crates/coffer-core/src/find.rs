//! Find: whether something is kept already, by the rules by which it would be matched. Nothing is written, and nothing
//! is shown of what is found but what a masked view has.

use coffer_types::Tenant;

use crate::{
    keep::matched_keys,
    keys::prints::Prints,
    protected::Protected,
    read::InstrumentView,
    referenced::ReferencedView,
    reusable::ReusableView,
    vault::{Refused, Vault},
};

/// What has a reference.
#[expect(clippy::large_enum_variant, reason = "one an act, and never in a collection")]
#[derive(Debug)]
pub enum Named {
    /// Nothing, now and before.
    Free,
    /// A token of this very card or account.
    Same(ReferencedView),
    /// A token of something else, or one that was deleted.
    Other,
}

impl Vault {
    /// The reusable token that a card matches in a namespace, and that has not ended.
    pub async fn find_reusable(
        &self,
        tenant: Tenant,
        namespace: Option<&str>,
        protected: &Protected,
    ) -> Result<Option<ReusableView>, Refused> {
        let keys = self.card_keys(tenant, namespace, protected)?;
        let found = self.matched_reusable(&keys, namespace, protected).await?;
        let live = found.found().filter(|(_, details)| self.now() < details.ends_at);
        live.map(|(row, details)| self.reusable_view(&row, details)).transpose()
    }

    /// What has a reference in a group, held against what is protected.
    pub async fn find_reference(
        &self,
        tenant: Tenant,
        group: &str,
        reference: &str,
        protected: &Protected,
    ) -> Result<Named, Refused> {
        let key = self.reference_key(tenant, group, reference)?;
        if self.store.holder(key).await?.is_none() {
            return Ok(Named::Free);
        }
        let Some((row, details)) = self.find_referenced(tenant, group, reference).await? else {
            return Ok(Named::Other);
        };
        let is_same = self.open_reusable(&row)?.identity() == protected.identity();
        Ok(if is_same { Named::Same(ReferencedView::of(&row, details)) } else { Named::Other })
    }

    /// The instrument of a customer that a card or account matches.
    pub async fn find_instrument(
        &self,
        tenant: Tenant,
        customer: &str,
        protected: &Protected,
    ) -> Result<Option<InstrumentView>, Refused> {
        let prints = self.prints(tenant, protected)?;
        let line = self.customer_prefix(tenant, customer)?;
        let keys = matched_keys(tenant, line, prints.iter().flat_map(Prints::active));
        let found = self.matched(&keys, customer, protected).await?.found();
        let Some((row, details)) = found else { return Ok(None) };
        let locator = self.instrument_locator(tenant, row.number)?;
        Ok(Some(InstrumentView::of(&row, locator, details)))
    }
}
