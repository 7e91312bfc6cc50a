//! How many connections may be open, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;

/// Counts open connections.
#[derive(Clone)]
pub(crate) struct Limiter(Arc<Inner>);

struct Inner {
    most: usize,
    most_per_address: usize,
    open: Mutex<Open>,
    emptied: Notify,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The right to hold one connection; dropping it gives the place back.
pub(crate) struct Place {
    limiter: Limiter,
    address: IpAddr,
    gauge: Gauge,
}

impl Limiter {
    pub(crate) fn new(most: usize, most_per_address: usize) -> Self {
        Self(Arc::new(Inner { most, most_per_address, open: Mutex::default(), emptied: Notify::new() }))
    }

    /// A place for a connection from this address, if there is one.
    pub(crate) fn take(&self, address: IpAddr, gauge: Gauge) -> Option<Place> {
        let mut open = self.0.open();
        if open.all >= self.0.most {
            return None;
        }
        let here = open.by_address.entry(address).or_default();
        if *here >= self.0.most_per_address {
            return None;
        }
        *here += 1;
        open.all += 1;
        gauge.inc();
        Some(Place { limiter: self.clone(), address, gauge })
    }

    /// Waits until no connection is open, but no longer than this.
    pub(crate) async fn wait_empty(&self, longest: Duration) {
        let empty = async {
            loop {
                let emptied = self.0.emptied.notified();
                if self.0.open().all == 0 {
                    return;
                }
                emptied.await;
            }
        };
        if tokio::time::timeout(longest, empty).await.is_err() {
            tracing::warn!(
                connections = self.0.open().all,
                "connections were still open at the end of the shutdown"
            );
        }
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.limiter.0.open();
        open.all -= 1;
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
        self.gauge.dec();
        if open.all == 0 {
            self.limiter.0.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
    }

    #[test]
    fn places_are_bounded_and_come_back() {
        let (limiter, gauge) = (Limiter::new(3, 2), Gauge::default());
        let take = |last| limiter.take(address(last), gauge.clone());
        let first = take(1).unwrap();
        let _second = take(1).unwrap();
        assert!(take(1).is_none(), "two from one address");
        let _third = take(2).unwrap();
        assert!(take(3).is_none(), "three in all");
        assert_eq!(gauge.get(), 3);
        drop(first);
        assert!(take(3).is_some());
        assert_eq!(gauge.get(), 2);
    }

    #[test]
    fn an_address_without_connections_is_forgotten() {
        let limiter = Limiter::new(10, 10);
        drop(limiter.take(address(1), Gauge::default()).unwrap());
        assert!(limiter.0.open().by_address.is_empty());
    }
}
