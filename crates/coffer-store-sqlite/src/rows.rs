//! The rows: one file a table, with its SQL and its columns and nothing else.

pub(crate) mod columns;
pub(crate) mod counter;
pub(crate) mod customer;
pub(crate) mod frame;
pub(crate) mod index;
pub(crate) mod instrument;
pub(crate) mod key;
pub(crate) mod numbered;
pub(crate) mod reply;
pub(crate) mod reusable;
pub(crate) mod token;
pub(crate) mod walk;

use coffer_core::{
    moving::MovedRow,
    store::{CardFace, RecordKey, Window},
};
use coffer_types::{Bin, Brand, RecordNumber, Tenant, limits};
use rusqlite::{Connection, Params};

use crate::errors::ReadError;
use columns::Columns;
use numbered::Numbered;

/// The first row of a query, decoded. The statement is reset before this returns, and its snapshot ends.
pub(crate) fn first<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&mut Columns<'_, '_>) -> Result<T, ReadError>,
) -> Result<Option<T>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| decode(&mut Columns::of(table, row))).transpose()
}

/// All rows of a query, decoded.
pub(crate) fn every<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    mut decode: impl FnMut(&mut Columns<'_, '_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(decode(&mut Columns::of(table, row))?);
    }
    Ok(found)
}

/// Rows of a query that has the order of their keys, decoded until they are a page.
pub(crate) fn moved(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    mut decode: impl FnMut(&mut Columns<'_, '_>) -> Result<MovedRow, ReadError>,
) -> Result<Vec<MovedRow>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while bytes <= limits::MOVE_PAGE_BYTES
        && let Some(row) = rows.next()?
    {
        let row = decode(&mut Columns::of(table, row))?;
        bytes += row.weight();
        found.push(row);
    }
    Ok(found)
}

/// Carries out a statement that gives back no rows.
pub(crate) fn run(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(params)?;
    Ok(())
}

/// The table of a numbered record, whose it is, and its number. None of a key of the hierarchy ([`key`]).
pub(crate) fn table_of(key: &RecordKey) -> Option<(Numbered, Tenant, RecordNumber)> {
    Some(match *key {
        RecordKey::Token(tenant, number) => (token::ROWS, tenant, number),
        RecordKey::Instrument(tenant, number) => (instrument::ROWS, tenant, number),
        RecordKey::Customer(tenant, number) => (customer::ROWS, tenant, number),
        RecordKey::Reusable(tenant, number) => (reusable::ROWS, tenant, number),
        RecordKey::Reply(tenant, number) => (reply::ROWS, tenant, number),
        RecordKey::Key(_) => return None,
    })
}

/// The three columns of what may be seen of a card.
pub(crate) fn face(face: Option<&CardFace>) -> (Option<&str>, Option<&str>, Option<u8>) {
    let bin = face.and_then(|face| face.bin.as_ref()).map(Bin::as_str);
    (bin, face.map(|face| face.last4.as_str()), face.and_then(|face| face.brand).map(Brand::code))
}

/// The parameters of a page: tenant, lowest number, end, how many, after how many.
pub(crate) fn page(tenant: Tenant, window: Window) -> [i64; 5] {
    let Window { from, below, skip, at_most, .. } = window;
    [tenant.get().into(), from.get().cast_signed(), below.get().cast_signed(), at_most.into(), skip.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the engine says of how it would carry out a query.
    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let parameters = vec![1; statement.parameter_count()];
        let steps = statement.query_map(rusqlite::params_from_iter(parameters), |row| row.get(3)).unwrap();
        steps.collect::<Result<_, _>>().unwrap()
    }

    /// No list looks at another tenant's rows, and no page is sorted: the index has its order.
    #[test]
    fn pages_and_counts_follow_their_index() {
        let connection = Connection::open_in_memory().unwrap();
        crate::schema::create(&connection, "sandbox").unwrap();
        let range = "(tenant=? AND number>? AND number<?)";
        let queries = [
            (
                token::PAGE,
                "SEARCH tokens USING INDEX tokens_by_tenant (tenant=? AND kind=? AND number>? AND number<?)"
                    .to_owned(),
            ),
            (
                token::COUNT,
                "SEARCH tokens USING COVERING INDEX tokens_by_tenant (tenant=? AND kind=? AND number>?)"
                    .to_owned(),
            ),
            (
                token::PAGE_FROM_OLDEST,
                "SEARCH tokens USING INDEX tokens_by_tenant (tenant=? AND kind=? AND number>? AND number<?)"
                    .to_owned(),
            ),
            (instrument::PAGE, format!("SEARCH instruments USING INDEX instruments_by_tenant {range}")),
            (
                instrument::PAGE_FROM_OLDEST,
                format!("SEARCH instruments USING INDEX instruments_by_tenant {range}"),
            ),
            (instrument::OUTLINES, format!("SEARCH instruments USING INDEX instruments_by_tenant {range}")),
            (
                instrument::OUTLINES_FROM_OLDEST,
                format!("SEARCH instruments USING INDEX instruments_by_tenant {range}"),
            ),
            (
                instrument::COUNT,
                "SEARCH instruments USING COVERING INDEX instruments_by_tenant (tenant=?)".to_owned(),
            ),
        ];
        for (sql, step) in queries {
            assert_eq!(plan(&connection, sql), [step], "{sql}");
        }
        let found = plan(&connection, reusable::ENDED);
        assert_eq!(
            found,
            ["SEARCH reusable_tokens USING INDEX reusable_tokens_by_end (ends_at>? AND ends_at<?)"]
        );
        for sql in [index::MEMBERS, index::MEMBERS_FROM_OLDEST] {
            let search = "SEARCH unique_keys USING PRIMARY KEY (tenant=? AND kind=? AND value>? AND value<?)";
            assert_eq!(plan(&connection, sql), [search]);
        }
        assert_eq!(plan(&connection, frame::AFTER), ["SEARCH audit USING PRIMARY KEY ((lane,number)>(?,?))"]);
        assert_eq!(plan(&connection, frame::LAST), ["SCAN audit USING COVERING INDEX audit_by_position"]);
        for (table, sql) in [
            ("tokens", token::BEHIND),
            ("customers", customer::BEHIND),
            ("instruments", instrument::BEHIND),
            ("reusable_tokens", reusable::BEHIND),
            ("replies", reply::BEHIND),
        ] {
            let search = format!("SEARCH {table} USING INTEGER PRIMARY KEY (rowid>?)");
            assert_eq!(plan(&connection, sql), [search], "{sql}");
        }
        let found = plan(&connection, index::BEHIND);
        assert_eq!(found, ["SEARCH unique_keys USING PRIMARY KEY ((tenant,kind,value)>(?,?,?))"]);
        assert_eq!(plan(&connection, frame::HEAD_BELOW), ["SEARCH audit USING PRIMARY KEY (lane<?)"]);
        let found = plan(&connection, reply::BY_KEY);
        assert_eq!(found, ["SEARCH replies USING INDEX replies_by_key (tenant=? AND key=?)"]);
        let found = plan(&connection, index::BEGINNING);
        let search = "SEARCH unique_keys USING PRIMARY KEY (tenant=? AND kind=? AND value>? AND value<?)";
        assert_eq!(found, [search, "USE TEMP B-TREE FOR ORDER BY"], "only what was found is sorted");
    }
}
