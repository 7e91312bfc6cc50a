//! One table of routes, one matcher, one label a route for logs and metrics.

use std::{borrow::Cow, future::Future, pin::Pin};

use coffer_core::RequestId;
use hyper::{
    Method,
    header::{HeaderMap, HeaderName},
};

use crate::{
    admin,
    app::App,
    call::Call,
    dialects::{native, payroc, rebilly, worldpay},
    health,
    metrics::{Metrics, RouteMetrics},
    reply::Reply,
    sandbox,
};

/// The answer that is being made.
pub(crate) type Answer<'c> = Pin<Box<dyn Future<Output = Reply> + Send + 'c>>;

/// What answers a route.
pub(crate) type Handler = for<'c> fn(&'c App, &'c mut Call) -> Answer<'c>;

/// One line of a route table.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// With `{name}` for the parts that vary; without a slash at the end.
    pub(crate) path: Cow<'static, str>,
    pub(crate) handler: Handler,
}

impl Route {
    /// A path that is written in the program.
    pub(crate) fn at(method: &Method, path: &'static str, handler: Handler) -> Self {
        Self { method: method.clone(), path: Cow::Borrowed(path), handler }
    }
}

/// A route as a function that boxes the future of an endpoint.
macro_rules! route {
    ($method:ident $path:literal => $handler:path) => {
        $crate::router::Route {
            method: hyper::Method::$method,
            path: std::borrow::Cow::Borrowed($path),
            handler: |app, call| Box::pin($handler(app, call)),
        }
    };
}
pub(crate) use route;

/// Where a dialect hangs, its routes, and what it says of a path that it does not have.
#[derive(Clone, Copy)]
pub(crate) struct Mount {
    pub(crate) prefix: &'static str,
    pub(crate) routes: fn() -> Vec<Route>,
    pub(crate) not_found: fn() -> Reply,
    pub(crate) wrong_method: fn(&str) -> Reply,
    /// What it says of all its paths while the vault is not open, to a request with these headers.
    pub(crate) sealed: fn(&HeaderMap) -> Reply,
    /// The header that every answer below it has, beside those that all of ours have.
    pub(crate) every: Every,
}

/// What the listener has that clients reach.
static CLIENTS: [Mount; 5] = [rebilly::MOUNT, worldpay::MOUNT, payroc::MOUNT, native::MOUNT, health::MOUNT];

/// A header of every answer, made of the request's id and its headers.
pub(crate) type Every = fn(RequestId, &HeaderMap) -> Option<(HeaderName, String)>;

/// For those that have none.
pub(crate) const NO_HEADER: Every = |_, _| None;

/// Finds the route of a request.
pub(crate) struct Router {
    paths: matchit::Router<usize>,
    entries: Vec<Entry>,
    mounts: Vec<Mount>,
    unmatched: RouteMetrics,
}

/// All methods of one path.
struct Entry {
    methods: Vec<(Method, Found)>,
    mount: usize,
}

/// A route that was found.
pub(crate) struct Found {
    /// `/rebilly/tokens/{token}`: what logs and metrics show in place of the path.
    pub(crate) template: &'static str,
    pub(crate) handler: Handler,
    pub(crate) metrics: RouteMetrics,
    /// The methods of the path, as `Allow` lists them.
    pub(crate) allowed: &'static str,
    pub(crate) mount: Mount,
}

/// What the router says of a request.
pub(crate) enum Match<'r> {
    Found(&'r Found, Vec<(&'static str, String)>),
    Refused(Reply, &'r RouteMetrics, Every),
}

impl Router {
    /// The listener that clients reach.
    pub(crate) fn public(metrics: &Metrics, with_sandbox: bool) -> Self {
        let mut mounts = CLIENTS.to_vec();
        if with_sandbox {
            mounts.push(sandbox::MOUNT);
        }
        Self::of(mounts, metrics)
    }

