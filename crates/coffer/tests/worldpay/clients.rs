//! The requests of published clients, as they send them, and what each reads of the answers.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use super::calls::{
    CARD_ON_FILE, CARD_SESSIONS, IDENTITY, OLD_SESSIONS, ONE_TIME, PAN, SESSIONS, Shop, TOKENS, V1, V2, V3,
    VERIFIED_V1, VERIFIED_V2, VERIFIED_V3, both, fields, link, path_of, refused,
};
use crate::support::{Answer, Node, home};

/// curl's own headers, with one of the caller's.
fn curl(content_type: &str) -> [(&'static str, &str); 2] {
    [("Accept", "*/*"), ("Content-Type", content_type)]
}

/// What the SDKs leave.
fn sdk_session() -> String {
    let body = include_str!("requests/session.json").trim_end();
    body.replace("PAN", PAN).replace("IDENTITY", IDENTITY)
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}: {value}"))
}

/// The company's PHP SDK: both headers, the id or the link's last part in the path, the namespace in the query.
#[test]
fn the_php_sdk() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let body = include_str!("requests/php.json").trim_end();
    let made = shop.send("POST", TOKENS, &both(V3), body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.json();
    let href = text(&token, "/tokenPaymentInstrument/href").to_owned();
    // On a plain-http server it takes the last part.
    for name in [href.rsplit('/').next().unwrap(), text(&token, "/tokenId")] {
        let read = shop.send("GET", &format!("{TOKENS}/{name}?namespace=php-1"), &both(V3), b"");
        assert_eq!((read.status, read.json()), (200, token.clone()), "{}", read.text());
    }
    let list = shop.send("GET", &format!("{TOKENS}?namespace=php-1"), &both(V3), b"");
    assert_eq!(list.json()["_embedded"]["tokens"], json!([token]));
    // A holder that was not set is sent as nothing, and an update as an empty list.
    let unset = body.replace("John Smith", "");
    let answer = shop.send("POST", TOKENS, &both(V3), unset.as_bytes());
    assert_eq!(fields(&answer)[0].2, "$.paymentInstrument.cardHolderName");
    let update = format!("{TOKENS}/{}", href.rsplit('/').next().unwrap());
    let answer = shop.send("PUT", &update, &both(V3), b"[]");
    assert_eq!(refused(&answer), (400, "bodyDoesNotMatchSchema".to_owned()));
    assert_eq!(shop.send("DELETE", &update, &both(V3), b"").status, 204);
}

/// A card as the Magento plugin sends it; its names are in the address.
fn magento(holder: &str, month: u32, namespace: &str) -> String {
    let body = include_str!("requests/magento.json").trim_end();
    body.replace("HOLDER", holder).replace("MONTH", &month.to_string()).replace("NAMESPACE", namespace)
}

