//! One request: find its route, let the route answer, count and log it by the route's template.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use coffer_core::RequestId;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONNECTION, HeaderMap},
};

use super::{DoorKind, aside::Aside, framing};
use crate::{
    app::App,
    call::Call,
    edge::TrustedProxies,
    reply::Reply,
    router::{Found, Match},
    sealed,
};

/// Counts the requests of a process.
#[derive(Clone)]
pub(crate) struct Requests(Arc<(u64, AtomicU64)>);

impl Requests {
    /// A process is told apart by a number of its own: a hash of a random state, which need not be secret.
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self(Arc::new((RandomState::new().hash_one(std::process::id()), AtomicU64::new(1))))
    }

    pub(crate) fn next(&self) -> RequestId {
        RequestId { process: self.0.0, count: self.0.1.fetch_add(1, Ordering::Relaxed) }
    }
}

/// Answers one request.
pub(crate) async fn answer(
    app: &App,
    kind: DoorKind,
    id: RequestId,
    peer: Option<IpAddr>,
    request: Request<Incoming>,
    aside: Option<Aside>,
) -> Response<Full<Bytes>> {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let operator = kind != DoorKind::Clients;
    let router = match kind {
        DoorKind::Clients => &app.router,
        DoorKind::Operator => &app.admin,
        DoorKind::Socket(_) => &app.socket,
    };
    let (template, metrics, reply) = match router.find(&head.method, head.uri.path()) {
        _ if !framing::is_plain(&head) => (
            "unmatched",
            router.unmatched(),
            Reply::empty(StatusCode::BAD_REQUEST).header(CONNECTION, "close"),
        ),
        Match::Found(found, _) if !operator && app.is_sealed() && !found.tells_health() => {
            let reply = sealed::refusal(&found.mount, id, &head.headers);
            (found.template, &found.metrics, reply.header(CONNECTION, "close"))
        }
        Match::Refused(reply, metrics, every) => {
            let header = every(id, &head.headers);
            ("unmatched", metrics, reply.with(header))
        }
        Match::Found(found, params) => {
            let origin = origin(&app.settings.trusted_proxies, operator, peer, &head.headers);
            let header = (found.mount.every)(id, &head.headers);
            let query = head.uri.query().map(str::to_owned);
            let mut call = Call::new(
                id,
                origin,
                (head.method.clone(), head.headers),
                (found.template, params),
                query,
                (body, aside),
            );
            if let DoorKind::Socket(uid) = kind {
                call.know(&Arc::from(format!("uid {uid}")));
            }
            let reply = handle(app, &head.method, found, &mut call).await;
            (found.template, &found.metrics, settled(reply, &mut call).await.with(header))
        }
    };
    let took = began.elapsed();
    metrics.answered(reply.status(), took);
    log(&head.method, template, id, &reply, took);
    reply.into_response(&id.to_string())
}

/// The answer to a request whose body may not have been read, as of a caller who was refused: the connection can go on
/// when the body is in, and says that it ends when it is not.
async fn settled(reply: Reply, call: &mut Call) -> Reply {
    // Who waits to be told to go on has sent no body yet.
    if !call.has_header("expect") && call.discard_body().await {
        reply
    } else {
        reply.header(CONNECTION, "close")
    }
}

/// Where a request comes from. The operator comes straight: what is written in its head moves nobody's address, and the
/// Unix socket is this machine.
fn origin(proxies: &TrustedProxies, operator: bool, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
    match peer {
        None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(peer) if operator => peer,
        Some(peer) => proxies.client(peer, headers),
    }
}

async fn handle(app: &App, method: &Method, found: &Found, call: &mut Call) -> Reply {
    let reply = (found.handler)(app, call).await;
    if method == Method::OPTIONS { reply.allow(found.allowed) } else { reply }
}

/// One line a request at `debug`, and one at `error` where we failed. Templates and numbers only.
fn log(method: &Method, route: &'static str, id: RequestId, reply: &Reply, took: std::time::Duration) {
    let (status, duration_us) = (reply.status().as_u16(), took.as_micros());
    // A method can be any text that the caller likes: only known ones are named.
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    let method = known.iter().find(|known| *known == method).map_or("other", Method::as_str);
    // A refusal for want of room or store is counted and is the store's to log: one line each would be a flood.
    if reply.is_fault() {
        tracing::error!(request = %id, method, route, status, duration_us, "request failed");
    } else {
        tracing::debug!(request = %id, method, route, status, duration_us, "request answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_on_the_door_of_clients_moves_an_address() {
        let proxies = TrustedProxies::parse(&["192.0.2.1"]).unwrap();
        let headers = [("x-forwarded-for", "198.51.100.7")].map(|(name, value)| {
            (name.parse::<hyper::header::HeaderName>().unwrap(), value.parse().unwrap())
        });
        let headers: HeaderMap = headers.into_iter().collect();
        let origin = |operator, peer: Option<&str>| {
            origin(&proxies, operator, peer.map(|peer| peer.parse().unwrap()), &headers).to_string()
        };
        assert_eq!(origin(false, Some("192.0.2.1")), "198.51.100.7");
        assert_eq!(origin(false, Some("192.0.2.2")), "192.0.2.2");
        assert_eq!(origin(true, Some("192.0.2.1")), "192.0.2.1", "the operator's door");
        assert_eq!(origin(true, None), "127.0.0.1", "the Unix socket");
    }
}
