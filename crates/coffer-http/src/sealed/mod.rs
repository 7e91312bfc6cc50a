//! A node whose vault is not open yet: it listens, says so to everybody, and takes shares on its admin socket.

mod gate;

pub use gate::{Attempt, Gate};

use std::{convert::Infallible, sync::Arc, time::Duration};

use coffer_core::RequestId;
use coffer_crypto::custody::Progress;
use coffer_types::limits;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONNECTION, HeaderMap},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    admin, call, health,
    reply::Reply,
    router::{Mount, mount_of},
    serve::{DoorKind, Patient, Phase, Requests, ServerTls},
};
use gate::Taken;

/// When a client may ask again, seconds: custodians take minutes.
const RETRY_AFTER: u64 = 30;

/// How often late shares are looked for.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct ProgressBody {
    sealed: bool,
    have: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    need: Option<u8>,
}

/// As RFC 9457 has it, on paths of no dialect.
#[derive(Serialize)]
struct SealedBody {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareBody<'b> {
    share: &'b str,
}

/// What every client of a sealed vault is answered, in the words of the dialect that the path belongs to.
pub(crate) fn refusal(mount: &Mount, request: RequestId, headers: &HeaderMap) -> Reply {
    (mount.sealed)(headers).retry_after(RETRY_AFTER).with((mount.every)(request, headers))
}

/// The same on paths of no dialect.
pub(crate) fn problem() -> Reply {
    let body = SealedBody {
        r#type: "about:blank",
        title: "sealed",
        status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        detail: "The vault is sealed: nothing was done.",
    };
    Reply::json(StatusCode::SERVICE_UNAVAILABLE, &body).with_type("application/problem+json")
}

/// Forgets shares that nobody followed on.
pub(crate) async fn forget(gate: &Gate) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        gate.forget_if_late().await;
    }
}

/// Answers one request of a connection, which then ends: the next one may find the vault open.
pub(crate) async fn serve<S>(
    stream: S,
    kind: DoorKind,
    tls: Option<Arc<ServerTls>>,
    gate: Arc<Gate>,
    requests: Requests,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let phase = Phase::new();
    let patient = Patient::new(stream, phase.clone());
    let Some(tls) = tls else { return converse(patient, &phase, kind, &gate, &requests).await };
    if let Ok(stream) = TlsAcceptor::from(tls.config()).accept(patient.wiping()).await {
        converse(stream, &phase, kind, &gate, &requests).await;
    }
}

async fn converse<S>(stream: S, phase: &Phase, kind: DoorKind, gate: &Gate, requests: &Requests)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        phase.answering();
        answer(kind, gate, request, requests)
    });
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(None)
        .max_headers(limits::HEADER_COUNT)
        .max_buf_size(limits::HEADER_BYTES)
        .keep_alive(false);
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    kind: DoorKind,
    gate: &Gate,
    request: Request<Incoming>,
    requests: &Requests,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (id, (head, body)) = (requests.next(), request.into_parts());
    let socket = matches!(kind, DoorKind::Socket(_));
    let reply = match (&head.method, head.uri.path()) {
        (&Method::GET, "/livez") => text(StatusCode::OK, "live\n"),
        (&Method::GET, "/readyz") => text(StatusCode::SERVICE_UNAVAILABLE, &ready(gate.progress())),
        (&Method::GET, "/metrics") if kind != DoorKind::Clients => text(StatusCode::OK, METRICS),
        (&Method::GET, "/admin/keys") if socket => {
            Reply::json(StatusCode::OK, &progress_body(gate.progress(), true))
        }
        (&Method::POST, "/admin/keys/unseal") if socket => {
            return Ok(close(unseal(gate, body).await, id));
        }
        (_, path) => {
            let mount = if kind == DoorKind::Clients { mount_of(path) } else { &health::MOUNT };
            refusal(mount, id, &head.headers)
        }
    };
    // What is still being sent is taken in, so that the answer arrives.
    let longest = Duration::from_secs(limits::BODY_DISCARD_SECONDS);
    let _ = timeout(longest, call::read(body, limits::BODY_BYTES)).await;
    Ok(close(reply, id))
}

async fn unseal(gate: &Gate, body: Incoming) -> Reply {
    let longest = Duration::from_secs(limits::BODY_READ_SECONDS);
    // Wiped when this returns.
    let body = timeout(longest, call::read(body, limits::SHARE_BODY_BYTES)).await;
    let Ok(Ok(body)) = body else {
        return admin::failed(StatusCode::BAD_REQUEST, "the share did not arrive");
    };
    let Ok(share) = serde_json::from_slice::<ShareBody<'_>>(&body) else {
        return admin::failed(StatusCode::BAD_REQUEST, "this is not the order's JSON");
    };
    match gate.add(share.share).await {
        Taken::More(progress) => Reply::json(StatusCode::OK, &progress_body(Some(progress), true)),
        Taken::Opened(progress) => Reply::json(StatusCode::OK, &progress_body(Some(progress), false)),
        Taken::Refused(said) => admin::failed(StatusCode::CONFLICT, &said),
        Taken::TooMany => {
            let said = "too many shares were refused: wait a minute";
            admin::failed(StatusCode::TOO_MANY_REQUESTS, said).retry_after(60)
        }
    }
}

const METRICS: &str = "# HELP coffer_sealed 1 while the vault is not open.\n# TYPE coffer_sealed gauge\n\
                       coffer_sealed 1\n# EOF\n";

fn ready(progress: Option<Progress>) -> String {
    match progress {
        Some(progress) => format!("sealed: {} of {} custodians have come\n", progress.have, progress.need),
        None => "sealed: no custodian has come\n".to_owned(),
    }
}

fn progress_body(progress: Option<Progress>, sealed: bool) -> ProgressBody {
    ProgressBody {
        sealed,
        have: progress.map_or(0, |progress| progress.have),
        need: progress.map(|progress| progress.need),
    }
}

fn close(reply: Reply, id: RequestId) -> Response<Full<Bytes>> {
    reply.header(CONNECTION, "close").into_response(&id.to_string())
}

fn text(status: StatusCode, body: &str) -> Reply {
    let reply = Reply::text(status, "text/plain; charset=utf-8", body.to_owned());
    if status.is_success() { reply } else { reply.retry_after(RETRY_AFTER) }
}
