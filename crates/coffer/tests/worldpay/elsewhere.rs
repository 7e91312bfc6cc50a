//! What a vault does not have (section 10), accounts that may not tokenize, and configurations that are refused.

use serde_json::json;

use super::{
    calls::{
        CARD_ON_FILE, CARD_SESSIONS, CLEAR, PAN, SESSIONS, Shop, TOKENS, V3, both, card, link, plain,
        refused, session, with,
    },
    place::{self, CHECKOUT, OTHER, OTHER_USER, REVEAL, SHOP, USER},
};
use crate::{
    live::{ALPHA, Live},
    support::{Node, home},
};

#[test]
fn network_tokens_are_those_of_an_account_without_them() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let network = format!("{TOKENS}/network");
    let provision = json!({
        "paymentInstrument": {"type": "card/tokenized", "href": "x"}, "merchant": {"entity": "default"},
    });
    for (method, path, body) in [
        ("POST", network.clone(), provision.to_string()),
        ("POST", format!("{network}/cryptograms"), json!({"tokenNumber": "x"}).to_string()),
        ("DELETE", format!("{network}/4bc4dd2e-7a7b-4f2f-9a2b-3a2f3a1c8c11"), String::new()),
    ] {
        let answer = shop.send(method, &path, &both(V3), body.as_bytes());
        assert_eq!(refused(&answer), (403, "nptConfigurationError".to_owned()), "{method} {path}");
        assert_eq!(answer.json()["message"], "Account not configured to use NPT");
        assert_eq!(refused(&shop.send(method, &path, &[("Accept", "text/html")], body.as_bytes())).0, 406);
    }
    let answer = shop.get(&format!("{network}/4bc4dd2e-7a7b-4f2f-9a2b-3a2f3a1c8c11"));
    assert_eq!(refused(&answer), (404, "resourceNotFound".to_owned()));
    assert_eq!(refused(&shop.send("POST", &network, &[("Accept", V3)], b"{}")).0, 415);
}

#[test]
fn an_account_may_be_kept_from_tokenizing() {
    let live = Live::new();
    let config = place::config(&live, "");
    let config = config.replace(
        &format!("organization = \"{SHOP}\""),
        &format!("organization = \"{SHOP}\"\ntokenization = false"),
    );
    let node = live.try_start(&config).expect("the node starts");
    let mut shop = Shop::by(&node, USER.0, USER.1);
    let not_enabled = (500, "tokenizationNotEnabled".to_owned());
    for answer in [
        shop.post(TOKENS, &card()),
        shop.get(TOKENS),
        shop.get(&format!("{TOKENS}/x")),
        shop.put(&format!("{TOKENS}/x"), &json!("x")),
        shop.delete(&format!("{TOKENS}/x")),
        shop.post(CARD_ON_FILE, &plain(PAN)),
        shop.send(
            "POST",
            CARD_SESSIONS,
            &both(SESSIONS),
            with(&session(PAN), "/identity", json!(CHECKOUT)).to_string().as_bytes(),
        ),
    ] {
        assert_eq!(refused(&answer), not_enabled);
        assert_eq!(answer.json()["message"], "Tokenization not enabled");
    }
    assert_eq!(
        Shop::by(&node, OTHER_USER.0, OTHER_USER.1).create(&card())["paymentInstrument"]["brand"],
        "VISA"
    );
}

