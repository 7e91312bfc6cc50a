//! What happens before a request can have left: every failure is `NotSent`, and nothing has arrived.

use coffer_types::limits;
use hyper::Method;
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::join;
use tokio::time::Instant;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::server::{Authority, Manner, NOW, Server, USUAL};
use super::{SECRET, answer, error, payment};
use crate::upstream::{NotSent, SendError, Upstream, UpstreamRequest};

const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";

async fn refused(manner: &Manner<'_>) -> SendError {
    let authority = Authority::new();
    let server = Server::start(&authority, manner).await;
    let upstream = authority.upstream(&server);
    let (result, completed) = join!(upstream.send(payment()), server.shakes_hands());
    assert!(!completed, "the client went on");
    error(result)
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    for name in ["other.example", "sub.localhost", "127.0.0.1"] {
        assert_eq!(refused(&Manner { name, ..USUAL }).await, NotSent::WrongName.into(), "{name}");
    }
}

#[tokio::test]
async fn a_certificate_is_refused_before_and_after_its_time() {
    for years in [(2020, 2021), (2119, 2120)] {
        assert_eq!(refused(&Manner { years, ..USUAL }).await, NotSent::OutOfDate.into(), "{years:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_whatever_it_calls_itself() {
    let ours = Authority::named("ours");
    for (name, expected) in [("theirs", NotSent::UnknownAuthority), ("ours", NotSent::Certificate)] {
        let server = Server::start(&Authority::named(name), &USUAL).await;
        let upstream = ours.upstream(&server);
        let (result, completed) = join!(upstream.send(payment()), server.shakes_hands());
        assert!(!completed);
        assert_eq!(error(result), expected.into());
    }
}

#[tokio::test]
async fn the_authorities_of_the_system_do_not_vouch_for_the_tests() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let mut settings = authority.settings(server.address().port());
    settings.authorities = None;
    match Upstream::new(&settings) {
        Ok(upstream) => {
            let (result, completed) = join!(upstream.send(payment()), server.shakes_hands());
            assert!(!completed);
            assert_eq!(error(result), NotSent::UnknownAuthority.into());
        }
        // A machine without any.
        Err(error) => assert_eq!(error, crate::upstream::UpstreamError::NoAuthorities),
    }
}

#[tokio::test]
async fn a_server_that_wants_another_protocol_is_refused() {
    assert_eq!(refused(&Manner { protocols: &["h2"], ..USUAL }).await, NotSent::Handshake.into());
}

#[tokio::test]
async fn both_versions_of_tls_work_with_and_without_a_choice_of_protocol() {
    let authority = Authority::new();
    for (versions, protocols) in [(&[&TLS12], &[][..]), (&[&TLS13], &["http/1.1"][..])] {
        let server = Server::start(&authority, &Manner { versions, protocols, ..USUAL }).await;
        let upstream = authority.upstream(&server);
        let (result, arrived) = join!(upstream.send(payment()), answer(&server, EMPTY));
        assert_eq!(result.unwrap().status, 204);
        assert!(arrived.head.starts_with("POST /base/payments HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn an_address_instead_of_a_name_is_checked_against_the_certificate() {
    let authority = Authority::new();
    for (name, expected) in [("127.0.0.1", None), ("localhost", Some(NotSent::WrongName))] {
        let server = Server::start(&authority, &Manner { name, years: NOW, ..USUAL }).await;
        let mut settings = authority.settings(0);
        settings.url = format!("https://{}", server.address());
        let upstream = Upstream::new(&settings).unwrap();
        let Some(expected) = expected else {
            let (result, arrived) = join!(upstream.send(payment()), answer(&server, EMPTY));
            assert_eq!(result.unwrap().status, 204);
            assert_eq!(arrived.header("host"), Some(server.address().to_string().as_str()));
            continue;
        };
        let (result, completed) = join!(upstream.send(payment()), server.shakes_hands());
        assert!(!completed);
        assert_eq!(error(result), expected.into());
    }
}

#[tokio::test]
async fn an_address_that_nobody_named_is_not_connected_to() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    for networks in [&[][..], &["10.0.0.0/8", "127.0.0.0/32", "127.0.0.2/31"][..]] {
        let mut settings = authority.settings(server.address().port());
        settings.private_networks = networks.iter().map(|network| network.parse().unwrap()).collect();
        let upstream = Upstream::new(&settings).unwrap();
        assert_eq!(error(upstream.send(payment()).await), NotSent::Address.into());
        assert!(server.is_alone().await);
    }
}

#[tokio::test]
async fn a_host_without_an_address_and_a_port_without_a_server_are_not_reached() {
    let authority = Authority::new();
    let mut settings = authority.settings(443);
    // A name that never exists (RFC 6761, 6.4). Where nobody can be asked, the time runs out.
    settings.url = "https://upstream.invalid".to_owned();
    settings.seconds = 1;
    let upstream = Upstream::new(&settings).unwrap();
    let unknown = error(upstream.send(payment()).await);
    assert!(matches!(unknown, SendError::NotSent(NotSent::Resolve | NotSent::Deadline)));

    let gone = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&gone);
    drop(gone);
    assert_eq!(error(upstream.send(payment()).await), NotSent::Connect.into());
}

#[tokio::test]
async fn a_server_without_tls_learns_nothing() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let (result, seen) = join!(upstream.send(payment()), async {
        let mut stream = server.tcp().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        let mut seen = Vec::new();
        // The client ends the connection, in whichever way.
        let _ = stream.read_to_end(&mut seen).await;
        seen
    });
    assert_eq!(error(result), NotSent::Handshake.into());
    assert!(!seen.is_empty() && !seen.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
}

#[tokio::test]
async fn a_connection_that_ends_before_the_handshake_has_sent_nothing() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let (result, ()) = join!(upstream.send(payment()), async { drop(server.tcp().await) });
    assert_eq!(error(result), NotSent::Handshake.into());
    assert!(server.is_alone().await, "it tried again");
}

#[tokio::test]
async fn a_handshake_that_never_ends_has_sent_nothing_and_takes_half_of_the_time() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let began = Instant::now();
    let (result, _stream) = join!(upstream.send(payment()), async {
        let stream = server.tcp().await;
        // From here on time passes as soon as nobody has anything to do.
        tokio::time::pause();
        stream
    });
    assert_eq!(error(result), NotSent::Deadline.into());
    assert!((15..30).contains(&began.elapsed().as_secs()));
}

