//! A real PostgreSQL server for the tests, and every way to break it that a test needs. No part of the product.
//!
//! [`Server::start`] makes a cluster in a folder of its own and serves it on a free port of the loopback; [`shared`]
//! is one server for all tests of a program. [`Server::kill`], [`Server::stop`] and [`Server::freeze`] are what power
//! cuts, restarts and hanging machines do. [`Proxy`] stands between a client and a server and cuts the line, also
//! exactly before or after a `COMMIT`. [`Patroni`] is two servers of which one takes over from the other.
//!
//! * **Nothing is left behind**: a watcher of each server sees the end of the test process, however it comes (a kill by
//!   signal 9 included), kills the server and removes its folder.
//! * **Nothing hangs**: every start, stop and statement is bounded in time, and a failure shows the end of the server's
//!   own log.
//! * The folder lies where temporary files do: the server runs as another user when the tests run as root, and must get
//!   there. What is acknowledged is flushed (`fsync`, `synchronous_commit`), as it is at an operator's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "for tests only, and a test stops at the first surprise"
)]

mod account;
mod cluster;
mod command;
mod patroni;
mod ports;
mod programs;
mod proxy;
mod server;
mod shared;
mod tree;
mod watcher;

pub use patroni::{Patroni, Place};
pub use proxy::{Proxy, When};
pub use server::{Server, Stop};
pub use shared::{VARIABLE, shared};
