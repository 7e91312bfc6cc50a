use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const fn field(name: &'static str, kind: Kind, sortable: bool) -> Field {
    Field { name, kind, sortable }
}

const INSTRUMENTS: Collection = Collection {
    fields: &[
        field("id", Kind::Id, true),
        field("customerId", Kind::Id, true),
        field("billingAddress.firstName", Kind::Text, true),
        field("billingAddress.emails", Kind::Text, false),
        field("expYear", Kind::Integer, true),
        field("createdTime", Kind::Time, true),
        field("isUsed", Kind::Bool, true),
    ],
    prefixes: &["customFields."],
    expand: &["customer"],
};

const TOKENS: Collection = Collection { fields: &[], prefixes: &[], expand: &[] };

/// A row as a table of values.
#[derive(Default)]
struct Table(BTreeMap<&'static str, Vec<Value<'static>>>);

impl Row for Table {
    fn values(&self, field: &str, take: &mut dyn FnMut(Value<'_>)) {
        for value in self.0.get(field).into_iter().flatten() {
            take(value.clone());
        }
    }

    fn own_texts(&self, take: &mut dyn FnMut(&str)) {
        let own = self.0.iter().filter(|(name, _)| name.starts_with("customFields."));
        for value in own.flat_map(|(_, values)| values) {
            if let Value::Text(text) = value {
                take(text);
            }
        }
    }
}

impl Table {
    fn with(mut self, field: &'static str, value: Value<'static>) -> Self {
        self.0.entry(field).or_default().push(value);
        self
    }
}

fn text(text: &'static str) -> Value<'static> {
    Value::Text(Cow::Borrowed(text))
}

/// 2024-05-01T10:00:00.500Z
const CREATED: i64 = 1_714_557_600_500;

fn ada() -> Table {
    Table::default()
        .with("customerId", text("Cus-1"))
        .with("billingAddress.firstName", text("ÄDA"))
        .with("billingAddress.emails", text("ada@example.com"))
        .with("billingAddress.emails", text("Work@Example.com"))
        .with("expYear", Value::Integer(2030))
        .with("createdTime", Value::Time(Timestamp::from_millis(CREATED)))
        .with("isUsed", Value::Bool(false))
        .with("customFields.size", text("XL"))
        .with("customFields.count", Value::Number(7.0, "7".to_owned()))
        .with("customFields.share", Value::Number(-0.25, "-0.25".to_owned()))
        .with("customFields.vip", text("true"))
        .with("customFields.since", text("2024-05-01T12:00:00+02:00"))
        .with("customFields.day", text("2024-05-01"))
}

/// Whether a filter takes a whole row.
fn takes(filter: &Filter, row: &dyn Row) -> bool {
    match filter.judge(row, &mut 0) {
        Verdict::Taken => true,
        Verdict::PassedOver => false,
        Verdict::Open => panic!("a whole row tells everything"),
    }
}

fn problems(query: &str) -> Vec<String> {
    let found = ListQuery::parse(query, &INSTRUMENTS).err().unwrap_or_default();
    found.into_iter().map(|one| format!("{}: {}", one.field, one.message)).collect()
}

fn filter(text: &str) -> Filter {
    let mut problems = Vec::new();
    let filter = Filter::parse(text, &INSTRUMENTS, &mut problems);
    assert_eq!(problems, [], "{text}");
    filter
}

fn sort(text: &str) -> Sort {
    let mut problems = Vec::new();
    let sort = Sort::parse(text, &INSTRUMENTS, &mut problems);
    assert_eq!(problems, [], "{text}");
    sort
}

#[test]
fn filters_take_what_they_say() {
    for (text, taken) in [
        ("", true),
        ("billingAddress.firstName:äda", true),
        ("billingAddress.firstName:Äda,Bob", true),
        ("billingAddress.firstName:ada", false),
        ("billingAddress.firstName:äd", false),
        ("billingAddress.firstName:!Bob", true),
        ("billingAddress.firstName:!Bob,äda", false),
        ("billingAddress.firstName:!Bob,!äda", false),
        ("customerId:Cus-1", true),
        ("customerId:cus-1", false),
        ("customerId:!cus-1", true),
        ("billingAddress.emails:work@example.com", true),
        ("billingAddress.emails:!work@example.com", false),
        ("billingAddress.emails:!other@example.com", true),
        ("expYear:2030", true),
        ("expYear:2029,2030", true),
        ("expYear:2029..2030", true),
        ("expYear:2030..2031", true),
        ("expYear:2031..", false),
        ("expYear:..2030", true),
        ("expYear:..2029,2031..", false),
        ("expYear:!2029..2031", false),
        ("expYear:-5..5", false),
        ("isUsed:false", true),
        ("isUsed:true", false),
        ("isUsed:!true", true),
        ("customFields.size:xl", true),
        ("customFields.count:7", true),
        ("customFields.other:x", false),
        ("customFields.other:!x", true),
        ("customFields.vip:true", true),
        ("customFields.vip:false", false),
        ("customFields.count:5..10", true),
        ("customFields.count:7..7", true),
        ("customFields.count:7.5..", false),
        ("customFields.count:..6.9,8..", false),
        ("customFields.count:!1e1..", true),
        ("customFields.share:-0.3..-0.2", true),
        ("customFields.size:5..10", false),
        ("customFields.count:2024-01-01..", false),
        ("customFields.since:2024-05-01T10:00:00Z..2024-05-01T10:00:00Z", true),
        ("customFields.since:2024-05-02..", false),
        ("customFields.day:..2024-05-01", true),
        ("customFields.day:..2024-04-30", false),
        ("customFields.size:2024-01-01..", false),
        ("customFields.size:XL,M,S", true),
        ("customFields.size:L,M,S", false),
        ("id:x", false),
        ("id:!x", true),
        ("customerId:Cus-1;expYear:2030;isUsed:false", true),
        ("customerId:Cus-1;expYear:2031", false),
    ] {
        assert_eq!(takes(&filter(text), &ada()), taken, "{text}");
    }
}

#[test]
fn times_are_compared_as_far_as_they_are_written() {
    for (values, taken) in [
        ("2024-05-01T10:00:00Z", true),
        ("2024-05-01T12:00:00+02:00", true),
        ("2024-05-01T10:00:00.500Z", true),
        ("2024-05-01T10:00:00.499Z", false),
        ("2024-05-01T10:00:01Z", false),
        ("2024-05-01", true),
        ("2024-04-30", false),
        ("2024-05-01..2024-05-01", true),
        ("..2024-05-01", true),
        ("..2024-04-30", false),
        ("2024-05-01..", true),
        ("2024-05-02..", false),
        ("..2024-05-01T10:00:00Z", true),
        ("..2024-05-01T09:59:59Z", false),
        ("2024-05-01T10:00:01Z..", false),
        ("!2024-05-01", false),
        ("..9999-12-31", true),
        ("..9999-12-31T23:59:59Z", true),
        ("..9999-12-31T23:59:59.999+00:00", true),
        ("9999-12-31T23:59:59Z..", false),
    ] {
        assert_eq!(takes(&filter(&format!("createdTime:{values}")), &ada()), taken, "{values}");
    }
}

#[test]
fn every_wrong_term_is_one_problem() {
    let message = |term: &str| problems(&format!("filter={term}")).join(" | ");
    for (term, expected) in [
        ("pan:1", "names a field that cannot be filtered."),
        ("customFields.:x", "names a field that cannot be filtered."),
        ("customFields:x", "names a field that cannot be filtered."),
        ("ExpYear:1", "names a field that cannot be filtered."),
        ("billingAddress.firstName:true", "compares a text with a truth value."),
        ("customFields.x:a..b", "has a range of neither numbers nor RFC 3339 date-times or dates."),
        ("customFields.x:1..2024-05-01", "has a range of neither numbers nor RFC 3339 date-times or dates."),
        ("customFields.x:2..1", "has a range that ends before it begins."),
        ("customerId:true", "compares a text with a truth value."),
        ("billingAddress.firstName:a..b", "has a range on a field that has none."),
        ("isUsed:false..true", "has a range on a field that has none."),
        ("isUsed:yes", "must have true or false."),
        ("expYear:x", "must have integers."),
        ("expYear:1.5", "must have integers."),
        ("expYear:%2B1", "must have integers."),
        ("expYear:1..x", "must have integers."),
        ("expYear:99999999999999999999", "must have integers."),
        ("expYear:2..1", "has a range that ends before it begins."),
        ("createdTime:2024", "must have RFC 3339 date-times or dates of the form YYYY-MM-DD."),
        (
            "createdTime:..9999-12-31T25:00:00Z",
            "must have RFC 3339 date-times or dates of the form YYYY-MM-DD.",
        ),
        ("createdTime:2024-05-02..2024-05-01", "has a range that ends before it begins."),
        ("expYear", "must have the form field:value."),
        ("expYear:", "has an empty value."),
        ("expYear:1,!2", "mixes negated and other values."),
        ("expYear:@years", "names a value list. Value lists are not served."),
    ] {
        assert_eq!(message(term), format!("filter: Term 1 {expected}"), "{term}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let query = "limit=x&offset=1001&filter=expYear:x;customerId:a;pan:1&sort=-pan,billingAddress.emails,id,-id&q=%zz\
        &expand=a&expand=b&unknown=1";
    assert_eq!(
        problems(query),
        [
            "q: Is not valid percent-encoded UTF-8.",
            "expand: Must be given once.",
            "limit: Must be an integer between 0 and 1000.",
            "offset: Must be an integer between 0 and 1000.",
            "filter: Term 1 must have integers.",
            "filter: Term 3 names a field that cannot be filtered.",
            "sort: Field 1 is none that sorts.",
            "sort: Field 2 is none that sorts.",
            "sort: Field 4 stands there twice.",
        ]
    );
    let many = ["id"; 6].join(",");
    assert_eq!(problems(&format!("sort={many}")), ["sort: Must have at most 5 fields."]);
    let many = ["id:1"; 33].join(";");
    assert_eq!(problems(&format!("filter={many}")), ["filter: Must have at most 32 terms."]);
    let long = "ä".repeat(256);
    assert_eq!(problems(&format!("q={long}")), ["q: Must have at most 255 characters."]);
}

#[test]
fn a_query_is_read_whole() {
    let query = "limit=5&offset=10&filter[]=customerId%3ACus-1&sort=-createdTime&sort=+id&q=%C3%A4D&expand=customer,x";
    let query = ListQuery::parse(query, &INSTRUMENTS).unwrap();
    assert_eq!(query.page, Page { limit: 5, offset: 10 });
    assert_eq!(query.filter, filter("customerId:Cus-1"));
    assert_eq!(query.sort, sort("-createdTime,id"));
    assert_eq!(query.expand, ["customer"]);
    assert!(query.search.unwrap().finds(&ada(), &INSTRUMENTS, &mut 0));

    let empty = ListQuery::parse("filter=&sort=&q=&expand=", &INSTRUMENTS).unwrap();
    assert!(empty.filter.is_empty() && empty.search.is_none() && empty.expand.is_empty());
    assert_eq!((empty.page.limit, empty.sort), (100, Sort::default()));

    let tokens = ListQuery::parse("limit=7&filter=x&sort=y&q=z&expand=customer", &TOKENS).unwrap();
    assert!(tokens.filter.is_empty() && tokens.search.is_none() && tokens.expand.is_empty());
    assert_eq!((tokens.page.limit, tokens.sort), (7, Sort::default()));
}

#[test]
fn a_search_looks_into_texts_and_no_other_values() {
    let finds =
        |text: &str| Search::parse(text, &mut Vec::new()).unwrap().finds(&ada(), &INSTRUMENTS, &mut 0);
    assert!(finds("äd") && finds("WORK@") && finds("cus"));
    assert!(finds("xl") && finds("E"), "what callers keep in their own fields too");
    assert!(!finds("bob") && !finds("2030") && !finds("-0.25"));
    let long =
        |text: &str| Table::default().with("billingAddress.firstName", Value::Text(text.repeat(99).into()));
    let finds_in = |row: Table, text: &str| {
        Search::parse(text, &mut Vec::new()).unwrap().finds(&row, &INSTRUMENTS, &mut 0)
    };
    assert!(finds_in(long("aB"), "bAb") && !finds_in(long("aB"), "bb"));
    assert!(finds_in(long("É"), "éé") && !finds_in(long("É"), "e"));
}

/// A row that tells some of its fields.
struct Part(Table, &'static [&'static str]);

impl Row for Part {
    fn knows(&self, field: &str) -> bool {
        self.1.contains(&field)
    }

    fn values(&self, field: &str, take: &mut dyn FnMut(Value<'_>)) {
        assert!(self.knows(field), "{field} was asked for");
        self.0.values(field, take);
    }
}

#[test]
fn a_part_of_a_row_decides_where_it_can() {
    for (text, expected) in [
        ("expYear:2030", Verdict::Taken),
        ("expYear:2031", Verdict::PassedOver),
        ("customerId:Cus-1", Verdict::Open),
        ("customerId:Cus-1;expYear:2030", Verdict::Open),
        ("customerId:Cus-1;expYear:2031", Verdict::PassedOver),
        ("expYear:!2030;customerId:Cus-1", Verdict::PassedOver),
        ("", Verdict::Taken),
    ] {
        assert_eq!(filter(text).judge(&Part(ada(), &["expYear"]), &mut 0), expected, "{text}");
    }
    assert!(sort("-expYear").is_known(&Part(ada(), &["expYear"])));
    assert!(!sort("expYear,id").is_known(&Part(ada(), &["expYear"])));
}

#[test]
fn work_grows_with_what_is_compared() {
    let row = |count: usize| {
        let texts = vec![text("a text of some length"); count];
        texts.into_iter().fold(Table::default(), |row, text| row.with("customFields.many", text))
    };
    let work = |filter: &Filter, count| {
        let mut work = 0;
        assert_eq!(filter.judge(&row(count), &mut work), Verdict::PassedOver);
        work
    };
    let terms: Vec<String> = (0..100).map(|value| format!("v{value}")).collect();
    let (one, many) =
        (filter("customFields.many:x"), filter(&format!("customFields.many:{}", terms.join(","))));
    assert!(work(&one, 100) > 50 * work(&one, 1));
    assert_eq!(work(&many, 100), work(&one, 100), "a value is looked up, not compared with each");
    let ranges: Vec<String> = (0..100).map(|day| format!("2{day:03}-01-01..2{day:03}-01-02")).collect();
    let ranges = filter(&format!("customFields.many:{}", ranges.join(",")));
    assert!(work(&ranges, 100) > 2 * work(&one, 100), "ranges are compared one by one");
    let mut of_search = 0;
    Search::parse("zz", &mut Vec::new()).unwrap().finds(&row(100), &INSTRUMENTS, &mut of_search);
    assert!(of_search > 100 * 20);
}

#[test]
fn a_planner_learns_what_narrows_the_rows() {
    for (text, expected) in [
        ("customerId:Cus-1", Some(vec!["Cus-1"])),
        ("customerId:Cus-1;expYear:1", Some(vec!["Cus-1"])),
        ("customerId:Cus-1;customerId:!x", Some(vec!["Cus-1"])),
        ("customerId:x,Cus-1,x", Some(vec!["Cus-1", "x"])),
        ("customerId:x,Cus-1;customerId:x", Some(vec!["x"])),
        ("customerId:!Cus-1", None),
        ("id:Cus-1", None),
        ("", None),
    ] {
        assert_eq!(filter(text).ids("customerId"), expected, "{text}");
    }
    let folded = filter("billingAddress.firstName:Ada");
    assert_eq!(folded.ids("billingAddress.firstName"), None, "no index finds all its spellings");

    let day = |day: i64| Timestamp::from_millis(day * 86_400_000);
    let end = |of: i64| Timestamp::from_millis((of + 1) * 86_400_000 - 1);
    for (text, from, to) in [
        ("", None, None),
        ("createdTime:1970-01-03", Some(day(2)), Some(end(2))),
        ("createdTime:1970-01-03..", Some(day(2)), None),
        ("createdTime:..1970-01-03", None, Some(end(2))),
        ("createdTime:1970-01-03,1970-01-09", Some(day(2)), Some(end(8))),
        ("createdTime:1970-01-03..,1970-01-01", Some(day(0)), None),
        ("createdTime:1970-01-03..;createdTime:..1970-01-09", Some(day(2)), Some(end(8))),
        ("createdTime:1970-01-03..;createdTime:1970-01-05..", Some(day(4)), None),
        ("createdTime:..1970-01-05;createdTime:..1970-01-03", None, Some(end(2))),
        ("createdTime:!1970-01-03", None, None),
        ("expYear:1..2", None, None),
    ] {
        assert_eq!(filter(text).time_bounds("createdTime"), (from, to), "{text}");
    }
    for (text, direction) in [
        ("", Some(Direction::Descending)),
        ("createdTime", Some(Direction::Ascending)),
        ("-createdTime", Some(Direction::Descending)),
        ("createdTime,id", None),
        ("id", None),
    ] {
        assert_eq!(sort(text).by_age("createdTime"), direction, "{text}");
    }
}

#[test]
fn rows_come_in_the_order_that_was_asked_for() {
    let row = |year: Option<i64>, name: Option<&'static str>| {
        let row = Table::default();
        let row = year.into_iter().fold(row, |row, year| row.with("expYear", Value::Integer(year)));
        name.into_iter().fold(row, |row, name| row.with("billingAddress.firstName", text(name)))
    };
    let rows = [
        row(Some(2031), Some("b")),
        row(None, Some("A")),
        row(Some(2030), None),
        row(Some(2030), Some("C")),
        row(None, None),
        row(Some(2030), Some("c")),
    ];
    let order = |text: &str| {
        let sort = sort(text);
        let mut keys: Vec<(SortKey, u64)> =
            rows.iter().zip(0_u64..).map(|(row, at)| (sort.key(row, at), at)).collect();
        keys.sort();
        keys.into_iter().map(|(_, at)| at).collect::<Vec<_>>()
    };
    assert_eq!(order(""), [5, 4, 3, 2, 1, 0], "the newest first");
    assert_eq!(order("expYear"), [2, 3, 5, 0, 1, 4], "absent last, then by record");
    assert_eq!(order("-expYear"), [0, 5, 3, 2, 4, 1], "absent last, then by record, backwards");
    assert_eq!(order("billingAddress.firstName"), [1, 0, 3, 5, 2, 4], "capital letters are no order");
    assert_eq!(order("-expYear,billingAddress.firstName"), [0, 3, 5, 2, 1, 4]);
}

proptest! {
    #[test]
    fn any_query_is_read_or_refused(
        query in "((limit|offset|filter|sort|q|expand|x)(\\[\\])?=|[&=+%;:,!@.a-f0-9-]|\\PC){0,60}",
    ) {
        match ListQuery::parse(&query, &INSTRUMENTS) {
            Ok(query) => {
                takes(&query.filter, &ada());
                prop_assert!(query.page.limit <= page::LIMIT_MAX && query.page.offset <= page::OFFSET_MAX);
            }
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }

    #[test]
    fn any_filter_on_known_fields_and_its_negation_exclude_each_other(
        name in prop::sample::select(vec!["id", "expYear", "createdTime", "isUsed", "billingAddress.firstName"]),
        value in "[0-9a-z.:TZ-]{1,12}|\\PC{1,6}|true|false|20(24|30)(-05-01)?(\\.\\.)?",
    ) {
        let (mut problems, mut negated) = (Vec::new(), Vec::new());
        let one = Filter::parse(&format!("{name}:{value}"), &INSTRUMENTS, &mut problems);
        let other = Filter::parse(&format!("{name}:!{value}"), &INSTRUMENTS, &mut negated);
        if problems.is_empty() && negated.is_empty() && !one.is_empty() && !value.contains([';', '!']) {
            prop_assert_ne!(takes(&one, &ada()), takes(&other, &ada()), "{}", value);
        }
    }
}
