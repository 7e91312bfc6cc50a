//! Delete: a referenced token goes at once. Its reference and its digits are nobody's for ever.

use super::ReferencedError;
use crate::{
    audit::Action,
    reusable::line_of,
    store::Outcome,
    vault::{Act, Refused, Vault},
};

impl Vault {
    /// Erases a token with what it protects.
    pub async fn delete_referenced(
        &self,
        act: &Act,
        group: &str,
        reference: &str,
    ) -> Result<(), ReferencedError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let found = self.find_referenced(act.tenant, group, reference).await?;
            let (row, details) = found.ok_or(ReferencedError::Unknown)?;
            if !turn.has_come(Some(line_of(row.number))).await? {
                continue;
            }
            let unit = self.end_code(self.unit(now)?, act.tenant, details.kept_code, now).await?;
            let unit = unit.erase(row.key(), row.generation);
            let unit = unit.free_key(self.member_key(act.tenant, group, row.number)?);
            let unit = unit.fact(act.fact(Action::ReusableDelete).object(row.number)).finish();
            if let Outcome::Done(_) = self.store.commit(unit).await.map_err(Refused::from)? {
                return Ok(());
            }
        }
    }
}
