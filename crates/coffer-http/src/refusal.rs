//! What every dialect says in its own shape when the vault could not serve.

use coffer_core::Refused;
use hyper::StatusCode;

/// Status and words for a refused use case. All of them may be tried again.
pub(crate) fn of(refused: Refused) -> (StatusCode, &'static str) {
    let detail = match refused {
        Refused::Busy => "Too many requests are waiting. Nothing was done; try again.",
        Refused::Unavailable => "The vault cannot serve this now. Nothing was done.",
        Refused::Contended => "Others are changing the same records. Nothing was done; try again.",
    };
    (StatusCode::SERVICE_UNAVAILABLE, detail)
}
