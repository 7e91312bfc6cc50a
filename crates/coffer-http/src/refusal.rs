//! What every dialect does about a refusal, whatever shape its answer has: the words for a vault that could not
//! serve, and the record of a caller who was refused.

use std::sync::Arc;

use coffer_core::{Failure, FailureReason, Refused};
use hyper::StatusCode;

use crate::{app::App, call::Call};

/// Counts a refused caller, and has it in the audit log before the answer leaves. `actor` is the credential's name.
pub(crate) async fn record(app: &App, call: &Call, reason: FailureReason, actor: Option<Arc<str>>) {
    let failure = Failure { reason, actor, origin: Some(call.origin), request: Some(call.request) };
    app.record_refusal(&failure).await;
}

/// Status and words for a refused use case. Those of 503 may be tried again.
pub(crate) fn of(refused: Refused) -> (StatusCode, &'static str) {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    match refused {
        Refused::Busy => (unavailable, "Too many requests are waiting. Nothing was done; try again."),
        // A store may be gone before it says whether it did what it was asked for.
        Refused::Unavailable => (unavailable, "The vault cannot serve this now. Try again."),
        Refused::Sealed => (unavailable, "The vault is sealed. Nothing was done; try again."),
        Refused::Contended => {
            (unavailable, "Others are changing the same records. Nothing was done; try again.")
        }
        Refused::Answered => {
            (unavailable, "Another request with the same key is being answered. Nothing was done; try again.")
        }
        Refused::TooLarge => {
            (StatusCode::PAYLOAD_TOO_LARGE, "This is more than one record keeps. Nothing was done.")
        }
    }
}
