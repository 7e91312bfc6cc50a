//! How a payment ends: what is kept of its answer, with the secure token that it makes.

use std::{sync::Arc, time::Duration};

use coffer_core::{
    Act, Attempt, Forward, NewInstrument, NewReferenced, ReferencedSource, ReferencedView, Refused,
    SavedReply, Vault,
};
use serde_json::{Value, value::RawValue};

use super::{
    super::{
        convert::{self, secure_href_of},
        error::{self, Problem},
        wire::payment_answer::SecureTokenSummary,
    },
    carry::Kind,
};
use crate::{app::App, reply::Reply};

/// Seconds between the tries to write down how a payment ended.
const LATE_SECONDS: [u64; 6] = [1, 2, 4, 8, 16, 24];

/// A secure token that is about to be made.
pub(super) struct Keeping {
    pub(super) group: String,
    pub(super) reference: Option<String>,
    pub(super) instrument: NewInstrument,
    pub(super) own: Box<RawValue>,
    pub(super) base: String,
}

/// A payment on its way: everything that its end needs.
pub(super) struct Job {
    pub(super) vault: Arc<Vault>,
    pub(super) act: Act,
    pub(super) attempt: Arc<Attempt>,
    pub(super) forward: Forward,
    pub(super) base: String,
    pub(super) kind: Kind,
}

impl Job {
    /// An answer as it is kept.
    pub(super) fn answered(&self, status: u16, body: Vec<u8>) -> SavedReply {
        let body = String::from_utf8(body).unwrap_or_default();
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        let is_name = |id: &&str| id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = parsed["paymentId"].as_str().filter(is_name).filter(|_| status == 201);
        let location = id.map(|id| format!("{}{}/{id}", self.base, self.kind.path()));
        let content_type = if status == 201 { "application/json" } else { error::TYPE };
        SavedReply { status, content_type: Some(content_type.to_owned()), location, body }
    }

    /// Writes down how it ended, and answers. What happened has happened: it is told also when it cannot be written
    /// yet, and writing it is tried again meanwhile.
    pub(super) async fn end(self, app: &App, keeping: Option<Keeping>, reply: SavedReply) -> Reply {
        let keeping = keeping.filter(|_| is_approved(&reply, self.kind.member()));
        match self.write_end(keeping.as_ref(), &reply).await {
            Ok(written) => Reply::saved(written),
            Err(refused) => {
                let id = self.act.request;
                tracing::error!(request = %id, error = %refused, "the end of a payment could not be written down yet");
                let (piece, told) = (app.underway.begin(), reply.clone());
                tokio::spawn(async move {
                    let _piece = piece;
                    self.write_end_late(keeping, told).await;
                });
                Reply::saved(reply)
            }
        }
    }

    async fn write_end(&self, keeping: Option<&Keeping>, reply: &SavedReply) -> Result<SavedReply, Refused> {
        if let Some(keeping) = keeping {
            return self.keep(keeping, reply).await;
        }
        let ended = self.vault.end_forward(&self.act, &self.attempt, &self.forward, reply).await;
        ended.map(|()| reply.clone())
    }

    /// Tries for less than a minute: after [`coffer_types::limits::REPLY_UNDERWAY_SECONDS`] the key says that nobody
    /// knows.
    async fn write_end_late(self, keeping: Option<Keeping>, reply: SavedReply) {
        for wait in LATE_SECONDS {
            tokio::time::sleep(Duration::from_secs(wait)).await;
            match self.write_end(keeping.as_ref(), &reply).await {
                Ok(_) => return,
                // Somebody ended it, or nothing can.
                Err(Refused::Contended | Refused::TooLarge) => break,
                Err(_) => {}
            }
        }
        let id = self.act.request;
        tracing::error!(request = %id, "the end of a payment was never written down: its key says not known");
    }

    async fn keep(&self, keeping: &Keeping, reply: &SavedReply) -> Result<SavedReply, Refused> {
        let make = |details| (details, keeping.own.clone());
        let new = NewReferenced {
            group: &keeping.group,
            reference: keeping.reference.as_deref(),
            source: ReferencedSource::Given(&keeping.instrument),
            make: &make,
            forms: convert::FORMS,
        };
        let render = |view: &ReferencedView| with_summary(reply, self.kind.member(), view, &keeping.base);
        self.vault.end_forward_keeping(&self.act, &self.attempt, &self.forward, &new, (&render, reply)).await
    }
}

/// Whether the processor gave its approval, whole or in part, and its answer has a place that tells of a token: whoever
/// is not told of one cannot delete it.
fn is_approved(reply: &SavedReply, member: &str) -> bool {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    reply.status == 201
        && matches!(body["transactionResult"]["responseCode"].as_str(), Some("A" | "P"))
        && body[member].is_object()
}

/// The answer with the secure token that it made.
fn with_summary(reply: &SavedReply, member: &str, view: &ReferencedView, base: &str) -> SavedReply {
    let mut body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let shown = summary(view, base).ok().and_then(|summary| serde_json::to_value(summary).ok());
    match (body.get_mut(member), shown) {
        (Some(Value::Object(members)), Some(shown)) => {
            members.insert("secureToken".to_owned(), shown);
            SavedReply { body: body.to_string(), ..reply.clone() }
        }
        _ => reply.clone(),
    }
}

/// How a payment shows a secure token.
pub(super) fn summary<'v>(view: &'v ReferencedView, base: &str) -> Result<SecureTokenSummary<'v>, Refused> {
    let own = convert::own_of(view)?;
    let details = &view.details;
    let href = secure_href_of(base, &details.group, &details.reference);
    Ok(SecureTokenSummary::of(
        &details.reference,
        details.digits.as_str().into(),
        own.customer.as_ref(),
        href,
    ))
}

/// The answer that a problem is, as it is kept.
pub(super) fn failed(problem: &Problem) -> SavedReply {
    error::reply(problem).save()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_made_of_what_was_approved_and_where_the_answer_can_tell_of_it() {
        let approved = |status, code: &str, shown: Value| {
            let body = json!({ "transactionResult": { "responseCode": code }, "card": shown }).to_string();
            is_approved(&SavedReply { status, content_type: None, location: None, body }, "card")
        };
        for (status, code, shown, is_made) in [
            (201, "A", json!({}), true),
            (201, "P", json!({ "type": "Visa" }), true),
            (201, "D", json!({}), false),
            (500, "A", json!({}), false),
            (201, "A", Value::Null, false),
            (201, "A", json!("x"), false),
        ] {
            assert_eq!(approved(status, code, shown.clone()), is_made, "{status} {code} {shown}");
        }
        let nothing =
            SavedReply { status: 201, content_type: None, location: None, body: "no JSON".to_owned() };
        assert!(!is_approved(&nothing, "card"));
    }
}