/// The Magento plugin: verified tokens in version 2 by curl, then the token twice, once for its brand alone; changes
/// one by one, a name in quotes of its own; deletes for guests.
#[test]
fn the_magento_plugin() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for namespace in ["\"42_112035\"", "1783000000"] {
        let made =
            shop.send("POST", CARD_ON_FILE, &curl(VERIFIED_V2), magento("jane doe", 5, namespace).as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
        let flat = made.json();
        assert_eq!((text(&flat, "/outcome"), flat.get("code")), ("verified", None));
        let href = link(&flat, "token");
        // It splits the raw answer at a blank line and takes the last part.
        assert!(!made.text().contains("\r\n\r\n"));
        let first = shop.send("GET", &href, &curl(VERIFIED_V2), b"").json();
        for pointer in [
            "/tokenId",
            "/description",
            "/tokenPaymentInstrument/href",
            "/tokenExpiryDateTime",
            "/paymentInstrument/cardNumber",
            "/paymentInstrument/cardHolderName",
            "/_links/tokens:token/href",
            "/_links/tokens:cardHolderName/href",
            "/_links/tokens:cardExpiryDate/href",
        ] {
            assert!(!text(&first, pointer).is_empty());
        }
        let second = shop.send("GET", &href, &curl(V2), b"").json();
        assert_eq!(text(&second, "/paymentInstrument/brand"), "VISA");
        let expiry =
            shop.send("PUT", &link(&first, "cardExpiryDate"), &curl(V2), br#"{"month":6,"year":2036}"#);
        let name = shop.send("PUT", &link(&first, "cardHolderName"), &curl(V2), b"\"janet doe\"");
        assert_eq!((expiry.status, name.status), (204, 204));
        // A name with a quote in it is no JSON; the second value of the answer is shown to the buyer.
        let broken = shop.send("PUT", &link(&first, "cardHolderName"), &curl(V2), b"\"jane \"jd\" doe\"");
        assert_eq!(refused(&broken), (400, "bodyIsNotJson".to_owned()));

        let differs =
            shop.send("POST", CARD_ON_FILE, &curl(VERIFIED_V2), magento("jane doe", 7, namespace).as_bytes());
        assert_eq!((differs.status, link(&differs.json(), "token")), (409, href.clone()));
        let waiting = shop.send("GET", &link(&differs.json(), "conflicts"), &both(V2), b"");
        assert_eq!(waiting.status, 200);
        for (part, body) in
            [("cardHolderName", "\"jane doe\""), ("cardExpiryDate", r#"{"month":7,"year":2035}"#)]
        {
            let written = shop.send("PUT", &link(&waiting.json(), part), &both(V2), body.as_bytes());
            assert_eq!(written.status, 204, "{}", written.text());
        }
        let again =
            shop.send("POST", CARD_ON_FILE, &curl(VERIFIED_V2), magento("jane doe", 7, namespace).as_bytes());
        assert_eq!(again.status, 200, "{}", again.text());
        assert_eq!(shop.send("DELETE", &href, &curl(VERIFIED_V2), b"").status, 204);
    }
    // By GraphQL it sends the code as an integer.
    let integer = magento("jane doe", 5, "\"g\"").replace("\"cvc\":\"123\"", "\"cvc\":123");
    assert_eq!(shop.send("POST", CARD_ON_FILE, &curl(VERIFIED_V2), integer.as_bytes()).status, 201);
    // Its older form left cards in sessions itself, with its password.
    let session = format!(
        r#"{{"identity":"{IDENTITY}","cardNumber":"{PAN}","cardExpiryDate":{{"month":5,"year":2035}},"cvc":"123"}}"#
    );
    let left = shop.send("POST", OLD_SESSIONS, &curl(VERIFIED_V2), session.as_bytes());
    let href = text(&left.json(), "/_links/verifiedTokens:session/href").to_owned();
    let checkout = include_str!("requests/magento_checkout.json").trim_end().replace("SESSION", &href);
    assert_eq!(shop.send("POST", CARD_ON_FILE, &curl(VERIFIED_V2), checkout.as_bytes()).status, 201);
    let spent = shop.send("POST", CARD_ON_FILE, &curl(VERIFIED_V2), checkout.as_bytes());
    assert_eq!(text(&spent.json(), "/message"), "Session could not be found");
}

/// curl asks whether to go on before it sends a longer body.
#[test]
fn curl_is_told_to_go_on() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let body = magento(&"x".repeat(255), 5, "\"long\"") + &" ".repeat(1_024);
    let mut stream = TcpStream::connect(node.clients).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = format!(
        "POST {CARD_ON_FILE} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic c2FuZGJveDpzYW5kYm94\r\n\
         User-Agent: curl/7.88.1\r\nAccept: */*\r\nContent-Type: {VERIFIED_V2}\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        node.clients,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut read_until = |end: &str| {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(end) {
            let mut byte = [0];
            let read = stream.read_exact(&mut byte);
            assert!(read.is_ok(), "closed: {}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
        stream.write_all(body.as_bytes()).unwrap();
        String::from_utf8(seen).unwrap()
    };
    assert!(read_until("\r\n\r\n").starts_with("HTTP/1.1 100 Continue"));
    let mut seen = [0; 64];
    stream.read_exact(&mut seen).unwrap();
    let line = String::from_utf8_lossy(&seen).into_owned();
    assert!(
        line.starts_with("HTTP/1.1 201 Created\r\n"),
        "a reason phrase, which another client reads: {line}"
    );
}

/// The Salesforce cartridge: tokens in version 1 without a merchant, verified ones in version 2 with headers of its
/// own; what waits is written by a `PUT` on its link.
#[test]
fn the_salesforce_cartridge() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let own = |media| {
        let mut headers = both(media).to_vec();
        headers.extend([("MERCHANT-ENTITY-REF", "default"), ("SFRA-VERSION", "6.3.0")]);
        headers
    };
    let body = include_str!("requests/salesforce.json").trim_end();
    let made = shop.send("POST", TOKENS, &own(V1), body.as_bytes());
    assert_eq!((made.status, made.header("content-type")), (201, Some(V1)), "{}", made.text());
    let token = made.json();
    let href = text(&token, "/tokenPaymentInstrument/href").to_owned();
    // It splits the end at `T`, strips the `Z`, and reads the seconds as a number.
    let (day, time) = text(&token, "/tokenExpiryDateTime").split_once('T').expect("a day and a time");
    let seconds = time.trim_end_matches('Z').rsplit(':').next().unwrap();
    assert!(day.split('-').count() == 3 && seconds.parse::<u32>().is_ok());

    let verified = include_str!("requests/salesforce_verified.json").trim_end();
    let differs = shop.send("POST", CARD_ON_FILE, &own(VERIFIED_V2), verified.as_bytes());
    let body = differs.json();
    assert_eq!((differs.status, text(&body, "/outcome")), (409, "verified"));
    assert_eq!((body.get("code"), body.get("errorName")), (None, None), "either would be an error");
    let waiting = shop.send("GET", &link(&body, "conflicts"), &both(V2), b"").json();
    assert_eq!(text(&waiting, "/conflicts/paymentInstrument/cardHolderName"), "JANE ROE");
    assert_eq!(waiting.pointer("/conflicts/paymentInstrument/cardExpiryDate/month"), Some(&json!(6)));
    assert_eq!(shop.send("PUT", &link(&body, "conflicts"), &both(V2), b"").status, 204);
    let read = shop.send("GET", &href, &both(V2), b"").json();
    assert_eq!(text(&read, "/paymentInstrument/cardHolderName"), "JANE ROE");
    assert_eq!(shop.send("PUT", &link(&read, "cardHolderName"), &both(V2), b"\"JANE DOE\"").status, 204);

    // A newer cartridge lists by namespace, follows the link it finds, and takes 404 for deleted.
    let list = shop.send("GET", &format!("{TOKENS}?namespace=00001001"), &both(V3), b"").json();
    let own_href = text(&list, "/_embedded/tokens/0/_links/tokens:token/href").to_owned();
    assert_eq!(own_href, href);
    assert_eq!(shop.send("DELETE", &href, &both(V1), b"").status, 204);
    assert_eq!(shop.send("DELETE", &href, &both(V1), b"").status, 404);
    let list = shop.send("GET", &format!("{TOKENS}?namespace=00001001"), &both(V3), b"").json();
    assert_eq!(list["_embedded"]["tokens"], json!([]), "empty is no error");
}

/// A Go client: version 2, no `Accept`, no merchant, and an empty text for whatever is not set.
#[test]
fn the_go_client() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let body = include_str!("requests/go.json").trim_end();
    let headers = [("Content-Type", V2), ("User-Agent", "Go-http-client/1.1"), ("Accept-Encoding", "gzip")];
    let made = shop.send("POST", TOKENS, &headers, body.as_bytes());
    assert_eq!((made.status, made.header("content-type")), (201, Some(V2)), "{}", made.text());
    let address = &made.json()["paymentInstrument"]["billingAddress"];
    assert_eq!(address.get("address2"), None, "nothing is as good as absent");
    assert_eq!(made.header("content-encoding"), None);
    assert!(!text(&made.json(), "/tokenPaymentInstrument/href").is_empty());
    let unset = body.replace("\"go\"", "\"\"");
    let answer = shop.send("POST", TOKENS, &headers, unset.as_bytes());
    assert_eq!(fields(&answer)[0].2, "$.description", "documented: 1 to 255 characters");
}

/// Node and TypeScript clients: both headers, then a `DELETE` of the whole link with nothing but a password, or of its
/// last part.
#[test]
fn the_typescript_clients() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let body = include_str!("requests/typescript.json").trim_end();
    let made = shop.send("POST", TOKENS, &both(V3), body.as_bytes());
    let href = text(&made.json(), "/tokenPaymentInstrument/href").to_owned();
    assert_eq!(
        shop.send("DELETE", &href, &[("Accept", "application/json, text/plain, */*")], b"").status,
        204
    );

    let verified = include_str!("requests/typescript_verified.json").trim_end();
    let made = shop.send("POST", CARD_ON_FILE, &both(VERIFIED_V3), verified.as_bytes());
    let token = &made.json()["_embedded"]["token"];
    assert_eq!((made.status, text(token, "/paymentInstrument/bin")), (201, "444433"));
    let last = text(token, "/tokenPaymentInstrument/href").rsplit('/').next().unwrap().to_owned();
    assert_eq!(shop.send("DELETE", &format!("{TOKENS}/{last}"), &both(V3), b"").status, 204);

    // One that is for version 1 reads by the client's defaults.
    let made = shop.send("POST", CARD_ON_FILE, &both(VERIFIED_V1), verified.as_bytes());
    let last = link(&made.json(), "token").rsplit('/').next().unwrap().to_owned();
    assert_eq!(shop.send("GET", &format!("{TOKENS}/{last}"), &[("Accept", "*/*")], b"").status, 200);
}

