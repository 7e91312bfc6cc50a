//! The yardstick: a JSON body in, the same out, by the most ordinary server that a Rust program can be.
//! Default allocator, default runtime, `axum::serve`: changing anything here changes the meaning of every ratio.

use crate::Failure;
use axum::{Json, Router, routing::post};
use serde_json::Value;
use std::net::SocketAddr;

/// Serves `POST /echo` until the process is killed.
pub(crate) fn serve(address: SocketAddr) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::while_doing("starting the runtime"))?;
    runtime.block_on(async {
        let router = Router::new().route("/echo", post(|Json(body): Json<Value>| async move { Json(body) }));
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener = listener.map_err(Failure::while_doing(format!("listening on {address}")))?;
        axum::serve(listener, router).await.map_err(Failure::while_doing("serving"))
    })
}
