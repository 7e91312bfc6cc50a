//! Lists: the tokens of a group, newest first, from one of them on.

use coffer_types::{RecordNumber, Tenant, limits};

use super::{ReferencedDetails, ReferencedView};
use crate::{
    list::{Budget, WalkError},
    store::{IndexKind, Order, ReusableRow, Window},
    vault::{Refused, Vault},
};

/// Members of a group that are read in one step.
const STEP: usize = limits::LIST_STEP_ROWS as usize;

/// From where a page goes, and in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From the newest on.
    Beginning,
    /// The tokens that were made before this one: they come after it.
    After(RecordNumber),
    /// The tokens that were made after this one: they come before it.
    Before(RecordNumber),
}

/// Some tokens of a group, newest first.
#[derive(Debug)]
pub struct ReferencedPage {
    /// Those that were wanted.
    pub items: Vec<ReferencedView>,
    /// The reference of the last that was looked at, in the direction of the page, where more may be wanted behind it.
    /// It need not be one of the items: a page also ends when it has had its share of work.
    pub more: Option<String>,
}

impl Vault {
    /// The place of a token in the lists of its group, by its reference; also of one that was deleted.
    pub async fn referenced_place(
        &self,
        tenant: Tenant,
        group: &str,
        reference: &str,
    ) -> Result<Option<RecordNumber>, Refused> {
        Ok(self.store.holder(self.reference_key(tenant, group, reference)?).await?)
    }

    /// At most so many tokens of a group, of those that `wanted` takes.
    pub async fn list_referenced(
        &self,
        tenant: Tenant,
        group: &str,
        side: Side,
        at_most: usize,
        mut wanted: impl FnMut(&ReferencedView) -> bool + Send,
    ) -> Result<ReferencedPage, Refused> {
        let prefix = self.group_prefix(tenant, group)?;
        let mut window = window_of(side);
        let (mut budget, mut page) =
            (Budget::new(limits::LIST_PAGE_WORK), ReferencedPage { items: Vec::new(), more: None });
        let mut last: Option<String> = None;
        'steps: loop {
            let numbers = self.store.members(tenant, IndexKind::GroupMember, prefix, window).await?;
            let last_of_step = numbers.last().copied().filter(|_| numbers.len() == STEP);
            let began = window;
            for number in numbers {
                let Some((row, details)) = self.member(tenant, group, number, window).await? else {
                    continue;
                };
                go_on(&mut window, number);
                let view = ReferencedView::of(&row, details);
                let is_wanted = wanted(&view);
                if is_wanted && page.items.len() == at_most {
                    page.more = last;
                    break 'steps;
                }
                last = Some(view.details.reference.clone());
                if is_wanted {
                    page.items.push(view);
                }
                if let Err(WalkError::TooMany) = budget.row(row.details.as_bytes().len()).await {
                    page.more = last;
                    break 'steps;
                }
            }
            match last_of_step {
                None => break,
                // All of them were deleted meanwhile, or none is where its key leads.
                Some(number) if window == began && is_in(window, number) => go_on(&mut window, number),
                Some(_) if window == began => break,
                Some(_) => {}
            }
        }
        if let Side::Before(_) = side {
            page.items.reverse();
        }
        Ok(page)
    }

    /// The row of a group's member, where its key leads to one. The key tells half a hash of the group, and where it
    /// leads is not sealed: the sealed details tell which group it is, and one that stands out of the list's order is
    /// no member of it.
    async fn member(
        &self,
        tenant: Tenant,
        group: &str,
        number: RecordNumber,
        window: Window,
    ) -> Result<Option<(ReusableRow, ReferencedDetails)>, Refused> {
        if !is_in(window, number) {
            return Ok(None);
        }
        let Some(row) = self.reusable_numbered(tenant, number).await? else { return Ok(None) };
        let details = self.open_referenced_details(&row)?;
        Ok((details.group == group).then_some((row, details)))
    }
}

fn window_of(side: Side) -> Window {
    let all = Window {
        from: RecordNumber::MIN,
        below: RecordNumber::MAX,
        skip: 0,
        at_most: limits::LIST_STEP_ROWS,
        order: Order::NewestFirst,
    };
    match side {
        Side::Beginning => all,
        Side::After(number) => Window { below: number, ..all },
        Side::Before(number) => Window { from: next(number), order: Order::OldestFirst, ..all },
    }
}

fn is_in(window: Window, number: RecordNumber) -> bool {
    (window.from..window.below).contains(&number)
}

/// Moves on behind a number.
fn go_on(window: &mut Window, last: RecordNumber) {
    match window.order {
        Order::NewestFirst => window.below = last,
        Order::OldestFirst => window.from = next(last),
    }
}

fn next(number: RecordNumber) -> RecordNumber {
    RecordNumber::from_u64(number.get().saturating_add(1)).unwrap_or(RecordNumber::MAX)
}
