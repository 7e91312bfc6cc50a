//! The gate of a sealed vault: custodians come one at a time, and with the last one it is opened.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use coffer_crypto::{
    Environment, RootId, RootKey,
    custody::{Progress, Quorum},
};
use coffer_types::limits;
use tokio::sync::{mpsc, oneshot};

/// The time in which failed tries are counted.
const MINUTE: Duration = Duration::from_mins(1);
/// How long shares are kept for custodians who do not come.
const KEPT: Duration = Duration::from_secs(limits::SHARE_KEPT_SECONDS);

/// Takes shares until there are enough.
pub struct Gate {
    state: tokio::sync::Mutex<State>,
    opener: mpsc::Sender<Attempt>,
    /// How many have come, and of how many; none of none before the first.
    have: AtomicU8,
    need: AtomicU8,
    /// When somebody came last. Not behind `state`, which is held while the vault opens.
    last: Mutex<Option<Instant>>,
}

struct State {
    quorum: Quorum,
    failed: VecDeque<Instant>,
}

/// A root that custodians have put together: whoever receives it opens the vault, and says how that went.
pub struct Attempt {
    /// The root. It is wiped when this is dropped.
    pub root: RootKey,
    /// How many shares made it.
    pub shares: u8,
    /// An error is a text for the custodians.
    pub done: oneshot::Sender<Result<(), String>>,
}

/// What became of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It counts.
    More(Progress),
    /// The vault is open.
    Opened(Progress),
    /// It does not count, or the vault did not open. The text is for the custodian.
    Refused(String),
    /// Too many were refused in this minute.
    TooMany,
}

impl Gate {
    /// Nobody has come. `roots` are those that the store is opened by; none of a new store.
    pub fn new(environment: Environment, roots: &[RootId]) -> (Self, mpsc::Receiver<Attempt>) {
        let (opener, attempts) = mpsc::channel(1);
        let state = State { quorum: Quorum::new(environment, roots), failed: VecDeque::new() };
        let gate = Self {
            state: tokio::sync::Mutex::new(state),
            opener,
            have: AtomicU8::new(0),
            need: AtomicU8::new(0),
            last: Mutex::default(),
        };
        (gate, attempts)
    }

    /// The roots that open the store from now on: they may change while the vault is sealed here.
    pub async fn want(&self, roots: &[RootId]) {
        let mut state = self.state.lock().await;
        state.quorum.want(roots);
        let progress = state.quorum.progress();
        self.have.store(progress.map_or(0, |progress| progress.have), Ordering::Release);
        self.need.store(progress.map_or(0, |progress| progress.need), Ordering::Release);
    }

    /// How far it is; `None` before the first share.
    pub(super) fn progress(&self) -> Option<Progress> {
        let (have, need) = (self.have.load(Ordering::Acquire), self.need.load(Ordering::Acquire));
        (need > 0).then_some(Progress { have, need })
    }

    /// Takes in a share as it was typed. With the last one this waits until the vault is open.
    pub(super) async fn add(&self, text: &str) -> Taken {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        while state.failed.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
            state.failed.pop_front();
        }
        if state.failed.len() >= limits::SHARE_TRIES {
            return Taken::TooMany;
        }
        self.forget_late(&mut state);
        let progress = match state.quorum.add(text) {
            Ok(progress) => progress,
            Err(error) => {
                // The error never says what the share is.
                tracing::warn!(error = %error, "a share was refused");
                state.failed.push_back(now);
                return Taken::Refused(error.to_string());
            }
        };
        self.tell(Some(progress));
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        tracing::info!(have = progress.have, need = progress.need, "a custodian has come");
        if !progress.is_complete() {
            return Taken::More(progress);
        }
        let opened = match state.quorum.take() {
            Ok(root) => self.open(root, progress.have).await,
            Err(error) => Err(error.to_string()),
        };
        state.quorum.forget();
        self.tell(None);
        match opened {
            Ok(()) => Taken::Opened(progress),
            Err(said) => {
                tracing::warn!("the shares did not open the vault");
                state.failed.push_back(now);
                Taken::Refused(format!("{said}; every custodian has to come again"))
            }
        }
    }

    /// Forgets shares whose custodians were waited for long enough.
    pub(super) async fn forget_if_late(&self) {
        let mut state = self.state.lock().await;
        self.forget_late(&mut state);
    }

    fn forget_late(&self, state: &mut State) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.take_if(|at| at.elapsed() >= KEPT).is_some() {
            state.quorum.forget();
            self.tell(None);
            tracing::warn!("shares were forgotten: nobody else came in time");
        }
    }

    async fn open(&self, root: RootKey, shares: u8) -> Result<(), String> {
        let (done, opened) = oneshot::channel();
        let stopping = || "the node is stopping".to_owned();
        self.opener.send(Attempt { root, shares, done }).await.map_err(|_| stopping())?;
        opened.await.unwrap_or_else(|_| Err(stopping()))
    }

    fn tell(&self, progress: Option<Progress>) {
        let (have, need) = progress.map_or((0, 0), |progress| (progress.have, progress.need));
        self.have.store(have, Ordering::Release);
        self.need.store(need, Ordering::Release);
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Gate(..)")
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Attempt(..)")
    }
}

#[cfg(test)]
mod tests {
    use coffer_crypto::{
        OsEntropy,
        custody::{Scheme, split},
    };

    use super::*;

    fn shares(threshold: u8, count: u8) -> (RootKey, Vec<String>) {
        let root = RootKey::generate(&OsEntropy).unwrap();
        let scheme = Scheme::new(threshold, count).unwrap();
        let shares = split(&root, Environment::Live, scheme, &OsEntropy).unwrap();
        (root, shares.iter().map(|share| share.to_text().to_string()).collect())
    }

    #[tokio::test]
    async fn the_last_custodian_opens_and_a_refusal_counts_for_nothing() {
        let (root, shares) = shares(2, 3);
        let (gate, mut attempts) = Gate::new(Environment::Live, &[root.id()]);
        let opener = tokio::spawn(async move {
            let first = attempts.recv().await.unwrap();
            first.done.send(Err("no".to_owned())).unwrap();
            let second = attempts.recv().await.unwrap();
            assert_eq!(second.root.id(), root.id());
            second.done.send(Ok(())).unwrap();
        });
        assert_eq!(gate.progress(), None);
        let more = Progress { have: 1, need: 2 };
        assert_eq!(gate.add(&shares[0]).await, Taken::More(more));
        assert!(matches!(gate.add(&shares[0]).await, Taken::Refused(said) if said.contains("there already")));
        assert_eq!(gate.progress(), Some(more));
        assert!(matches!(gate.add(&shares[2]).await, Taken::Refused(said) if said.starts_with("no; every")));
        assert_eq!(gate.progress(), None, "all have to come again");
        assert_eq!(gate.add(&shares[2]).await, Taken::More(more));
        assert_eq!(gate.add(&shares[1]).await, Taken::Opened(Progress { have: 2, need: 2 }));
        opener.await.unwrap();
    }

    #[tokio::test]
    async fn tries_are_limited() {
        let (_, shares) = shares(2, 2);
        let (gate, _attempts) = Gate::new(Environment::Sandbox, &[]);
        for _ in 0..limits::SHARE_TRIES {
            assert!(
                matches!(gate.add(&shares[0]).await, Taken::Refused(said) if said.contains("environment"))
            );
        }
        assert_eq!(gate.add(&shares[0]).await, Taken::TooMany);
    }
}
