//! What a token or an instrument protects, and the bytes that are sealed of it (`docs/FORMAT.md`).

use std::fmt;

use coffer_crypto::FingerprintKind;
use coffer_types::{AccountNumber, Pan, RoutingNumber};
use zeroize::Zeroizing;

use crate::{store::CardFace, vault::Refused};

/// What must not be seen by anybody who may not open it.
pub enum Protected {
    /// A card number.
    Card(Pan),
    /// A bank account.
    Account(Account),
    /// What another method has, as JSON that only its dialect understands.
    Other(Other),
    /// Nothing: a partial card token, which only brings a new expiry or code to a card that is there.
    Nothing,
}

/// A bank account's number, and the bank's where the number is only unique there.
pub struct Account {
    /// The account's number or IBAN.
    pub number: AccountNumber,
    /// The bank's routing number; none for an IBAN.
    pub routing: Option<RoutingNumber>,
}

/// The secrets of another method.
pub struct Other {
    /// What tells two of this method apart, at most 65,535 bytes; none where every one is new.
    pub identity: Option<Zeroizing<String>>,
    /// JSON.
    pub json: Zeroizing<String>,
}

/// The kinds of [`Protected`]. An instrument never changes its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectedKind {
    /// See [`Protected::Card`].
    Card,
    /// See [`Protected::Account`].
    Account,
    /// See [`Protected::Other`].
    Other,
    /// See [`Protected::Nothing`].
    Nothing,
}

/// Sealed bytes that do not read back. Says nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is protected does not read back")]
pub(crate) struct Unreadable;

/// The first byte of the sealed form. The codes are stored: never give one a second meaning.
const CARD: u8 = 1;
const ACCOUNT: u8 = 2;
const OTHER: u8 = 3;
const NOTHING: u8 = 4;

impl Protected {
    /// What kind this is.
    pub fn kind(&self) -> ProtectedKind {
        match self {
            Self::Card(_) => ProtectedKind::Card,
            Self::Account(_) => ProtectedKind::Account,
            Self::Other(_) => ProtectedKind::Other,
            Self::Nothing => ProtectedKind::Nothing,
        }
    }

    /// The same once more, in memory of its own that is wiped as well.
    pub fn duplicate(&self) -> Result<Self, Refused> {
        Self::from_bytes(&self.to_bytes()).map_err(|_| Refused::Unavailable)
    }

    /// What may be shown; only a card has something.
    pub fn face(&self) -> Option<CardFace> {
        match self {
            Self::Card(pan) => Some(CardFace::of(pan)),
            Self::Account(_) | Self::Other(_) | Self::Nothing => None,
        }
    }

    /// What tells two apart, for the fingerprint; none where nothing does.
    pub(crate) fn identity(&self) -> Option<(FingerprintKind, Zeroizing<Vec<u8>>)> {
        match self {
            Self::Card(pan) => Some((FingerprintKind::Pan, Zeroizing::new(pan.expose().as_bytes().to_vec()))),
            Self::Account(account) => Some((FingerprintKind::Account, account.identity())),
            Self::Other(other) => {
                let identity = other.identity.as_ref()?;
                Some((FingerprintKind::Other, Zeroizing::new(identity.as_bytes().to_vec())))
            }
            Self::Nothing => None,
        }
    }

    /// The bytes that are sealed.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Card(pan) => framed(CARD, &[pan.padded().as_slice()]),
            Self::Account(account) => {
                let routing = account.routing.as_ref().map_or("", RoutingNumber::as_str);
                framed(ACCOUNT, &[account.number.to_sealed().as_slice(), routing.as_bytes()])
            }
            Self::Other(other) => {
                let identity = other.identity.as_ref().map(|identity| identity.as_bytes());
                let length = u16::try_from(identity.map_or(0, <[u8]>::len)).unwrap_or(u16::MAX);
                let head = [&[u8::from(identity.is_some())][..], &length.to_be_bytes()].concat();
                framed(OTHER, &[&head, identity.unwrap_or_default(), other.json.as_bytes()])
            }
            Self::Nothing => framed(NOTHING, &[]),
        }
    }

    /// Reads back what [`Protected::to_bytes`] made.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (code, rest) = bytes.split_first().ok_or(Unreadable)?;
        match *code {
            CARD => Ok(Self::Card(Pan::from_padded(rest).map_err(|_| Unreadable)?)),
            ACCOUNT => Account::from_bytes(rest).map(Self::Account),
            OTHER => Other::from_bytes(rest).map(Self::Other),
            NOTHING if rest.is_empty() => Ok(Self::Nothing),
            _ => Err(Unreadable),
        }
    }
}

impl Account {
    /// Kind and number of the account, then the bank: a number is one account within one bank.
    fn identity(&self) -> Zeroizing<Vec<u8>> {
        let routing = self.routing.as_ref().map_or("", RoutingNumber::as_str);
        Zeroizing::new([self.number.to_sealed().as_slice(), routing.as_bytes()].concat())
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (number, routing) = bytes.split_at_checked(AccountNumber::SEALED_BYTES).ok_or(Unreadable)?;
        let number = AccountNumber::from_sealed(number).map_err(|_| Unreadable)?;
        let routing = match text(routing)? {
            "" => None,
            digits => Some(RoutingNumber::parse(digits).map_err(|_| Unreadable)?),
        };
        Ok(Self { number, routing })
    }
}

