//! Requests that may be asked again, as an interface asks them.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use coffer_core::{
    Act, Ask, Asked, Attempt, Created, NewToken, Once, Refused, SavedReply, Vault,
    store::{Put, ReplyRow, Row},
};
use coffer_types::Tenant;
use data_encoding::HEXLOWER;

use super::{Step, World, act, run, tenant};

/// A request under a key.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) key: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
    pub(crate) sad: &'a str,
}

/// A creation of a token without a code.
pub(crate) fn request(key: &str) -> Request<'_> {
    Request { key, method: "POST", path: "/tokens", body: "{\"a\":1}", sad: "" }
}

/// What was made, as an answer.
pub(crate) fn made(created: &Created) -> SavedReply {
    reply(201, &HEXLOWER.encode(&created.locator.0))
}

pub(crate) fn reply(status: u16, body: &str) -> SavedReply {
    SavedReply {
        status,
        content_type: Some("application/json".to_owned()),
        location: Some(format!("/tokens/{body}")),
        body: body.to_owned(),
    }
}

pub(crate) async fn asked(vault: &Vault, tenant: Tenant, request: Request<'_>) -> Result<Asked, Refused> {
    let what = [request.method.as_bytes(), request.path.as_bytes(), request.body.as_bytes()];
    let (key, sad) = (request.key.as_bytes(), request.sad.as_bytes());
    vault.ask(tenant, Ask { key, what: &what, sad }).await
}

/// The answer is kept as it is.
pub(crate) fn once(attempt: &Attempt) -> Once<'_, SavedReply> {
    Once { attempt, save: &|reply: &SavedReply| reply.clone() }
}

/// Makes a token as an interface does: whoever comes second looks for the answer of the first.
pub(crate) async fn create_once(
    vault: &Vault,
    act: &Act,
    request: Request<'_>,
    new: &NewToken,
) -> SavedReply {
    loop {
        match asked(vault, act.tenant, request).await.unwrap() {
            Asked::Answered(reply) => return reply,
            Asked::New(attempt) => match vault.create_once(act, new, Some(once(&attempt)), made).await {
                Ok(reply) => return reply,
                Err(Refused::Answered) => {}
                Err(other) => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

/// Lets a future run to where it waits for the store, and forgets it there.
#[track_caller]
pub(crate) fn leave<F: Future>(future: F) {
    let mut future = pin!(future);
    assert!(
        future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(),
        "it waits for the disk"
    );
}

impl World {
    /// Of tenant 1.
    pub(crate) fn asked(&self, request: Request<'_>) -> Result<Asked, Refused> {
        run(asked(&self.vault, tenant(1), request))
    }

    #[track_caller]
    pub(crate) fn attempt(&self, request: Request<'_>) -> Attempt {
        match self.asked(request).unwrap() {
            Asked::New(attempt) => attempt,
            other => panic!("not new: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn answered(&self, request: Request<'_>) -> SavedReply {
        match self.asked(request).unwrap() {
            Asked::Answered(reply) => reply,
            other => panic!("not answered: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn is_new(&self, request: Request<'_>) {
        let _ = self.attempt(request);
    }

    #[track_caller]
    pub(crate) fn is_different(&self, request: Request<'_>) {
        let asked = self.asked(request).unwrap();
        assert!(matches!(asked, Asked::Different), "{asked:?}");
    }

    /// For tenant 1.
    pub(crate) fn create_once(&self, request: Request<'_>, new: &NewToken) -> SavedReply {
        run(create_once(&self.vault, &act(), request, new))
    }

    /// How many single-use tokens tenant 1 has.
    pub(crate) fn tokens(&self) -> u64 {
        let all = coffer_types::RecordNumber::MIN;
        run(coffer_core::store::Store::count_tokens(&*self.model, tenant(1), all)).unwrap()
    }

    /// The rows of replies that are written while something is done, in their order.
    pub(crate) fn replies_of(&self, act: impl FnOnce()) -> Vec<ReplyRow> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        self.store.on_commit(move |unit| {
            for put in unit.puts() {
                if let Put::Insert(Row::Reply(row)) | Put::Replace(Row::Reply(row)) = put {
                    sink.lock().unwrap().push(row.clone());
                }
            }
            Step::Pass
        });
        act();
        self.store.heal();
        let rows = seen.lock().unwrap();
        rows.clone()
    }
}
