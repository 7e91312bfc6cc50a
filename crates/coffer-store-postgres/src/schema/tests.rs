//! Old and new programs beside each other, on a real server.

use coffer_postgres_fixture::shared;
use tokio_postgres::NoTls;

use super::*;

/// Two versions after the last: a column comes, and the one that it takes the place of goes.
const LATER: [Step; 2] = [
    Step {
        version: 3,
        widen: "ALTER TABLE customers ADD COLUMN region text",
        oldest: 1,
        narrow: "ALTER TABLE customers DROP COLUMN updated_at",
    },
    Step { version: 4, widen: "ALTER TABLE customers ADD COLUMN city text", oldest: 3, narrow: "" },
];

fn steps(count: usize) -> Vec<Step> {
    STEPS.iter().chain(&LATER).take(STEPS.len() + count).copied().collect()
}

/// Runs on a fresh database.
fn on_a_database(act: impl AsyncFnOnce(&mut Client, &str)) {
    let url = shared().database();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = connect(&url).await;
        act(&mut client, &url).await;
    });
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[test]
fn an_empty_database_is_made_a_store_once() {
    on_a_database(async |client, _| {
        assert!(matches!(check(client, "live", STEPS).await, Err(OpenError::Empty)));
        let made = migrate(client, "live", STEPS).await.unwrap();
        assert_eq!(made, Migrated { from: None, to: 2, oldest: 1 });
        check(client, "live", STEPS).await.unwrap();
        let again = migrate(client, "live", STEPS).await.unwrap();
        assert_eq!(again, Migrated { from: Some(2), ..made });
        let wrong = check(client, "sandbox", STEPS).await;
        assert!(matches!(wrong, Err(OpenError::Environment { .. })), "{wrong:?}");
        let wrong = migrate(client, "sandbox", STEPS).await;
        assert!(matches!(wrong, Err(OpenError::Environment { .. })), "{wrong:?}");
    });
}

#[test]
fn many_make_the_tables_at_once_and_all_find_them() {
    on_a_database(async |_, url| {
        let mut clients = Vec::new();
        for _ in 0..8 {
            clients.push(connect(url).await);
        }
        let made = clients.iter().map(|client| Box::pin(migrate(client, "live", STEPS))).collect();
        for made in crate::connections::in_order(made).await {
            assert_eq!(made.unwrap().to, 2);
        }
    });
}

#[test]
fn old_and_new_run_side_by_side_until_the_tables_are_narrowed() {
    on_a_database(async |client, _| {
        let (two, three, four) = (steps(0), steps(1), steps(2));
        migrate(client, "live", &two).await.unwrap();
        let early = check(client, "live", &three).await;
        assert!(matches!(early, Err(OpenError::Older { found: 2, wanted: 3 })), "widened first: {early:?}");
        let widened = migrate(client, "live", &three).await.unwrap();
        assert_eq!(widened, Migrated { from: Some(2), to: 3, oldest: 1 });
        check(client, "live", &two).await.unwrap();
        check(client, "live", &three).await.unwrap();
        // A node of version 2 lives.
        let insert =
            format!("INSERT INTO nodes VALUES (0, '\\x00', {0}, {0}, false, '', 0, 2)", crate::CLOCK);
        client.batch_execute(&insert).await.unwrap();
        let busy = narrow(client, "live", &three).await;
        assert!(matches!(busy, Err(OpenError::StillRunning { nodes: 1 })), "{busy:?}");
        check(client, "live", &two).await.unwrap();
        client.batch_execute("UPDATE nodes SET renewed_at = renewed_at - 60000").await.unwrap();
        assert_eq!(narrow(client, "live", &three).await.unwrap().oldest, 3);
        let late = check(client, "live", &two).await;
        assert!(matches!(late, Err(OpenError::Newer { found: 3, oldest: 3, wanted: 2 })), "{late:?}");
        let back = migrate(client, "live", &two).await;
        assert!(matches!(back, Err(OpenError::Newer { .. })), "nothing is turned back: {back:?}");
        assert!(client.query("SELECT updated_at FROM customers", &[]).await.is_err(), "it is gone");
        migrate(client, "live", &four).await.unwrap();
        check(client, "live", &three).await.unwrap();
    });
}

#[test]
fn a_step_that_fails_leaves_nothing() {
    on_a_database(async |client, _| {
        let mut broken = steps(1);
        broken[2].widen =
            "ALTER TABLE customers ADD COLUMN region text; ALTER TABLE nowhere ADD COLUMN a text";
        migrate(client, "live", &steps(0)).await.unwrap();
        let failed = migrate(client, "live", &broken).await;
        assert!(matches!(&failed, Err(OpenError::Engine { state }) if state == "42P01"), "{failed:?}");
        assert_eq!(migrate(client, "live", &steps(1)).await.unwrap().to, 3, "the same column comes now");
    });
}

