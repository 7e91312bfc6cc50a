//! `/storefront/payment-instruments`: what a customer's own browser may do with the customer's instruments.

use coffer_core::InstrumentView;

use super::{auth::Caller, convert, error::Problem};
use crate::{app::App, call::Call};

pub(super) mod create;
pub(super) mod deactivate;
pub(super) mod list;
pub(super) mod read;
pub(super) mod update;

/// The instrument in the path, which must be the caller's: another customer's is as one that is not there.
async fn own_instrument(app: &App, caller: &Caller, call: &Call) -> Result<InstrumentView, Problem> {
    let id = call.param("id").and_then(convert::parse_instrument_id).ok_or(Problem::NotFound)?;
    let customer = caller.customer().ok_or(Problem::NotFound)?;
    let found = app.vault.read_instrument(caller.act.tenant, &id).await?;
    found.filter(|view| view.details.customer == customer).ok_or(Problem::NotFound)
}
