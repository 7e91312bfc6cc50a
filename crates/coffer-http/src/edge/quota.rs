//! How many requests an organization may send (Rebilly reference 3.3): counted per organization, not per key.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
};

use coffer_types::{Tenant, Timestamp, limits};

use super::window::Window;

/// So many requests in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests in one window.
    pub requests: NonZeroU32,
    /// Length of a window, in seconds.
    pub seconds: NonZeroU32,
}

impl Quota {
    /// `None` when either is 0.
    pub const fn new(requests: u32, seconds: u32) -> Option<Self> {
        match (NonZeroU32::new(requests), NonZeroU32::new(seconds)) {
            (Some(requests), Some(seconds)) => Some(Self { requests, seconds }),
            _ => None,
        }
    }

    /// Rebilly's sandbox: `limits::QUOTA_REQUESTS` in `limits::QUOTA_SECONDS`.
    pub const SANDBOX: Self = match Self::new(limits::QUOTA_REQUESTS, limits::QUOTA_SECONDS) {
        Some(quota) => quota,
        None => unreachable!(),
    };
}

/// What the rate limit headers of an answer tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Requests in a window.
    pub limit: u32,
    /// Requests that are left in this one.
    pub remaining: u32,
    /// When the window ends. Headers in whole seconds have to round it up.
    pub resets_at: Timestamp,
    /// Whether the request is refused. It was not counted then.
    pub over: bool,
}

/// The requests of every organization, each in fixed windows of its own. A window begins with its first request.
#[derive(Debug)]
pub struct Quotas {
    quota: Option<Quota>,
    enforced: bool,
    windows: HashMap<Tenant, Mutex<Window>>,
}

impl Quotas {
    /// For these tenants, and no memory for any other. Without a quota nothing is counted. A quota that is not enforced
    /// is counted and told, and refuses nobody.
    pub fn new(tenants: &[Tenant], quota: Option<Quota>, enforced: bool) -> Self {
        let windows = tenants.iter().map(|tenant| (*tenant, Mutex::new(Window::EMPTY))).collect();
        Self { quota, enforced, windows }
    }

    /// Counts a request. `None` when there is no quota, or none for this tenant.
    pub fn spend(&self, tenant: Tenant, now: Timestamp) -> Option<Spent> {
        let (quota, mut window) = self.window(tenant)?;
        let seconds = i64::from(quota.seconds.get());
        let over = self.enforced && window.count(now, seconds) >= quota.requests.get();
        if !over {
            window.add(now, seconds);
        }
        Some(Spent { over, ..told(quota, &window, now) })
    }

    /// What is left, for the answer to a request that is not counted. Never `over`.
    pub fn peek(&self, tenant: Tenant, now: Timestamp) -> Option<Spent> {
        let (quota, window) = self.window(tenant)?;
        Some(told(quota, &window, now))
    }

    fn window(&self, tenant: Tenant) -> Option<(Quota, MutexGuard<'_, Window>)> {
        let window = self.windows.get(&tenant)?;
        Some((self.quota?, window.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn told(quota: Quota, window: &Window, now: Timestamp) -> Spent {
    let seconds = i64::from(quota.seconds.get());
    let limit = quota.requests.get();
    let remaining = limit.saturating_sub(window.count(now, seconds));
    Spent { limit, remaining, resets_at: window.ends(now, seconds), over: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(number: u32) -> Tenant {
        Tenant::new(number).unwrap()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    fn quotas(requests: u32, seconds: u32, enforced: bool) -> Quotas {
        Quotas::new(&[tenant(1), tenant(2)], Some(Quota::new(requests, seconds).unwrap()), enforced)
    }

    fn spent(remaining: u32, resets_at: i64, over: bool) -> Spent {
        Spent { limit: 2, remaining, resets_at: at(resets_at), over }
    }

    #[test]
    fn the_last_request_passes_and_the_next_is_over_until_the_window_ends() {
        let quotas = quotas(2, 10, true);
        assert_eq!(quotas.spend(tenant(1), at(7)).unwrap(), spent(1, 10_007, false));
        assert_eq!(quotas.spend(tenant(1), at(5_000)).unwrap(), spent(0, 10_007, false));
        for now in [5_001, 10_006] {
            assert_eq!(quotas.spend(tenant(1), at(now)).unwrap(), spent(0, 10_007, true), "{now}");
        }
        assert_eq!(quotas.spend(tenant(1), at(10_007)).unwrap(), spent(1, 20_007, false));
        assert_eq!(quotas.spend(tenant(1), at(99_000)).unwrap(), spent(1, 109_000, false));
    }

    #[test]
    fn organizations_do_not_share() {
        let quotas = quotas(2, 10, true);
        for _ in 0..3 {
            quotas.spend(tenant(1), at(0));
        }
        assert_eq!(quotas.spend(tenant(2), at(0)).unwrap(), spent(1, 10_000, false));
        assert!(quotas.spend(tenant(1), at(0)).unwrap().over);
    }

    #[test]
    fn what_is_not_enforced_is_counted_and_refuses_nobody() {
        let quotas = quotas(2, 10, false);
        let remaining: Vec<u32> = (0..4).map(|_| quotas.spend(tenant(1), at(0)).unwrap().remaining).collect();
        assert_eq!(remaining, [1, 0, 0, 0]);
        assert_eq!(quotas.spend(tenant(1), at(0)).unwrap(), spent(0, 10_000, false));
    }

    #[test]
    fn a_look_costs_nothing() {
        let quotas = quotas(2, 10, true);
        for _ in 0..5 {
            assert_eq!(quotas.peek(tenant(1), at(3)).unwrap(), spent(2, 10_003, false), "no window yet");
        }
        quotas.spend(tenant(1), at(4));
        quotas.spend(tenant(1), at(4));
        assert_eq!(quotas.peek(tenant(1), at(5)).unwrap(), spent(0, 10_004, false));
        assert!(quotas.spend(tenant(1), at(6)).unwrap().over);
        assert_eq!(quotas.peek(tenant(1), at(10_004)).unwrap(), spent(2, 20_004, false));
    }

    #[test]
    fn without_a_quota_and_for_strangers_there_is_nothing() {
        assert_eq!(Quotas::new(&[tenant(1)], None, true).spend(tenant(1), at(0)), None);
        let quotas = quotas(2, 10, true);
        assert_eq!((quotas.spend(tenant(3), at(0)), quotas.peek(tenant(3), at(0))), (None, None));
        assert_eq!(quotas.windows.len(), 2, "and no memory");
        assert_eq!((Quota::new(0, 1), Quota::new(1, 0)), (None, None));
        assert_eq!((Quota::SANDBOX.requests.get(), Quota::SANDBOX.seconds.get()), (3_000, 600));
    }

    #[test]
    fn threads_together_spend_exactly_what_there_is() {
        let quotas = quotas(1_000, 10, true);
        let passed = || (0..400).filter(|_| !quotas.spend(tenant(1), at(0)).unwrap().over).count();
        let all: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(passed)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(all, 1_000);
    }
}