/// Two entities of one account see the same tokens.
#[test]
fn a_user_names_the_entities_of_its_list() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let mut shop = Shop::by(&node, USER.0, USER.1);
    let token = shop.create(&card());
    for (entity, status) in [("default", 200), ("second", 200), ("third", 403), ("Default", 403)] {
        let answer = shop.post(TOKENS, &with(&card(), "/merchant/entity", json!(entity)));
        assert_eq!(answer.status, status, "{entity}: {}", answer.text());
        assert!(status != 200 || answer.json() == token);
    }
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused() {
    let live = Live::new();
    let good = place::config(&live, "");
    let entry = |kind: &str, account: &str, more: &str| {
        place::credential(&live, kind, account, "one_more_secret_0001", more)
    };
    let entities = "entities = [\"default\"]\n";
    for (more, expected) in [
        (
            entry("worldpay-user", ALPHA, &format!("user = \"u\"\n{entities}")),
            "give each a tenant of its own",
        ),
        (entry("rebilly-secret", OTHER, ""), "give each a tenant of its own"),
        (entry("worldpay-user", SHOP, &format!("user = \"a:b\"\n{entities}")), "no colon"),
        (entry("worldpay-user", SHOP, &format!("user = \"\"\n{entities}")), "1 to 255 bytes"),
        (entry("worldpay-user", SHOP, entities), "a Worldpay user has a name"),
        (entry("worldpay-user", SHOP, "user = \"u\"\n"), "at least one"),
        (entry("worldpay-user", SHOP, "user = \"u\"\nentities = []\n"), "at least one"),
        (
            entry("worldpay-reveal", SHOP, &format!("user = \"u\"\n{entities}")),
            "entities are for worldpay-user",
        ),
        (entry("worldpay-checkout", SHOP, entities), "entities are for worldpay-user"),
        (entry("worldpay-checkout", SHOP, "user = \"u\"\n"), "user is for"),
        (
            entry(
                "worldpay-user",
                SHOP,
                &format!("user = \"u\"\n{entities}origins = [\"https://a.example\"]\n"),
            ),
            "origins are for",
        ),
        (entry("worldpay-reveal", SHOP, "user = \"u\"\nallowed_ips = []\n"), "admits nobody"),
        (entry("worldpay-user", SHOP, &format!("user = \"u\"\n{entities}acl = []\n")), "acl is for"),
        (
            entry("worldpay-user", &format!("{SHOP}\", \"{OTHER}"), &format!("user = \"u\"\n{entities}")),
            "one account",
        ),
        ("[worldpay]\nenvironment = \"test\"\n".to_owned(), "unknown value"),
        ("[worldpay]\nverification = \"maybe\"\n".to_owned(), "unknown value"),
        ("[worldpay]\nlifetime = 7\n".to_owned(), "unknown field"),
    ] {
        let said = live.refusal(&format!("{good}{more}"));
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(
            !said.contains("one_more_secret_0001") || said.contains("credential one_more_secret_0001"),
            "{said}"
        );
    }
    live.write("short", "short_secret".get(..11).expect("a text"), 0o600);
    let short = format!(
        "[[credentials]]\nname = \"short\"\nkind = \"worldpay-checkout\"\norganizations = [\"{SHOP}\"]\n\
         secret = {{ file = \"{}\" }}\n",
        live.path("short").display()
    );
    assert!(live.refusal(&format!("{good}{short}")).contains("at least 12 characters"));
    // The same user with another password is another credential; the very same is refused.
    let twin = place::credential(
        &live,
        "worldpay-user",
        SHOP,
        "another_password_01",
        &format!("user = \"{}\"\n{entities}", USER.0),
    );
    let node = live.try_start(&format!("{good}{twin}")).expect("two passwords of one user");
    assert_eq!(Shop::by(&node, USER.0, "another_password_01").get(TOKENS).status, 200);
}

/// What changes something is counted for the account, whoever calls, and a reveal as well; a look is not.
#[test]
fn an_account_has_its_limit_of_requests() {
    let live = Live::new();
    let more = "[rate_limit]\nrequests = 10\nseconds = 3600\n";
    let node = live.try_start(&place::config(&live, more)).expect("the node starts");
    let (mut shop, mut other) =
        (Shop::by(&node, USER.0, USER.1), Shop::by(&node, OTHER_USER.0, OTHER_USER.1));
    let mut auditor = Shop::by(&node, REVEAL.0, REVEAL.1);
    let href = link(&shop.create(&card()), "token");
    let clear = [("Accept", CLEAR)];
    for _ in 0..4 {
        assert_eq!(shop.post(TOKENS, &card()).status, 200);
        assert_eq!(auditor.send("GET", &href, &clear, b"").status, 200);
        assert_eq!(shop.get(&href).status, 200);
    }
    assert_eq!(shop.post(TOKENS, &json!({})).status, 400, "what is refused for another reason counts");
    let browser = with(&session(PAN), "/identity", json!(CHECKOUT)).to_string();
    let mut page = node.client();
    let mut leave = || page.call("POST", CARD_SESSIONS, &both(SESSIONS), browser.as_bytes());
    for answer in [
        shop.post(TOKENS, &card()),
        shop.post(CARD_ON_FILE, &plain(PAN)),
        shop.delete(&href),
        auditor.send("GET", &href, &clear, b""),
    ] {
        assert_eq!(refused(&answer), (429, "apiRateLimitExceeded".to_owned()));
        assert_eq!(answer.json()["message"], "API rate limit exceeded");
        let seconds: u32 = answer.header("retry-after").expect("Retry-After").parse().expect("seconds");
        assert!((1..=3_600).contains(&seconds), "{seconds}");
    }
    assert_eq!(shop.get(&href).status, 200, "a look is not counted");
    for _ in 0..10 {
        assert_eq!(leave().status, 201, "browsers have a window of their own");
    }
    assert_eq!(refused(&leave()), (429, "apiRateLimitExceeded".to_owned()));
    assert_eq!(other.create(&card())["paymentInstrument"]["brand"], "VISA", "another account has its own");
}