impl Other {
    fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (head, rest) = bytes.split_at_checked(3).ok_or(Unreadable)?;
        let length = usize::from(u16::from_be_bytes([head[1], head[2]]));
        let (identity, json) = rest.split_at_checked(length).ok_or(Unreadable)?;
        let own = |bytes| Ok(Zeroizing::new(text(bytes)?.to_owned()));
        let identity = match head[0] {
            0 if length == 0 => None,
            1 => Some(own(identity)?),
            _ => return Err(Unreadable),
        };
        Ok(Self { identity, json: own(json)? })
    }
}

fn text(bytes: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|_| Unreadable)
}

/// One buffer of the right size from the start: one that grows leaves unwiped copies behind.
fn framed(code: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    out.push(code);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

impl fmt::Debug for Protected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Protected::{:?}(..)", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(identity: Option<&str>, json: &str) -> Protected {
        let own = |text: &str| Zeroizing::new(text.to_owned());
        Protected::Other(Other { identity: identity.map(own), json: own(json) })
    }

    fn account(number: AccountNumber, routing: Option<&str>) -> Protected {
        Protected::Account(Account {
            number,
            routing: routing.map(|digits| RoutingNumber::parse(digits).unwrap()),
        })
    }

    fn all() -> Vec<Protected> {
        vec![
            Protected::Card(Pan::parse("4111111111111111").unwrap()),
            account(AccountNumber::parse_bban("1234567890").unwrap(), Some("021000021")),
            account(AccountNumber::parse_bban("1234567890").unwrap(), Some("110000000")),
            account(AccountNumber::parse_iban("DE89370400440532013000").unwrap(), None),
            other(None, "{\"a\":1}"),
            other(Some(""), "{\"a\":1}"),
            other(Some("{\"a\":"), "1}"),
            Protected::Nothing,
        ]
    }

    #[test]
    fn everything_reads_back_as_itself_and_as_nothing_else() {
        let sealed: Vec<_> = all().iter().map(Protected::to_bytes).collect();
        for (index, (one, bytes)) in all().iter().zip(&sealed).enumerate() {
            let back = Protected::from_bytes(bytes).unwrap();
            assert_eq!(back.kind(), one.kind());
            assert_eq!(back.to_bytes(), *bytes);
            assert_eq!(back.identity().map(|(_, id)| id), one.identity().map(|(_, id)| id));
            assert!(sealed[..index].iter().all(|other| other != bytes), "two have the same bytes");
        }
    }

    /// The drawings of `docs/FORMAT.md` 7, byte by byte. What was once sealed must read back for ever.
    #[test]
    fn the_bytes_are_those_of_the_format() {
        let card = Protected::Card(Pan::parse("4111111111111111").unwrap());
        let number = || AccountNumber::parse_bban("1234567890").unwrap();
        let iban = AccountNumber::parse_iban("DE89370400440532013000").unwrap();
        let frozen: [(Protected, &[&[u8]]); 7] = [
            (card, &[&[1, 16], b"4111111111111111", &[0; 3]]),
            (account(number(), Some("021000021")), &[&[2, 1, 10], b"1234567890", &[0; 24], b"021000021"]),
            (account(number(), None), &[&[2, 1, 10], b"1234567890", &[0; 24]]),
            (account(iban, None), &[&[2, 2, 22], b"DE89370400440532013000", &[0; 12]]),
            (other(Some("payer"), "{\"a\":1}"), &[&[3, 1, 0, 5], b"payer", b"{\"a\":1}"]),
            (other(None, "{\"a\":1}"), &[&[3, 0, 0, 0], b"{\"a\":1}"]),
            (Protected::Nothing, &[&[4]]),
        ];
        for (protected, parts) in frozen {
            let bytes = parts.concat();
            assert_eq!(*protected.to_bytes(), bytes);
            assert_eq!(Protected::from_bytes(&bytes).unwrap().kind(), protected.kind());
        }
    }

    #[test]
    fn what_tells_two_apart_differs_wherever_they_do() {
        let identities: Vec<_> = all().iter().filter_map(Protected::identity).collect();
        assert_eq!(identities.len(), 6, "a method without identity and a partial card have none");
        for (index, one) in identities.iter().enumerate() {
            assert!(identities[..index].iter().all(|other| other != one), "{index}");
        }
    }

    #[test]
    fn bytes_that_nobody_wrote_are_refused() {
        let mut broken: Vec<Vec<u8>> = vec![vec![], vec![0], vec![5], vec![NOTHING, 0]];
        for protected in all() {
            let bytes = protected.to_bytes();
            broken.extend([vec![bytes[0]; 1], [&[9], &bytes[1..]].concat()]);
        }
        broken.extend([
            vec![OTHER, 2, 0, 0],
            vec![OTHER, 0, 0, 1, b'x'],
            vec![OTHER, 1, 0, 9, b'x'],
            vec![OTHER, 1, 0, 1, 0xff],
        ]);
        broken.retain(|bytes| bytes.as_slice() != [NOTHING]);
        for bytes in broken {
            assert_eq!(Protected::from_bytes(&bytes).err(), Some(Unreadable), "{bytes:?}");
        }
    }

    #[test]
    fn nothing_of_it_is_printed() {
        let printed = format!("{:?}", all());
        assert!(
            !printed.contains("1111")
                && !printed.contains("1234")
                && !printed.contains('a'.to_string().repeat(2).as_str())
        );
        assert!(printed.starts_with("[Protected::Card(..), "), "{printed}");
    }
}
