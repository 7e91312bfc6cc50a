//! `/livez`, `/readyz` and the operator's `/metrics`.

use hyper::StatusCode;

use crate::{
    app::App,
    call::Call,
    reply::Reply,
    router::{Mount, NO_HEADER, Route, route},
    sealed,
};

/// On the listener of the clients.
pub(crate) const MOUNT: Mount = Mount {
    prefix: "",
    routes: || vec![route!(GET "/livez" => live), route!(GET "/readyz" => ready)],
    not_found: || text(StatusCode::NOT_FOUND, "there is nothing here\n"),
    wrong_method: |_| Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    sealed: |_| sealed::problem(),
    every: NO_HEADER,
};

fn admin_routes() -> Vec<Route> {
    vec![route!(GET "/livez" => live), route!(GET "/readyz" => ready), route!(GET "/metrics" => metrics)]
}

/// On the listener of the operator.
pub(crate) const ADMIN_MOUNT: Mount = Mount { routes: admin_routes, ..MOUNT };

/// The process answers.
async fn live(_: &App, _: &mut Call) -> Reply {
    text(StatusCode::OK, "live\n")
}

/// The vault can serve.
async fn ready(app: &App, _: &mut Call) -> Reply {
    if !app.vault.ready() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "the store takes no writes\n");
    }
    let device = app.keys.as_ref().map(|keys| keys.device());
    let Some((device, since)) = device.and_then(|device| Some((device, device.away_since()?))) else {
        return text(StatusCode::OK, "ready\n");
    };
    let since = since.to_rfc3339();
    if device.is_sealed() {
        let said = format!("sealed: the key device has not answered since {since}\n");
        text(StatusCode::SERVICE_UNAVAILABLE, &said)
    } else {
        text(StatusCode::OK, &format!("ready, degraded: the key device does not answer since {since}\n"))
    }
}

async fn metrics(app: &App, _: &mut Call) -> Reply {
    let page = app.metrics.page(app);
    Reply::text(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", page)
}

fn text(status: StatusCode, body: &str) -> Reply {
    Reply::text(status, "text/plain; charset=utf-8", body.to_owned())
}
