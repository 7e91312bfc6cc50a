//! A table: its name, its columns, and the statements over whole columns that follow from them.

/// What a column holds. Whole numbers are `BIGINT` throughout: one type, and the widest that any of them needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Int,
    Text,
    Bytes,
}

impl Holds {
    fn array(self) -> &'static str {
        match self {
            Self::Int => "bigint[]",
            Self::Text => "text[]",
            Self::Bytes => "bytea[]",
        }
    }
}

/// A table and its columns in the order in which rows are decoded. Of a table of records the first is `number`.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Holds)],
}

impl Table {
    /// The columns' names, as in `SELECT`.
    pub(crate) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// `unnest($1::…[], …)`, one parameter a column.
    fn unnest(&self) -> String {
        let parameters = (1..).zip(self.columns).map(|(at, (_, holds))| format!("${at}::{}", holds.array()));
        format!("unnest({})", parameters.collect::<Vec<_>>().join(", "))
    }

    /// New rows. One that is there fails the statement.
    pub(crate) fn insert(&self) -> String {
        let (name, names, unnest) = (self.name, self.names(), self.unnest());
        format!("INSERT INTO {name} ({names}) SELECT * FROM {unnest}")
    }

    /// Rows in place of those with the same number.
    pub(crate) fn replace(&self) -> String {
        self.replace_by(1)
    }

    /// Rows in place of those that are the same in the first columns, so many.
    pub(crate) fn replace_by(&self, key: usize) -> String {
        let same = self.columns.iter().take(key).map(|(name, _)| format!("t.{name} = v.{name}"));
        let same = same.collect::<Vec<_>>().join(" AND ");
        let set = self.columns.iter().skip(key).map(|(name, _)| format!("{name} = v.{name}"));
        let (name, names, unnest) = (self.name, self.names(), self.unnest());
        let set = set.collect::<Vec<_>>().join(", ");
        format!("UPDATE {name} AS t SET {set} FROM {unnest} AS v ({names}) WHERE {same}")
    }

    /// Rows go, by their numbers.
    pub(crate) fn erase(&self) -> String {
        format!("DELETE FROM {} WHERE number = ANY($1::bigint[])", self.name)
    }

    /// Which of these numbers there are.
    pub(crate) fn existing(&self) -> String {
        format!("SELECT number FROM {} WHERE number = ANY($1::bigint[])", self.name)
    }

    /// The row of one number and tenant.
    pub(crate) fn one(&self) -> String {
        format!("SELECT {} FROM {} WHERE number = $1 AND tenant = $2", self.names(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table {
        name: "things",
        columns: &[("number", Holds::Int), ("name", Holds::Text), ("blob", Holds::Bytes)],
    };

    #[test]
    fn statements_name_every_column_in_order() {
        assert_eq!(
            TABLE.insert(),
            "INSERT INTO things (number, name, blob) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])"
        );
        assert_eq!(
            TABLE.replace(),
            "UPDATE things AS t SET name = v.name, blob = v.blob FROM unnest($1::bigint[], $2::text[], $3::bytea[]) \
             AS v (number, name, blob) WHERE t.number = v.number"
        );
        assert_eq!(TABLE.one(), "SELECT number, name, blob FROM things WHERE number = $1 AND tenant = $2");
    }
}
