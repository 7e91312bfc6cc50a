//! Names of people who exist or could, and names that nobody has.

use super::*;

const REAL: &[(&str, &str)] = &[
    ("Benjamin", "Franklin"),
    ("James", "James"),
    ("Christopher", "Null"),
    ("Caterina", "Fake"),
    ("Jon", "Tester"),
    ("Sharon", "Foo"),
    ("Bar", "Refaeli"),
    ("Samuel", "Doe"),
    ("John", "Smith"),
    ("Jane", "Roe"),
    ("Orson", "Card"),
    ("Christopher", "Guest"),
    ("Malcolm", "X"),
    ("Sinéad", "O'Connor"),
    ("Pat", "O’Brien"),
    ("Anne-Marie", "Lizin"),
    ("Ursula", "von der Leyen"),
    ("Robert", "Downey Jr."),
    ("Robert", "Smith III"),
    ("Robert", "III"),
    ("Robert", "Smith 3rd"),
    ("Robert", "Smith Ⅲ"),
    ("J. R. R.", "Tolkien"),
    ("JRR", "Tolkien"),
    ("José", "García Márquez"),
    ("María José", "Ñáñez"),
    ("João", "Guimarães"),
    ("François", "Müller"),
    ("Gerd", "Wert"),
    ("Max", "Ewert"),
    ("Ada", "Trew"),
    ("Kurt", "Schmyrtz"),
    ("Ernst", "Rüegg"),
    ("Hans", "Przybylski"),
    ("Søren", "Østergård"),
    ("Ása", "Þórsdóttir"),
    ("Åsa", "Ås"),
    ("Jan", "Smrk"),
    ("Petr", "Vlk"),
    ("CHLP", "SMRK"),
    ("Knut", "Aa"),
    ("Ján", "Krč"),
    ("Jiří", "Čtvrtníček"),
    ("Łukasz", "Źdźbło"),
    ("Gwyn", "Cwrt"),
    ("Llŷr", "Ffrwd"),
    ("Rhys", "Pryce"),
    ("Tswb", "Vang"),
    ("Thị Mỹ", "Nguyễn"),
    ("Nguyen", "Ng"),
    ("Ng", "Ng"),
    ("Mei", "Xu"),
    ("Na Na", "Na"),
    ("Tzu", "Wu"),
    ("李", "小龙"),
    ("林", "林林"),
    ("王", "一"),
    ("さくら", "山田"),
    ("民俊", "김"),
    ("Владимир", "Петров"),
    ("Ян", "Смит"),
    ("Ігор", "Тестов"),
    ("Γιώργος", "Παπαδόπουλος"),
    ("محمد", "علي"),
    ("דוד", "בר"),
    ("राजेश", "शर्मा"),
    ("สมชาย", "ใจดี"),
    ("Արամ", "Խաչատրյան"),
    ("გიორგი", "მაისურაძე"),
    ("Fnu", "Mohammed"),
    ("Md", "Rahman"),
    ("Mohd", "Azlan"),
    ("MVVS", "Murthy"),
    ("PVRK", "प्रसाद"),
    ("M.V.V.S.", "Rao"),
    ("A", "B"),
    ("Suharto", "."),
    ("Suharto", "-"),
    ("Azer", "Power"),
    ("Kwame", "Nkrumah"),
    ("Ngozi", "Okonjo-Iweala"),
    ("Thandi", "Mthembu"),
    ("N'Golo", "Kanté"),
    ("Zsa Zsa", "Szűcs"),
    ("Testa", "Testino"),
    ("Ali", "Asd'Abad"),
    ("Dallas", "Glass"),
];

const FAKE: &[(&str, &str)] = &[
    ("Test", "Test"),
    ("test", "Smith"),
    ("Benjamin", "TEST"),
    ("Mr. Test", "Franklin"),
    ("Test-User", "Smith"),
    ("Testing", "Tester"),
    ("Tester", "Tester"),
    ("Fake", "Name"),
    ("Fake", "Person"),
    ("Foo", "Bar"),
    ("foobar", "baz"),
    ("Test", "Null"),
    ("Null", "Null"),
    ("None", "None"),
    ("N/A", "N/A"),
    ("Unknown", "Unknown"),
    ("Anonymous", "Customer"),
    ("First", "Last"),
    ("Firstname", "Lastname"),
    ("Your", "Name"),
    ("No", "Name"),
    ("Card", "Holder"),
    ("Sample", "User"),
    ("Abc", "Xyz"),
    ("John", "Doe"),
    ("DOE", "JANE"),
    ("John Q.", "Public"),
    ("Mickey", "Mouse"),
    ("Mouse", "Mickey"),
    ("Max", "Mustermann"),
    ("Santa", "Claus"),
    ("Asdf", "Smith"),
    ("asdfasdf", "asdfasdf"),
    ("Qwerty", "Uiop"),
    ("Ytrewq", "Brown"),
    ("Poiu", "Brown"),
    ("werty", "Brown"),
    ("Lkjh", "Brown"),
    ("Zxcv", "Brown"),
    ("asd", "asd"),
    ("Aaa", "Brown"),
    ("John", "zzzz"),
    ("ААА", "Петров"),
    ("X", "X"),
    ("x", "xx"),
    ("J0hn", "Brown"),
    ("John", "Brown2"),
    ("John", "12345"),
    ("John", "٣"),
    ("John", "100th"),
    ("Bcdf", "Brown"),
    ("John", "Hrtpqsd"),
    ("BCDF", "NPQT"),
    ("MVVSKB", "Murthy"),
    ("тест", "Петров"),
    ("测试", "李"),
    ("-", "."),
    ("?", "!"),
];

