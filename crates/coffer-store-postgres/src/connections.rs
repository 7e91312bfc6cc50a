//! Connections: a pool for reads and the writer, each of them set up the same way, and how a call ends in time.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    time::Duration,
};

use deadpool_postgres::{
    Connect, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, Connection, Error, Row, error::SqlState, types::ToSql};

use crate::{
    address::Address,
    errors::{Trouble, state, told},
    options::Times,
    rows::Column,
};

/// What every connection is told: a statement that is stuck ends by itself, a transaction whose node is gone lets go of
/// its locks soon, and durability is what the database was set up with where that is more than its own disk.
const SETTINGS: &str = "SET lock_timeout = '400ms'; SET client_encoding = 'UTF8'; \
    SET default_transaction_isolation = 'read committed'; \
    SELECT CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') \
    THEN set_config('synchronous_commit', 'on', false) END";

/// Plans follow the indexes: one that was made while a table was empty would otherwise read it from end to end when it
/// is large. An engine that does not know these goes without.
const PLANS: [&str; 4] =
    ["SET enable_seqscan = off", "SET enable_hashjoin = off", "SET enable_mergejoin = off", "SET jit = off"];

/// Makes the pool. Nothing is connected yet.
pub(crate) fn pool(address: &Address, size: usize, times: Times) -> Result<Pool, crate::OpenError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager =
        Manager::from_connect(tokio_postgres::Config::new(), Hosts(address.clone(), times), recycling);
    let connect = times.connect;
    let timeouts =
        Timeouts { wait: Some(connect), create: Some(connect + connect / 4), recycle: Some(connect) };
    Pool::builder(manager)
        .max_size(size)
        .timeouts(timeouts)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| crate::OpenError::Unreachable { reason: "no pool".to_owned() })
}

/// Connects to whichever host takes writes.
struct Hosts(Address, Times);

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Hosts {
    /// All hosts are asked at once, each for as long as a connection may take; the first that lets us in and takes
    /// writes is the one. `_config` is nobody's: each host has its own.
    fn connect(
        &self,
        _config: &tokio_postgres::Config,
    ) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        Box::pin(async {
            let mut asked = JoinSet::new();
            for host in self.0.hosts() {
                asked.spawn(to_one(self.0.clone(), host.clone(), self.1));
            }
            let mut refused = None;
            while let Some(connected) = asked.join_next().await {
                match connected.ok().flatten() {
                    Some(Ok(connected)) => return Ok(connected),
                    // What a database says is worth more than what the way to another says.
                    Some(Err(error)) if error.code().is_some() => refused = Some(error),
                    Some(Err(error)) => refused = refused.or(Some(error)),
                    None => {}
                }
            }
            match refused {
                Some(error) => Err(error),
                // Nobody said anything: the pool's own time runs out.
                None => std::future::pending().await,
            }
        })
    }
}

/// One host; none when it is silent.
async fn to_one(address: Address, mut host: tokio_postgres::Config, times: Times) -> Option<Connected> {
    host.connect_timeout(times.connect)
        .tcp_user_timeout(times.call)
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(5))
        .keepalives_interval(Duration::from_secs(1))
        .keepalives_retries(3);
    let connected = timeout(times.connect, async {
        let (client, task) = if let Some(tls) = address.tls() {
            let (client, connection) = host.connect(tls).await?;
            (client, tokio::spawn(attend(connection)))
        } else {
            let (client, connection) = host.connect(Address::plain()).await?;
            (client, tokio::spawn(attend(connection)))
        };
        set_up(&client, times).await?;
        Ok((client, task))
    });
    connected.await.ok()
}

/// Carries what comes and goes on a connection, until it ends. A commit whose wait for a standby was cancelled by
/// somebody is told as made, after a warning: then the connection ends here, before that is heard, and whether the
/// commit holds is asked again on another.
async fn attend<S, T>(mut connection: Connection<S, T>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) if *notice.code() == SqlState::WARNING => {
                tracing::error!(
                    state = notice.code().code(),
                    "the database warned: the connection is not used on"
                );
                return;
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::warn!(state = state(&error), "a connection to the database ended");
                return;
            }
            None => return,
        }
    }
}

async fn set_up(client: &Client, times: Times) -> Result<(), Error> {
    let (statement, idle) = (times.commit.as_millis(), times.idle.as_millis());
    let bounds = format!(
        "SET statement_timeout = '{statement}ms'; SET idle_in_transaction_session_timeout = '{idle}ms'; {SETTINGS}"
    );
    client.batch_execute(&bounds).await?;
    for setting in PLANS {
        let set = client.batch_execute(setting).await;
        if let Some(error) = set.err().filter(Error::is_closed) {
            return Err(error);
        }
    }
    Ok(())
}

/// A connection in time, or what that it was not means. All of them in use is not the database's trouble.
pub(crate) async fn connection(pool: &Pool) -> Result<Object, NoConnection> {
    match pool.get().await {
        Ok(connection) => Ok(connection),
        Err(PoolError::Timeout(deadpool_postgres::TimeoutType::Wait)) => Err(NoConnection::AllInUse),
        Err(PoolError::Backend(error)) => Err(NoConnection::Away(told(&error))),
        Err(_) => Err(NoConnection::Away("nothing answers".to_owned())),
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoConnection {
    /// The pool's are all in use.
    AllInUse,
    /// The database is not there, and why as far as is known.
    Away(String),
}

/// Ends a statement that the database has not answered, so that nothing of it is left there: its answer is of no use
/// any more. Never sent after a commit of units, whose wait for a standby it would end.
pub(crate) async fn cancel(address: &Address, connection: &Object, times: Times) {
    let token = connection.cancel_token();
    let cancelled = async {
        match address.tls() {
            Some(tls) => token.cancel_query(tls).await,
            None => token.cancel_query(Address::plain()).await,
        }
    };
    let _ = timeout(times.connect, cancelled).await;
}

/// One statement on a connection that goes back to the pool, or is closed when the answer does not come in time: what
/// comes later must not be taken for another's answer.
pub(crate) async fn query(
    connection: Object,
    within: Duration,
    sql: &str,
    parameters: &[Column<'_>],
) -> Result<Vec<Row>, Trouble> {
    let asked = async {
        let statement = connection.prepare_cached(sql).await?;
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        connection.query(&statement, &parameters).await
    };
    let trouble = match timeout(within, asked).await {
        Ok(Ok(rows)) => return Ok(rows),
        Ok(Err(error)) => {
            tracing::warn!(state = state(&error), "the database refused a statement");
            Trouble::from(&error)
        }
        Err(_) => Trouble::Broken,
    };
    if trouble == Trouble::Broken {
        drop(Object::take(connection));
    }
    Err(trouble)
}

/// Carries out all of them at once, in this order on one connection: what a connection is sent is sent in the order in
/// which it is asked for. Gives back what each became.
pub(crate) async fn in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| Slot::Waiting(Box::pin(future))).collect();
    std::future::poll_fn(|context| {
        let mut ready = true;
        for slot in &mut waiting {
            if let Slot::Waiting(future) = slot {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *slot = Slot::Ready(Some(output)),
                    std::task::Poll::Pending => ready = false,
                }
            }
        }
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(Slot::output).collect()
}

enum Slot<F: Future> {
    Waiting(std::pin::Pin<Box<F>>),
    Ready(Option<F::Output>),
}

impl<F: Future> Slot<F> {
    fn output(self) -> Option<F::Output> {
        match self {
            Self::Waiting(_) => None,
            Self::Ready(output) => output,
        }
    }
}
