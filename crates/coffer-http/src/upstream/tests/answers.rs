//! What happens once a request is on its way: an answer, or `Unknown`, and never a second request.

use std::time::Duration;

use coffer_types::limits;
use hyper::Method;
use tokio::join;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::server::{Authority, Server, USUAL};
use super::{KEY, answer, error, payment, payment_body, tells_nothing};
use crate::upstream::{SendError, Unanswered, UpstreamAnswer, UpstreamRequest};

/// What comes of a payment that is answered with these words.
async fn answered(words: &str) -> Result<UpstreamAnswer, SendError> {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let (result, ()) = join!(upstream.send(payment()), async {
        let mut peer = server.accept().await;
        peer.request().await;
        // A client that has heard enough ends the connection.
        peer.says(words).await;
        peer.ends().await;
    });
    assert!(server.is_alone().await, "the request was sent twice");
    result
}

#[tokio::test]
async fn a_request_arrives_as_it_was_made_and_its_answer_comes_back() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let words = "HTTP/1.1 201 Created\r\nContent-Type: application/json; charset=utf-8\r\nX-Other: 1\r\n\
                 Content-Length: 11\r\n\r\n{\"ok\":true}";
    let (result, arrived) = join!(upstream.send(payment()), answer(&server, words));

    assert!(arrived.head.starts_with("POST /base/payments HTTP/1.1\r\n"));
    let host = format!("localhost:{}", server.address().port());
    let length = payment_body().len().to_string();
    for (name, value) in [
        ("host", host.as_str()),
        ("authorization", KEY),
        ("content-type", "application/json"),
        ("content-length", length.as_str()),
        ("connection", "close"),
        ("accept-encoding", "identity"),
    ] {
        assert_eq!(arrived.header(name), Some(value), "{name}");
    }
    assert_eq!(arrived.head.lines().count(), 1 + 6 + 1, "there are other headers");
    assert_eq!(arrived.body, payment_body().as_bytes());

    let answer = result.unwrap();
    assert_eq!(answer.status, 201);
    assert_eq!(answer.content_type.as_deref(), Some("application/json; charset=utf-8"));
    assert_eq!(answer.body.as_slice(), b"{\"ok\":true}");
}

#[tokio::test]
async fn requests_of_other_methods_and_sizes_arrive_whole() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    for (method, size) in [(Method::GET, 0), (Method::PUT, limits::BODY_BYTES), (Method::POST, 0)] {
        let body = vec![b'7'; size];
        let request =
            UpstreamRequest { method: method.clone(), body: Zeroizing::new(body.clone()), ..payment() };
        let words = "HTTP/1.1 204 No Content\r\n\r\n";
        let (result, arrived) = join!(upstream.send(request), answer(&server, words));
        assert_eq!(result.unwrap().status, 204);
        assert!(arrived.head.starts_with(&format!("{method} /base/payments HTTP/1.1\r\n")));
        assert!(arrived.body == body, "{method}");
    }
}

#[tokio::test]
async fn answers_of_every_framing_are_read() {
    for (words, status, body) in [
        ("HTTP/1.1 402 Payment Required\r\nContent-Length: 4\r\n\r\nnope", 402, "nope"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            200,
            "abcde",
        ),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
        ("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", 500, ""),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
    ] {
        let answer = answered(words).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (status, body.as_bytes()), "{words}");
        assert_eq!(answer.content_type, None);
    }
}

#[tokio::test]
async fn a_redirect_is_given_back_and_not_followed() {
    let authority = Authority::new();
    let elsewhere = Server::start(&authority, &USUAL).await;
    for status in [301, 302, 303, 307, 308] {
        let place = format!("https://localhost:{}/base/payments", elsewhere.address().port());
        let words = format!("HTTP/1.1 {status} Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(answered(&words).await.unwrap().status, status);
    }
    assert!(elsewhere.is_alone().await);
}

#[tokio::test]
async fn the_body_of_an_answer_is_bounded() {
    let most = limits::UPSTREAM_ANSWER_BYTES;
    let sized =
        |size: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n{}", "a".repeat(size));
    let chunked = |size: usize| {
        let chunks = "1\r\na\r\n".repeat(size);
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
    };
    let to_the_end = |size: usize| format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(size));
    for words in [sized(most), chunked(most), to_the_end(most)] {
        assert_eq!(answered(&words).await.unwrap().body.len(), most);
    }
    for words in [sized(most + 1), chunked(most + 1), to_the_end(most + 1)] {
        assert_eq!(error(answered(&words).await), Unanswered::TooLarge.into());
    }
    // Refused by its announcement alone.
    let announced = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", most + 1);
    assert_eq!(error(answered(&announced).await), Unanswered::TooLarge.into());
}

