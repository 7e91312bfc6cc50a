//! A second after a code was given out, or died, no copy of it is in the process.

use std::{thread, time::Duration};

use serde_json::json;

use super::{
    live::Live,
    scan,
    support::{
        Client, Node, create, exchange, home, redeem,
        tls::{Authority, NAME},
    },
};

/// The time that everything under way has.
const A_SECOND: Duration = Duration::from_secs(1);

/// A published test number with a code. Digits alone come together by chance; these forms do not.
struct Marked {
    pan: &'static str,
    cvv: &'static str,
}

impl Marked {
    /// The code as Coffer handles it: as it is sent and shown in JSON, and as it is sealed.
    fn codes(&self) -> Vec<Vec<u8>> {
        let cvv = self.cvv;
        vec![
            format!("\"cvv\":\"{cvv}\"").into_bytes(),
            format!("\"cvv\": \"{cvv}\"").into_bytes(),
            self.padded(),
            format!("cvc\":\"{cvv}\"").into_bytes(),
        ]
    }

    fn padded(&self) -> Vec<u8> {
        let mut padded = vec![0; 5];
        padded[0] = u8::try_from(self.cvv.len()).unwrap();
        padded[1..=self.cvv.len()].copy_from_slice(self.cvv.as_bytes());
        padded
    }

    fn number(&self) -> Vec<u8> {
        self.pan.as_bytes().to_vec()
    }

    fn body(&self) -> serde_json::Value {
        json!({
            "method": "payment-card",
            "paymentInstrument": {"pan": self.pan, "cvv": self.cvv, "expMonth": 12, "expYear": 2035},
        })
    }
}

/// Where codes and numbers are in the memory of a process, which idles: of each card the places of both.
fn places(process: u32, marked: &[Marked]) -> Vec<(Vec<String>, Vec<String>)> {
    thread::sleep(A_SECOND);
    let mut needles = Vec::new();
    for one in marked {
        needles.extend(one.codes());
        needles.push(one.number());
    }
    let found = scan::find(process, &needles);
    let parted = found.chunks(needles.len() / marked.len()).map(|found| {
        let (numbers, codes) = found.split_last().expect("the number is last");
        (codes.concat(), numbers.clone())
    });
    parted.collect()
}

#[test]
fn a_code_is_nowhere_in_memory_a_second_after_its_use() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let marked = [
        Marked { pan: "378282246310005", cvv: "7391" },
        Marked { pan: "371449635398431", cvv: "8462" },
        Marked { pan: "5105105105105100", cvv: "957" },
    ];
    let mut client = node.client();
    let token = create(&mut client, &marked[1].body());
    assert_eq!(exchange(&mut client, &token, "cus_1").status, 201);
    pay(&mut client, &marked[2]);
    // The last one: nothing comes after it that would lie over what it leaves.
    let token = create(&mut client, &marked[0].body());
    let answer = redeem(&mut client, &token);
    assert_eq!(answer.json()["card"]["cvv"], marked[0].cvv);
    // The connections stay open, with whatever they keep.
    let places = places(node.id(), &marked);
    assert!(places.iter().all(|(codes, numbers)| codes.is_empty() && numbers.is_empty()), "{places:#?}");
    drop(client);
}

/// The same with TLS in the process: where rustls copies what it decrypted, the allocator wipes it when it is freed.
#[test]
fn with_tls_a_code_is_nowhere_in_memory_either() {
    let authority = Authority::new();
    let (live, pair) = (Live::new(), authority.pair(NAME, 2035));
    live.write("key.pem", &pair.key_pem(), 0o600);
    live.write("chain.pem", &pair.certificate_pem(), 0o644);
    let tls = "[tls]\ncertificate = \"chain.pem\"\nkey = { file = \"key.pem\" }\n";
    live.write("coffer.toml", &format!("{}{tls}", live.config()), 0o644);
    let node = Node::serve_tls(&live.path("coffer.toml"), live.clients, live.operator).expect("it starts");
    let marked = [Marked { pan: "378282246310005", cvv: "7391" }];
    let mut client = authority.plain_client().connect(node.clients).unwrap();
    let body = marked[0].body().to_string();
    let secret = ("REB-APIKEY", "sk_live_alpha_0001");
    let made = client.call("POST", "/rebilly/tokens", &[secret], body.as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/coffer/v1/tokens/{}/redeem", made.json()["id"].as_str().unwrap());
    let clear = client.call("POST", &path, &[("Authorization", "Bearer ck_live_alpha_redeem_0001")], b"");
    assert_eq!(clear.json()["card"]["cvv"], marked[0].cvv);
    let places = places(node.id(), &marked);
    assert!(places.iter().all(|(codes, numbers)| codes.is_empty() && numbers.is_empty()), "{places:#?}");
    drop(client);
    let key = scan::find(node.id(), &[pair.key_pem().lines().nth(1).unwrap().as_bytes()[..48].to_vec()]);
    assert!(key[0].is_empty(), "the text of the private key: {key:?}");
}

/// A payment in Payroc's words, with a single-use token.
fn pay(client: &mut Client, marked: &Marked) {
    let answer = client.call("POST", "/payroc/authorize", &[("x-api-key", "sandbox")], b"");
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    let mut post = |path: &str, key: &str, body: serde_json::Value| {
        let key = format!("0d6a5f0e-5a43-4ed5-8e17-2f1f9a0c00{key}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key.as_str()),
        ];
        let answer =
            client.call("POST", &format!("/payroc/v1/{path}"), &headers, body.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    };
    let details = json!({"entryMethod": "keyed", "keyedData": {"dataFormat": "plainText", "cardNumber": marked.pan,
        "expiryDate": "1235", "cvv": marked.cvv}});
    let body = json!({"channel": "web", "source": {"type": "card", "cardDetails": details}});
    let token = post("processing-terminals/1234001/single-use-tokens", "01", body);
    let body = json!({"channel": "web", "processingTerminalId": "1234001",
        "order": {"orderId": "1", "amount": 4999, "currency": "USD"},
        "paymentMethod": {"type": "singleUseToken", "token": token["token"]}});
    post("payments", "02", body);
}
