//! A live node with two merchants, and an upstream that processes their payments.

use std::fmt::Write as _;

use super::upstream::Upstream;
use crate::{
    calls::{FOREIGN, SECOND, Shop, TERMINAL},
    live::Live,
    support::Node,
};

const SHOP: &str = "pr_shop";
const OTHER: &str = "pr_other";
const SHOP_KEY: &str = "pk_live_shop_0001";
const OTHER_KEY: &str = "pk_live_other_0001";
/// A terminal of the shop that takes Canadian accounts alone.
pub(crate) const PAD_ONLY: &str = "5555001";
/// What the node shows to the upstream, or to its identity service.
pub(crate) const UPSTREAM_KEY: &str = "up-secret-key-0001";

/// Seconds that the upstream has, where it is not slow on purpose.
const SECONDS: u64 = 60;

pub(crate) struct Place {
    pub(crate) live: Live,
    pub(crate) upstream: Upstream,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { live: Live::new(), upstream: Upstream::start() }
    }

    /// A node that asks the identity service for a bearer token.
    pub(crate) fn start(&self) -> Node {
        self.start_with(&(self.forwarding(self.upstream.address.port(), SECONDS) + &self.identity()))
    }

    /// The same with other lines about the upstream; none where they are empty.
    pub(crate) fn start_with(&self, forwarding: &str) -> Node {
        self.live.try_start(&self.config(forwarding)).expect("the node starts")
    }

    /// A node whose first merchant keeps codes through an exchange.
    pub(crate) fn start_keeping(&self) -> Node {
        let line = format!("organization = \"{SHOP}\"\n");
        let config = self.config(&self.forwarding(self.upstream.address.port(), SECONDS));
        let config = config.replacen(&line, &format!("{line}keep_code = true\n"), 1);
        self.live.try_start(&config).expect("the node starts")
    }

    /// A node that stores no sensitive authentication data.
    pub(crate) fn start_dropping(&self) -> Node {
        let forwarding = self.forwarding(self.upstream.address.port(), SECONDS);
        self.start_with(&(forwarding + "[sad]\nenabled = false\n"))
    }

    /// The upstream at this port, without an identity service.
    pub(crate) fn forwarding(&self, port: u16, seconds: u64) -> String {
        self.live.write("upstream-key", UPSTREAM_KEY, 0o600);
        self.live.write("authority.pem", &self.upstream.authority, 0o644);
        format!(
            "[payroc.upstream]\nurl = \"https://localhost:{port}/base/v1\"\nkey = {{ file = \"upstream-key\" }}\n\
             authorities = \"authority.pem\"\nprivate_networks = [\"127.0.0.0/8\"]\nseconds = {seconds}\n"
        )
    }

    /// Its identity service.
    pub(crate) fn identity(&self) -> String {
        format!("identity_url = \"https://localhost:{}/identity\"\n", self.upstream.address.port())
    }

    fn config(&self, forwarding: &str) -> String {
        let mut text = self.live.config();
        for (number, name, key) in [(21, SHOP, SHOP_KEY), (22, OTHER, OTHER_KEY)] {
            self.live.write(key, key, 0o600);
            let _ = write!(
                text,
                "[[tenants]]\nnumber = {number}\norganization = \"{name}\"\n\
                 [[credentials]]\nname = \"key of {name}\"\nkind = \"payroc-key\"\norganizations = [\"{name}\"]\n\
                 secret = {{ file = \"{key}\" }}\n"
            );
        }
        for (id, name, more) in [
            (TERMINAL, SHOP, ""),
            (SECOND, SHOP, ""),
            (PAD_ONLY, SHOP, "accepts = [\"pad\"]\n"),
            (FOREIGN, OTHER, ""),
        ] {
            let _ = write!(text, "[[payroc.terminals]]\nid = \"{id}\"\norganization = \"{name}\"\n{more}");
        }
        text + forwarding
    }
}

/// The merchant at its first terminal, and the other one.
pub(crate) fn shop(node: &Node) -> Shop {
    Shop::by(node, SHOP_KEY, TERMINAL)
}

pub(crate) fn other(node: &Node) -> Shop {
    Shop::by(node, OTHER_KEY, FOREIGN)
}
