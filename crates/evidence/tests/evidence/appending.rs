//! What happens to a package after it was sealed.

use crate::adversary::{Entries, close, edit_json, open};
use crate::authority::Office;
use crate::material::{at, contents, package, signer, trust};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Cursor;
use std::sync::OnceLock;
use swordnet_core::Sha256Hex;
use swordnet_evidence::chain::Event;
use swordnet_evidence::package::{
    File, append, head, seal, seal_private, time_stamp, verify, verify_private,
};
use swordnet_evidence::timestamp::{Token, request};
use swordnet_evidence::{Signer, Trust};

fn order() -> Event {
    Event::new(
        "order",
        at(60),
        [
            ("notice", "notice-1".to_owned()),
            ("to", "film.example 网站".to_owned()),
        ],
    )
}

fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(|| Office::open("ec -pkeyopt ec_paramgen_curve:P-384"))
}

fn with_authority() -> Trust {
    Trust {
        authorities: vec![office().root.clone()],
        ..trust()
    }
}

fn appended(package: &[u8], events: Vec<Event>, signer: &Signer) -> Vec<u8> {
    let mut out = Vec::new();
    let sealed = append(&mut Cursor::new(package), events, signer, &mut out).unwrap();
    assert_eq!(
        (sealed.sha256, sealed.size),
        (Sha256Hex::of(&out), out.len() as u64)
    );
    out
}

fn stamped(package: &[u8]) -> Vec<u8> {
    let of = head(&mut Cursor::new(package)).unwrap();
    let token = Token::from_response(&office().answer(&request(&of, 7).unwrap()), &of, 7).unwrap();
    appended(
        package,
        vec![time_stamp(&of, &token, "local", at(100))],
        &signer(),
    )
}

/// Sealed, stamped, ordered, checked again, stamped again.
fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let check = Event::new("re-check", at(90), [("outcome", "gone".to_owned())]);
        stamped(&appended(&stamped(&package()), vec![order(), check], &signer()))
    })
}

fn entries(change: impl FnOnce(&mut Vec<Value>)) -> Entries {
    edit_json(open(whole()), "datapackage-digest.json", |digest| {
        change(digest["appended"].as_array_mut().unwrap())
    })
}

#[test]
fn what_was_appended_is_told_and_covered() {
    let report = verify(&mut Cursor::new(whole()), &with_authority());
    assert!(report.valid, "{:#?}", report.problems);
    let kinds: Vec<&str> = report.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["time-stamp", "order", "re-check", "time-stamp"]);
    assert_eq!(report.events[1].facts["to"], "film.example 网站");
    let [first, last] = report.time_stamps.as_slice() else {
        panic!("{:?}", report.time_stamps)
    };
    assert!(first.trusted && last.trusted);
    assert_eq!((first.covers, last.covers), (0, 3));
    assert_eq!(
        first.gap,
        Some(first.at.as_second() - at(10).as_second()),
        "from seal to stamp"
    );
    assert_eq!(report.head, head(&mut Cursor::new(whole())).ok());
    let sealed = package();
    let manifest = sealed
        .windows(16)
        .position(|window| window == b"datapackage.json")
        .unwrap();
    assert_eq!(
        whole()[..manifest],
        sealed[..manifest],
        "what was sealed is not touched"
    );
}

#[test]
fn a_missing_time_stamp_is_a_failure_where_authorities_are_trusted() {
    let sealed = verify(&mut Cursor::new(package()), &with_authority());
    assert_eq!(
        sealed.problems,
        ["it has no time-stamp by an authority that is trusted"]
    );
    assert!(verify(&mut Cursor::new(package()), &trust()).remarks[0].contains("no time-stamp"));
    let stranger = Office::open("ec -pkeyopt ec_paramgen_curve:P-256");
    let elsewhere = Trust {
        authorities: vec![stranger.root],
        ..trust()
    };
    assert!(!verify(&mut Cursor::new(whole()), &elsewhere).valid);
}

