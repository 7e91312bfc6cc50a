//! Old and new programs beside each other, on a real server.

use coffer_postgres_fixture::shared;
use tokio_postgres::NoTls;

use super::*;

/// Two versions after the first: a column comes, and the one that it takes the place of goes.
const LATER: [Step; 2] = [
    Step {
        version: 2,
        widen: "ALTER TABLE customers ADD COLUMN region text",
        oldest: 1,
        narrow: "ALTER TABLE customers DROP COLUMN updated_at",
    },
    Step { version: 3, widen: "ALTER TABLE customers ADD COLUMN city text", oldest: 2, narrow: "" },
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
        assert_eq!(made, Migrated { from: None, to: 1, oldest: 1 });
        check(client, "live", STEPS).await.unwrap();
        let again = migrate(client, "live", STEPS).await.unwrap();
        assert_eq!(again, Migrated { from: Some(1), ..made });
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
            assert_eq!(made.unwrap().to, 1);
        }
    });
}

#[test]
fn old_and_new_run_side_by_side_until_the_tables_are_narrowed() {
    on_a_database(async |client, _| {
        let (one, two, three) = (steps(0), steps(1), steps(2));
        migrate(client, "live", &one).await.unwrap();
        let early = check(client, "live", &two).await;
        assert!(matches!(early, Err(OpenError::Older { found: 1, wanted: 2 })), "widened first: {early:?}");
        let widened = migrate(client, "live", &two).await.unwrap();
        assert_eq!(widened, Migrated { from: Some(1), to: 2, oldest: 1 });
        check(client, "live", &one).await.unwrap();
        check(client, "live", &two).await.unwrap();
        // A node of version 1 lives.
        let insert =
            format!("INSERT INTO nodes VALUES (0, '\\x00', {0}, {0}, false, '', 0, 1)", crate::CLOCK);
        client.batch_execute(&insert).await.unwrap();
        let busy = narrow(client, "live", &two).await;
        assert!(matches!(busy, Err(OpenError::StillRunning { nodes: 1 })), "{busy:?}");
        check(client, "live", &one).await.unwrap();
        client.batch_execute("UPDATE nodes SET renewed_at = renewed_at - 60000").await.unwrap();
        assert_eq!(narrow(client, "live", &two).await.unwrap().oldest, 2);
        let late = check(client, "live", &one).await;
        assert!(matches!(late, Err(OpenError::Newer { found: 2, oldest: 2, wanted: 1 })), "{late:?}");
        let back = migrate(client, "live", &one).await;
        assert!(matches!(back, Err(OpenError::Newer { .. })), "nothing is turned back: {back:?}");
        assert!(client.query("SELECT updated_at FROM customers", &[]).await.is_err(), "it is gone");
        migrate(client, "live", &three).await.unwrap();
        check(client, "live", &two).await.unwrap();
    });
}

#[test]
fn a_step_that_fails_leaves_nothing() {
    on_a_database(async |client, _| {
        let mut broken = steps(1);
        broken[1].widen =
            "ALTER TABLE customers ADD COLUMN region text; ALTER TABLE nowhere ADD COLUMN a text";
        migrate(client, "live", &steps(0)).await.unwrap();
        let failed = migrate(client, "live", &broken).await;
        assert!(matches!(&failed, Err(OpenError::Engine { state }) if state == "42P01"), "{failed:?}");
        assert_eq!(migrate(client, "live", &steps(1)).await.unwrap().to, 2, "the same column comes now");
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
