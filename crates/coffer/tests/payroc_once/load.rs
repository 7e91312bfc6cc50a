//! One client under load: it asks for everything that has a key until its connection breaks.

use std::net::SocketAddr;

use crate::{
    asked::{Asked, Kind},
    calls::{flat, text},
    dice::Dice,
    support::Client,
};

/// Custom fields that one secure token is given, at most: fifty are taken.
const PATCHES: usize = 40;

/// What a client brings home: everything that it asked for. The last one may have no answer.
pub(crate) struct Worker {
    client: Client,
    bearer: String,
    dice: Dice,
    name: String,
    asked: Vec<Asked>,
    /// Single-use tokens that were not used.
    tokens: Vec<String>,
    /// Secure tokens of its own, and how often each was patched.
    secure: Vec<(String, usize)>,
}

/// Works until the connection breaks.
pub(crate) fn run(address: SocketAddr, bearer: &str, dice: Dice, name: String) -> Vec<Asked> {
    let Some(client) = Client::try_new(address) else { return Vec::new() };
    let mut worker = Worker {
        client,
        bearer: bearer.to_owned(),
        dice,
        name,
        asked: Vec::new(),
        tokens: Vec::new(),
        secure: Vec::new(),
    };
    while worker.step() {}
    worker.asked
}

impl Worker {
    /// One request. False when the connection broke.
    fn step(&mut self) -> bool {
        if self.dice.below(8) == 0
            && let Some(asked) = self.asked.get(self.dice.below(self.asked.len()))
        {
            let Some(again) = asked.send(&mut self.client, &self.bearer) else { return false };
            assert_eq!(Some(&again), asked.told.as_ref(), "{:?}", asked.kind);
            return true;
        }
        let mut asked = self.choose();
        asked.told = asked.send(&mut self.client, &self.bearer);
        let went = asked.told.is_some();
        if went {
            self.note(&asked);
        }
        self.asked.push(asked);
        went
    }

    fn choose(&mut self) -> Asked {
        let operator = format!("{}-{}", self.name, self.asked.len());
        let at = self.dice.below(self.secure.len());
        match (self.dice.below(10), self.tokens.is_empty(), self.secure.is_empty()) {
            (2, ..) => Asked::secure(&operator),
            (3, ..) => Asked::session(),
            (4 | 5, _, false) if self.secure[at].1 < PATCHES => {
                self.secure[at].1 += 1;
                Asked::patch(&self.secure[at].0)
            }
            (6, false, false) => {
                let token = self.draw();
                Asked::update_account(&self.secure[at].0, &token)
            }
            (7, false, _) => Asked::payment(&flat(&self.draw()), &operator),
            (8 | 9, false, _) => Asked::secure_of(&self.draw(), &operator),
            _ => Asked::single_use(self.dice.below(4_000), &operator),
        }
    }

    fn draw(&mut self) -> String {
        self.tokens.swap_remove(self.dice.below(self.tokens.len()))
    }

    fn note(&mut self, asked: &Asked) {
        let told = asked.told.as_ref().expect("an answer");
        assert_eq!(told.status, asked.success(), "{:?}: {}", asked.kind, told.text);
        match asked.kind {
            Kind::SingleUse => self.tokens.push(text(&told.json(), "token")),
            Kind::Secure | Kind::SecureOfToken => {
                self.secure.push((text(&told.json(), "secureTokenId"), 0));
            }
            _ => {}
        }
    }
}
