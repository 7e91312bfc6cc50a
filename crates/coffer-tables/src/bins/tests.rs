use std::fmt::Write as _;
use std::fs;

use super::*;
use crate::error::{LineProblem, LineProblems, RowFault};
use crate::limits::PROBLEMS;

fn open(content: impl AsRef<[u8]>) -> Result<BinTable, TableError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranges.csv");
    fs::write(&path, content).unwrap();
    BinTable::open(&path)
}

fn problems(content: impl AsRef<[u8]>) -> LineProblems {
    match open(content) {
        Err(TableError::Bins { problems, .. }) => problems,
        other => panic!("{other:?}"),
    }
}

/// The only problem of a file.
fn problem(content: impl AsRef<[u8]>) -> (u32, RowFault) {
    let LineProblems { list, .. } = problems(content);
    assert_eq!(list.len(), 1, "{list:?}");
    (list[0].line, list[0].fault)
}

fn bank(table: &BinTable, lead: u32) -> Option<&str> {
    table.find_lead(lead).map(|facts| facts.bank.unwrap_or(""))
}

#[test]
fn a_row_is_found_by_the_number_of_a_card() {
    let table = open(
        "low,high,brand,country,funding,bank\n\
         411111,411111,visa,US,credit,First Bank\n\
         55555555,55555555,mastercard,GB,deferred-debit,\"Second, Bank\"\n",
    )
    .unwrap();
    let find = |number| table.find(&Pan::parse(number).unwrap());
    let visa = BinFacts {
        brand: Some(Brand::Visa),
        country: Some(Country::parse("US").unwrap()),
        funding: Some(Funding::Credit),
        bank: Some("First Bank"),
    };
    assert_eq!(find("4111111111111111"), Some(visa));
    let mastercard = find("5555555555554444").unwrap();
    assert_eq!((mastercard.brand, mastercard.bank), (Some(Brand::Mastercard), Some("Second, Bank")));
    assert_eq!(
        (mastercard.country, mastercard.funding),
        (Country::parse("GB").ok(), Some(Funding::DeferredDebit))
    );
    assert_eq!(find("4242424242424242"), None);
    assert_eq!(find("5105105105105100"), None);
}

#[test]
fn ranges_hold_both_their_ends_and_nothing_beyond() {
    let table = open(
        "low,high,bank\n400000,400009,six\n50000010,50000019,eight\n000000,000000,zero\n\
         99999999,99999999,last\n",
    )
    .unwrap();
    let expected = [
        (0, Some("zero")),
        (99, Some("zero")),
        (100, None),
        (39_999_999, None),
        (40_000_000, Some("six")),
        (40_000_999, Some("six")),
        (40_001_000, None),
        (50_000_009, None),
        (50_000_010, Some("eight")),
        (50_000_019, Some("eight")),
        (50_000_020, None),
        (99_999_998, None),
        (99_999_999, Some("last")),
    ];
    for (lead, name) in expected {
        assert_eq!(bank(&table, lead), name, "{lead}");
    }
}

#[test]
fn eight_digits_win_over_the_six_that_hold_them_as_a_whole_row() {
    for text in [
        "low,high,country,bank\n400000,400000,US,six\n40000010,40000019,,eight\n",
        "low,high,country,bank\n40000010,40000019,,eight\n400000,400000,US,six\n",
    ] {
        let table = open(text).unwrap();
        assert_eq!(bank(&table, 40_000_009), Some("six"));
        assert_eq!(bank(&table, 40_000_010), Some("eight"));
        assert_eq!(bank(&table, 40_000_019), Some("eight"));
        assert_eq!(bank(&table, 40_000_020), Some("six"));
        assert_eq!(
            table.find_lead(40_000_010).unwrap().country,
            None,
            "nothing is borrowed from the other row"
        );
    }
}

