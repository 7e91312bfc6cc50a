//! Custodians bring shares to this command: a root is put together here for the time of an order.

use std::io::Write;

use coffer_crypto::{
    Environment, RootId, RootKey,
    custody::{Quorum, Scheme},
};

use super::{prompt, status::Status};
use crate::node::NodeError;

/// Mistyped shares before the command gives up.
const MISTYPED: usize = 10;

/// Sandbox or live, as the node says.
pub(super) fn environment(status: &Status) -> Result<Environment, NodeError> {
    let both = [Environment::Sandbox, Environment::Live];
    let found = both.into_iter().find(|environment| environment.as_str() == status.environment);
    Ok(found.ok_or("the node's environment is not known")?)
}

/// Asks custodians for their shares of one of these roots until there are enough; with none, the first share says of
/// which root they are.
pub(crate) fn gather(environment: Environment, roots: &[RootId], what: &str) -> Result<RootKey, NodeError> {
    let mut quorum = Quorum::new(environment, roots);
    let mut mistyped = 0;
    loop {
        let at = quorum.progress().map_or(1, |progress| progress.have + 1);
        let typed = prompt::secret(&format!("Custodian {at}: your share of the {what} root"))?;
        match quorum.add(&typed) {
            Ok(progress) if progress.is_complete() => return Ok(quorum.take()?),
            Ok(progress) => writeln!(std::io::stderr(), "{} of {}", progress.have, progress.need)?,
            Err(error) => {
                mistyped += 1;
                if mistyped >= MISTYPED || !prompt::is_terminal() {
                    return Err(error.into());
                }
                writeln!(std::io::stderr(), "{error}")?;
            }
        }
    }
}

/// How many shares, and how many are needed.
pub(super) fn scheme(threshold: u8, shares: u8) -> Result<Scheme, NodeError> {
    Ok(Scheme::new(threshold, shares)?)
}
