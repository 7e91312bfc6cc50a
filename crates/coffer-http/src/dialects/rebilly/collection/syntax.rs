//! The grammar of `filter` (reference 3.2), before anybody knows what the fields are.
//!
//! ```text
//! filter = term *( ";" term )           all of them
//! term   = field ":" value *( "," value )   any of them
//! value  = ["!"] ( exact | from ".." [ to ] | ".." to )
//! ```
//! `!` before the first value or before each negates the term. There is no escape: what separates cannot be part of a
//! value.

use std::fmt;

/// Terms of one filter.
pub(super) const TERMS_MAX: usize = 32;
/// Values of all terms of one filter together.
pub(super) const VALUES_MAX: usize = 128;

/// A condition on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term<'t> {
    pub(super) field: &'t str,
    /// Whether none of the values may match, instead of one.
    pub(super) negated: bool,
    /// At least one.
    pub(super) values: Vec<Literal<'t>>,
}

/// A value as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal<'t> {
    Exact(&'t str),
    /// Both ends are included; an end that is none is open, and at least one is there.
    Range(Option<&'t str>, Option<&'t str>),
}

/// What is wrong with a filter's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SyntaxError {
    #[error("Must have at most {TERMS_MAX} terms.")]
    TooManyTerms,
    #[error("Must have at most {VALUES_MAX} values in all.")]
    TooManyValues,
    #[error("must have the form field:value.")]
    Form,
    #[error("has an empty value.")]
    EmptyValue,
    #[error("mixes negated and other values.")]
    Mixed,
    #[error("names a value list. Value lists are not served.")]
    List,
}

/// The terms of a filter, each for itself right or wrong; or none, if there are too many of anything.
pub(super) fn parse(filter: &str) -> Result<Vec<Result<Term<'_>, SyntaxError>>, SyntaxError> {
    if filter.is_empty() {
        return Ok(Vec::new());
    }
    let separators = |wanted: &[u8]| filter.bytes().filter(|byte| wanted.contains(byte)).count();
    if separators(b";") >= TERMS_MAX {
        return Err(SyntaxError::TooManyTerms);
    }
    // A term has one value more than it has commas.
    if separators(b";,") >= VALUES_MAX {
        return Err(SyntaxError::TooManyValues);
    }
    Ok(filter.split(';').map(term).collect())
}

fn term(text: &str) -> Result<Term<'_>, SyntaxError> {
    let (field, values) = text.split_once(':').ok_or(SyntaxError::Form)?;
    if field.is_empty() {
        return Err(SyntaxError::Form);
    }
    let negated = values.starts_with('!');
    let (mut marked, mut literals) = (0, Vec::new());
    for value in values.split(',') {
        // In a term that is not negated the mark is found and refused, so no value begins with it.
        let unmarked = value.strip_prefix('!');
        marked += usize::from(unmarked.is_some());
        literals.push(literal(unmarked.unwrap_or(value))?);
    }
    let right = if negated { marked == 1 || marked == literals.len() } else { marked == 0 };
    if right { Ok(Term { field, negated, values: literals }) } else { Err(SyntaxError::Mixed) }
}

fn literal(value: &str) -> Result<Literal<'_>, SyntaxError> {
    if value.starts_with('@') {
        return Err(SyntaxError::List);
    }
    let end = |text| if str::is_empty(text) { None } else { Some(text) };
    match value.split_once("..") {
        None => end(value).map(Literal::Exact),
        Some((from, to)) => match (end(from), end(to)) {
            (None, None) => None,
            (from, to) => Some(Literal::Range(from, to)),
        },
    }
    .ok_or(SyntaxError::EmptyValue)
}

