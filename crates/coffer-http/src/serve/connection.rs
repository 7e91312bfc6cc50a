//! One connection: HTTP/1.1 by hyper, with a bound on everything a peer can hold open.

use std::{convert::Infallible, future::Future, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use coffer_types::limits;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
};

use super::pipeline::{self, Requests};
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
    let service = service_fn(|request| answer(&door, peer, request));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // Also the time that a connection may be idle between two requests: hyper counts from one answer to the
        // end of the next head.
        .header_read_timeout(Duration::from_secs(limits::HEADER_READ_SECONDS))
        .max_headers(limits::HEADER_COUNT)
        .max_buf_size(limits::HEADER_BYTES)
        .keep_alive(true);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
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
    peer: Option<IpAddr>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
    let (app, operator, id) = (&door.app, door.operator, door.requests.next());
    async move { Ok(pipeline::answer(app, operator, id, peer, request).await) }
}
