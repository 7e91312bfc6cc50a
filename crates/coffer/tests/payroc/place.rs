//! A live node with two Payroc merchants beside the organizations of Rebilly, and terminals of every kind.

use std::fmt::Write as _;

use crate::live::Live;

/// The names of the merchants.
pub(crate) const MERCHANT: &str = "payroc_shop";
pub(crate) const OTHER: &str = "payroc_other";

/// API keys.
pub(crate) const KEY: &str = "pk_payroc_shop_0001";
pub(crate) const SECOND_KEY: &str = "pk_payroc_shop_0002";
pub(crate) const OTHER_KEY: &str = "pk_payroc_other_0001";
pub(crate) const ELSEWHERE_KEY: &str = "pk_payroc_elsewhere_0001";
/// What redeems and reveals for the merchant, and for the other one.
pub(crate) const REDEEM_KEY: &str = "ck_payroc_shop_0001";
pub(crate) const OTHER_REDEEM_KEY: &str = "ck_payroc_other_0001";

/// Terminals of the merchant.
pub(crate) const OPEN: &str = "shop-0001";
pub(crate) const CARDS_ONLY: &str = "shop-cards";
pub(crate) const BANK_ONLY: &str = "shop-bank";
/// It knows two custom fields.
pub(crate) const NAMED_FIELDS: &str = "shop.fields";
/// It knows none.
pub(crate) const NO_FIELDS: &str = "shop_none";
/// A terminal of the other one.
pub(crate) const OTHER_TERMINAL: &str = "other-0001";

/// The configuration of such a node. `more` is TOML of tables.
pub(crate) fn config(live: &Live, more: &str) -> String {
    let keys = [
        ("payroc-key", MERCHANT, KEY, ""),
        ("payroc-key", MERCHANT, SECOND_KEY, ""),
        ("payroc-key", OTHER, OTHER_KEY, ""),
        ("payroc-key", MERCHANT, ELSEWHERE_KEY, "allowed_ips = [\"192.0.2.0/24\"]\n"),
        ("native-redeem", MERCHANT, REDEEM_KEY, ""),
        ("native-redeem", OTHER, OTHER_REDEEM_KEY, ""),
    ];
    config_of(live, &keys, more)
}

/// The same with these keys: kind, merchant, secret and more TOML.
pub(crate) fn config_of(live: &Live, keys: &[(&str, &str, &str, &str)], more: &str) -> String {
    let mut text = live.config();
    for (number, merchant) in [(21, MERCHANT), (22, OTHER)] {
        let _ = write!(text, "[[tenants]]\nnumber = {number}\norganization = \"{merchant}\"\n");
    }
    for (kind, merchant, secret, more) in keys {
        live.write(secret, secret, 0o600);
        let path = live.path(secret);
        let _ = write!(
            text,
            "[[credentials]]\nname = \"{secret}\"\nkind = \"{kind}\"\norganizations = [\"{merchant}\"]\n{more}\
             secret = {{ file = \"{}\" }}\n",
            path.display()
        );
    }
    for (id, merchant, more) in [
        (OPEN, MERCHANT, ""),
        (CARDS_ONLY, MERCHANT, "accepts = [\"card\"]\nexpired_cards = true\n"),
        (BANK_ONLY, MERCHANT, "accepts = [\"ach\", \"pad\"]\n"),
        (NAMED_FIELDS, MERCHANT, "custom_fields = [\"Invoice\", \"yourCustomField\"]\n"),
        (NO_FIELDS, MERCHANT, "custom_fields = []\n"),
        (OTHER_TERMINAL, OTHER, ""),
    ] {
        let _ = write!(text, "[[payroc.terminals]]\nid = \"{id}\"\norganization = \"{merchant}\"\n{more}");
    }
    text + more
}
