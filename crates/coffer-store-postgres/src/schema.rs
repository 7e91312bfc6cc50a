//! The tables, their versions, and what marks a database as ours.
//!
//! A version is reached by a step that only widens: programs of the version before go on with it. What they need and
//! newer ones do not is taken away by the step's narrowing, when none of them runs any more. So old and new run side
//! by side while an installation is upgraded (docs/OPERATING.md).
//!
//! There is no constraint beside the keys, because a write must not fail for a reason of its own. Only SQL that other
//! engines with PostgreSQL's protocol take too (docs/decisions/0029-plain-sql-and-frames-as-proof.md).

use coffer_types::limits;
use tokio_postgres::{Client, error::SqlState};

use crate::errors::OpenError;

/// One version of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) version: i64,
    /// Adds; takes nothing away.
    pub(crate) widen: &'static str,
    /// The oldest version of a program that can work with the tables as they are after it.
    pub(crate) oldest: i64,
    /// Takes away what only older programs need. Afterwards the oldest is this version.
    pub(crate) narrow: &'static str,
}

/// All versions so far, rising. A step that was released is never changed.
pub(crate) const STEPS: &[Step] = &[
    Step { version: 1, widen: include_str!("schema/1.sql"), oldest: 1, narrow: "" },
    Step {
        version: 2,
        widen: include_str!("schema/2.sql"),
        oldest: 1,
        narrow: include_str!("schema/2_narrow.sql"),
    },
];

/// How often the tables are looked at again when somebody else makes them at the same time.
const ATTEMPTS: u32 = 20;

/// What a database turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No table of ours.
    Empty,
    /// A store.
    Store { version: i64, oldest: i64, environment: String },
}

/// What `coffer migrate` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version before; none where there was no store.
    pub from: Option<i64>,
    /// The version now.
    pub to: i64,
    /// The oldest version of a program that can work with it.
    pub oldest: i64,
}

/// The version that a program with these steps knows.
pub(crate) fn known(steps: &[Step]) -> i64 {
    steps.last().map_or(0, |step| step.version)
}

/// Refuses what a program with these steps cannot work with.
pub(crate) async fn check(
    client: &Client,
    environment: &'static str,
    steps: &[Step],
) -> Result<(), OpenError> {
    let wanted = known(steps);
    match inspect(client).await? {
        Found::Empty => Err(OpenError::Empty),
        Found::Store { environment: found, .. } if found != environment => {
            Err(OpenError::Environment { found, wanted: environment })
        }
        Found::Store { version, .. } if version < wanted => Err(OpenError::Older { found: version, wanted }),
        Found::Store { version, oldest, .. } if oldest > wanted => {
            Err(OpenError::Newer { found: version, oldest, wanted })
        }
        Found::Store { .. } => Ok(()),
    }
}

/// Looks without changing anything.
pub(crate) async fn inspect(client: &Client) -> Result<Found, OpenError> {
    // Tables that this role may not look at are there all the same.
    const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() \
        AND tablename = ANY($1::text[])";
    let ours: [&[&str]; 2] = [&["meta"], &["tokens", "unique_keys", "audit", "keys"]];
    let [meta, others] = [
        client.query_one(TABLES, &[&ours[0]]).await?.try_get::<_, i64>(0)?,
        client.query_one(TABLES, &[&ours[1]]).await?.try_get::<_, i64>(0)?,
    ];
    if (meta, others) == (0, 0) {
        return Ok(Found::Empty);
    }
    let rows =
        client.query("SELECT name, value FROM meta", &[]).await.map_err(|error| match error.code() {
            Some(state) if *state != SqlState::INSUFFICIENT_PRIVILEGE => OpenError::NotAStore,
            _ => error.into(),
        })?;
    let value = |wanted: &str| {
        let named = |row: &&tokio_postgres::Row| row.try_get::<_, &str>(0).is_ok_and(|name| name == wanted);
        rows.iter().find(named).and_then(|row| row.try_get::<_, String>(1).ok())
    };
    let number = |name: &str| value(name).and_then(|text| text.parse().ok());
    match (value("application").as_deref(), number("schema"), number("oldest"), value("environment")) {
        (Some("coffer"), Some(version), Some(oldest), Some(environment)) => {
            Ok(Found::Store { version, oldest, environment })
        }
        _ => Err(OpenError::NotAStore),
    }
}

