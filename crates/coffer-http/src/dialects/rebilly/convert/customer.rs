//! Customers.

use std::borrow::Cow;

use coffer_core::{Contact, CustomerView, InstrumentView};

use super::{
    super::wire::{CustomFields, CustomerBody, DefaultBody, KeptCustomer, LinkBody},
    Printer, extra_of, instrument_id, instrument_method,
};

/// A customer, with the default instrument as it is or is about to be.
pub(crate) fn customer<'r>(
    printer: Printer<'r>,
    view: &'r CustomerView,
    default: Option<&'r InstrumentView>,
) -> CustomerBody<'r> {
    let details = &view.details;
    let own = details.own.as_deref().and_then(|raw| serde_json::from_str(raw.get()).ok());
    let own: KeptCustomer<'r> = own.unwrap_or_default();
    let contact = details.contact.as_ref();
    let name = |part: fn(&Contact) -> Option<&str>| contact.and_then(part);
    let default = default.or(view.default.as_ref());
    let mut links = vec![LinkBody { rel: "self", href: Cow::Owned(printer.customer_url(&details.id)) }];
    let default = default.map(|view| {
        let payment_instrument_id = instrument_id(&view.locator);
        let href = Cow::Owned(printer.instrument_url(&payment_instrument_id));
        links.push(LinkBody { rel: "defaultPaymentInstrument", href });
        DefaultBody {
            method: Cow::Borrowed(instrument_method(&extra_of(&view.details.details))),
            payment_instrument_id,
        }
    });
    CustomerBody {
        id: &details.id,
        email: contact.and_then(primary_email),
        first_name: name(|contact| contact.first_name.as_deref()),
        last_name: name(|contact| contact.last_name.as_deref()),
        website_id: own.website_id,
        default_payment_instrument: default,
        preferred_payout_instrument_id: own.preferred_payout_instrument_id,
        created_time: view.created_at.to_rfc3339(),
        updated_time: view.updated_at.to_rfc3339(),
        custom_fields: own.custom_fields.map_or(CustomFields::None {}, CustomFields::Kept),
        primary_address: contact.map(|contact| printer.contact(contact)),
        revision: view.generation.get(),
        organization_id: printer.organization(),
        locale: own.locale,
        person_id: own.person_id,
        notification_emails: own.notification_emails,
        links,
        embedded: None,
    }
}

/// The address marked as primary, else the first.
fn primary_email(contact: &Contact) -> Option<&str> {
    let emails = contact.emails.as_deref()?;
    let primary = emails.iter().find(|email| email.primary == Some(true));
    primary.or(emails.first()).map(|email| email.value.as_str())
}

/// Whether the names on an instrument are others than the customer's; none where either has none. Case and blanks do
/// not count.
pub(crate) fn names_differ(holder: Option<&Contact>, customer: Option<&Contact>) -> Option<bool> {
    let whole = |contact: &Contact| {
        let name = [contact.first_name.as_deref(), contact.last_name.as_deref()]
            .into_iter()
            .flatten()
            .flat_map(str::split_whitespace);
        let name = name.map(str::to_lowercase).collect::<Vec<_>>().join(" ");
        (!name.is_empty()).then_some(name)
    };
    Some(whole(holder?)? != whole(customer?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(first: &str, last: &str) -> Contact {
        let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Contact { first_name: name(first), last_name: name(last), ..Contact::default() }
    }

    #[test]
    fn names_are_compared_without_case_and_blanks() {
        let differ = |on: Contact, customer: Contact| names_differ(Some(&on), Some(&customer));
        assert_eq!(differ(named("Ada", "Lovelace"), named("ada", " LOVELACE")), Some(false));
        assert_eq!(differ(named("", "Ada Lovelace"), named("Ada", "Lovelace")), Some(false));
        assert_eq!(differ(named("Ada", "Byron"), named("Ada", "Lovelace")), Some(true));
        assert_eq!(differ(named("", ""), named("Ada", "Lovelace")), None);
        assert_eq!(differ(named("Ada", "Lovelace"), named("", "")), None);
        assert_eq!(names_differ(None, Some(&named("Ada", "L"))), None);
        assert_eq!(names_differ(Some(&named("Ada", "L")), None), None);
    }
}
