//! HTTP: the accept loop and its limits, and the dialects that real clients already speak: Rebilly's, Worldpay's,
//! Payroc's and our own.
//!
//! Start with [`Server`]. A request is matched against one table of routes (`router`), its caller is found in an
//! immutable snapshot of [`credentials`] and [`jwt`] issuers, and one dialect (`dialects`) parses it, asks the vault
//! for one use case and renders the reply. No decision about a token is taken here, and no SQL or cryptography is found
//! here.

mod acl;
mod admin;
mod app;
mod call;
pub mod credentials;
mod detector;
mod dialects;
pub mod edge;
mod form;
mod health;
pub mod import;
mod json;
pub mod jwt;
mod known;
mod links;
mod lists;
mod metrics;
mod openapi;
mod query;
mod refusal;
mod reply;
mod router;
mod sandbox;
mod sealed;
mod serve;
mod strangers;
mod underway;
mod upstream;

pub use admin::{DeviceState, KeyDesk, Lent, RootCustody};
pub use app::{App, Settings};
pub use dialects::payroc::{Accepts, Forwarding, PayrocSettings, Processor, Terminal};
pub use dialects::rebilly::{RiskSettings, RiskWeights, WeightError, operations as rebilly_operations};
pub use dialects::worldpay::WorldpaySettings;
pub use known::Callers;
pub use metrics::Metrics;
pub use sealed::{Attempt, Gate};
pub use serve::{Listeners, Listening, ServeError, Server, ServerTls, TlsError, TlsFiles, tls_suites};
pub use upstream::{
    NotSent, SendError, Slot, Unanswered, Upstream, UpstreamAnswer, UpstreamError, UpstreamRequest,
    UpstreamSettings, client_tls,
};