/// Brings the tables to the version that a program with these steps knows. Each step is one transaction.
pub(crate) async fn migrate(
    client: &Client,
    environment: &'static str,
    steps: &[Step],
) -> Result<Migrated, OpenError> {
    let mut before = None;
    for _ in 0..ATTEMPTS {
        let (version, oldest) = match inspect(client).await? {
            Found::Empty => (0, 0),
            Found::Store { environment: found, .. } if found != environment => {
                return Err(OpenError::Environment { found, wanted: environment });
            }
            Found::Store { version, oldest, .. } => (version, oldest),
        };
        before.get_or_insert(version);
        let wanted = known(steps);
        if oldest > wanted {
            return Err(OpenError::Newer { found: version, oldest, wanted });
        }
        let Some(step) = steps.iter().find(|step| step.version > version) else {
            return Ok(Migrated { from: before.filter(|version| *version > 0), to: version, oldest });
        };
        if !apply(client, &widening(step, version, environment)).await? {
            // Somebody else was first: look again.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    Err(OpenError::Contended)
}

/// Takes away what only older programs need, where none of them runs.
pub(crate) async fn narrow(
    client: &Client,
    environment: &'static str,
    steps: &[Step],
) -> Result<Migrated, OpenError> {
    let done = migrate(client, environment, steps).await?;
    // From here on no older node joins; whoever has joined is counted, and then it stays as it was.
    let oldest = format!("UPDATE meta SET value = '{}' WHERE name = 'oldest'", done.to);
    if !apply(client, &oldest).await? {
        return Err(OpenError::Contended);
    }
    let older = format!(
        "SELECT count(*) FROM nodes WHERE schema < $1 AND NOT gone AND renewed_at > {} - $2",
        crate::CLOCK
    );
    let live: i64 = limits::PEER_LIVE_SECONDS * 1000;
    let nodes = client.query_one(&older, &[&done.to, &live]).await?.try_get(0)?;
    if nodes > 0 {
        let before = format!("UPDATE meta SET value = '{}' WHERE name = 'oldest'", done.oldest);
        client.batch_execute(&before).await?;
        return Err(OpenError::StillRunning { nodes });
    }
    let narrowed = "SELECT CAST(value AS bigint) FROM meta WHERE name = 'narrowed'";
    let narrowed = client.query_opt(narrowed, &[]).await?.map_or(Ok(0), |row| row.try_get(0))?;
    for step in steps.iter().filter(|step| step.version > narrowed && !step.narrow.is_empty()) {
        let Step { version, narrow, .. } = step;
        let mark = format!(
            "{narrow};INSERT INTO meta (name, value) VALUES ('narrowed', '{version}') \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        );
        if !apply(client, &mark).await? {
            return Err(OpenError::Contended);
        }
    }
    Ok(Migrated { oldest: done.to, ..done })
}

fn widening(step: &Step, from: i64, environment: &'static str) -> String {
    let Step { version, widen, oldest, .. } = step;
    if from == 0 {
        return format!(
            "{widen};INSERT INTO meta (name, value) VALUES ('application', 'coffer'), ('schema', '{version}'), \
             ('oldest', '{oldest}'), ('environment', '{environment}')"
        );
    }
    format!("{widen};UPDATE meta SET value = '{version}' WHERE name = 'schema' AND value = '{from}'")
}

/// One transaction; false when somebody else made the same tables in the meantime.
async fn apply(client: &Client, statements: &str) -> Result<bool, OpenError> {
    let applied = client.batch_execute(&format!("BEGIN;{statements};COMMIT")).await;
    let Err(error) = applied else { return Ok(true) };
    client.batch_execute("ROLLBACK").await?;
    let taken = [
        &SqlState::UNIQUE_VIOLATION,
        &SqlState::DUPLICATE_TABLE,
        &SqlState::DUPLICATE_COLUMN,
        &SqlState::T_R_SERIALIZATION_FAILURE,
        &SqlState::T_R_DEADLOCK_DETECTED,
    ];
    match error.code() {
        Some(state) if taken.contains(&state) => Ok(false),
        _ => Err(error.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
