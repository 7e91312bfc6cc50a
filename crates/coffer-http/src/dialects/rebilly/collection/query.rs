//! From the query string to the few parameters that a list call has.

use super::problem;
use crate::{
    form::Invalid,
    query::{decode, parameter},
};

/// The parameters of every collection, and those of a collection that can be asked about its fields.
const PAGING: [&str; 2] = ["limit", "offset"];
const ASKING: [&str; 4] = ["filter", "sort", "q", "expand"];

/// The decoded parameters that are known.
pub(super) struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// Reads a query string as browsers write it: `&` between pairs, `+` for a blank, percent-encoded UTF-8.
    /// `filter[]` is `filter`, which is how some clients write lists.
    pub(super) fn read(query: &str, asking: bool, problems: &mut Vec<Invalid>) -> Self {
        let mut found = Self(Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = decode(name) else {
                problems.push(problem("query", "A name is not valid percent-encoded UTF-8."));
                continue;
            };
            let name = name.strip_suffix("[]").unwrap_or(&name);
            let known = PAGING.iter().chain(ASKING.iter().filter(|_| asking)).find(|known| **known == name);
            match (known, decode(value)) {
                (Some(name), Some(value)) => found.add(name, &value, problems),
                (None, Some(_)) => {}
                (known, None) => {
                    let name = known.copied().unwrap_or("query");
                    problems.push(problem(name, "Is not valid percent-encoded UTF-8."));
                }
            }
        }
        found
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    fn add(&mut self, name: &'static str, value: &str, problems: &mut Vec<Invalid>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            None => self.0.push((name, value.to_owned())),
            Some((_, sort)) if name == "sort" => {
                sort.push(',');
                sort.push_str(value);
            }
            Some(_) => problems.push(problem(name, "Must be given once.")),
        }
    }
}

/// Whether `expand` names this, in an answer that is no list.
pub(crate) fn asks_for(query: &str, name: &str) -> bool {
    let asked = parameter(query, "expand").or_else(|| parameter(query, "expand[]")).unwrap_or_default();
    asked.split(',').any(|one| one.trim() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str, name: &str) -> Result<Option<String>, Vec<String>> {
        let mut problems = Vec::new();
        let parameters = Parameters::read(query, true, &mut problems);
        if problems.is_empty() {
            return Ok(parameters.get(name).map(str::to_owned));
        }
        Err(problems.into_iter().map(|one| format!("{}: {}", one.field, one.message)).collect())
    }

    #[test]
    fn decodes_as_browsers_encode() {
        for (query, expected) in [
            ("", None),
            ("&&", None),
            ("filter", Some("")),
            ("filter=", Some("")),
            ("other=1&filter=a%3Ab", Some("a:b")),
            ("filter=a:b=c", Some("a:b=c")),
            ("filter=a+b%20c%2Bd", Some("a b c+d")),
            ("%66ilter=%C3%A4%e2%82%ac", Some("ä€")),
            ("filter=ä", Some("ä")),
            ("filter[]=x", Some("x")),
            ("filter%5B%5D=x", Some("x")),
            ("filter[]", Some("")),
            ("Filter=x&filters=y&filter[0]=z", None),
            ("filter=%00", Some("\0")),
        ] {
            assert_eq!(read(query, "filter"), Ok(expected.map(str::to_owned)), "{query}");
        }
    }

    #[test]
    fn expand_names_what_is_asked_for() {
        for query in ["expand=a", "x=1&expand=b,%20a,c", "expand[]=a", "expand%5B%5D=b,a"] {
            assert!(asks_for(query, "a"), "{query}");
        }
        for query in ["", "expand", "expand=", "expand=aa,A", "expands=a", "expand=a%zz"] {
            assert!(!asks_for(query, "a"), "{query}");
        }
    }

    #[test]
    fn broken_escapes_are_problems() {
        for value in ["%", "%4", "%zz", "a%2", "%+1", "%ff", "%c3", "%c3x", "%ed%a0%80"] {
            let query = format!("filter={value}&sort={value}&other={value}&{value}=1");
            let bad = "Is not valid percent-encoded UTF-8.";
            let expected = [
                format!("filter: {bad}"),
                format!("sort: {bad}"),
                format!("query: {bad}"),
                "query: A name is not valid percent-encoded UTF-8.".to_owned(),
            ];
            assert_eq!(read(&query, "filter"), Err(expected.to_vec()), "{value}");
        }
    }

    #[test]
    fn only_sort_may_be_repeated() {
        assert_eq!(read("sort=a&sort[]=-b&sort=c", "sort"), Ok(Some("a,-b,c".to_owned())));
        assert_eq!(read("other=1&other=2", "sort"), Ok(None));
        let twice = |name: &str| vec![format!("{name}: Must be given once.")];
        for name in ["limit", "offset", "filter", "q", "expand"] {
            assert_eq!(read(&format!("{name}=1&{name}[]=1"), name), Err(twice(name)));
        }
    }

    #[test]
    fn a_collection_without_fields_has_pages_only() {
        let mut problems = Vec::new();
        let parameters = Parameters::read("filter=a&filter=b&limit=1&sort=%zz", false, &mut problems);
        assert_eq!((parameters.get("filter"), parameters.get("limit")), (None, Some("1")));
        assert_eq!(problems, [problem("query", "Is not valid percent-encoded UTF-8.")]);
    }
}
