//! Namespaces: groups of at most so many reusable tokens. Each place of a namespace is a unique key that one token
//! holds, so that no interleaving of creates can fill more places than there are.

use coffer_types::{Tenant, Timestamp, limits};

use super::{ReusableDetails, ReusableView};
use crate::{
    erased::Held,
    index,
    store::{IndexKind, ReusableRow, Row, UniqueKey},
    vault::{Refused, Vault},
};

/// What a look for a place in a namespace finds.
#[expect(clippy::large_enum_variant, reason = "one a request, and never in a collection")]
pub(super) enum Free {
    /// This place is free.
    Place(u8),
    /// None is free, but this token has ended and only waits for the sweep.
    Ended(ReusableRow, ReusableDetails),
    /// All are taken.
    None,
}

impl Vault {
    /// The tokens of a namespace that have not ended, newest first. A namespace that nobody used is empty.
    pub async fn read_namespace(
        &self,
        tenant: Tenant,
        namespace: &str,
    ) -> Result<Vec<ReusableView>, Refused> {
        let now = self.now();
        let (hash, mut found) = (self.namespace_hash(tenant, namespace)?, Vec::new());
        for place in 0..limits::NAMESPACE_TOKENS {
            let held = self.at_place(tenant, namespace, (hash, place)).await?;
            let Some((row, details)) = held.found() else { continue };
            if now < details.ends_at {
                found.push(self.reusable_view(&row, details)?);
            }
        }
        found.sort_unstable_by_key(|view| std::cmp::Reverse(view.number));
        Ok(found)
    }

    pub(super) async fn free_place(
        &self,
        tenant: Tenant,
        namespace: &str,
        now: Timestamp,
    ) -> Result<Free, Refused> {
        let hash = self.namespace_hash(tenant, namespace)?;
        for place in 0..limits::NAMESPACE_TOKENS {
            if self.store.holder(place_key(tenant, hash, place)).await?.is_none() {
                return Ok(Free::Place(place));
            }
        }
        let mut ended = None;
        for place in 0..limits::NAMESPACE_TOKENS {
            match self.at_place(tenant, namespace, (hash, place)).await? {
                Held::Nothing => {}
                Held::Erased(row) => {
                    self.make_room(*row, &[place_key(tenant, hash, place)]).await?;
                    return Ok(Free::Place(place));
                }
                Held::Found(found) => {
                    ended = ended.or(Some(found).filter(|(_, details)| details.ends_at <= now));
                }
            }
        }
        Ok(ended.map_or(Free::None, |(row, details)| Free::Ended(row, details)))
    }

    /// The token at a place; none where the place is free, and where what lies there does not open: that is logged, and
    /// holds up no other. That a place leads to a token of this namespace is only seen inside the token.
    async fn at_place(
        &self,
        tenant: Tenant,
        namespace: &str,
        (hash, place): ([u8; 16], u8),
    ) -> Result<Held<(ReusableRow, ReusableDetails)>, Refused> {
        let Some(holder) = self.store.holder(place_key(tenant, hash, place)).await? else {
            return Ok(Held::Nothing);
        };
        // Deleted between the two reads: then the place is free as well.
        let Some(row) = self.store.reusable(tenant, holder).await? else { return Ok(Held::Nothing) };
        if self.is_reusable_erased(&row) {
            return Ok(Held::Erased(Box::new(Row::Reusable(row))));
        }
        let Ok(details) = self.open_reusable_details(&row) else { return Ok(Held::Nothing) };
        let there = details.namespace.as_deref() == Some(namespace) && details.place == Some(place);
        if !there {
            tracing::error!(
                record = holder.get(),
                "a place of a namespace leads to a token that is not in it"
            );
            return Ok(Held::Nothing);
        }
        Ok(Held::Found((row, details)))
    }

    /// See [`index::namespace`].
    pub(super) fn namespace_hash(&self, tenant: Tenant, namespace: &str) -> Result<[u8; 16], Refused> {
        self.keys.index(|keys| index::namespace(keys, tenant, namespace))
    }
}

/// The unique key of a place in the namespace with this hash.
pub(crate) fn place_key(tenant: Tenant, hash: [u8; 16], place: u8) -> UniqueKey {
    let mut value = hash;
    value[15] = place;
    UniqueKey { tenant, kind: IndexKind::NamespacePlace, value }
}
