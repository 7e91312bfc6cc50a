//! What is asked of a server, again and again.

use crate::{Failure, request};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    Echo,
    Create,
    Redeem,
    NativeRedeem,
    Read,
    Tokenize,
    Match,
    Payroc,
}

/// Writes the next request into a buffer, or says that there is no more.
type Next = dyn Fn(&mut Vec<u8>) -> bool + Send + Sync;

/// A stream of requests, shared by all connections of a cell, and the one status that counts as success.
#[derive(Clone)]
pub(crate) struct Requests {
    pub(crate) next: Arc<Next>,
    pub(crate) expected: u16,
}

/// Numbers customers, so that no two redemptions of one run are for the same one.
static CUSTOMERS: AtomicU64 = AtomicU64::new(0);

/// Numbers namespaces, so that no card of one run is there already.
static NAMESPACES: AtomicU64 = AtomicU64::new(0);

/// Numbers idempotency keys, so that no request is a repetition of another.
static KEYS: AtomicU64 = AtomicU64::new(0);

impl Workload {
    pub(crate) const OF_THE_PRODUCT: [Self; 7] = [
        Self::Create,
        Self::Redeem,
        Self::NativeRedeem,
        Self::Read,
        Self::Tokenize,
        Self::Match,
        Self::Payroc,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Create => "create",
            Self::Redeem => "redeem",
            Self::NativeRedeem => "native-redeem",
            Self::Read => "read",
            Self::Tokenize => "tokenize",
            Self::Match => "match",
            Self::Payroc => "payroc",
        }
    }

    /// Whether each request uses up a token.
    pub(crate) fn consumes(self) -> bool {
        matches!(self, Self::Redeem | Self::NativeRedeem)
    }

    /// The requests; `tokens` are the ones to redeem or to read, or the bearer token to show.
    pub(crate) fn requests(self, tokens: Vec<String>) -> Result<Requests, Failure> {
        Ok(match self {
            Self::Echo => same(request::echo()?, 200),
            Self::Create => same(request::create()?, 201),
            Self::Redeem => each_once(tokens, 201, |to, token| {
                let number = CUSTOMERS.fetch_add(1, Ordering::Relaxed);
                request::redeem(to, token, &format!("bench_{}_{number}", std::process::id()));
            }),
            Self::NativeRedeem => each_once(tokens, 200, request::native_redeem),
            Self::Read => around(tokens, 200, request::read),
            Self::Tokenize => Requests { next: Arc::new(new_namespace), expected: 201 },
            Self::Match => around(tokens, 200, request::tokenize),
            Self::Payroc => around(tokens, 201, |to, bearer| {
                let number = KEYS.fetch_add(1, Ordering::Relaxed);
                request::payroc(to, bearer, std::process::id(), number);
            }),
        })
    }
}

/// As many creates as `count` and no more.
pub(crate) fn creates(count: usize) -> Result<Requests, Failure> {
    let all = Workload::Create.requests(Vec::new())?;
    let taken = AtomicUsize::new(0);
    let next = move |to: &mut Vec<u8>| taken.fetch_add(1, Ordering::Relaxed) < count && (all.next)(to);
    Ok(Requests { next: Arc::new(next), expected: all.expected })
}

/// A card in each of these namespaces, once.
pub(crate) fn fill(namespaces: Vec<String>) -> Requests {
    each_once(namespaces, 201, request::tokenize)
}

/// A card where it was never before.
fn new_namespace(to: &mut Vec<u8>) -> bool {
    request::tokenize(to, &fresh_namespace());
    true
}

/// A namespace that nobody of this run had.
pub(crate) fn fresh_namespace() -> String {
    format!("bench-{}-{}", std::process::id(), NAMESPACES.fetch_add(1, Ordering::Relaxed))
}

/// The same bytes for ever.
fn same(request: Vec<u8>, expected: u16) -> Requests {
    let next = move |to: &mut Vec<u8>| {
        to.clear();
        to.extend_from_slice(&request);
        true
    };
    Requests { next: Arc::new(next), expected }
}

/// One request a token.
fn each_once(tokens: Vec<String>, expected: u16, write: fn(&mut Vec<u8>, &str)) -> Requests {
    let taken = AtomicUsize::new(0);
    let next = move |to: &mut Vec<u8>| {
        let place = taken.fetch_add(1, Ordering::Relaxed);
        tokens.get(place).inspect(|token| write(to, token)).is_some()
    };
    Requests { next: Arc::new(next), expected }
}

/// The tokens from the first to the last, again and again; in steps, so that neighbours do not follow each other.
fn around(tokens: Vec<String>, expected: u16, write: fn(&mut Vec<u8>, &str)) -> Requests {
    const STEP: usize = 7919;
    let taken = AtomicUsize::new(0);
    let next = move |to: &mut Vec<u8>| {
        let place = taken.fetch_add(STEP, Ordering::Relaxed).checked_rem(tokens.len());
        place.map(|place| write(to, &tokens[place])).is_some()
    };
    Requests { next: Arc::new(next), expected }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn tokens(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("token{number}")).collect()
    }

    /// How many requests there are, up to `most`.
    fn count(requests: &Requests, most: usize) -> usize {
        let mut to = Vec::new();
        (0..most).take_while(|_| (requests.next)(&mut to)).count()
    }

    #[test]
    fn consuming_workloads_use_each_token_once() {
        for workload in [Workload::Redeem, Workload::NativeRedeem] {
            assert_eq!(count(&workload.requests(tokens(3)).unwrap(), 10), 3);
            assert!(workload.consumes());
        }
        assert_eq!(count(&creates(4).unwrap(), 10), 4);
    }

    #[test]
    fn no_two_redemptions_are_alike() {
        let requests = Workload::Redeem.requests(vec!["t".to_owned(); 50]).unwrap();
        let mut seen = BTreeSet::new();
        let mut to = Vec::new();
        while (requests.next)(&mut to) {
            assert!(seen.insert(to.clone()));
        }
        assert_eq!(seen.len(), 50);
    }

    #[test]
    fn one_bearer_token_serves_for_ever_and_no_idempotency_key_comes_twice() {
        let requests = Workload::Payroc.requests(tokens(1)).unwrap();
        let mut seen = BTreeSet::new();
        let mut to = Vec::new();
        for _ in 0..50 {
            assert!((requests.next)(&mut to) && seen.insert(to.clone()));
        }
        assert!(!Workload::Payroc.consumes());
    }

    #[test]
    fn reading_goes_around_all_tokens() {
        let requests = Workload::Read.requests(tokens(10)).unwrap();
        let mut seen = BTreeSet::new();
        let mut to = Vec::new();
        for _ in 0..10 {
            assert!((requests.next)(&mut to));
            seen.insert(to.clone());
        }
        assert_eq!(seen.len(), 10);
        assert!((requests.next)(&mut to));
        assert!(!(Workload::Read.requests(Vec::new()).unwrap().next)(&mut to));
    }
}
