//! What happens to a package after it was sealed.

use crate::adversary::{Entries, close, edit_json, open};
use crate::authority::Office;
use crate::material::{at, contents, package, signer, trust};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Cursor;
use std::sync::OnceLock;
use swordnet_core::Sha256Hex;
use swordnet_evidence::chain::{Chain, Event};
use swordnet_evidence::package::{File, Version, append, export, exported, head, seal, time_stamp, verify};
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

/// A copy as it is handed out.
fn handed(package: &[u8]) -> Vec<u8> {
    let export = exported(Version::Whole, at(110), "an officer", "a court", "");
    appended(package, vec![export], &signer())
}

/// Sealed, stamped, ordered, checked again, stamped again, exported.
fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let check = Event::new("re-check", at(90), [("outcome", "gone".to_owned())]);
        handed(&stamped(&appended(
            &stamped(&package()),
            vec![order(), check],
            &signer(),
        )))
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
    assert_eq!(kinds, ["time-stamp", "order", "re-check", "time-stamp", "export"]);
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
            "number 4 where 6 belongs",
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
fn the_end_of_what_was_appended_cannot_be_cut_off() {
    for kept in 1..5 {
        let cut = close(&entries(|a| a.truncate(kept)));
        let problems = verify(&mut Cursor::new(cut), &with_authority()).problems;
        assert!(
            problems
                .iter()
                .any(|problem| problem.contains("its end was cut off")),
            "{kept}: {problems:#?}"
        );
    }
}

#[test]
fn only_trusted_keys_append() {
    let altered = appended(whole(), vec![order()], &Signer::from_seed([9; 32]));
    let report = verify(&mut Cursor::new(altered), &with_authority());
    assert!(
        report.problems[0].contains("entry 6 (order) was signed with a key that is not trusted"),
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

/// A package with private files.
fn with_private_files() -> Vec<u8> {
    let mut contents = contents();
    contents.files.push(File::new(
        "private/offer.json",
        br#"{"salt":"...","uploader":"..."}"#,
    ));
    contents.private = vec!["archive/data.warc.gz".into(), "private/offer.json".into()];
    let mut out = Vec::new();
    seal(contents, &signer(), &mut out).unwrap();
    out
}

/// The version that is written with an entry that claims `claimed`, signed by `signer`.
fn handed_out(package: &[u8], written: Version, claimed: Version, signer: &Signer) -> Vec<u8> {
    let mut file = Cursor::new(package);
    let mut chain = Chain::new(head(&mut file).unwrap());
    let link = chain.append(exported(claimed, at(50), "an officer", "a court", ""), signer);
    let mut out = Vec::new();
    export(&mut file, vec![link], written, &mut out).unwrap();
    out
}

#[test]
fn a_public_version_leaves_out_what_is_private_and_verifies() {
    let sealed = with_private_files();
    let check = |package: &[u8]| verify(&mut Cursor::new(package), &trust());
    let whole = check(&handed_out(&sealed, Version::Whole, Version::Whole, &signer()));
    assert!(whole.valid && whole.withheld.is_empty(), "{whole:?}");
    let public = handed_out(&sealed, Version::Public, Version::Public, &signer());
    let report = check(&public);
    assert!(report.valid, "{report:?}");
    let left_out: Vec<&str> = report.withheld.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(left_out, ["archive/data.warc.gz", "private/offer.json"]);
    assert!(
        report.remarks[1].contains("public version, without archive/data.warc.gz"),
        "{report:?}"
    );
    assert!(!public.windows(8).any(|window| window == b"uploader"));
    assert!(
        open(&public)
            .iter()
            .all(|(name, _)| !name.starts_with("archive/") && !name.starts_with("private/"))
    );
}

#[test]
fn only_the_sealer_makes_a_public_version() {
    let sealed = with_private_files();
    let problems = |package: &[u8]| verify(&mut Cursor::new(package), &trust()).problems;
    let without = |package: &[u8], name: &str| {
        let mut entries = open(package);
        entries.retain(|(entry, _)| entry != name);
        close(&entries)
    };
    // Left out by somebody, of a package that was never handed out and of one that was handed out whole.
    let whole = handed_out(&sealed, Version::Whole, Version::Whole, &signer());
    for package in [&sealed, &whole] {
        for name in ["archive/data.warc.gz", "private/offer.json"] {
            assert_eq!(problems(&without(package, name)), [format!("{name} is missing")]);
        }
    }
    let stranger = handed_out(
        &sealed,
        Version::Public,
        Version::Public,
        &Signer::from_seed([9; 32]),
    );
    assert!(problems(&stranger)[0].contains("key that is not trusted"));
    // A public version leaves out all of it and nothing else.
    let public = handed_out(&sealed, Version::Public, Version::Public, &signer());
    assert_eq!(
        problems(&without(&public, "report/match.json")),
        ["report/match.json is missing"]
    );
    let half = handed_out(&sealed, Version::Whole, Version::Public, &signer());
    assert!(
        problems(&half)[0].contains("is not listed"),
        "{:?}",
        problems(&half)
    );
    // What was handed out whole later is whole again.
    let again = appended(
        &whole,
        vec![exported(Version::Public, at(60), "", "", "")],
        &signer(),
    );
    let again = appended(
        &again,
        vec![exported(Version::Whole, at(70), "", "", "")],
        &signer(),
    );
    assert_eq!(problems(&again), [""; 0]);
    assert!(!problems(&without(&again, "private/offer.json")).is_empty());
}

#[test]
fn a_promised_time_stamp_that_is_missing_is_a_failure() {
    let mut promising = contents();
    promising.time_stamps = vec!["http://tsa.example/".into()];
    let mut sealed = Vec::new();
    seal(promising, &signer(), &mut sealed).unwrap();
    let report = verify(&mut Cursor::new(&sealed), &trust());
    assert!(
        report.problems[0].contains("http://tsa.example/, is missing"),
        "{report:?}"
    );
    let whole = handed(&stamped(&sealed));
    assert!(verify(&mut Cursor::new(&whole), &trust()).valid);
    let cut = edit_json(open(&whole), "datapackage-digest.json", |digest| {
        digest.as_object_mut().unwrap().remove("appended");
    });
    assert!(!verify(&mut Cursor::new(close(&cut)), &trust()).valid);
    let mut absent = contents();
    absent.private = vec!["private/none.json".into()];
    assert!(
        seal(absent, &signer(), Vec::new()).is_err(),
        "what is private must be there"
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
