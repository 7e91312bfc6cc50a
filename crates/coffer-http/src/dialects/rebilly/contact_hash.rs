//! What `billingAddress.hash` is made of (Rebilly reference 5.2): equal for contacts with equal attributes.
//!
//! The original's algorithm is not published. A plain hash of a name and an address can be searched, so ours is keyed,
//! and this is only its input: every attribute in a fixed order, each with its length in front, so that no two
//! contacts share one encoding.

use coffer_core::{Contact, ContactPoint};
use zeroize::Zeroizing;

/// Bytes of a length or a count: 64 bits, the highest byte first.
const LENGTH_BYTES: usize = size_of::<u64>();

/// The attributes of a contact as bytes, personal data in the clear: wiped on drop, to be hashed under a key and
/// nothing else.
///
/// Eleven texts in the order of the reference, then the telephone numbers and the e-mail addresses, each list with its
/// count and each entry with label, value and one byte for `primary`. An absent text is an empty one, an absent list
/// has no entries, and a `primary` that is not said is `false`. Entries stay in their order, and letters as they are.
pub(super) fn canonical(contact: &Contact) -> Zeroizing<Vec<u8>> {
    // Every member by its name: one that is added to the contact must be decided on here.
    let Contact {
        first_name,
        last_name,
        organization,
        address,
        address2,
        city,
        region,
        country,
        postal_code,
        phone_numbers,
        emails,
        dob,
        job_title,
        // Rebilly has two lines.
        address3: _,
    } = contact;
    let texts = [
        first_name,
        last_name,
        organization,
        address,
        address2,
        city,
        region,
        country,
        postal_code,
        job_title,
        dob,
    ]
    .map(|text| text.as_deref().unwrap_or_default());
    let lists = [phone_numbers, emails].map(|list| list.as_deref().unwrap_or_default());

    // As large as it gets: a vector that grows leaves copies behind that nobody wipes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size(&texts, &lists)));
    for text in texts {
        put_text(&mut bytes, text);
    }
    for points in lists {
        put_length(&mut bytes, points.len());
        for point in points {
            put_text(&mut bytes, &point.label);
            put_text(&mut bytes, &point.value);
            bytes.push(u8::from(point.primary.unwrap_or(false)));
        }
    }
    bytes
}

