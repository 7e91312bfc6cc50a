//! Against real TLS servers of this process, on the loopback address that the settings name.

mod answers;
mod connections;
mod server;
mod settings;

use std::fmt::Debug;

use hyper::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use zeroize::Zeroizing;

use super::{SendError, UpstreamAnswer, UpstreamRequest};
use server::{Arrived, Peer, Server};

/// Stands in the body and nowhere else.
const SECRET: &str = "4111111111111111";

/// Stands in a header and nowhere else.
const KEY: &str = "Bearer upstream-key";

/// A payment.
fn payment() -> UpstreamRequest {
    UpstreamRequest {
        method: Method::POST,
        path: "/payments".to_owned(),
        headers: vec![
            (AUTHORIZATION, HeaderValue::from_static(KEY)),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ],
        body: Zeroizing::new(payment_body().into_bytes()),
    }
}

fn payment_body() -> String {
    format!("{{\"cardNumber\":\"{SECRET}\"}}")
}

/// The error of a payment. It tells nothing of the request.
fn error(result: Result<UpstreamAnswer, SendError>) -> SendError {
    let error = result.expect_err("there is an answer");
    tells_nothing(&error);
    assert!(!error.to_string().contains(SECRET) && !error.to_string().contains(KEY));
    error
}

fn tells_nothing(value: &impl Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!text.contains(SECRET) && !text.contains(KEY), "a debug form tells a secret");
    }
}

/// Takes one request and answers it with these words; then the connection ends.
async fn answer(server: &Server, words: &str) -> Arrived {
    let mut peer: Peer = server.accept().await;
    let arrived = peer.request().await;
    assert!(peer.says(words).await);
    peer.ends().await;
    arrived
}
