//! Custodians bring shares to this command: a root is put together here for the time of an order.

use std::io::Write;

use coffer_crypto::{
    Environment, RootId, RootKey,
    custody::{Quorum, QuorumError, Scheme},
};

use super::{Usage, prompt, status::Status};
use crate::{custody::Wanted, node::NodeError};

/// Mistyped shares before the command gives up.
const MISTYPED: usize = 10;

/// Sandbox or live, as the node says.
pub(super) fn environment(status: &Status) -> Result<Environment, NodeError> {
    let both = [Environment::Sandbox, Environment::Live];
    let found = both.into_iter().find(|environment| environment.as_str() == status.environment);
    Ok(found.ok_or("the node's environment is not known")?)
}

/// Asks custodians for their shares of one of these roots until there are enough.
pub(super) fn gather(environment: Environment, roots: &[RootId], what: &str) -> Result<RootKey, NodeError> {
    ask(environment, roots, &format!("the {what} root"), |error| error.to_string())
}

/// The same for a command that opens a vault by itself. Where no root is known to be wanted, the first share says of
/// which root they are.
pub(crate) fn gather_wanted(environment: Environment, wanted: &Wanted<'_>) -> Result<RootKey, NodeError> {
    ask(environment, &wanted.roots, &wanted.asked(), |error| match error {
        QuorumError::Root(given) => wanted.refuse_share(given),
        error => error.to_string(),
    })
}

fn ask(
    environment: Environment,
    roots: &[RootId],
    what: &str,
    told: impl Fn(QuorumError) -> String,
) -> Result<RootKey, NodeError> {
    let mut quorum = Quorum::new(environment, roots);
    let mut mistyped = 0;
    loop {
        let at = quorum.progress().map_or(1, |progress| progress.have + 1);
        let typed = prompt::secret(&format!("Custodian {at}: your share of {what}"))?;
        match quorum.add(&typed) {
            Ok(progress) if progress.is_complete() => return Ok(quorum.take()?),
            Ok(progress) => writeln!(std::io::stderr(), "{} of {}", progress.have, progress.need)?,
            Err(error) => {
                mistyped += 1;
                if mistyped >= MISTYPED || !prompt::is_terminal() {
                    return Err(told(error).into());
                }
                writeln!(std::io::stderr(), "{}", told(error))?;
            }
        }
    }
}

/// How many shares, and how many are needed.
pub(super) fn scheme(threshold: u8, shares: u8) -> Result<Scheme, NodeError> {
    Ok(Scheme::new(threshold, shares).map_err(|error| Usage(error.to_string()))?)
}
