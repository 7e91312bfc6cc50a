//! One connection: HTTP/1.1 by hyper, with a bound on everything a peer can hold open.

use std::{convert::Infallible, future::Future, net::IpAddr, pin::pin, sync::Arc};

use coffer_types::limits;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use super::{
    patience::{Patient, Phase},
    pipeline::{self, Requests},
};
use crate::app::App;

/// What a connection was accepted through.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    /// Whether it is the operator's listener.
    pub(crate) operator: bool,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) requests: Requests,
}

/// Serves one connection to its end. Errors are the peer's affair: there is nobody left to tell.
pub(crate) async fn serve<S>(stream: S, peer: Option<IpAddr>, door: Door)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stop = door.stop.clone();
    let phase = Phase::new();
    let service = service_fn(|request| answer(&door, &phase, peer, request));
    let mut builder = http1::Builder::new();
    builder
        // The waiting is bounded by `Patient`, which knows idle from half a head.
        .header_read_timeout(None)
        .max_headers(limits::HEADER_COUNT)
        .max_buf_size(limits::HEADER_BYTES)
        .keep_alive(true);
    let mut connection =
        pin!(builder.serve_connection(TokioIo::new(Patient::new(stream, phase.clone())), service));
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
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
    let (app, operator, id) = (&door.app, door.operator, door.requests.next());
    phase.answering();
    async move {
        let response = pipeline::answer(app, operator, id, peer, request).await;
        phase.answered();
        Ok(response)
    }
}