#[test]
fn an_empty_field_or_a_missing_column_says_nothing() {
    let table = open("low,high,brand,country,funding,bank\n400000,400000,,,,\n").unwrap();
    assert_eq!(table.find_lead(40_000_000), Some(BinFacts::default()));
    let table = open("high,low\n400000,400000").unwrap();
    assert_eq!(table.find_lead(40_000_000), Some(BinFacts::default()));
    assert_eq!(table.find_lead(40_000_100), None);
}

#[test]
fn every_funding_and_brand_can_be_written() {
    let mut text = "low,high,funding,brand\n".to_owned();
    for (place, brand) in Brand::ALL.iter().enumerate() {
        let slug = brand.name().to_lowercase().replace(' ', "-");
        let funding = Funding::ALL[place % Funding::ALL.len()];
        writeln!(text, "4000{place:02},4000{place:02},{},{slug}", funding.as_str()).unwrap();
    }
    let table = open(text).unwrap();
    for (place, brand) in Brand::ALL.iter().enumerate() {
        let facts = table.find_lead(40_000_000 + u32::try_from(place).unwrap() * 100).unwrap();
        assert_eq!(facts.brand, Some(*brand));
        assert_eq!(facts.funding, Some(Funding::ALL[place % Funding::ALL.len()]));
    }
}

#[test]
fn windows_files_blank_lines_and_a_byte_order_mark_are_read() {
    let table =
        open("\u{feff}low,high,bank\r\n\r\n400000,400000,\"A\"\r\n  \r\n400001,400001,Bänk\r\n").unwrap();
    assert_eq!(bank(&table, 40_000_000), Some("A"));
    assert_eq!(bank(&table, 40_000_100), Some("Bänk"));
    assert_eq!(
        problem("\u{feff}low,high\r\n\r\n400000,400000\r\n\r\n4,400000\r\n"),
        (5, RowFault::Digits("low"))
    );
}

#[test]
fn a_file_with_a_header_and_no_rows_knows_nothing() {
    for table in [open("low,high\n").unwrap(), open("low,high").unwrap(), BinTable::empty()] {
        assert_eq!(table.find(&Pan::parse("4111111111111111").unwrap()), None);
        assert_eq!(table.find_lead(0), None);
        assert_eq!(table.find_lead(99_999_999), None);
    }
}

#[test]
fn a_file_without_a_header_is_refused_at_once() {
    assert_eq!(problem(""), (1, RowFault::NoHeader));
    assert_eq!(problem("400000,400000\n4,4\n"), (1, RowFault::UnknownColumn(1)));
    assert_eq!(problem("low\n4,4\n"), (1, RowFault::MissingColumn("high")));
    assert_eq!(problem(b"\xff\xfelow,high\n"), (1, RowFault::NotUtf8));
}

#[test]
fn each_field_has_its_own_problem() {
    let header = "low,high,brand,country,funding,bank\n";
    let long = "ü".repeat(256);
    let cases = [
        ("40000,400000,,,,", RowFault::Digits("low")),
        ("400000,4000000,,,,", RowFault::Digits("high")),
        ("+40000,400000,,,,", RowFault::Digits("low")),
        ("400000,４０,,,,", RowFault::Digits("high")),
        ("400000,,,,,", RowFault::Digits("high")),
        ("400000,40000000,,,,", RowFault::LengthsDiffer),
        ("400001,400000,,,,", RowFault::LowAboveHigh),
        ("400000,400000,Visa,,,", RowFault::Brand),
        ("400000,400000,,us,,", RowFault::Country),
        ("400000,400000,,USA,,", RowFault::Country),
        ("400000,400000,,,CREDIT,", RowFault::Funding),
        ("400000,400000,,,,a\u{7}b", RowFault::Bank),
        ("400000,400000,,,", RowFault::FieldCount),
        ("400000,400000,,,,,", RowFault::FieldCount),
        ("400000,400000,,,,\"a", RowFault::Quotes),
    ];
    for (row, fault) in cases {
        assert_eq!(problem(format!("{header}{row}\n")), (2, fault), "{row}");
    }
    assert_eq!(problem(format!("{header}400000,400000,,,,{long}")), (2, RowFault::Bank));
    let table = open(format!("{header}400000,400000,,,,{}", &long[..255 * 2])).unwrap();
    assert_eq!(bank(&table, 40_000_000).unwrap().chars().count(), 255);
    assert_eq!(problem(b"low,high,bank\n400000,400000,\xff\n"), (2, RowFault::NotUtf8));
}