    /// The listener of the operator.
    pub(crate) fn admin(metrics: &Metrics) -> Self {
        Self::of(vec![health::ADMIN_MOUNT], metrics)
    }

    /// The admin socket: the same, and orders.
    pub(crate) fn socket(metrics: &Metrics) -> Self {
        Self::of(vec![health::ADMIN_MOUNT, admin::MOUNT], metrics)
    }

    fn of(mounts: Vec<Mount>, metrics: &Metrics) -> Self {
        let (mut paths, mut entries) = (matchit::Router::<usize>::new(), Vec::<Entry>::new());
        for (index, mount) in mounts.iter().enumerate() {
            for route in (mount.routes)() {
                let template = Box::leak(format!("{}{}", mount.prefix, route.path).into_boxed_str());
                let metrics = metrics.route(template);
                let found = Found { template, handler: route.handler, metrics, allowed: "", mount: *mount };
                match paths.at(template).map(|found| *found.value) {
                    Ok(known) if entries[known].is_of(template) => {
                        entries[known].methods.push((route.method.clone(), found));
                    }
                    _ => {
                        let inserted = paths.insert(template.to_owned(), entries.len());
                        debug_assert!(inserted.is_ok(), "two routes of one shape: {template}");
                        entries.push(Entry { methods: vec![(route.method.clone(), found)], mount: index });
                    }
                }
            }
        }
        entries.iter_mut().for_each(Entry::tell_allowed);
        Self { paths, entries, mounts, unmatched: metrics.route("unmatched") }
    }

    /// The route of a method and path. One slash at the end makes no difference.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Match<'_> {
        let trimmed = path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(path);
        let Ok(at) = self.paths.at(trimmed) else {
            let mount = below(&self.mounts, trimmed);
            let reply = mount.map_or_else(health::MOUNT.not_found, |mount| (mount.not_found)());
            return Match::Refused(reply, &self.unmatched, mount.map_or(NO_HEADER, |mount| mount.every));
        };
        let entry = &self.entries[*at.value];
        // hyper answers HEAD without the body.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        if let Some((_, found)) = entry.methods.iter().find(|(known, _)| known == method) {
            let params =
                at.params.iter().map(|(name, value)| (found.param(name), value.to_owned())).collect();
            return Match::Found(found, params);
        }
        let allowed = entry.methods.first().map_or("", |(_, found)| found.allowed);
        let mount = &self.mounts[entry.mount];
        Match::Refused((mount.wrong_method)(allowed).allow(allowed), &self.unmatched, mount.every)
    }

    /// The counters of what has no route.
    pub(crate) fn unmatched(&self) -> &RouteMetrics {
        &self.unmatched
    }
}

/// The mount below which a path would be.
fn below<'m>(mounts: &'m [Mount], path: &str) -> Option<&'m Mount> {
    let below =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    mounts.iter().find(|mount| !mount.prefix.is_empty() && below(mount.prefix))
}

/// Whose a client's path is. What is nobody's is answered as the paths of health are.
pub(crate) fn mount_of(path: &str) -> &'static Mount {
    below(&CLIENTS, path).unwrap_or(&health::MOUNT)
}

impl Entry {
    fn is_of(&self, template: &str) -> bool {
        self.methods.iter().any(|(_, found)| found.template == template)
    }

    fn tell_allowed(&mut self) {
        let allowed: Vec<&str> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
        let allowed: &'static str = Box::leak(allowed.join(", ").into_boxed_str());
        self.methods.iter_mut().for_each(|(_, found)| found.allowed = allowed);
    }
}

impl Found {
    /// Whether it is answered by a vault that is sealed.
    pub(crate) fn tells_health(&self) -> bool {
        matches!(self.template, "/livez" | "/readyz")
    }

    /// The parameter's name with the template's lifetime.
    fn param(&self, name: &str) -> &'static str {
        let at = self.template.find(&format!("{{{name}}}")).map_or(0, |at| at + 1);
        self.template.get(at..at + name.len()).unwrap_or("")
    }
}