#[test]
fn real_names_are_left_alone() {
    for (first, last) in REAL {
        assert_eq!(looks_fake(Some(first), Some(last)), Some(false), "{first} {last}");
        let whole = format!("{first} {last}");
        assert_eq!(looks_fake(Some(&whole), None), Some(false), "{whole} in one field");
    }
    assert!(REAL.len() >= 60);
}

#[test]
fn fake_names_are_seen() {
    for (first, last) in FAKE {
        assert_eq!(looks_fake(Some(first), Some(last)), Some(true), "{first} {last}");
        let (small, large) = (first.to_lowercase(), last.to_lowercase());
        assert_eq!(looks_fake(Some(&small), Some(&large)), Some(true), "{small} {large}");
    }
    assert!(FAKE.len() >= 40);
}

#[test]
fn no_name_is_no_answer() {
    for nothing in [None, Some(""), Some("   "), Some("\u{a0}")] {
        assert_eq!(looks_fake(nothing, nothing), None);
        assert_eq!(looks_fake(Some("Franklin"), nothing), Some(false));
        assert_eq!(looks_fake(nothing, Some("Franklin")), Some(false));
        assert_eq!(looks_fake(nothing, Some("Null")), Some(false));
        assert_eq!(looks_fake(nothing, Some("unknown")), Some(true));
        assert_eq!(looks_fake(Some("Foo Bar"), nothing), Some(true));
        assert_eq!(looks_fake(Some("John Doe"), nothing), Some(true));
    }
}

/// Every placeholder is found by the rule of its own table, and a real first name clears the doubtful ones.
#[test]
fn each_table_does_its_work() {
    for word in NOBODY {
        assert_eq!(looks_fake(Some("Benjamin"), Some(word)), Some(true), "{word}");
        assert_eq!(*word, word.to_lowercase());
    }
    for word in DOUBTFUL {
        assert_eq!(looks_fake(Some("Benjamin"), Some(word)), Some(false), "{word}");
        assert_eq!(looks_fake(Some(word), None), Some(false), "{word} alone");
        assert_eq!(looks_fake(Some(word), Some("Tester")), Some(true), "{word}");
    }
    for name in KNOWN {
        assert_eq!(looks_fake(Some(name), None), Some(true), "{name}");
    }
    for table in [NOBODY, DOUBTFUL, KNOWN] {
        assert!(table.iter().enumerate().all(|(place, word)| !table[..place].contains(word)));
    }
}

#[test]
fn runs_are_four_keys_of_one_row_in_either_direction() {
    for row in ROWS {
        for run in row.windows(4).filter(|run| !SYLLABLES.contains(run)) {
            let forward = String::from_utf8(run.to_vec()).unwrap();
            let backward: String = forward.chars().rev().collect();
            assert!(is_keyboard_run(&forward) && is_keyboard_run(&backward), "{forward}");
            assert!(!is_keyboard_run(&forward[1..]), "three keys are no run");
        }
    }
    for word in ["", "qwemrty", "poweri", "wert", "trew", "ewert", "asdfx", "qaz", "pqwe", "sala"] {
        assert!(!is_keyboard_run(word), "{word}");
    }
}

#[test]
fn one_letter_is_judged_where_letters_have_capitals() {
    assert!(is_one_letter("aaa") && is_one_letter("Zzzz") && is_one_letter("ЯЯЯ") && is_one_letter("Iiii"));
    for name in ["", "a", "Aa", "Anna", "aaab", "III", "iii", "林林林", "ممم", "...", "a a a"] {
        assert!(!is_one_letter(name), "{name}");
    }
}

#[test]
fn the_answer_does_not_change() {
    let long = "Ab cd ".repeat(2_000);
    for name in ["Test", "Benjamin", &long] {
        assert_eq!(looks_fake(Some(name), None), looks_fake(Some(name), None));
        assert!(looks_fake(Some(name), Some(name)).is_some());
    }
}
