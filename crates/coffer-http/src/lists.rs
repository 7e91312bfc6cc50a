//! What lists take of a node while they are put together and sent: places for those that look through rows, and
//! memory for their answers. Each is shared out twice, to one tenant and to all, so that no tenant's lists keep others
//! waiting.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use coffer_core::Refused;
use coffer_types::{Tenant, limits};
use hyper::StatusCode;
use serde::Serialize;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::reply::Reply;

/// The places of a node.
pub(crate) struct ListPlaces {
    /// For lists that look through rows.
    walks: Places,
    /// For answers, until they are sent.
    answers: Places,
    /// For large ones on top.
    large: Places,
}

/// Places of one kind.
struct Places {
    of_all: Arc<Semaphore>,
    /// Of each tenant that has asked: tenants are those of the configuration.
    of_one: Mutex<HashMap<Tenant, Arc<Semaphore>>>,
    each: usize,
}

/// A place that is taken; dropping it gives it back.
pub(crate) struct Place(#[expect(dead_code, reason = "held")] [OwnedSemaphorePermit; 2]);

impl ListPlaces {
    pub(crate) fn new() -> Self {
        Self {
            walks: Places::new(limits::LIST_WALKS, limits::LIST_WALKS_PER_TENANT),
            answers: Places::new(limits::LIST_ANSWERS, limits::LIST_ANSWERS_PER_TENANT),
            large: Places::new(limits::LIST_LARGE_ANSWERS, limits::LIST_LARGE_ANSWERS_PER_TENANT),
        }
    }

    /// A place for looking through rows.
    pub(crate) async fn walk(&self, tenant: Tenant) -> Result<Place, Refused> {
        self.walks.take(tenant).await
    }

    /// An answer that is about to be put together.
    pub(crate) async fn answer(&self, tenant: Tenant) -> Result<ListAnswer<'_>, Refused> {
        let place = self.answers.take(tenant).await?;
        Ok(ListAnswer { places: self, tenant, body: b"[".to_vec(), place, large: None })
    }
}

impl Places {
    fn new(all: usize, each: usize) -> Self {
        Self { of_all: Arc::new(Semaphore::new(all)), of_one: Mutex::default(), each }
    }

    /// Waits for a place of the tenant's, then for one of all. Who waits too long is told to come back.
    async fn take(&self, tenant: Tenant) -> Result<Place, Refused> {
        let patience = Duration::from_secs(limits::LIST_WAIT_SECONDS);
        let both = async {
            let own = self.of(tenant).acquire_owned().await?;
            Ok::<_, AcquireError>(Place([own, Arc::clone(&self.of_all).acquire_owned().await?]))
        };
        match tokio::time::timeout(patience, both).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(Refused::Busy),
        }
    }

    fn of(&self, tenant: Tenant) -> Arc<Semaphore> {
        let mut known = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
    }
}

/// A list's answer while it grows. Its places go with the body and come back when that is sent.
pub(crate) struct ListAnswer<'p> {
    places: &'p ListPlaces,
    tenant: Tenant,
    body: Vec<u8>,
    place: Place,
    large: Option<Place>,
}

impl ListAnswer<'_> {
    /// Adds an element.
    pub(crate) fn add<T: Serialize>(&mut self, element: &T) -> Result<(), Refused> {
        if self.body.len() > 1 {
            self.body.push(b',');
        }
        serde_json::to_writer(&mut self.body, element).map_err(|_| Refused::Unavailable)
    }

    /// To be called between elements: past a size an answer waits for one of a few places.
    pub(crate) async fn make_room(&mut self) -> Result<(), Refused> {
        if self.large.is_none() && self.body.len() > limits::LIST_SMALL_BYTES {
            self.large = Some(self.places.large.take(self.tenant).await?);
        }
        Ok(())
    }

    /// The answer.
    pub(crate) fn reply(mut self) -> Reply {
        self.body.push(b']');
        Reply::held_json(StatusCode::OK, self.body, (self.place, self.large))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn tenant(number: u32) -> Tenant {
        Tenant::new(number).unwrap()
    }

    /// What a future gives without waiting.
    fn at_once<T>(future: impl Future<Output = Result<T, Refused>>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Some(answer.unwrap()),
            Poll::Pending => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_tenants_lists_keep_nobody_else_waiting() {
        let places = ListPlaces::new();
        let held: Vec<_> =
            (0..limits::LIST_WALKS_PER_TENANT).map(|_| at_once(places.walk(tenant(1)))).collect();
        assert!(held.iter().all(Option::is_some));
        let mut waiting: Vec<_> = (0..80).map(|_| Box::pin(places.walk(tenant(1)))).collect();
        for walk in &mut waiting {
            assert!(at_once(walk.as_mut()).is_none());
        }
        let others = at_once(places.walk(tenant(2)));
        assert!(others.is_some(), "another tenant's walk");
        assert!(at_once(places.answer(tenant(1))).is_some(), "the same tenant's plain page");
        let began = tokio::time::Instant::now();
        assert_eq!(places.walk(tenant(1)).await.err(), Some(Refused::Busy));
        assert_eq!(began.elapsed().as_secs(), limits::LIST_WAIT_SECONDS);
        drop(waiting);
        drop(held);
        assert!(at_once(places.walk(tenant(1))).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_held_until_the_answer_is_sent() {
        let places = ListPlaces::new();
        let mut sent = Vec::new();
        for number in 0..limits::LIST_ANSWERS_PER_TENANT {
            let mut answer = places.answer(tenant(1)).await.unwrap();
            for element in 0..number {
                answer.add(&element).unwrap();
            }
            answer.make_room().await.unwrap();
            sent.push(answer.reply().into_response("id").into_body());
        }
        assert!(at_once(places.answer(tenant(1))).is_none());
        assert!(at_once(places.answer(tenant(2))).is_some());
        let whole = http_body_util::BodyExt::collect(sent.pop().unwrap()).await.unwrap().to_bytes();
        assert_eq!(whole, "[0,1,2,3,4,5,6]");
        assert!(at_once(places.answer(tenant(1))).is_none(), "it is under way");
        drop(whole);
        assert!(at_once(places.answer(tenant(1))).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn large_answers_are_few() {
        let places = ListPlaces::new();
        let large = "x".repeat(limits::LIST_SMALL_BYTES);
        let mut first = places.answer(tenant(1)).await.unwrap();
        first.add(&large).unwrap();
        first.make_room().await.unwrap();
        let mut second = places.answer(tenant(1)).await.unwrap();
        second.add(&"small").unwrap();
        second.make_room().await.unwrap();
        second.add(&large).unwrap();
        assert_eq!(second.make_room().await.err(), Some(Refused::Busy));
        let mut other = places.answer(tenant(2)).await.unwrap();
        other.add(&large).unwrap();
        assert!(at_once(other.make_room()).is_some());
        drop(first);
        assert!(at_once(second.make_room()).is_some());
    }
}