#[test]
fn all_problems_come_at_once_and_never_the_content() {
    let text = "low,high,brand,country\n4x4242,4242424242,vsa,Usa\n400000,400000,visa,US\n1,2,,\n";
    let found = problems(text);
    let expected = [
        (2, RowFault::Digits("low")),
        (2, RowFault::Digits("high")),
        (2, RowFault::Brand),
        (2, RowFault::Country),
        (4, RowFault::Digits("low")),
        (4, RowFault::Digits("high")),
    ];
    assert_eq!(found.list, expected.map(|(line, fault)| LineProblem { line, fault }));
    assert!(!found.more);
    let message = open(text).unwrap_err().to_string();
    assert!(message.contains("ranges.csv: line 2: low is not 6 or 8 digits; line 2: high"), "{message}");
    for content in ["4x4242", "4242424242", "vsa", "Usa"] {
        assert!(!message.contains(content), "{message}");
    }
}

#[test]
fn the_list_of_problems_ends_and_says_so() {
    let rows = |count: usize| format!("low,high\n{}", "x,400000\n".repeat(count));
    assert!(!problems(rows(PROBLEMS - 1)).more);
    let found = problems(rows(PROBLEMS + 1));
    assert_eq!((found.list.len(), found.more), (PROBLEMS, true));
    assert!(found.to_string().ends_with("there may be more"));

    let overlapping = |count: usize| format!("low,high\n{}", "400000,400000\n".repeat(count));
    let found = problems(overlapping(PROBLEMS + 1));
    assert_eq!((found.list.len(), found.more), (PROBLEMS, false));
    let found = problems(overlapping(PROBLEMS + 2));
    assert_eq!((found.list.len(), found.more), (PROBLEMS, true));
}

#[test]
fn overlaps_within_one_length_name_both_lines() {
    let header = "low,high\n";
    let cases = [
        ("400000,400010\n400010,400020\n", 3, 2),
        ("400010,400020\n400000,400010\n", 3, 2),
        ("400000,400000\n400000,400000\n", 3, 2),
        ("40000000,40000010\n40000010,40000010\n", 3, 2),
        ("400000,400099\n400010,400010\n500000,500000\n", 3, 2),
    ];
    for (rows, line, other) in cases {
        assert_eq!(problem(format!("{header}{rows}")), (line, RowFault::Overlap(other)), "{rows}");
    }
    // The wide range is remembered past the narrow ones in it.
    let found = problems(format!("{header}400000,400099\n400010,400011\n400020,400021\n400100,400100\n"));
    let expected = [(3, RowFault::Overlap(2)), (4, RowFault::Overlap(2))];
    assert_eq!(found.list, expected.map(|(line, fault)| LineProblem { line, fault }));
    assert!(open(format!("{header}400000,400010\n400011,400020\n40000000,40000010\n")).is_ok());
}

#[test]
fn a_line_without_end_is_refused() {
    let limit = usize::try_from(crate::limits::BIN_LINE_BYTES).unwrap();
    let row = "400000,400000";
    let padded = |bytes: usize| format!("low,high\n{row}{}\n4,4\n", " ".repeat(bytes - row.len() - 1));
    let list =
        [RowFault::Digits("low"), RowFault::Digits("high")].map(|fault| LineProblem { line: 3, fault });
    assert_eq!(problems(padded(limit)).list, list);
    let found = problems(padded(limit + 1));
    assert_eq!(found.list, [LineProblem { line: 2, fault: RowFault::TooLong }]);
    assert!(found.more);
}

#[test]
fn a_missing_file_is_named() {
    let error = BinTable::open(Path::new("/nowhere/ranges.csv")).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/ranges.csv: "), "{error}");
}
