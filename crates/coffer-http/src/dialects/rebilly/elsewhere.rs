//! Operations of the definition that are a processor's work: they move money or speak to a wallet's company.

use super::{
    auth,
    error::{self, Problem},
};
use crate::{app::App, call::Call, reply::Reply, router::Handler};

/// Where they would be.
pub(super) const PATHS: &[&str] =
    &["/transactions", "/payouts", "/digital-wallets/validation", "/storefront/register"];

pub(super) const HANDLER: Handler = |app, call| Box::pin(answer(app, call));

/// 404, and a sentence that says why. Nobody is asked who they are: nothing is here.
async fn answer(app: &App, call: &mut Call) -> Reply {
    auth::allow_readers(app, call);
    error::answer(app, call, Err(Problem::Elsewhere)).await
}