/// Clients that get a session from a page, and name it as they like.
fn checkout(shop: &mut Shop, headers: &[(&str, &str)], session: &str, more: &str) -> Answer {
    let body = include_str!("requests/one_time.json").trim_end();
    // Its time in milliseconds, one of those that pass the check digit of a card, is no card.
    let time = 1_783_000_000_000_u64.to_string();
    let body = body.replace("SESSION", session).replace("MORE", more).replace("TIME", &time);
    shop.send("POST", ONE_TIME, headers, body.as_bytes())
}

#[test]
fn clients_of_one_time_tokens() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let leave = || {
        let body = sdk_session();
        let left = node.client().call("POST", CARD_SESSIONS, &both(SESSIONS), body.as_bytes());
        text(&left.json(), "/_links/sessions:session/href").to_owned()
    };
    // The company's MCP server takes 200, 201, 206 and 409 for tokens.
    let made = checkout(
        &mut shop,
        &both(VERIFIED_V3),
        &leave(),
        r#","namespace":"mcp","narrative":{"line1":"MCP"}"#,
    );
    assert_eq!(made.status, 201, "{}", made.text());
    // An Express client, by its configuration in version 3 or 2, with a key of its own for each request.
    for media in [VERIFIED_V3, VERIFIED_V2] {
        let mut headers = both(media).to_vec();
        headers.push(("Idempotency-Key", "0b2a4d5e"));
        let base = format!("http://{}/worldpay/verifiedTokens/sessions", node.clients);
        let href = format!("{base}/{}", leave().rsplit('/').next().unwrap());
        let more = if media == VERIFIED_V3 { r#","narrative":{"line1":"Shop"}"# } else { "" };
        let answer = checkout(&mut shop, &headers, &href, more);
        let body = answer.json();
        let (outcome, token) = if media == VERIFIED_V3 {
            ("/_embedded/verification/outcome", "/_embedded/token/_links/tokens:token/href")
        } else {
            ("/outcome", "/_links/tokens:token/href")
        };
        assert_eq!(text(&body, outcome), "verified");
        assert_eq!(shop.get(text(&body, token)).status, 200);
    }
}

