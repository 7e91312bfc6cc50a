//! One client under load: it makes and uses tokens until its connection breaks, and notes what it was told.

use std::{net::SocketAddr, time::Instant};

use super::{
    book::{Fate, Token},
    dice::Dice,
};
use crate::support::{Answer, Client, REDEEM, SECRET};

/// Published test numbers and the length of their codes.
const CARDS: [(&str, usize); 5] = [
    ("4111111111111111", 3),
    ("5555555555554444", 3),
    ("378282246310005", 4),
    ("6011000990139424", 3),
    ("3566002020360505", 3),
];

/// What a client brings home.
pub(crate) struct Harvest {
    pub(crate) tokens: Vec<Token>,
    pub(crate) creates_in_doubt: u64,
}

/// A client with its connection.
struct Worker {
    client: Client,
    dice: Dice,
    /// Begins the names of its customers, so that no two clients write to one instrument.
    name: String,
    usable: Vec<Token>,
    done: Vec<Token>,
}

/// The peer is gone: nobody knows what became of the last request.
struct Broken;

/// Works until the connection breaks. An answer that should not be is a panic.
pub(crate) fn run(address: SocketAddr, dice: Dice, name: String, usable: Vec<Token>) -> Harvest {
    let Some(client) = Client::try_new(address) else {
        return Harvest { tokens: usable, creates_in_doubt: 0 };
    };
    let mut worker = Worker { client, dice, name, usable, done: Vec::new() };
    let mut creates_in_doubt = 0;
    loop {
        let went = match worker.dice.below(10) {
            0..=4 => worker.create().inspect_err(|_| creates_in_doubt += 1),
            5 | 6 => worker.exchange(),
            7 | 8 => worker.redeem(),
            _ => worker.read(),
        };
        if went.is_err() {
            worker.done.append(&mut worker.usable);
            return Harvest { tokens: worker.done, creates_in_doubt };
        }
    }
}

impl Worker {
    fn create(&mut self) -> Result<(), Broken> {
        let (pan, code_digits) = CARDS[self.dice.below(CARDS.len())];
        let code = format!("{:04}", self.dice.below(10_000));
        let cvv = (self.dice.below(5) > 0).then(|| code[..code_digits].to_owned());
        let mut card = serde_json::json!({"pan": pan, "expMonth": 12, "expYear": 2035});
        if let Some(cvv) = &cvv {
            card["cvv"] = cvv.as_str().into();
        }
        let body = serde_json::json!({"method": "payment-card", "paymentInstrument": card}).to_string();
        let answer =
            self.client.try_call("POST", "/rebilly/tokens", &[SECRET], body.as_bytes()).ok_or(Broken)?;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        let (request, last4) = (request(&answer), &pan[pan.len() - 4..]);
        self.usable.push(Token { id, request, last4, cvv, born: Instant::now(), fate: Fate::Unused });
        Ok(())
    }

    fn exchange(&mut self) -> Result<(), Broken> {
        let customer = format!("{}-{}", self.name, self.dice.below(4));
        self.spend(|client, token| {
            let body = serde_json::json!({"token": token.id, "customerId": customer}).to_string();
            let answer = client
                .try_call("POST", "/rebilly/payment-instruments", &[SECRET], body.as_bytes())
                .ok_or(Broken)?;
            assert!(matches!(answer.status, 201 | 303), "{}", answer.text());
            let instrument = answer.json()["id"].as_str().expect("an id").to_owned();
            Ok(Fate::Exchanged { request: request(&answer), instrument, customer })
        })
    }

    fn redeem(&mut self) -> Result<(), Broken> {
        self.spend(|client, token| {
            let path = format!("/coffer/v1/tokens/{}/redeem", token.id);
            let answer = client.try_call("POST", &path, &[REDEEM], b"").ok_or(Broken)?;
            token.assert_redeemed(&answer);
            Ok(Fate::Redeemed { request: request(&answer) })
        })
    }

    /// Uses a token, or makes one where there is none.
    fn spend(
        &mut self,
        r#use: impl FnOnce(&mut Client, &Token) -> Result<Fate, Broken>,
    ) -> Result<(), Broken> {
        if self.usable.is_empty() {
            return Ok(());
        }
        let mut token = self.usable.swap_remove(self.dice.below(self.usable.len()));
        let fate = r#use(&mut self.client, &token);
        let went = fate.as_ref().map(|_| ()).map_err(|_| Broken);
        token.fate = fate.unwrap_or(Fate::InDoubt);
        self.done.push(token);
        went
    }

    fn read(&mut self) -> Result<(), Broken> {
        let Some(token) = self.done.last().or(self.usable.last()) else { return Ok(()) };
        let path = format!("/rebilly/tokens/{}", token.id);
        let answer = self.client.try_call("GET", &path, &[SECRET], b"").ok_or(Broken)?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Ok(())
    }
}

impl Token {
    /// The answer is the token's card, with the code that came in.
    pub(crate) fn assert_redeemed(&self, answer: &Answer) {
        assert_eq!(answer.status, 200, "token {}: {}", self.id, answer.text());
        let card = &answer.json()["card"];
        assert!(card["pan"].as_str().is_some_and(|pan| pan.ends_with(self.last4)), "token {}", self.id);
        assert_eq!(card["cvv"].as_str(), self.cvv.as_deref(), "token {}: its code", self.id);
    }
}

/// The request's id, as the audit log names it.
pub(crate) fn request(answer: &Answer) -> String {
    answer.header("x-request-id").expect("a request id").to_owned()
}