/// How many bytes [`canonical`] makes.
fn size(texts: &[&str], lists: &[&[ContactPoint]]) -> usize {
    let text = |text: &str| LENGTH_BYTES + text.len();
    let point = |point: &ContactPoint| text(&point.label) + text(&point.value) + 1;
    let points = |points: &&[ContactPoint]| LENGTH_BYTES + points.iter().map(point).sum::<usize>();
    texts.iter().map(|each| text(each)).sum::<usize>() + lists.iter().map(points).sum::<usize>()
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_length(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend_from_slice(&(length as u64).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, value: &str, primary: Option<bool>) -> ContactPoint {
        ContactPoint { label: label.to_owned(), value: value.to_owned(), primary }
    }

    fn full() -> Contact {
        let text = |text: &str| Some(text.to_owned());
        Contact {
            first_name: text("Benjamin"),
            last_name: text("Franklin"),
            organization: text("Junto"),
            address: text("36 Craven Street"),
            address2: text("Second floor"),
            address3: None,
            city: text("London"),
            region: text("Westminster"),
            country: text("GB"),
            postal_code: text("WC2N 5NF"),
            phone_numbers: Some(vec![point("main", "+442079250220", Some(true)), point("home", "1", None)]),
            emails: Some(vec![
                point("main", "a@example.com", Some(true)),
                point("work", "b@example.com", None),
            ]),
            dob: text("1706-01-17"),
            job_title: text("Printer"),
        }
    }

    fn texts(contact: &mut Contact) -> [&mut Option<String>; 11] {
        [
            &mut contact.first_name,
            &mut contact.last_name,
            &mut contact.organization,
            &mut contact.address,
            &mut contact.address2,
            &mut contact.city,
            &mut contact.region,
            &mut contact.country,
            &mut contact.postal_code,
            &mut contact.job_title,
            &mut contact.dob,
        ]
    }

    fn lists(contact: &mut Contact) -> [&mut Vec<ContactPoint>; 2] {
        [contact.phone_numbers.get_or_insert_default(), contact.emails.get_or_insert_default()]
    }

    /// The full contact with one change.
    fn with(change: impl FnOnce(&mut Contact)) -> Contact {
        let mut contact = full();
        change(&mut contact);
        contact
    }

    fn assert_all_differ(contacts: &[Contact]) {
        let encoded: Vec<_> = contacts.iter().map(canonical).collect();
        for (place, bytes) in encoded.iter().enumerate() {
            let twin = encoded[..place].iter().position(|before| before == bytes);
            assert_eq!(twin, None, "contact {place}");
        }
    }

    #[test]
    fn equal_contacts_are_equal_bytes() {
        assert_eq!(canonical(&full()), canonical(&full()));
        assert_eq!(canonical(&Contact::default()), canonical(&Contact::default()));
    }

    #[test]
    fn every_attribute_counts() {
        let mut contacts = vec![full(), Contact::default()];
        for field in 0..11 {
            contacts.push(with(|contact| *texts(contact)[field] = None));
            contacts.push(with(|contact| *texts(contact)[field] = Some("x".to_owned())));
            contacts.push(with(|contact| texts(contact)[field].get_or_insert_default().push('x')));
        }
        for list in 0..2 {
            contacts.push(with(|contact| lists(contact)[list].clear()));
            contacts.push(with(|contact| lists(contact)[list].reverse()));
            contacts.push(with(|contact| lists(contact)[list].push(point("", "", None))));
            for entry in 0..2 {
                contacts.push(with(|contact| drop(lists(contact)[list].remove(entry))));
                contacts.push(with(|contact| lists(contact)[list][entry].label.push('x')));
                contacts.push(with(|contact| lists(contact)[list][entry].value.push('x')));
                contacts.push(with(|contact| {
                    let primary = &mut lists(contact)[list][entry].primary;
                    *primary = Some(!primary.unwrap_or(false));
                }));
            }
        }
        assert_all_differ(&contacts);
    }

    #[test]
    fn text_that_moves_to_a_neighbour_changes_it() {
        let mut contacts = vec![full()];
        for field in 0..10 {
            contacts.push(with(|contact| {
                let last = texts(contact)[field].get_or_insert_default().pop().unwrap();
                texts(contact)[field + 1].get_or_insert_default().insert(0, last);
            }));
            contacts.push(with(|contact| {
                let all = texts(contact)[field].take().unwrap();
                texts(contact)[field + 1].get_or_insert_default().insert_str(0, &all);
            }));
        }
        for list in 0..2 {
            contacts.push(with(|contact| {
                let entry = &mut lists(contact)[list][0];
                let last = entry.label.pop().unwrap();
                entry.value.insert(0, last);
            }));
            contacts.push(with(|contact| {
                let last = lists(contact)[list][0].value.pop().unwrap();
                lists(contact)[list][1].label.insert(0, last);
            }));
        }
        contacts.push(with(|contact| {
            let moved = contact.phone_numbers.as_mut().unwrap().pop().unwrap();
            contact.emails.as_mut().unwrap().insert(0, moved);
        }));
        contacts.push(with(|contact| std::mem::swap(&mut contact.phone_numbers, &mut contact.emails)));
        assert_all_differ(&contacts);
        // A lone text in each of the fields.
        let lone: Vec<Contact> = (0..11)
            .map(|field| {
                let mut contact = Contact::default();
                *texts(&mut contact)[field] = Some("x".to_owned());
                contact
            })
            .collect();
        assert_all_differ(&lone);
    }

    #[test]
    fn absent_and_empty_are_the_same() {
        let empty = || Some(String::new());
        for field in 0..11 {
            let absent = with(|contact| *texts(contact)[field] = None);
            let present = with(|contact| *texts(contact)[field] = empty());
            assert_eq!(canonical(&absent), canonical(&present), "field {field}");
        }
        let mut contact = Contact { phone_numbers: Some(vec![]), emails: Some(vec![]), ..Contact::default() };
        for text in texts(&mut contact) {
            *text = empty();
        }
        assert_eq!(canonical(&contact), canonical(&Contact::default()));
        let said = with(|contact| lists(contact)[0][1].primary = Some(false));
        assert_eq!(canonical(&said), canonical(&full()), "not said and false");
    }

    #[test]
    fn the_bytes_are_lengths_and_texts_in_a_place_of_the_right_size() {
        let contact = Contact {
            first_name: Some("Bo".to_owned()),
            dob: Some("é".to_owned()),
            emails: Some(vec![point("m", "", Some(true))]),
            ..Contact::default()
        };
        let bytes = canonical(&contact);
        let mut expected = vec![0, 0, 0, 0, 0, 0, 0, 2, b'B', b'o'];
        expected.extend([0; 9 * 8]);
        expected.extend([0, 0, 0, 0, 0, 0, 0, 2, 0xC3, 0xA9]);
        expected.extend([0; 8]);
        expected.extend([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, b'm']);
        expected.extend([0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(*bytes, expected);
        for contact in [contact, full(), Contact::default()] {
            let bytes = canonical(&contact);
            assert_eq!(bytes.len(), bytes.capacity(), "it never grew");
        }
    }
}
