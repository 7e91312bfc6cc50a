//! A live node with two Worldpay accounts beside the organizations of Rebilly, and a credential of every kind.

use std::fmt::Write as _;

use crate::live::Live;

/// The names of the accounts.
pub(crate) const SHOP: &str = "wp_shop";
pub(crate) const OTHER: &str = "wp_other";

/// Users with their passwords; the checkouts are their secrets.
pub(crate) const USER: (&str, &str) = ("shop", "pw_live_shop_0001");
pub(crate) const REVEAL: (&str, &str) = ("shop-reveal", "pw_live_reveal_0001");
pub(crate) const OTHER_USER: (&str, &str) = ("other", "pw_live_other_0001");
pub(crate) const OTHER_REVEAL: (&str, &str) = ("other-reveal", "pw_live_other_reveal_0001");
pub(crate) const ELSEWHERE: (&str, &str) = ("elsewhere", "pw_live_elsewhere_0001");
pub(crate) const CHECKOUT: &str = "checkout_live_shop_0001";
pub(crate) const OTHER_CHECKOUT: &str = "checkout_live_other_0001";
pub(crate) const ELSEWHERE_CHECKOUT: &str = "checkout_live_elsewhere_0001";
/// The page of the checkouts.
pub(crate) const PAGE: &str = "https://shop.example";

/// The configuration of such a node. `more` is TOML of tables.
pub(crate) fn config(live: &Live, more: &str) -> String {
    let mut text = live.config();
    for (number, account) in [(11, SHOP), (12, OTHER)] {
        let _ = write!(text, "[[tenants]]\nnumber = {number}\norganization = \"{account}\"\n");
    }
    let entities = "entities = [\"default\", \"second\"]\n";
    let elsewhere = format!("{entities}allowed_ips = [\"192.0.2.0/24\"]\n");
    for (kind, account, (user, password), more) in [
        ("user", SHOP, USER, entities),
        ("reveal", SHOP, REVEAL, ""),
        ("user", OTHER, OTHER_USER, entities),
        ("reveal", OTHER, OTHER_REVEAL, ""),
        ("user", SHOP, ELSEWHERE, &elsewhere),
    ] {
        let user = format!("user = \"{user}\"\n{more}");
        text.push_str(&credential(live, &format!("worldpay-{kind}"), account, password, &user));
    }
    let page = format!("origins = [\"{PAGE}\"]\n");
    let elsewhere = format!("{page}allowed_ips = [\"192.0.2.0/24\"]\n");
    for (account, secret, more) in
        [(SHOP, CHECKOUT, &page), (OTHER, OTHER_CHECKOUT, &page), (SHOP, ELSEWHERE_CHECKOUT, &elsewhere)]
    {
        text.push_str(&credential(live, "worldpay-checkout", account, secret, more));
    }
    text + more
}

/// A credential named as its secret, which lies in a file of the same name.
pub(crate) fn credential(live: &Live, kind: &str, account: &str, secret: &str, more: &str) -> String {
    live.write(secret, secret, 0o600);
    format!(
        "[[credentials]]\nname = \"{secret}\"\nkind = \"{kind}\"\norganizations = [\"{account}\"]\n{more}\
         secret = {{ file = \"{}\" }}\n",
        live.path(secret).display()
    )
}
