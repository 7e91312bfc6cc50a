//! `/livez`, `/readyz` and the operator's `/metrics`.

use hyper::StatusCode;

use crate::{
    app::App,
    call::Call,
    reply::Reply,
    router::{Mount, NO_HEADER, Route, route},
};

/// On the listener of the clients.
pub(crate) const MOUNT: Mount = Mount {
    prefix: "",
    routes: || vec![route!(GET "/livez" => live), route!(GET "/readyz" => ready)],
    not_found: || text(StatusCode::NOT_FOUND, "there is nothing here\n"),
    wrong_method: |_| Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
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
    if app.vault.ready() {
        text(StatusCode::OK, "ready\n")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "the store takes no writes\n")
    }
}

async fn metrics(app: &App, _: &mut Call) -> Reply {
    let page = app.metrics.page(&app.vault, &app.settings.tables, &app.velocities);
    Reply::text(StatusCode::OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", page)
}

fn text(status: StatusCode, body: &str) -> Reply {
    Reply::text(status, "text/plain; charset=utf-8", body.to_owned())
}
