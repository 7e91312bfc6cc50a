//! What every dialect says in its own shape when the vault could not serve.

use coffer_core::Refused;
use hyper::StatusCode;

/// Status and words for a refused use case. All of them may be tried again.
pub(crate) fn of(refused: Refused) -> (StatusCode, &'static str) {
    match refused {
        Refused::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Too many requests are waiting. Nothing was done; try again."),
        Refused::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "The vault cannot serve this now. Nothing was done."),
        Refused::Contended => {
            (StatusCode::SERVICE_UNAVAILABLE, "Others are changing the same records. Nothing was done; try again.")
        }
    }
}