#[test]
fn tables_of_something_else_are_left_alone() {
    for foreign in ["CREATE TABLE meta (name text, value text)", "CREATE TABLE tokens (id bigint)"] {
        on_a_database(async |client, _| {
            client.batch_execute(foreign).await.unwrap();
            for refused in
                [check(client, "live", STEPS).await, migrate(client, "live", STEPS).await.map(drop)]
            {
                assert!(matches!(refused, Err(OpenError::NotAStore)), "{foreign}: {refused:?}");
            }
        });
    }
}

/// What programs of version 1 say, word for word.
mod of_version_1 {
    pub(super) const NEW_KEYS: &str = "INSERT INTO keys (tenant, purpose, version, created_at, wrapped) \
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])";
    pub(super) const KEYS: &str =
        "SELECT tenant, purpose, version, created_at, wrapped FROM keys ORDER BY tenant, purpose, version";

    pub(super) fn join() -> String {
        let clock = crate::CLOCK;
        format!(
            "INSERT INTO nodes (node, lease, taken_at, renewed_at, gone, exchange, clock_offset, schema) \
             SELECT $1::bigint, $2::bytea, {clock}, {clock}, false, $3::bytea, 0, $4::bigint \
             WHERE (SELECT CAST(value AS bigint) FROM meta WHERE name = 'oldest') <= $4::bigint \
             ON CONFLICT (node) DO UPDATE SET \
             lease = excluded.lease, taken_at = excluded.taken_at, renewed_at = excluded.renewed_at, gone = false, \
             exchange = excluded.exchange, clock_offset = 0, schema = excluded.schema \
             WHERE nodes.renewed_at <= excluded.renewed_at - 3600000"
        )
    }
}

async fn insert_key_of_version_1(client: &Client, version: i64) -> Result<u64, tokio_postgres::Error> {
    let (tenant, purpose, created_at) = (vec![0_i64], vec![2_i64], vec![700_i64]);
    let wrapped = vec![vec![7_u8; 62]];
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&tenant, &purpose, &vec![version], &created_at, &wrapped];
    client.execute(of_version_1::NEW_KEYS, &values).await
}

type Life = (i64, i64, i64, Option<i64>, i64);

async fn lives(client: &Client) -> Vec<Life> {
    let sql = "SELECT generation, state, under, active_at, changed_at FROM keys ORDER BY version";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect()
}

#[test]
fn programs_of_version_1_go_on_with_the_tables_of_version_2() {
    on_a_database(async |client, _| {
        migrate(client, "live", &STEPS[..1]).await.unwrap();
        insert_key_of_version_1(client, 1).await.unwrap();
        let widened = migrate(client, "live", STEPS).await.unwrap();
        assert_eq!(widened, Migrated { from: Some(1), to: 2, oldest: 1 });
        assert_eq!(lives(client).await, [(1, 2, 1, Some(700), 700)], "active since it was made");
        check(client, "live", &STEPS[..1]).await.unwrap();

        insert_key_of_version_1(client, 2).await.unwrap();
        let made = lives(client).await;
        let (generation, state, under, active_at, changed_at) = made[1];
        assert_eq!((generation, state, under), (1, 2, 1));
        assert!(active_at.unwrap() > 1_700_000_000_000 && changed_at > 1_700_000_000_000, "from now on");
        assert_eq!(client.query(of_version_1::KEYS, &[]).await.unwrap().len(), 2);

        // Under the number of a node of this version that rested for long.
        let insert = "INSERT INTO nodes VALUES (3, '\\x01', 0, 0, true, '', 0, 2, 9, '\\x0a')";
        client.batch_execute(insert).await.unwrap();
        let (lease, none, node, schema) = (vec![2_u8; 16], Vec::<u8>::new(), 3_i64, 1_i64);
        let join = of_version_1::join();
        assert_eq!(client.execute(&join, &[&node, &lease, &none, &schema]).await.unwrap(), 1);
        assert_eq!(client.execute(&join, &[&4_i64, &vec![3_u8; 16], &none, &schema]).await.unwrap(), 1);

        let busy = narrow(client, "live", STEPS).await;
        assert!(matches!(busy, Err(OpenError::StillRunning { nodes: 2 })), "{busy:?}");
        client.batch_execute("UPDATE nodes SET gone = true").await.unwrap();
        assert_eq!(narrow(client, "live", STEPS).await.unwrap().oldest, 2);
        let late = insert_key_of_version_1(client, 3).await;
        assert!(late.is_err(), "who says nothing of a key's life writes none any more");
        assert_eq!(lives(client).await, made);
    });
}
