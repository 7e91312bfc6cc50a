//! Customers, as far as a vault needs them: whom instruments belong to, and which of them is the default.

use coffer_crypto::{Class, Field, LocatorBytes, LocatorKind};
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};
use serde_json::value::RawValue;

use crate::{
    audit::Action,
    details::{Contact, CustomerDetails},
    erased::Held,
    exchange::ExchangeError,
    index,
    keep::{Keep, KeepPlan, Kept, Own},
    read::InstrumentView,
    store::{CustomerRow, InstrumentRow, Outcome, Row, UniqueKey},
    vault::{Act, Place, Refused, Vault, not_sealed, open_json, unreadable, wiped_json},
};

/// A customer as a caller may see them.
#[derive(Debug)]
pub struct CustomerView {
    /// Counts their writes.
    pub generation: Generation,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub updated_at: Timestamp,
    /// Who they are.
    pub details: CustomerDetails,
    /// The instrument that is used when none is named.
    pub default: Option<InstrumentView>,
}

/// How a customer is to be.
pub struct PutCustomer<'a> {
    /// The merchant's reference, at most 50 characters. None: a new customer, with an id that `name` prints.
    pub id: Option<&'a str>,
    /// Prints the id of a new customer.
    pub name: &'a (dyn Fn(&LocatorBytes) -> String + Sync),
    /// Who it is.
    pub contact: Who,
    /// The dialect's own fields of a customer.
    pub own: Option<&'a RawValue>,
    /// What becomes the default instrument.
    pub default: DefaultInstrument<'a>,
}

/// Where a customer's name and address come from.
#[expect(clippy::large_enum_variant, reason = "one a request, and never in a collection")]
pub enum Who {
    /// The caller says them, or that there are none.
    Said(Option<Contact>),
    /// They are the token's.
    OfToken,
}

/// What becomes a customer's default instrument.
#[derive(Clone, Copy)]
pub enum DefaultInstrument<'a> {
    /// What was; of a new customer none.
    AsItWas,
    /// None.
    None,
    /// An instrument that the customer has.
    Instrument(&'a LocatorBytes),
    /// A single-use token becomes an instrument of the customer.
    Token {
        /// The printed token, parsed.
        token: &'a LocatorBytes,
        /// The dialect's own fields of the instrument.
        own: Own<'a>,
    },
}

/// A customer that is about to be durable.
#[derive(Debug)]
pub struct CustomerPut {
    /// The customer as they will be.
    pub customer: CustomerView,
    /// Whether they are new.
    pub created: bool,
}

