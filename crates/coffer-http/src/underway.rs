//! Work that goes on when its caller is gone: a node that stops waits for it as it waits for connections.

use std::time::Instant;

use tokio::{sync::watch, time::timeout_at};

/// How much of such work there is.
#[derive(Debug, Default)]
pub(crate) struct Underway(watch::Sender<usize>);

/// One piece of it. Dropping it says that it is done.
#[derive(Debug)]
pub(crate) struct Piece(watch::Sender<usize>);

impl Underway {
    /// Begins a piece.
    pub(crate) fn begin(&self) -> Piece {
        self.0.send_modify(|count| *count += 1);
        Piece(self.0.clone())
    }

    /// Waits until all of it is done, but no longer than until then.
    pub(crate) async fn wait_empty(&self, until: Instant) {
        let mut count = self.0.subscribe();
        // The sender is ours: it does not go before us.
        let waited = timeout_at(until.into(), count.wait_for(|count| *count == 0)).await;
        if waited.is_err() {
            tracing::warn!(
                pieces = *self.0.borrow(),
                "payments were still under way at the end of the shutdown: what becomes of them is not known"
            );
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn all_pieces_are_waited_for_and_none_forever() {
        let underway = Underway::default();
        underway.wait_empty(Instant::now()).await;
        let (one, two) = (underway.begin(), underway.begin());
        drop(one);
        let began = Instant::now();
        underway.wait_empty(began + Duration::from_millis(20)).await;
        assert!(began.elapsed() >= Duration::from_millis(20), "one is left");
        drop(two);
        let hour = Instant::now() + Duration::from_hours(1);
        underway.wait_empty(hour).await;
        assert!(Instant::now() < hour);
    }
}
