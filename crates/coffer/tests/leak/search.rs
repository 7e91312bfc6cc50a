//! Finds values in whatever was written, in every form that a careless line of code would give them.

use std::fmt::Write;

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};

/// Digits in a row that tell more of a card number than BIN or last four do.
const PART_DIGITS: usize = 10;

/// What a value is: decides who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A card number: redeem and reveal show it to their caller.
    Card,
    /// A verification code: redeem shows it to its caller.
    Code,
    /// What another method protects: account numbers, link tokens, payloads. Redeem shows it to its caller.
    Protected,
    /// Names, addresses and references: create and read show them to their caller.
    Personal,
    /// Nobody is shown it: API keys, JWTs, the root key, and what is taken in and dropped.
    Nobody,
    /// A token: answers show it, nothing else does.
    Token,
}

/// One value in one form.
struct Needle {
    kind: Kind,
    name: String,
    bytes: Vec<u8>,
}

/// All values in all forms.
#[derive(Default)]
pub(crate) struct Search {
    needles: Vec<Needle>,
}

/// A value that was found: what it is and in which form, never the value.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) kind: Kind,
    #[expect(dead_code, reason = "read where a failure is printed")]
    name: String,
    #[expect(dead_code, reason = "read where a failure is printed")]
    at: usize,
}

impl Search {
    /// Looks for a value from now on, in every form.
    pub(crate) fn add(&mut self, kind: Kind, name: &str, value: impl AsRef<[u8]>) {
        let value = value.as_ref();
        self.plain(kind, name, "as it is", value);
        self.plain(kind, name, "in lower case", &value.to_ascii_lowercase());
        self.plain(kind, name, "in upper case", &value.to_ascii_uppercase());
        self.plain(kind, name, "reversed", &value.iter().rev().copied().collect::<Vec<_>>());
        self.plain(kind, name, "in hex", HEXLOWER.encode(value).as_bytes());
        self.plain(kind, name, "in HEX", HEXUPPER.encode(value).as_bytes());
        for separator in [",", ", "] {
            self.plain(kind, name, "as a list of bytes", list(value, separator).as_bytes());
        }
        self.plain(kind, name, "in UTF-16", &value.iter().flat_map(|byte| [*byte, 0]).collect::<Vec<_>>());
        self.shifted(kind, name, value, &BASE64_NOPAD, 3);
        self.shifted(kind, name, value, &BASE64URL_NOPAD, 3);
        self.shifted(kind, name, value, &BASE32_NOPAD, 5);
    }

    /// Looks for a card number: in every form, with separators, packed two digits a byte, and in part.
    pub(crate) fn add_card(&mut self, name: &str, pan: &str) {
        self.add_number(Kind::Card, name, pan);
    }

    /// The same for any number of digits.
    pub(crate) fn add_number(&mut self, kind: Kind, name: &str, pan: &str) {
        self.add(kind, name, pan);
        for (separator, group) in [(" ", 4), ("-", 4), (".", 4), (" ", 1), ("-", 1)] {
            let groups: Vec<_> = pan.as_bytes().chunks(group).map(String::from_utf8_lossy).collect();
            self.plain(kind, name, "with separators", groups.join(separator).as_bytes());
        }
        let even = if pan.len().is_multiple_of(2) { pan.to_owned() } else { format!("{pan}f") };
        self.plain(kind, name, "packed", &HEXLOWER.decode(even.as_bytes()).expect("digits"));
        for part in pan.as_bytes().windows(PART_DIGITS) {
            self.plain(kind, name, "in part", part);
        }
    }

    /// Looks for a code. Three digits may be anywhere by chance: it is looked for beside its name, and as it would
    /// lie in the clear before it is sealed.
    pub(crate) fn add_code(&mut self, code: &str) {
        for beside in [
            "cvv\":\"",
            "cvv\": \"",
            "cvv\\\":\\\"",
            "cvv=",
            "cvv: ",
            "cvv: \"",
            "Cvv(\"",
            "Cvv(",
            "cvc\":\"",
            "cvc\": \"",
            "cvc\\\":\\\"",
            "cvc=",
            "cvc: ",
            "cvc: \"",
        ] {
            let text = format!("{beside}{code}");
            self.add(Kind::Code, "code beside its name", &text);
        }
        let mut padded = vec![u8::try_from(code.len()).expect("a short code")];
        padded.extend_from_slice(code.as_bytes());
        padded.resize(5, 0);
        self.plain(Kind::Code, "code", "padded", &padded);
    }

    /// Every place where a value lies, by a table of the first two bytes.
    pub(crate) fn hits(&self, content: &[u8]) -> Vec<Hit> {
        let mut by_start = vec![Vec::<&Needle>::new(); 1 << 16];
        for needle in &self.needles {
            by_start[start(&needle.bytes)].push(needle);
        }
        let hit = |at: usize| {
            let here = &content[at..];
            let found = by_start[start(here)].iter().filter(|needle| here.starts_with(&needle.bytes));
            found
                .map(move |needle| Hit { kind: needle.kind, name: needle.name.clone(), at })
                .collect::<Vec<_>>()
        };
        (0..content.len().saturating_sub(1)).flat_map(hit).collect()
    }

    fn plain(&mut self, kind: Kind, name: &str, form: &str, bytes: &[u8]) {
        assert!(bytes.len() >= 5, "{name} {form}: so few bytes may be anywhere by chance");
        if self.needles.iter().all(|needle| needle.bytes != bytes) {
            self.needles.push(Needle { kind, name: format!("{name} {form}"), bytes: bytes.to_vec() });
        }
    }

    /// The value inside a longer encoded text, at each place where a block can begin. Letters that neighbours share in
    /// are left out.
    fn shifted(&mut self, kind: Kind, name: &str, value: &[u8], encoding: &Encoding, block: usize) {
        let bits = encoding.bit_width();
        for shift in 0..block {
            let mut padded = vec![0; shift];
            padded.extend_from_slice(value);
            let text = encoding.encode(&padded);
            let (first, last) = ((shift * 8).div_ceil(bits), padded.len() * 8 / bits);
            self.plain(kind, name, "in base64 or base32", &text.as_bytes()[first..last]);
        }
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

fn list(value: &[u8], separator: &str) -> String {
    value.iter().enumerate().fold(String::new(), |mut text, (at, byte)| {
        let _ = write!(text, "{}{byte}", if at == 0 { "" } else { separator });
        text
    })
}
