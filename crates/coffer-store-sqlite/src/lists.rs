//! Lists and counts: reads that take milliseconds, on a few threads of their own, behind a bounded queue.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use coffer_core::store::{Pending, StoreError};
use coffer_types::limits::{LIST_QUEUE, LIST_THREADS};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{errors::ReadError, readers::Readers};

type Task = Box<dyn FnOnce(&Readers) + Send>;

/// The threads and the queue before them. Dropping it waits until what was accepted is read: no thread uses the files
/// afterwards.
pub(crate) struct Lists {
    /// None once it is being dropped.
    queue: Option<SyncSender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Lists {
    pub(crate) fn start(readers: &Arc<Readers>) -> std::io::Result<Self> {
        let (queue, tasks) = sync_channel::<Task>(LIST_QUEUE);
        let tasks = Arc::new(Mutex::new(tasks));
        let mut lists = Self { queue: Some(queue), threads: Vec::with_capacity(LIST_THREADS) };
        for index in 0..LIST_THREADS {
            let (tasks, readers) = (Arc::clone(&tasks), Arc::clone(readers));
            let work = move || {
                while let Some(task) = next(&tasks) {
                    task(&readers);
                }
            };
            lists.threads.push(thread::Builder::new().name(format!("store-list-{index}")).spawn(work)?);
        }
        Ok(lists)
    }

    /// Reads a list. Refused at once when too many wait.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        table: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Pending<'static, T> {
        let (answer, answered) = oneshot::channel();
        let task: Task = Box::new(move |readers| {
            // Nobody waits any more: then nobody needs the read.
            if !answer.is_closed() {
                let _ = answer.send(readers.read(table, read));
            }
        });
        let refused = match self.queue.as_ref().map(|queue| queue.try_send(task)) {
            Some(Ok(())) => {
                return Box::pin(async { answered.await.unwrap_or(Err(StoreError::Unavailable)) });
            }
            Some(Err(TrySendError::Full(_))) => StoreError::Full,
            Some(Err(TrySendError::Disconnected(_))) | None => StoreError::Unavailable,
        };
        Box::pin(std::future::ready(Err(refused)))
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread for lists panicked");
            }
        }
    }
}

fn next(tasks: &Mutex<Receiver<Task>>) -> Option<Task> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicU64, Ordering},
            mpsc::{Sender, channel},
        },
        task::{Context, Poll, Waker},
    };

    use coffer_core::store::Store;
    use coffer_types::{RecordNumber, Tenant};

    use super::*;
    use crate::{Options, SqliteStore};

    /// The lists of an empty store, and its folder.
    fn lists() -> (tempfile::TempDir, Lists) {
        let folder = tempfile::tempdir().unwrap();
        SqliteStore::open(folder.path(), Options::new("sandbox")).unwrap();
        let readers = Arc::new(Readers::new(folder.path().join("coffer.db")));
        (folder, Lists::start(&readers).unwrap())
    }

    fn now<T>(pending: &mut Pending<'_, T>) -> Option<Result<T, StoreError>> {
        match pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }

    /// Keeps every thread busy with a read that ends when the sender is dropped.
    fn hold(lists: &Lists) -> (Sender<()>, Vec<Pending<'static, ()>>) {
        let (hold, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let (started, starts) = channel();
        let reads = (0..LIST_THREADS).map(|_| {
            let (held, started) = (Arc::clone(&held), started.clone());
            lists.read("tokens", move |_| {
                started.send(()).unwrap();
                // The first waits for the sender, the others for the first.
                let _ = held.lock().unwrap().recv();
                Ok(())
            })
        });
        let reads = reads.collect();
        assert!(starts.iter().take(LIST_THREADS).count() == LIST_THREADS);
        (hold, reads)
    }

    #[test]
    fn a_full_queue_refuses_at_once_and_what_was_accepted_is_read() {
        let (_folder, lists) = lists();
        let (hold, mut reads) = hold(&lists);
        let done = Arc::new(AtomicU64::new(0));
        let counting = || {
            let done = Arc::clone(&done);
            lists.read("tokens", move |_| {
                done.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
        };
        reads.extend((0..LIST_QUEUE).map(|_| counting()));
        assert!(reads.iter_mut().all(|read| now(read).is_none()), "all of them wait");
        for _ in 0..3 {
            assert_eq!(now(&mut counting()), Some(Err(StoreError::Full)));
        }
        drop(hold);
        drop(lists);
        assert!(
            reads.iter_mut().all(|read| now(read) == Some(Ok(()))),
            "dropping waits for what was accepted"
        );
        assert_eq!(done.load(Ordering::SeqCst), LIST_QUEUE as u64, "and what was refused was not read");
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_not_read() {
        let (_folder, lists) = lists();
        let (hold, _reads) = hold(&lists);
        let done = Arc::new(AtomicU64::new(0));
        let mut kept = Vec::new();
        for bit in 0..6 {
            let done = Arc::clone(&done);
            let read = lists.read("tokens", move |_| {
                done.fetch_or(1 << bit, Ordering::SeqCst);
                Ok(())
            });
            if bit % 2 == 0 {
                kept.push(read);
            }
        }
        drop(hold);
        drop(lists);
        assert_eq!(done.load(Ordering::SeqCst), 0b01_0101);
        assert!(kept.iter_mut().all(|read| now(read) == Some(Ok(()))));
    }

    #[test]
    fn a_read_that_fails_is_answered_and_the_next_one_is_read() {
        let (_folder, lists) = lists();
        let unreadable = || lists.read::<()>("tokens", |_| Err(ReadError::Unreadable { table: "tokens" }));
        let reads: Vec<_> = (0..2 * LIST_THREADS).map(|_| unreadable()).collect();
        let last = lists.read("tokens", |_| Ok(5));
        drop(lists);
        for mut read in reads {
            assert_eq!(now(&mut read), Some(Err(StoreError::Corrupt { table: "tokens" })));
        }
        assert_eq!(now(&mut { last }), Some(Ok(5)));
    }

    #[test]
    fn the_files_are_nobodys_once_the_store_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Options::new("sandbox")).unwrap();
        let tenant = Tenant::new(1).unwrap();
        for _ in 0..LIST_QUEUE {
            drop(store.count_tokens(tenant, RecordNumber::MIN));
        }
        drop(store);
        // Whether the log is gone says nothing: of two connections that close at once, neither is the last.
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        let ours = open
            .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
            .filter(|file| file.starts_with(folder.path()));
        assert_eq!(ours.count(), 0, "no thread has a file open");
    }
}