#[test]
fn alterations_of_what_was_appended_are_caught() {
    type Change = fn(&mut Vec<Value>);
    let alterations: [(&str, Change, &str); 8] = [
        (
            "kind that steers a terminal",
            |a| a[1]["statement"]["kind"] = json!("\u{1b}[2J"),
            "entry 2 (\u{fffd}[2J): its",
        ),
        (
            "fact altered",
            |a| a[1]["statement"]["facts"]["notice"] = json!("notice-2"),
            "entry 2 (order): its signature",
        ),
        (
            "moment altered",
            |a| a[2]["statement"]["at"] = json!("2020-01-01T00:00:00Z"),
            "entry 3 (re-check): its sig",
        ),
        (
            "entry left out",
            |a| drop(a.remove(1)),
            "number 3 where 2 belongs",
        ),
        ("entries swapped", |a| a.swap(1, 2), "number 3 where 2 belongs"),
        (
            "entry twice",
            |a| a.push(a[3].clone()),
            "number 4 where 5 belongs",
        ),
        ("field added", |a| a[0]["note"] = json!("x"), "unknown field"),
        (
            "token emptied",
            |a| a[0]["statement"]["facts"]["token"] = json!(""),
            "entry 1 (time-stamp): not a time-stamp",
        ),
    ];
    for (name, change, told) in alterations {
        let problems = verify(&mut Cursor::new(close(&entries(change))), &with_authority()).problems;
        assert!(
            problems.iter().any(|problem| problem.contains(told)),
            "{name}: {problems:#?}"
        );
    }
}

#[test]
fn only_trusted_keys_append() {
    let altered = appended(whole(), vec![order()], &Signer::from_seed([9; 32]));
    let report = verify(&mut Cursor::new(altered), &with_authority());
    assert!(
        report.problems[0].contains("entry 5 (order) was signed with a key that is not trusted"),
        "{report:?}"
    );
}

#[test]
fn a_time_stamp_of_another_package_does_not_count() {
    let other = {
        let mut other = contents();
        other.title = "another".into();
        let mut out = Vec::new();
        seal(other, &signer(), &mut out).unwrap();
        out
    };
    let of = head(&mut Cursor::new(&other)).unwrap();
    let token = Token::from_response(&office().answer(&request(&of, 7).unwrap()), &of, 7).unwrap();
    let own = head(&mut Cursor::new(package())).unwrap();
    for of in [&of, &own] {
        let altered = appended(
            &package(),
            vec![time_stamp(of, &token, "local", at(100))],
            &signer(),
        );
        let report = verify(&mut Cursor::new(altered), &with_authority());
        assert!(!report.valid && report.time_stamps.is_empty(), "{report:?}");
    }
}

#[test]
fn a_private_part_is_named_by_the_public_one_which_verifies_without_it() {
    let mut person = contents();
    person.id += "-private";
    person.archives.clear();
    person.pages.clear();
    person.files = vec![File::new("person/uploader.json", br#"{"name":"..."}"#)];
    let mut private = Vec::new();
    let withheld = seal_private(
        person,
        &[5; 32],
        "identity of the uploader",
        &signer(),
        &mut private,
    )
    .unwrap();
    let mut public = contents();
    public.withheld = vec![withheld];
    let mut out = Vec::new();
    seal(public, &signer(), &mut out).unwrap();

    let report = verify(&mut Cursor::new(&out), &trust());
    assert!(report.valid, "{report:?}");
    assert_eq!(report.withheld[0].what, "identity of the uploader");
    assert!(verify_private(&mut Cursor::new(&private), &report, &trust()).valid);
    let stranger = verify_private(&mut Cursor::new(package()), &report, &trust());
    assert_eq!(
        stranger.problems,
        ["the public package does not name this private one"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_single_bit_can_be_turned_behind_the_seal(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut altered = whole().to_vec();
        let start = altered.len() - 14_000;
        let at = start + at.index(14_000);
        altered[at] ^= 1 << bit;
        prop_assert!(!verify(&mut Cursor::new(&altered), &with_authority()).valid, "byte {at}, bit {bit}");
    }

    #[test]
    fn any_bytes_can_be_added_to(bytes in prop::collection::vec(any::<u8>(), 0..500), cut in any::<prop::sample::Index>()) {
        let _ = append(&mut Cursor::new(&bytes), vec![], &signer(), Vec::new());
        let damaged = [&package()[..cut.index(package().len())], &bytes].concat();
        let _ = append(&mut Cursor::new(&damaged), vec![order()], &signer(), Vec::new());
    }
}
