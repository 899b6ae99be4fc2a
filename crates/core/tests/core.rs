//! What the rules must hold to, whatever the records say.

use proptest::prelude::*;
use swordnet_core::*;

const DAY: &str = "2017-08-08T04:00:00Z";

fn now() -> Timestamp {
    DAY.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn work() -> Work {
    Work {
        id: Work::id_of("战狼2", WorkKind::Film, "holder"),
        title: "战狼2".into(),
        aliases: vec![],
        kind: WorkKind::Film,
        holder: "holder".into(),
        published: None,
        exemption: None,
        references: vec![],
        registered_at: now(),
    }
}

fn site() -> Site {
    Site {
        id: Site::id_of("http://film.test"),
        name: "film".into(),
        start: "http://www.film.test:8080/index.html".into(),
        area: Area::Film,
        service: ServiceKind::ContentProvider,
        operator: "operator".into(),
        region: "110000".into(),
        supervised: false,
        registered_at: now(),
    }
}

fn sighting(credit: &str) -> Sighting {
    let visit = VisitId::derive(&["v"]);
    Sighting {
        id: Sighting::id_of(
            &visit,
            "http://film.test/p",
            "http://film.test/f.mp4",
            Medium::Video,
        ),
        page: Page::id_of(&visit, "http://film.test/p"),
        visit,
        site: site().id,
        page_url: "http://film.test/p".into(),
        url: "http://film.test/f.mp4".into(),
        medium: Medium::Video,
        access: Access::File,
        title: String::new(),
        uploader: String::new(),
        author: String::new(),
        credit: credit.into(),
        published: String::new(),
        pass_code: String::new(),
        text: None,
        seen_at: now(),
    }
}

fn candidate(score: f64, seconds: f64) -> Candidate {
    Candidate {
        work: work().id,
        reference: ReferenceId::derive(&["r"]),
        medium: Medium::Video,
        score,
        in_reference: Span {
            start: 0.0,
            end: seconds,
        },
        in_query: Span {
            start: 0.0,
            end: seconds,
        },
        query_length: seconds,
        reference_length: 90.0,
        transform: Transform::default(),
        carried_by: vec![Medium::Video],
    }
}

fn licence(grantor: &str, grantee: &str) -> Licence {
    Licence {
        id: LicenceId::from_text(""),
        work: None,
        grantor: grantor.into(),
        grantee: grantee.into(),
        rights: vec![Right::InformationNetwork],
        exclusive: false,
        territory: vec!["CN".into()],
        from: day("2017-01-01"),
        to: Some(day("2017-12-31")),
        sublicence: false,
        document: String::new(),
    }
    .identified()
}

fn decide(licences: &[Licence], white: &[WhiteListEntry], lists: &[WarningList], credit: &str) -> Judgement {
    let (work, site, sighting, candidates) = (work(), site(), sighting(credit), [candidate(0.99, 30.0)]);
    let circumstances = Circumstances {
        work: &work,
        site: &site,
        sighting: &sighting,
        candidates: &candidates,
        licences,
        white_list: white,
        warning_lists: lists,
        territory: "CN",
        certain: 0.9,
    };
    judge(&circumstances, now())
}

fn codes(judgement: &Judgement) -> Vec<&str> {
    judgement.reasons.iter().map(|r| r.code.as_str()).collect()
}

#[test]
fn a_copy_that_nothing_allows_is_infringing_and_says_why() {
    let judgement = decide(&[], &[], &[], "");
    assert_eq!(judgement.verdict, Verdict::Infringing);
    assert_eq!(codes(&judgement), ["recognised", "no_licence"]);
}

#[test]
fn a_sound_licence_covers_and_each_defect_uncovers() {
    let sound = licence("holder", "operator");
    assert_eq!(
        decide(std::slice::from_ref(&sound), &[], &[], "").verdict,
        Verdict::Licensed
    );
    let by_host = licence("holder", "film.test");
    assert_eq!(decide(&[by_host], &[], &[], "").verdict, Verdict::Licensed);
    let defects: [(&str, Licence); 5] = [
        (
            "licence_expired",
            Licence {
                to: Some(day("2017-08-07")),
                ..sound.clone()
            },
        ),
        (
            "licence_not_yet",
            Licence {
                from: day("2017-08-09"),
                ..sound.clone()
            },
        ),
        (
            "licence_wrong_right",
            Licence {
                rights: vec![Right::Broadcasting],
                ..sound.clone()
            },
        ),
        (
            "licence_wrong_territory",
            Licence {
                territory: vec!["HK".into()],
                ..sound.clone()
            },
        ),
        (
            "licence_broken_chain",
            Licence {
                grantor: "stranger".into(),
                ..sound.clone()
            },
        ),
    ];
    for (code, licence) in defects {
        let judgement = decide(&[licence.identified()], &[], &[], "");
        assert_eq!(judgement.verdict, Verdict::Infringing, "{code}");
        assert!(
            codes(&judgement).contains(&code),
            "{code}: {:?}",
            codes(&judgement)
        );
    }
}

#[test]
fn the_last_day_of_a_licence_is_covered_by_chinas_calendar() {
    // 16:30 UTC on the 7th is already the 8th in China.
    let until = Licence {
        to: Some(day("2017-08-07")),
        ..licence("holder", "operator")
    }
    .identified();
    let (work, site, sighting, candidates) = (work(), site(), sighting(""), [candidate(0.99, 30.0)]);
    let seen = Circumstances {
        work: &work,
        site: &site,
        sighting: &sighting,
        candidates: &candidates,
        licences: &[until],
        white_list: &[],
        warning_lists: &[],
        territory: "CN",
        certain: 0.9,
    };
    assert_eq!(
        judge(&seen, "2017-08-07T15:59:00Z".parse().unwrap()).verdict,
        Verdict::Licensed
    );
    assert_eq!(
        judge(&seen, "2017-08-07T16:30:00Z".parse().unwrap()).verdict,
        Verdict::Infringing
    );
}

#[test]
fn a_chain_needs_leave_to_sublicense() {
    let last = licence("middle", "operator");
    let first = licence("holder", "middle");
    let judgement = decide(&[first.clone(), last.clone()], &[], &[], "");
    assert_eq!(judgement.verdict, Verdict::Infringing);
    assert!(codes(&judgement).contains(&"licence_no_sublicence"));
    let allowed = Licence {
        sublicence: true,
        ..first
    }
    .identified();
    assert_eq!(decide(&[allowed, last], &[], &[], "").verdict, Verdict::Licensed);
}

#[test]
fn licences_in_a_circle_end_the_search() {
    let there = Licence {
        sublicence: true,
        ..licence("a", "operator")
    }
    .identified();
    let back = Licence {
        sublicence: true,
        ..licence("operator", "a")
    }
    .identified();
    assert_eq!(decide(&[there, back], &[], &[], "").verdict, Verdict::Infringing);
}

fn white() -> WhiteListEntry {
    WhiteListEntry {
        id: WhiteListId::from_text(""),
        source: "holder".into(),
        credits: vec!["新华社".into()],
        reprinters: vec![],
        credit_required: true,
        from: day("2017-01-01"),
        to: None,
    }
    .identified()
}

#[test]
fn a_white_list_wants_the_source_named() {
    assert_eq!(
        decide(&[], &[white()], &[], "来源：新华社").verdict,
        Verdict::WhiteListed
    );
    let silent = decide(&[], &[white()], &[], "");
    assert_eq!(silent.verdict, Verdict::Infringing);
    assert!(codes(&silent).contains(&"credit_missing"));
    let other = decide(&[], &[white()], &[], "网络");
    assert!(codes(&other).contains(&"credit_wrong"));
}

#[test]
fn a_warning_list_warns_within_its_window_and_entitles_whom_it_names() {
    let list = |authorised: Vec<String>, to: &str| WarningList {
        id: WarningList::id_of("批", "局"),
        title: "批".into(),
        issuer: "局".into(),
        published: day("2017-08-01"),
        duty_template: "B-theatrical".into(),
        entries: vec![WarningEntry {
            work: work().id,
            from: day("2017-07-27"),
            to: Some(day(to)),
            authorised,
        }],
    };
    let warned = decide(&[], &[], &[list(vec![], "2017-09-28")], "");
    assert!(warned.warned && warned.verdict == Verdict::Infringing);
    let note = warned
        .reasons
        .iter()
        .find(|r| r.code == "on_warning_list")
        .unwrap();
    assert!(
        !note.verified,
        "the template was read in excerpt only, and that must be said"
    );
    assert!(!decide(&[], &[], &[list(vec![], "2017-08-01")], "").warned);
    let named = decide(&[], &[], &[list(vec!["operator".into()], "2017-09-28")], "");
    assert_eq!(named.verdict, Verdict::WhiteListed);
}

#[test]
fn a_low_score_or_a_short_span_is_for_people() {
    for (score, seconds, code) in [(0.7, 30.0, "uncertain"), (0.99, 3.0, "brief")] {
        let (work, site, sighting, candidates) = (work(), site(), sighting(""), [candidate(score, seconds)]);
        let seen = Circumstances {
            work: &work,
            site: &site,
            sighting: &sighting,
            candidates: &candidates,
            licences: &[],
            white_list: &[],
            warning_lists: &[],
            territory: "CN",
            certain: 0.9,
        };
        let judgement = judge(&seen, now());
        assert_eq!(judgement.verdict, Verdict::Unclear);
        assert!(codes(&judgement).contains(&code));
    }
}

#[test]
fn every_row_of_law_reads_and_names_its_source() {
    assert!(!law::duties().is_empty() && !law::duty_templates().is_empty());
    for duty in law::duties() {
        assert!(
            !duty.source.is_empty() && duty.hours > 0 && !duty.en.is_empty() && !duty.zh.is_empty(),
            "{}",
            duty.id
        );
    }
    for template in law::duty_templates() {
        assert!(
            !template.source.is_empty() && !template.clauses.is_empty(),
            "{}",
            template.id
        );
    }
}

#[test]
fn a_duty_binds_from_its_first_day() {
    let before = law::duty_for(
        ServiceKind::UserStorage,
        Area::CloudStorage,
        false,
        day("2015-10-13"),
    );
    let after = law::duty_for(
        ServiceKind::UserStorage,
        Area::CloudStorage,
        false,
        day("2015-10-14"),
    );
    assert_eq!((before.hours, after.hours), (48, 24));
    assert!(after.hours_in_source && !after.verified);
}

#[test]
fn a_record_reads_back_from_its_body() {
    let record: Record = work().into();
    assert_eq!(
        Record::from_body(record.kind(), &record.body().unwrap()).unwrap(),
        record
    );
}

fn any_licence() -> impl Strategy<Value = Licence> {
    let party = || {
        prop_oneof![
            Just("holder"),
            Just("middle"),
            Just("operator"),
            Just("film.test"),
            Just("other")
        ]
    };
    let right = prop_oneof![Just(Right::InformationNetwork), Just(Right::Broadcasting)];
    (
        party(),
        party(),
        right,
        any::<bool>(),
        1u8..13,
        prop_oneof![Just("CN"), Just("*"), Just("HK")],
    )
        .prop_map(|(grantor, grantee, right, sublicence, month, territory)| {
            Licence {
                grantor: grantor.into(),
                grantee: grantee.into(),
                rights: vec![right],
                territory: vec![territory.into()],
                sublicence,
                to: Some(day(&format!("2017-{month:02}-01"))),
                ..licence("", "")
            }
            .identified()
        })
}

proptest! {
    #[test]
    fn one_more_licence_never_makes_a_lawful_copy_unlawful(licences in prop::collection::vec(any_licence(), 0..6), more in any_licence()) {
        let before = decide(&licences, &[], &[], "").verdict;
        let mut all = licences;
        all.push(more);
        let after = decide(&all, &[], &[], "").verdict;
        prop_assert!(before != Verdict::Licensed || after == Verdict::Licensed);
    }

    #[test]
    fn the_order_of_records_decides_nothing(licences in prop::collection::vec(any_licence(), 0..6)) {
        let mut turned = licences.clone();
        turned.reverse();
        prop_assert_eq!(decide(&licences, &[], &[], ""), decide(&turned, &[], &[], ""));
    }

    #[test]
    fn every_judgement_gives_reasons_and_an_infringing_one_a_reason_against(licences in prop::collection::vec(any_licence(), 0..6)) {
        let judgement = decide(&licences, &[], &[], "");
        prop_assert!(!judgement.reasons.is_empty());
        if judgement.verdict == Verdict::Infringing {
            prop_assert!(judgement.reasons.iter().filter(|r| r.against_site).count() >= 2);
        }
    }

    #[test]
    fn equal_parts_give_equal_identifiers_and_no_two_lists_run_together(a in "\\PC{0,8}", b in "\\PC{1,8}") {
        prop_assert_eq!(WorkId::derive(&[&a, &b]), WorkId::derive(&[&a, &b]));
        prop_assert_ne!(WorkId::derive(&[&a, &b]), WorkId::derive(&[&format!("{a}{b}")]));
    }

    #[test]
    fn no_walk_through_a_life_leaves_the_drawing(steps in prop::collection::vec(0usize..8, 0..12)) {
        let mut state = FindingState::Judged;
        for step in steps {
            let next = FindingState::ALL[step];
            if state.may_become(next) {
                state = next;
            }
            prop_assert!(state != FindingState::Ordered || !state.sanctionable());
        }
        prop_assert!(!FindingState::Removed.may_become(FindingState::Judged));
    }
}

#[test]
fn every_total_follows_from_the_records_behind_it() {
    let finding = Finding {
        id: Finding::id_of(&site().id, "http://film.test/f.mp4", &work().id),
        visit: VisitId::derive(&["v"]),
        site: site().id,
        area: Area::Film,
        sighting: sighting("").id,
        page: sighting("").page,
        page_url: "http://film.test/p".into(),
        url: "http://film.test/f.mp4".into(),
        work: work().id,
        title: "战狼2".into(),
        medium: Medium::Video,
        score: 0.99,
        candidates: vec![candidate(0.99, 30.0)],
        verdict: Verdict::Infringing,
        reasons: vec![],
        state: FindingState::Overdue,
        found_at: now(),
        changed_at: now(),
        exhibit: None,
        notice: None,
        moved_from: None,
    };
    let twice = Finding {
        state: FindingState::Removed,
        url: "b".into(),
        id: FindingId::derive(&["b"]),
        ..finding.clone()
    };
    let books = Books {
        works: vec![work()],
        sites: vec![site()],
        findings: vec![finding, twice],
        ..Books::default()
    };
    let figures = tally(&books);
    for figure in figures.iter().filter(|f| f.unit != "hours") {
        assert_eq!(figure.value, figure.ids.len() as f64, "{}", figure.figure);
    }
    let total = |name: &str| {
        figures
            .iter()
            .find(|f| f.by.is_none() && f.figure == name)
            .unwrap()
            .value
    };
    assert_eq!(total("links_found"), 2.0);
    assert_eq!(
        total("sites_infringing"),
        1.0,
        "two links on one site are one site"
    );
    assert_eq!(total("links_marked_for_sanction"), 1.0);
    let by_area: f64 = figures
        .iter()
        .filter(|f| f.figure == "links_found" && f.by.as_ref().is_some_and(|s| s.dimension == "area"))
        .map(|f| f.value)
        .sum();
    assert_eq!(by_area, total("links_found"), "each link stands in one area");
}
