//! Who may call is not kept in the store, but every change of it is a fact (PCI DSS 10.2.1.5).

use crate::{
    audit::{Action, Fact},
    vault::{Refused, Vault},
};

impl Vault {
    /// Writes down that credentials or issuers are about to change, and which, by their names in the configuration.
    pub async fn record_callers(&self, told: String) -> Result<(), Refused> {
        let fact = Fact::system(Action::CallersChange).reason(told);
        self.store.commit(self.unit(self.now())?.fact(fact).finish()).await?;
        Ok(())
    }
}