impl fmt::Display for Term<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.field)?;
        for (at, value) in self.values.iter().enumerate() {
            out.write_str(if at == 0 { ":" } else { "," })?;
            out.write_str(if self.negated { "!" } else { "" })?;
            match value {
                Literal::Exact(text) => out.write_str(text)?,
                Literal::Range(from, to) => {
                    write!(out, "{}..{}", from.unwrap_or_default(), to.unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn one(text: &str) -> Result<Term<'_>, SyntaxError> {
        let mut terms = parse(text).unwrap();
        assert_eq!(terms.len(), 1, "{text}");
        terms.remove(0)
    }

    #[test]
    fn terms_are_read_as_the_grammar_says() {
        use Literal::{Exact, Range};
        let cases: [(&str, &str, bool, &[Literal<'_>]); 13] = [
            ("a:b", "a", false, &[Exact("b")]),
            ("a.b.c:d", "a.b.c", false, &[Exact("d")]),
            ("a:b,c", "a", false, &[Exact("b"), Exact("c")]),
            ("a:!b", "a", true, &[Exact("b")]),
            ("a:!b,c", "a", true, &[Exact("b"), Exact("c")]),
            ("a:!b,!c", "a", true, &[Exact("b"), Exact("c")]),
            ("a:!!b", "a", true, &[Exact("!b")]),
            ("a:1..2", "a", false, &[Range(Some("1"), Some("2"))]),
            ("a:1..", "a", false, &[Range(Some("1"), None)]),
            ("a:..2,5", "a", false, &[Range(None, Some("2")), Exact("5")]),
            ("a:!1..2", "a", true, &[Range(Some("1"), Some("2"))]),
            ("a:10:00Z", "a", false, &[Exact("10:00Z")]),
            ("a: b!@ü\"\\ ", "a", false, &[Exact(" b!@ü\"\\ ")]),
        ];
        for (text, field, negated, values) in cases {
            assert_eq!(one(text), Ok(Term { field, negated, values: values.to_vec() }), "{text}");
        }
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(parse("a:1;b:2").unwrap().len(), 2);
    }

    #[test]
    fn what_is_wrong_with_a_term_is_told() {
        for (text, error) in [
            ("a", SyntaxError::Form),
            (":b", SyntaxError::Form),
            ("a:", SyntaxError::EmptyValue),
            ("a:,b", SyntaxError::EmptyValue),
            ("a:b,", SyntaxError::EmptyValue),
            ("a:!", SyntaxError::EmptyValue),
            ("a:..", SyntaxError::EmptyValue),
            ("a:b,!c", SyntaxError::Mixed),
            ("a:!b,!c,d", SyntaxError::Mixed),
            ("a:@list", SyntaxError::List),
            ("a:!@list", SyntaxError::List),
            ("a:b,@list", SyntaxError::List),
        ] {
            assert_eq!(one(text), Err(error), "{text}");
        }
        let ends = parse("a:b;").unwrap();
        assert_eq!((ends[0].is_ok(), &ends[1]), (true, &Err(SyntaxError::Form)));
    }

    #[test]
    fn terms_and_values_are_counted_first() {
        let terms = |count: usize| vec!["a:b"; count].join(";");
        assert_eq!(parse(&terms(TERMS_MAX)).unwrap().len(), TERMS_MAX);
        assert_eq!(parse(&terms(TERMS_MAX + 1)), Err(SyntaxError::TooManyTerms));
        let values = |count: usize| format!("a:{}", vec!["b"; count].join(","));
        assert_eq!(one(&values(VALUES_MAX)).unwrap().values.len(), VALUES_MAX);
        assert_eq!(parse(&values(VALUES_MAX + 1)), Err(SyntaxError::TooManyValues));
        assert_eq!(parse(&format!("a:b;{}", values(VALUES_MAX))), Err(SyntaxError::TooManyValues));
    }

    /// A value, as owned text: one or two ends.
    type Owned = (Option<String>, Option<Option<String>>);

    fn literal_of(value: &Owned) -> Literal<'_> {
        match value {
            (from, None) => Literal::Exact(from.as_deref().unwrap_or("x")),
            (None, Some(to)) => Literal::Range(None, Some(to.as_deref().unwrap_or("y"))),
            (from, Some(to)) => Literal::Range(from.as_deref(), to.as_deref()),
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(
            terms in vec(("[a-z.]{1,9}", any::<bool>(), vec((option::of("[^;,!@.]([^;,.]|\\.[^;,.]){0,6}"),
                option::of(option::of("[^;,.]([^;,]){0,6}"))), 1..4)), 0..8),
        ) {
            let terms: Vec<Term<'_>> = terms.iter().map(|(field, negated, values)| Term {
                field,
                negated: *negated,
                values: values.iter().map(literal_of).collect(),
            }).collect();
            let printed = terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(";");
            let read: Vec<Term<'_>> = parse(&printed).unwrap().into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(read, terms, "{}", printed);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "([a-c.:;,!@0-9]|\\PC){0,80}") {
            for term in parse(&text).unwrap_or_default().into_iter().flatten() {
                let printed = term.to_string();
                prop_assert_eq!(one(&printed), Ok(term.clone()), "{}", text);
            }
        }
    }
}
