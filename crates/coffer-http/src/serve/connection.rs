//! One connection: HTTP/1.1 by hyper, with a bound on everything a peer can hold open.

use std::{convert::Infallible, future::Future, net::IpAddr, pin::pin, sync::Arc};

use coffer_types::limits;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Body, Bytes, Incoming},
    header::{HeaderValue, STRICT_TRANSPORT_SECURITY},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use super::{
    aside::{Aside, Parted},
    patience::{Patient, Phase},
    pipeline::{self, Requests},
    stack,
    tls::ServerTls,
};
use crate::app::App;

/// Which listener a connection came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DoorKind {
    /// That of the clients.
    Clients,
    /// The operator's address: health and metrics.
    Operator,
    /// The admin socket, and the number of the user who opened it.
    Socket(u32),
}

/// How long a browser that was here once comes by TLS alone.
const A_YEAR: &str = "max-age=31536000";

/// What a connection was accepted through.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    pub(crate) kind: DoorKind,
    /// How TLS is spoken here, where it is.
    pub(crate) tls: Option<Arc<ServerTls>>,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) requests: Requests,
}

/// Serves one connection to its end. Errors are the peer's affair: there is nobody left to tell.
pub(crate) async fn serve<S>(stream: S, peer: Option<IpAddr>, door: Door)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let phase = Phase::new();
    // Below TLS: what is waited for is the peer's bytes, in the handshake as well, which shares the time of the head.
    let patient = Patient::new(stream, phase.clone());
    let Some(tls) = &door.tls else { return converse(patient, &phase, peer, &door).await };
    let mut stop = door.stop.clone();
    let accepted = tokio::select! {
        accepted = TlsAcceptor::from(tls.config()).accept(patient.wiping()) => accepted,
        _ = stop.wait_for(|stopping| *stopping) => return,
    };
    match accepted {
        Ok(stream) => converse(stream, &phase, peer, &door).await,
        Err(_) => door.app.metrics.tls.refused(),
    }
}

/// HTTP, to the end of the connection.
async fn converse<S>(stream: S, phase: &Phase, peer: Option<IpAddr>, door: &Door)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stop = door.stop.clone();
    let aside = Aside::default();
    let service = service_fn(|request| answer(door, phase, peer, request, &aside));
    let mut builder = http1::Builder::new();
    builder
        // The waiting is bounded by `Patient`, which knows idle from half a head.
        .header_read_timeout(None)
        .max_headers(limits::HEADER_COUNT)
        .max_buf_size(limits::HEADER_BYTES)
        .keep_alive(true);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(Parted::new(stream, aside.clone())), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stopping| *stopping) => {}
    }
    // The request under way is answered; then the connection ends.
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

fn answer(
    door: &Door,
    phase: &Phase,
    peer: Option<IpAddr>,
    request: Request<Incoming>,
    aside: &Aside,
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
    let (app, kind, id, is_tls) = (&door.app, door.kind, door.requests.next(), door.tls.is_some());
    phase.answering();
    let aside = aside.begin(request.body().size_hint().exact()).then(|| aside.clone());
    async move {
        let mut response = pipeline::answer(app, kind, id, peer, request, aside).await;
        stack::wipe_below();
        phase.answered();
        if is_tls {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(A_YEAR));
        }
        Ok(response)
    }
}
