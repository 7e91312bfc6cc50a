//! Through all tables, in pages: each is a short snapshot, and whatever serves from the store goes on. What looks wrong
//! is read again until it is the same twice: it may have changed between two pages.

use std::collections::BTreeMap;

use coffer_core::{
    KekSource,
    fsck::{Chain, Checked, Checks, Inspected, OpenedKeys, Problem, keys, table_name},
    moving::{Movable, MovedRow, RowKey, Table},
    store::{CounterKey, IndexKind, KeyRow, RecordTable, Row, StoreError, UniqueKey},
};
use coffer_crypto::{Environment, Keyring};
use coffer_export::Progress;
use coffer_types::{RecordNumber, Tenant, limits};

use super::report::Report;

const NO_FORM: &str = "the row is not one: a column holds what it cannot hold";
const NO_NUMBER: &str = "the row's number is none";
/// How often a row is read again that changes under the look.
const LOOKS: usize = 20;

/// One check.
pub(super) struct Walk<'a> {
    store: &'a dyn Inspected,
    environment: Environment,
    root: &'a dyn KekSource,
    progress: &'a mut dyn Progress,
    rows: Vec<KeyRow>,
    keyring: Option<Keyring>,
    /// Whether the store was ever put back from a backup.
    restored: bool,
    report: Report,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        store: &'a dyn Inspected,
        environment: Environment,
        root: &'a dyn KekSource,
        progress: &'a mut dyn Progress,
    ) -> Self {
        Self {
            store,
            environment,
            root,
            progress,
            rows: Vec::new(),
            keyring: None,
            restored: false,
            report: Report::default(),
        }
    }

    /// Every table.
    pub(super) async fn all(mut self) -> Result<Report, StoreError> {
        self.keys().await?;
        self.counters().await?;
        if self.keyring.is_some() {
            for table in RecordTable::ALL {
                self.records(table).await?;
            }
            self.unique_keys().await?;
        }
        self.audit().await?;
        Ok(self.report)
    }

    async fn keys(&mut self) -> Result<(), StoreError> {
        let (rows, whole) = key_rows(self.store).await?;
        if !whole {
            self.report.problem(Problem::of(Table::Keys.name(), NO_FORM));
        }
        self.report.looked_at(Table::Keys.name(), rows.len());
        let OpenedKeys { keyring, problems } = keys(self.environment, &rows, self.root);
        self.problems(problems);
        (self.rows, self.keyring) = (rows, keyring);
        Ok(())
    }

    fn problems(&mut self, problems: Vec<Problem>) {
        for problem in problems {
            self.report.problem(problem);
        }
    }

    /// Keys may have come since they were read. Whether there are others now.
    async fn read_keys_again(&mut self) -> Result<bool, StoreError> {
        let (rows, _) = key_rows(self.store).await?;
        if rows == self.rows {
            return Ok(false);
        }
        self.keyring = keys(self.environment, &rows, self.root).keyring;
        self.rows = rows;
        Ok(true)
    }

    async fn counters(&mut self) -> Result<(), StoreError> {
        let mut restored = false;
        let is_restore = |row: &MovedRow| match row {
            MovedRow::Counter { key, value } => *key == CounterKey::RESTORES && *value > 0,
            _ => false,
        };
        let pages = self.pages(Table::Counters, |_, rows| {
            restored |= rows.iter().any(is_restore);
            Ok(rows.len())
        });
        pages.await?;
        self.restored = restored;
        Ok(())
    }

    /// Every page of a table without numbers, as far as its rows have a form.
    async fn pages(
        &mut self,
        table: Table,
        mut take: impl FnMut(&mut Report, &[MovedRow]) -> Result<usize, StoreError>,
    ) -> Result<(), StoreError> {
        self.progress.stage(table.name(), self.store.count(table).await?);
        let mut after = None;
        loop {
            let page = match self.store.page(table, after, limits::FSCK_PAGE_ROWS).await {
                Err(StoreError::Corrupt { .. }) => {
                    self.report.problem(Problem::of(table.name(), NO_FORM));
                    return Ok(());
                }
                page => page?,
            };
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key());
            let rows = take(&mut self.report, &page)?;
            self.report.looked_at(table.name(), rows);
            self.progress.add(page.len() as u64);
        }
    }

    async fn records(&mut self, table: RecordTable) -> Result<(), StoreError> {
        let name = table_name(table);
        let moves = Table::ALL.into_iter().find(|moved| moved.name() == name);
        let about = match moves {
            Some(moved) => self.store.count(moved).await?,
            None => 0,
        };
        self.progress.stage(name, about);
        let mut after = None;
        loop {
            let numbers = self.store.numbers(table, after, limits::FSCK_PAGE_ROWS).await?;
            let Some(last) = numbers.last() else { return Ok(()) };
            after = Some(*last);
            self.report.looked_at(name, numbers.len());
            self.page(table, &numbers).await?;
            self.progress.add(numbers.len() as u64);
        }
    }

    async fn page(&mut self, table: RecordTable, numbers: &[u64]) -> Result<(), StoreError> {
        let name = table_name(table);
        let named: Vec<RecordNumber> =
            numbers.iter().filter_map(|number| RecordNumber::from_u64(*number).ok()).collect();
        for number in numbers.iter().filter(|number| RecordNumber::from_u64(**number).is_err()) {
            self.report.problem(Problem::of(name, NO_NUMBER).record(*number));
        }
        let Some(first) = named.first() else { return Ok(()) };
        let most = u32::try_from(named.len()).unwrap_or(u32::MAX);
        match self.store.records(table, *first, most).await {
            Ok(rows) => self.rows_of(table, rows).await,
            Err(StoreError::Corrupt { .. }) => {
                for number in named {
                    self.again(table, number).await?;
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Rows that have a form. Those in which something looks wrong are looked at again, one by one.
    async fn rows_of(&mut self, table: RecordTable, rows: Vec<Row>) -> Result<(), StoreError> {
        let Some(keyring) = &self.keyring else { return Ok(()) };
        let checks = Checks::new(keyring, &self.rows);
        let checked: Vec<Checked> = rows.iter().map(|row| checks.record(row)).collect();
        let wanted: Vec<UniqueKey> =
            checked.iter().flat_map(|checked| checked.held.iter().flatten()).copied().collect();
        let holders = if wanted.is_empty() { Vec::new() } else { self.store.holders(wanted.clone()).await? };
        let held: BTreeMap<UniqueKey, Option<RecordNumber>> = wanted.into_iter().zip(holders).collect();
        let mut doubtful = Vec::new();
        for (row, checked) in rows.iter().zip(&checked) {
            let Some((number, tenant)) = place(row) else { continue };
            if !checked.wrong.is_empty() || !wrong_keys(checked, number, &held).is_empty() {
                doubtful.push(number);
                continue;
            }
            self.report_sound(table, (number, tenant), checked);
        }
        for number in doubtful {
            self.again(table, number).await?;
        }
        Ok(())
    }

    fn report_sound(
        &mut self,
        table: RecordTable,
        (number, tenant): (RecordNumber, Tenant),
        checked: &Checked,
    ) {
        if let Some(epoch) = checked.erased.filter(|_| !self.restored) {
            // No key is destroyed while a record needs it: only a backup can bring one back.
            let what =
                format!("its key (epoch {epoch}) is called destroyed, and this store was never restored");
            let problem = Problem::of(table_name(table), what).record(number.get()).tenant(Some(tenant));
            self.report.problem(problem);
        } else if let Some(epoch) = checked.erased {
            self.report.erased(table_name(table), tenant.get(), epoch);
        }
        if checked.has_sad {
            self.report.sealed_under_the_ring();
        }
    }

    /// One record: what is wrong with it counts when the record is the same before and after the look.
    async fn again(&mut self, table: RecordTable, number: RecordNumber) -> Result<(), StoreError> {
        let name = table_name(table);
        let mut before = self.one(table, number).await?;
        for _ in 0..LOOKS {
            let (problems, checked) = match &before {
                Found::Nothing => return Ok(()),
                Found::Formless => (vec![Problem::of(name, NO_FORM).record(number.get())], None),
                Found::Row(row) => {
                    let Some((_, tenant)) = place(row) else { return Ok(()) };
                    let Some(keyring) = &self.keyring else { return Ok(()) };
                    let checked = Checks::new(keyring, &self.rows).record(row);
                    let wanted: Vec<UniqueKey> = checked.held.iter().flatten().copied().collect();
                    let holders = self.store.holders(wanted.clone()).await?;
                    let held = wanted.into_iter().zip(holders).collect();
                    let mut problems = checked.problems(name, number, tenant);
                    let keys = wrong_keys(&checked, number, &held);
                    problems.extend(keys.into_iter().map(|problem| problem.tenant(Some(tenant))));
                    (problems, Some((tenant, checked)))
                }
            };
            let after = self.one(table, number).await?;
            let settled = after == before && (problems.is_empty() || !self.read_keys_again().await?);
            if settled {
                if let Some((tenant, checked)) = checked {
                    self.report_sound(table, (number, tenant), &checked);
                }
                self.problems(problems);
                return Ok(());
            }
            before = after;
        }
        // It changes at every look, and so it lives.
        Ok(())
    }

    async fn one(&self, table: RecordTable, number: RecordNumber) -> Result<Found, StoreError> {
        let found = match self.store.records(table, number, 1).await {
            Err(StoreError::Corrupt { .. }) => {
                let behind = number.get().checked_sub(1);
                let next = self.store.numbers(table, behind, 1).await?;
                return Ok(if next == [number.get()] { Found::Formless } else { Found::Nothing });
            }
            rows => rows?.pop(),
        };
        let same = |row: &Row| place(row).is_some_and(|(found, _)| found == number);
        Ok(found.filter(same).map_or(Found::Nothing, |row| Found::Row(Box::new(row))))
    }

    async fn unique_keys(&mut self) -> Result<(), StoreError> {
        self.progress.stage(Table::UniqueKeys.name(), self.store.count(Table::UniqueKeys).await?);
        let mut after = None;
        loop {
            let page = match self.store.page(Table::UniqueKeys, after, limits::FSCK_PAGE_ROWS).await {
                Err(StoreError::Corrupt { .. }) => {
                    self.report.problem(Problem::of(Table::UniqueKeys.name(), NO_FORM));
                    return Ok(());
                }
                page => page?,
            };
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key());
            self.report.looked_at(Table::UniqueKeys.name(), page.len());
            for row in &page {
                if let MovedRow::UniqueKey { key, holder } = row {
                    self.unique_key(*key, *holder).await?;
                }
            }
            self.progress.add(page.len() as u64);
        }
    }

    /// A unique key leads to a record that has it; one that outlives its holder may also lead to none.
    async fn unique_key(&mut self, key: UniqueKey, holder: RecordNumber) -> Result<(), StoreError> {
        let table = match key.kind {
            IndexKind::TenantName => return Ok(()),
            IndexKind::CustomerInstrument => RecordTable::Instruments,
            IndexKind::CustomerId => RecordTable::Customers,
            IndexKind::ReusableCard
            | IndexKind::NamespacePlace
            | IndexKind::Reference
            | IndexKind::Digits
            | IndexKind::GroupMember => RecordTable::Reusables,
        };
        let mut before = self.one(table, holder).await?;
        for _ in 0..LOOKS {
            let what = match &before {
                Found::Nothing if key.kind.outlives_its_holder() => return Ok(()),
                Found::Nothing => "leads to no record",
                // Reported as a record.
                Found::Formless => return Ok(()),
                Found::Row(row) => {
                    let Some(keyring) = &self.keyring else { return Ok(()) };
                    let checked = Checks::new(keyring, &self.rows).record(row);
                    if checked.held.is_empty() || checked.may_hold(&key) {
                        return Ok(());
                    }
                    "leads to a record that does not have it"
                }
            };
            let now = self.store.holders(vec![key]).await?.pop().flatten();
            if now != Some(holder) {
                return Ok(());
            }
            let after = self.one(table, holder).await?;
            if after == before {
                let what = format!("a unique key of kind {} {what}", key.kind.code());
                let problem = Problem::of(Table::UniqueKeys.name(), what).record(holder.get());
                self.report.problem(problem.tenant(Some(key.tenant)));
                return Ok(());
            }
            before = after;
        }
        Ok(())
    }

    async fn audit(&mut self) -> Result<(), StoreError> {
        let mut chain = match self.store.heads().await {
            Err(StoreError::Corrupt { .. }) => Chain::default(),
            heads => Chain::of(&heads?),
        };
        self.pages(Table::Audit, |report, rows| {
            for row in rows {
                if let MovedRow::Frame(frame) = row {
                    chain.follow(frame).into_iter().for_each(|problem| report.problem(problem));
                }
            }
            Ok(rows.len())
        })
        .await?;
        chain.finish().into_iter().for_each(|problem| self.report.problem(problem));
        Ok(())
    }
}

/// What lies under a number.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// A row that does not decode.
    Formless,
    Row(Box<Row>),
}

/// All wrapped keys, and whether all of their rows have a form.
pub(crate) async fn key_rows(store: &dyn Movable) -> Result<(Vec<KeyRow>, bool), StoreError> {
    let (mut rows, mut after): (Vec<KeyRow>, Option<RowKey>) = (Vec::new(), None);
    loop {
        let page = match store.page(Table::Keys, after, limits::FSCK_PAGE_ROWS).await {
            Err(StoreError::Corrupt { .. }) => return Ok((rows, false)),
            page => page?,
        };
        let Some(last) = page.last() else { return Ok((rows, true)) };
        after = Some(last.key());
        rows.extend(page.into_iter().filter_map(|row| match row {
            MovedRow::Key(row) => Some(row),
            _ => None,
        }));
    }
}

/// What is wrong with the unique keys of a record.
fn wrong_keys(
    checked: &Checked,
    number: RecordNumber,
    held: &BTreeMap<UniqueKey, Option<RecordNumber>>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for keys in &checked.held {
        let holders: Vec<Option<RecordNumber>> =
            keys.iter().map(|key| held.get(key).copied().flatten()).collect();
        if holders.contains(&Some(number)) {
            continue;
        }
        let kind = keys.first().map_or(0, |key| key.kind.code());
        let what = match holders.into_iter().flatten().next() {
            Some(other) => format!("its unique key of kind {kind} is held by record {}", other.get()),
            None => format!("its unique key of kind {kind} is missing"),
        };
        problems.push(Problem::of(Table::UniqueKeys.name(), what).record(number.get()));
    }
    problems
}

fn place(row: &Row) -> Option<(RecordNumber, Tenant)> {
    match row {
        Row::Token(row) => Some((row.number, row.tenant)),
        Row::Instrument(row) => Some((row.number, row.tenant)),
        Row::Customer(row) => Some((row.number, row.tenant)),
        Row::Reusable(row) => Some((row.number, row.tenant)),
        Row::Reply(row) => Some((row.number, row.tenant)),
        Row::Index { .. } | Row::Key(_) => None,
    }
}