#[tokio::test]
async fn a_request_that_may_not_be_is_not_sent() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let mut wrong = vec![UpstreamRequest { method: Method::CONNECT, ..payment() }];
    for path in ["", "/", "payments", "/payments?x=1", "/../payments", "//evil.example", "/a b", "/a\r\nb"] {
        wrong.push(UpstreamRequest { path: path.to_owned(), ..payment() });
    }
    for name in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, ACCEPT_ENCODING] {
        let mut request = payment();
        request.headers.push((name, HeaderValue::from_static("1")));
        wrong.push(request);
    }
    let mut many = payment();
    many.headers =
        vec![(HeaderName::from_static("x-a"), HeaderValue::from_static("1")); limits::HEADER_COUNT];
    wrong.push(many);
    for request in wrong {
        let (path, headers) = (request.path.clone(), request.headers.len());
        assert_eq!(error(upstream.send(request).await), NotSent::Request.into(), "{path:?} {headers}");
    }
    assert!(server.is_alone().await);
}

#[tokio::test]
async fn the_requests_at_a_time_are_bounded_and_a_place_can_be_taken_before() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let mut slots: Vec<_> = std::iter::from_fn(|| upstream.reserve()).collect();
    assert_eq!(slots.len(), limits::UPSTREAM_REQUESTS);
    assert_eq!(error(upstream.send(payment()).await), NotSent::Busy.into());
    assert!(server.is_alone().await);

    let slot = slots.pop().unwrap();
    let (result, _) = join!(upstream.send_with(slot, payment()), answer(&server, EMPTY));
    assert_eq!(result.unwrap().status, 204);
    // The place was given back.
    assert!(upstream.reserve().is_some());
}
