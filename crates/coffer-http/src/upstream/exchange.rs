//! One request and its answer over a connection that is there. From here on the request may have arrived.

use std::pin::pin;

use coffer_types::limits;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, Uri,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{
        ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT,
        HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
        UPGRADE,
    },
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{NotSent, Unanswered, UpstreamAnswer, UpstreamRequest, place::Place};
use crate::call::{self, BodyError};

/// Headers that belong to the connection or to the framing: written here, or not at all.
const OURS: [HeaderName; 10] = [
    ACCEPT_ENCODING,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    EXPECT,
    HOST,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The request as it will be written. Its body is one buffer that is wiped when nobody holds it any more.
pub(super) fn prepare(place: &Place, request: UpstreamRequest) -> Result<Request<Full<Bytes>>, NotSent> {
    let UpstreamRequest { method, path, headers, body } = request;
    let path = place.join(&path).ok_or(NotSent::Request)?;
    if method == Method::CONNECT {
        return Err(NotSent::Request);
    }
    let mut prepared = Request::new(Full::new(Bytes::from_owner(body)));
    *prepared.method_mut() = method;
    *prepared.uri_mut() = Uri::try_from(path).map_err(|_| NotSent::Request)?;
    let host = HeaderValue::from_str(&place.authority()).map_err(|_| NotSent::Request)?;
    let written = prepared.headers_mut();
    written.insert(HOST, host);
    written.insert(CONNECTION, HeaderValue::from_static("close"));
    written.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    for (name, mut value) in headers {
        if OURS.contains(&name) || written.len() >= limits::HEADER_COUNT {
            return Err(NotSent::Request);
        }
        if name == AUTHORIZATION || name == PROXY_AUTHORIZATION {
            value.set_sensitive(true);
        }
        written.append(name, value);
    }
    Ok(prepared)
}

/// Sends the request and reads the whole answer. The connection ends with this future.
pub(super) async fn exchange(
    stream: TlsStream<TcpStream>,
    request: Request<Full<Bytes>>,
) -> Result<UpstreamAnswer, Unanswered> {
    let mut http = http1::Builder::new();
    http.max_headers(limits::HEADER_COUNT)
        .max_header_size(limits::HEADER_BYTES)
        .max_buf_size(limits::HEADER_BYTES)
        // The body goes to TLS from where it is; otherwise hyper would copy it into a buffer that nobody wipes.
        .writev(true);
    let (mut sender, connection) =
        http.handshake(TokioIo::new(stream)).await.map_err(|error| fault(&error))?;
    let mut answer = pin!(async move {
        let response = sender.send_request(request).await.map_err(|error| fault(&error))?;
        read(response).await
    });
    // Both run in this task, so that nothing is left of the connection when the time is over.
    let mut connection = Box::pin(connection);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        _ = &mut connection => {}
    }
    // What arrived before the connection ended is still an answer, if it is complete.
    drop(connection);
    answer.await
}

async fn read(response: Response<Incoming>) -> Result<UpstreamAnswer, Unanswered> {
    let (head, body) = response.into_parts();
    // hyper passes over 100 and its like; 101 would be another protocol.
    if head.status.is_informational() {
        return Err(Unanswered::Malformed);
    }
    if is_encoded(&head.headers) {
        return Err(Unanswered::Encoded);
    }
    let body = call::read(body, limits::UPSTREAM_ANSWER_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => Unanswered::TooLarge,
        BodyError::TooSlow => Unanswered::Deadline,
        BodyError::Broken => Unanswered::Broken,
    })?;
    Ok(UpstreamAnswer { status: head.status.as_u16(), content_type: content_type(&head.headers), body })
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn fault(error: &hyper::Error) -> Unanswered {
    if error.is_parse_too_large() {
        Unanswered::Head
    } else if error.is_parse() {
        Unanswered::Malformed
    } else {
        Unanswered::Broken
    }
}