#[tokio::test]
async fn the_head_of_an_answer_is_bounded() {
    let head = |headers: String| format!("HTTP/1.1 204 No Content\r\n{headers}\r\n");
    assert_eq!(answered(&head("A: 1\r\n".repeat(limits::HEADER_COUNT))).await.unwrap().status, 204);
    let long = |size: usize| format!("A: {}\r\n", "1".repeat(size));
    assert_eq!(answered(&head(long(limits::HEADER_BYTES / 2))).await.unwrap().status, 204);
    for headers in ["A: 1\r\n".repeat(limits::HEADER_COUNT + 1), long(limits::HEADER_BYTES)] {
        assert_eq!(error(answered(&head(headers)).await), Unanswered::Head.into());
    }
}

#[tokio::test]
async fn a_head_without_end_is_given_up() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let (result, ()) = join!(upstream.send(payment()), async {
        let mut peer = server.accept().await;
        peer.request().await;
        peer.says("HTTP/1.1 200 OK\r\nA: ").await;
        // The client ends this, and nothing else does.
        while peer.says(&"1".repeat(1024)).await {}
    });
    assert_eq!(error(result), Unanswered::Head.into());
}

#[tokio::test]
async fn an_answer_that_comes_drop_by_drop_is_given_up() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    for start in ["HTTP/1.1 200 OK\r\nA: ", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"] {
        let (result, ()) = join!(upstream.send(payment()), async {
            let mut peer = server.accept().await;
            peer.request().await;
            peer.says(start).await;
            tokio::time::pause();
            // Enough for the answer to be complete, if every drop bought time.
            for _ in 0..40 {
                peer.says("1").await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            peer.says("\r\nContent-Length: 0\r\n\r\n").await;
            tokio::time::resume();
        });
        assert_eq!(error(result), Unanswered::Deadline.into());
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_when_the_time_is_over() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let began = Instant::now();
    let (result, _peer) = join!(upstream.send(payment()), async {
        let mut peer = server.accept().await;
        peer.request().await;
        tokio::time::pause();
        peer
    });
    assert_eq!(error(result), Unanswered::Deadline.into());
    assert!((30..45).contains(&began.elapsed().as_secs()));
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_it_open_whether_the_request_arrived() {
    for words in [
        "",
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n",
    ] {
        assert_eq!(error(answered(words).await), Unanswered::Broken.into(), "{words:?}");
    }
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_whole_only_when_tls_says_so() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let (result, ()) = join!(upstream.send(payment()), async {
        let mut peer = server.accept().await;
        peer.request().await;
        peer.says("HTTP/1.1 200 OK\r\n\r\nperhaps not all").await;
        // Cut below TLS, as anybody on the way can do.
        drop(peer);
    });
    assert_eq!(error(result), Unanswered::Broken.into());
}

#[tokio::test]
async fn a_server_that_ends_the_connection_after_the_handshake_may_have_the_request() {
    let authority = Authority::new();
    let server = Server::start(&authority, &USUAL).await;
    let upstream = authority.upstream(&server);
    let (result, ()) = join!(upstream.send(payment()), async { drop(server.accept().await) });
    assert_eq!(error(result), Unanswered::Broken.into());
    assert!(server.is_alone().await, "it tried again");
}

#[tokio::test]
async fn an_answer_that_is_not_http_or_not_asked_for_is_refused() {
    for words in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 two OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ] {
        assert_eq!(error(answered(words).await), Unanswered::Malformed.into(), "{words:?}");
    }
    let words = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(error(answered(words).await), Unanswered::Encoded.into());
}

#[tokio::test]
async fn debug_forms_tell_nothing() {
    let request = payment();
    tells_nothing(&request);
    let words =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", payment_body().len(), payment_body());
    let answer = answered(&words).await.unwrap();
    assert_eq!(answer.body.as_slice(), payment_body().as_bytes());
    tells_nothing(&answer);
}