/// Why a customer was not written. Nothing is used up then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomerError {
    /// The token: as at an exchange.
    #[error(transparent)]
    Token(#[from] ExchangeError),
    /// The default instrument is none of this customer's, or is deactivated.
    #[error("the customer has no such instrument")]
    NoSuchInstrument,
    /// See [`Refused`].
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// What an attempt found.
struct Found {
    number: RecordNumber,
    id: String,
    before: Option<(CustomerRow, CustomerDetails)>,
}

impl Vault {
    /// The customer of this tenant with this id.
    pub async fn read_customer(&self, tenant: Tenant, id: &str) -> Result<Option<CustomerView>, Refused> {
        let Some((row, details)) = self.find_customer(tenant, id).await?.found() else { return Ok(None) };
        let default = self.default_instrument(tenant, details.default).await?;
        Ok(Some(customer_view(&row, details, default)))
    }

    /// Writes a customer, and keeps the instrument of their token in the same unit.
    pub async fn put_customer<R>(
        &self,
        act: &Act,
        put: &PutCustomer<'_>,
        render: impl Fn(&CustomerPut, Option<&Kept>) -> R,
    ) -> Result<R, CustomerError> {
        let mut turn = self.turns.begin();
        loop {
            let now = self.now();
            let found = self.found(act.tenant, put, now).await?;
            let key = self.customer_key(act.tenant, &found.id)?;
            let (mut unit, mut contact, mut kept) = (self.unit(now)?, None, None);
            let default = match put.default {
                DefaultInstrument::AsItWas => found.before.as_ref().and_then(|(_, details)| details.default),
                DefaultInstrument::None => None,
                DefaultInstrument::Instrument(id) => {
                    let row = self.owned(act.tenant, id, &found.id).await?;
                    // As it was looked at: somebody may be taking it out of use.
                    unit = unit.expect_live(row.key(), row.generation);
                    Some(row.number.get())
                }
                DefaultInstrument::Token { token, own } => {
                    let usable = self.exchangeable_token(act, token, now).await?;
                    let (live, opened) = usable.ok_or(ExchangeError::NotUsable)?;
                    contact.clone_from(&opened.details.contact);
                    unit = self.spend_token(&live, &opened, now)?;
                    let keep = Keep { customer: &found.id, own };
                    let plan = self.plan_keep(act, keep, opened, unit, now).await;
                    let KeepPlan { kept: plan, number, unit: with, .. } =
                        plan.map_err(ExchangeError::from)?;
                    unit = with.fact(act.fact(Action::Exchange).object(live.number).result(number));
                    kept = Some(plan);
                    Some(number.get())
                }
            };
            if let Who::Said(said) = &put.contact {
                contact.clone_from(said);
            }
            if !turn.has_come(Some(self.customer_prefix(act.tenant, &found.id)?)).await? {
                continue;
            }
            let own = put.own.map(ToOwned::to_owned);
            let details = CustomerDetails { id: found.id.clone(), contact, default, own };
            let row = self.seal_customer(act.tenant, &found, &details, now)?;
            let created = found.before.is_none();
            let action = if created { Action::CustomerCreate } else { Action::CustomerUpdate };
            let unit = unit.fact(act.fact(action).object(found.number));
            let unit = match &found.before {
                Some((before, _)) => unit.replace_customer(before.generation, row.clone()),
                None => unit.insert(row.clone()).insert(Row::Index { key, holder: found.number }),
            };
            let instrument = match &kept {
                Some(_) => None,
                None => self.default_instrument(act.tenant, default).await?,
            };
            let put = CustomerPut { customer: customer_view(&row, details, instrument), created };
            let reply = render(&put, kept.as_ref());
            if let Outcome::Done(_) = self.store.commit(unit.finish()).await.map_err(Refused::from)? {
                return Ok(reply);
            }
        }
    }

    /// The customer that is to be written, as they are now.
    async fn found(&self, tenant: Tenant, put: &PutCustomer<'_>, now: Timestamp) -> Result<Found, Refused> {
        let number = self.number(now)?;
        let Some(id) = put.id else {
            let locator = self.keys.locator().seal(LocatorKind::Customer, tenant, number);
            let id = (put.name)(&locator.map_err(|_| Refused::Unavailable)?);
            return Ok(Found { number, id, before: None });
        };
        let held = self.find_customer(tenant, id).await?;
        let before = self.in_use(held, &[self.customer_key(tenant, id)?]).await?;
        let number = before.as_ref().map_or(number, |(row, _)| row.number);
        Ok(Found { number, id: id.to_owned(), before })
    }

    async fn find_customer(
        &self,
        tenant: Tenant,
        id: &str,
    ) -> Result<Held<(CustomerRow, CustomerDetails)>, Refused> {
        let Some(number) = self.store.holder(self.customer_key(tenant, id)?).await? else {
            return Ok(Held::Nothing);
        };
        let Some(row) = self.store.customer(tenant, number).await? else {
            tracing::error!(record = number.get(), "a unique key points to no customer");
            return Err(Refused::Unavailable);
        };
        if self.is_customer_erased(&row) {
            return Ok(Held::Erased(Box::new(Row::Customer(row))));
        }
        let details = self.open_customer(&row)?;
        // Where a unique key leads is not sealed; whose details these are is.
        if details.id == id { Ok(Held::Found((row, details))) } else { Err(unreadable(row.place())) }
    }

    /// An instrument that this customer has, and that is in use.
    async fn owned(
        &self,
        tenant: Tenant,
        id: &LocatorBytes,
        customer: &str,
    ) -> Result<InstrumentRow, CustomerError> {
        let row = self.instrument_row(tenant, id).await?.ok_or(CustomerError::NoSuchInstrument)?;
        let details = self.open_instrument_details(&row)?;
        if details.customer == customer && !details.deactivated {
            Ok(row)
        } else {
            Err(CustomerError::NoSuchInstrument)
        }
    }

    async fn default_instrument(
        &self,
        tenant: Tenant,
        number: Option<u64>,
    ) -> Result<Option<InstrumentView>, Refused> {
        let Some(number) = number.and_then(|number| RecordNumber::from_u64(number).ok()) else {
            return Ok(None);
        };
        let Some(row) = self.instrument_numbered(tenant, number).await? else { return Ok(None) };
        let details = self.open_instrument_details(&row)?;
        // One that was taken out of use since is nobody's default any more.
        if details.deactivated {
            return Ok(None);
        }
        let locator = self.instrument_locator(tenant, number)?;
        Ok(Some(InstrumentView::of(&row, locator, details)))
    }

    fn customer_key(&self, tenant: Tenant, id: &str) -> Result<UniqueKey, Refused> {
        self.keys.index(|keys| index::customer_id(keys, tenant, id))
    }

    fn seal_customer(
        &self,
        tenant: Tenant,
        found: &Found,
        details: &CustomerDetails,
        now: Timestamp,
    ) -> Result<CustomerRow, Refused> {
        let before = found.before.as_ref().map(|(row, _)| row);
        let generation = match before {
            Some(row) => row.generation.next().ok_or(Refused::Unavailable)?,
            None => Generation::FIRST,
        };
        let [salt] = self.salts()?;
        let sealer = self.keys.sealer(Class::Durable, tenant, found.number, generation, salt.clone());
        let blob =
            sealer.map_err(not_sealed)?.seal(Field::Details, &wiped_json(details)?).map_err(not_sealed)?;
        Ok(CustomerRow {
            number: found.number,
            tenant,
            generation,
            created_at: before.map_or(now, |row| row.created_at),
            updated_at: now,
            salt,
            details: blob,
        })
    }

    fn open_customer(&self, row: &CustomerRow) -> Result<CustomerDetails, Refused> {
        let at = row.place();
        let opener = self.opener(Class::Durable, at, &row.salt, &row.details)?;
        open_json(&opener, at, &row.details)
    }
}

impl CustomerRow {
    fn place(&self) -> Place {
        Place { tenant: self.tenant, number: self.number, generation: self.generation }
    }
}

fn customer_view(
    row: &CustomerRow,
    details: CustomerDetails,
    default: Option<InstrumentView>,
) -> CustomerView {
    CustomerView {
        generation: row.generation,
        created_at: row.created_at,
        updated_at: row.updated_at,
        details,
        default,
    }
}