/// The SDKs for Android, iOS and React: they ask the root and follow links by their names, without a password.
#[test]
fn the_sdks_of_pages_and_phones() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut follow = |from: &str, media: &str, name: &str| {
        let answer = client.call("GET", path_of(from), &both(media), b"");
        assert_eq!(answer.status, 200, "{from}: {}", answer.text());
        answer.json()["_links"][name]["href"].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned()
    };
    let service = follow("/worldpay/", SESSIONS, "service:sessions");
    let card = follow(&service, SESSIONS, "sessions:card");
    let code = follow(&service, SESSIONS, "sessions:paymentsCvc");
    let old = follow("/worldpay", "application/json", "service:verifiedTokens");
    let old = follow(&old, VERIFIED_V1, "verifiedTokens:sessions");
    let sdk = ("X-WP-SDK", "access-checkout-android/5.0.0");
    let body = sdk_session();
    let short = format!(r#"{{"cvc":"123","identity":"{IDENTITY}"}}"#);
    for (to, media, body, name) in [
        (&card, SESSIONS, &body, "sessions:session"),
        (&code, SESSIONS, &short, "sessions:session"),
        (&old, VERIFIED_V1, &body, "verifiedTokens:session"),
    ] {
        let mut headers = both(media).to_vec();
        headers.push(sdk);
        let left = client.call("POST", path_of(to), &headers, body.as_bytes());
        assert_eq!(left.status, 201, "{}", left.text());
        let href = left.json()["_links"][name]["href"].clone();
        assert_eq!(left.header("location"), href.as_str());
    }
    // The page's script of the first version says only what it sends; a PHP client writes its digits as numbers.
    let left = client.call("POST", OLD_SESSIONS, &[("Content-Type", VERIFIED_V1)], body.as_bytes());
    assert_eq!(left.status, 201, "{}", left.text());
    let numbers = body.replace(&format!("\"{PAN}\""), PAN).replace("\"123\"", "123");
    let answer = client.call("POST", OLD_SESSIONS, &[("Content-Type", VERIFIED_V1)], numbers.as_bytes());
    assert_eq!(fields(&answer)[0].2, "$.cardNumber", "a number loses its zeros: only a text is taken");
}
