//! The operator's tables, as log and metrics tell of them.

use serde_json::Value;

use super::world::World;

/// The lines of the log about this table with this message.
fn lines(world: &World, table: &str, message: &str) -> Vec<Value> {
    let said = world.node.said();
    let all = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    all.filter(|line| {
        line["table"] == table && line["message"].as_str().is_some_and(|text| text.starts_with(message))
    })
    .collect()
}

#[test]
fn a_table_is_named_with_size_and_date_and_watched() {
    let mut world = World::new("");
    for table in ["bins", "city", "asn", "anonymous"] {
        let told = lines(&world, table, "a table is in use");
        assert_eq!(told.len(), 1, "{}", world.node.said());
        assert_eq!(told[0]["level"], "INFO");
        let file = if table == "bins" { "bins.csv".to_owned() } else { format!("{table}.mmdb") };
        assert_eq!(told[0]["path"], world.live.path(&file).display().to_string());
        assert!(told[0]["entries"].as_str().is_some_and(|count| count.parse::<u32>().unwrap() > 0));
        assert_eq!(told[0]["dated"].as_str().map(|date| &date[..2]), Some("20"));
        assert!(world.node.metrics().contains(&format!("coffer_table_current{{table=\"{table}\"}} 1\n")));
    }
    // Built in 2023, as the file says.
    assert!(lines(&world, "city", "")[0]["dated"].as_str().unwrap().starts_with("2023-11-14T22:13:20"));
    let page = world.node.metrics();
    let age = page.lines().find_map(|line| line.strip_prefix("coffer_table_age_seconds{table=\"city\"} "));
    assert!(age.unwrap().parse::<u64>().unwrap() > 86_400, "{page}");

    world.replace("bins.csv", b"low,high\n4,4\n");
    world.wait_for("the refusal", |world| {
        world.node.metrics().contains("coffer_table_current{table=\"bins\"} 0\n")
    });
    world.wait_for("its line", |world| !lines(world, "bins", "a table was not replaced").is_empty());
    let told = lines(&world, "bins", "a table was not replaced");
    assert_eq!(told[0]["level"], "ERROR");
    let error = told[0]["error"].as_str().unwrap();
    assert!(error.starts_with("tables.bins: ") && error.contains("line 2"), "{error}");

    world.replace("bins.csv", b"low,high\n411111,411111\n422222,422222\n");
    world.wait_for("the new one", |world| lines(world, "bins", "a table is in use").len() == 2);
    assert_eq!(lines(&world, "bins", "a table is in use")[1]["entries"], "2");
    assert!(world.node.metrics().contains("coffer_table_current{table=\"bins\"} 1\n"));
}
