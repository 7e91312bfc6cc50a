//! Sessions of hosted fields (sections 8.1 and 11): a merchant's server opens one, a browser fills in its fields, and
//! at the end they become a single-use token that the server knows nothing of but the name. And Apple Pay (8.2),
//! which is not to be had here.

pub(super) mod apple_pay;
pub(super) mod configuration;
pub(super) mod create;
pub(super) mod fill;
pub(super) mod finish;

use coffer_core::Details;
use coffer_types::{RecordNumber, Tenant};
use serde::{Deserialize, Serialize};

use super::{
    auth::{At, Shopper},
    error::Problem,
    settings::Terminal,
};
use crate::{app::App, call::Call};

/// What the merchant's server said when it opened a session.
#[derive(Deserialize, Serialize)]
struct Opened {
    terminal: String,
    /// The name of the key that it was opened with.
    actor: String,
}

/// A browser in a session that can be used now, and the terminal that the session is of.
async fn shopper<'a>(
    app: &'a App,
    call: &Call,
    located: (Tenant, RecordNumber),
) -> Result<(Shopper, At<'a>), Problem> {
    Shopper::spend(app, located)?;
    let details = app.vault.read_fields(located.0, located.1).await?.ok_or(Problem::NoSession)?;
    let opened = opened(&details)?;
    let found = app.settings.payroc.terminals.get_key_value(&opened.terminal);
    let (id, terminal): (&String, &Terminal) =
        found.filter(|(_, terminal)| terminal.tenant == located.0).ok_or(Problem::NoSession)?;
    let shopper = Shopper::named(call, located, &opened.actor);
    Ok((shopper, At { id, terminal }))
}

fn opened(details: &Details) -> Result<Opened, Problem> {
    let sealed = details.extra.as_deref().ok_or(coffer_core::Refused::Unavailable)?;
    Ok(serde_json::from_str(sealed.get()).map_err(|_| coffer_core::Refused::Unavailable)?)
}
