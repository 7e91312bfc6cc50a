//! The line to the upstream: taken before a token is used up, so that a busy upstream, or one whose identity service
//! does not answer, costs nothing.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use coffer_core::{Refused, RequestId};
use hyper::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use zeroize::Zeroizing;

use super::{
    super::{
        error::{InvalidField, Problem},
        settings::{Forwarding, Processor},
    },
    incoming::{Incoming, Reason, Sent, incoming},
};
use crate::upstream::{SendError, Slot, UpstreamRequest};

/// Seconds before its end at which a bearer token is asked for anew, as the company's own clients do.
const EARLY_SECONDS: u64 = 120;
/// The longest that a bearer token is used, whatever it says of itself.
const BEARER_SECONDS_MAX: u64 = 86_400;

/// Whoever processes a payment, ready for one.
pub(super) enum Line {
    /// Nothing is sent.
    Sandbox,
    /// A place on the way, and what is shown there.
    Upstream { to: Arc<Forwarding>, slot: Option<Slot>, authorization: HeaderValue },
}

impl Line {
    /// Takes the line.
    pub(super) async fn open(processor: &Processor) -> Result<Self, Problem> {
        match processor {
            Processor::None => {
                let message = "No upstream is configured to process payments.";
                Err(Problem::NoCapability(InvalidField::new("processingTerminalId", message)))
            }
            Processor::Sandbox => Ok(Self::Sandbox),
            Processor::Upstream(to) => {
                let slot = to.upstream.reserve().ok_or(Problem::Refused(Refused::Busy))?;
                let authorization = authorization(to).await.ok_or(Problem::Refused(Refused::Unavailable))?;
                Ok(Self::Upstream { to: Arc::clone(to), slot: Some(slot), authorization })
            }
        }
    }

    /// Sends a payment, once. Gives status and body as the caller may see them.
    pub(super) async fn send(
        &mut self,
        id: RequestId,
        path: &'static str,
        key: &str,
        body: Zeroizing<Vec<u8>>,
        sent: &Sent,
    ) -> Result<(u16, Vec<u8>), Problem> {
        let Self::Upstream { to, slot, authorization } = self else { return Err(Problem::Upstream) };
        let slot = slot.take().ok_or(Problem::Upstream)?;
        let json = HeaderValue::from_static("application/json");
        let mut headers =
            vec![(CONTENT_TYPE, json.clone()), (ACCEPT, json), (AUTHORIZATION, authorization.clone())];
        if let Ok(key) = HeaderValue::from_str(key) {
            headers.push((HeaderName::from_static("idempotency-key"), key));
        }
        let request = UpstreamRequest { method: Method::POST, path: path.to_owned(), headers, body };
        match to.upstream.send_with(slot, request).await {
            Ok(answer) => match incoming(answer.status, &answer.body, sent) {
                Incoming::Pass { status, body } => Ok((status.as_u16(), body)),
                Incoming::Failed(reason) => {
                    tracing::error!(request = %id, reason = %reason, "an answer of the upstream is not passed on");
                    if let Reason::Credential(_) = reason {
                        to.forget(authorization);
                    }
                    Err(if reason.is_unknown() { Problem::Unknown } else { Problem::Upstream })
                }
            },
            Err(error) => {
                tracing::error!(request = %id, error = %error, "the upstream did not answer");
                Err(if let SendError::Unknown(_) = error { Problem::Unknown } else { Problem::Upstream })
            }
        }
    }
}

impl Forwarding {
    /// Forgets a bearer token that the upstream refused: the next payment asks for another.
    fn forget(&self, shown: &HeaderValue) {
        let mut known = self.bearer.lock().unwrap_or_else(PoisonError::into_inner);
        known.take_if(|(token, _)| bearer(token).as_ref() == Some(shown));
    }
}

/// What is shown to the upstream: the configured token, or one that its identity service gives for the key.
async fn authorization(to: &Forwarding) -> Option<HeaderValue> {
    let Some(identity) = &to.identity else { return bearer(&to.key) };
    let now = Instant::now();
    {
        let known = to.bearer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, until)) = &*known
            && now < *until
        {
            return bearer(token);
        }
    }
    let mut key = HeaderValue::from_str(&to.key).ok()?;
    key.set_sensitive(true);
    let headers = vec![(HeaderName::from_static("x-api-key"), key)];
    let body = Zeroizing::default();
    let request = UpstreamRequest { method: Method::POST, path: "/authorize".to_owned(), headers, body };
    let answer = identity.send(request).await;
    let answer = answer.inspect_err(|error| {
        tracing::error!(error = %error, "the upstream's identity service did not answer");
    });
    let answer = answer.ok()?;
    let Some((token, seconds)) = token_in(&answer.body).filter(|_| answer.status == 200) else {
        tracing::error!(status = answer.status, "the upstream's identity service gave no bearer token");
        return None;
    };
    let until = now + Duration::from_secs(seconds.min(BEARER_SECONDS_MAX).saturating_sub(EARLY_SECONDS));
    let Some(shown) = bearer(&token) else {
        tracing::error!("the upstream's identity service gave a bearer token that no header can hold");
        return None;
    };
    *to.bearer.lock().unwrap_or_else(PoisonError::into_inner) = Some((token, until));
    Some(shown)
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("Bearer {token}"));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The token in an answer of an identity service, and how many seconds it is good for.
fn token_in(body: &[u8]) -> Option<(Zeroizing<String>, u64)> {
    #[derive(serde::Deserialize)]
    struct Answer {
        access_token: String,
        expires_in: u64,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    Some((Zeroizing::new(answer.access_token), answer.expires_in))
}
