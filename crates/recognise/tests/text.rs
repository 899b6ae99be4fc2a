//! Text through the traits, as a caller meets it: own samples, copies of them, strangers, damage.

use bytes::Bytes;
use std::cell::Cell;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};
use swordnet_recognise::media::text::Text;
use swordnet_recognise::{Error, Fingerprint, Match, MediumKind, Purpose, Segment, Signal, room};

/// A newspaper article, written for this test.
const HARBOUR: &str = "The harbour at Castlemoor had not seen a sailing barge for forty years when the first of \
    them came back through the mist one morning in October. Fishermen who had been mending nets on the quay put down their \
    needles and stood in a row to watch. Nobody cheered. The barge, rust red and heavy with gravel, \
    slid past the lighthouse so slowly that children ran ahead of it along the wall. Her skipper, a retired \
    teacher of chemistry called Ada Prewitt, had bought the hull from a scrap dealer for the price of a used bicycle \
    and spent eleven winters putting her right. She says that the town laughed at first and then began to bring \
    timber, rope, and soup. The council now hopes that carrying gravel by sail will keep two hundred lorries a month off \
    the coast road. Engineers at the quarry are less sure, because the tide leaves them only three hours to unload.";

const RIVER: &str = "清晨五点，青石镇的渡口还罩着一层薄雾，摆渡人老周已经把缆绳解开。四十年来他每天往返三十多趟，\
    送学生过河上课，送菜农到对岸赶集。去年冬天上游修了大桥，坐船的人一下子少了，镇里的人都以为渡口要关。没想到今年春天，\
    一群骑自行车旅行的年轻人在网上写了一篇游记，说这里的日出比画还好看，于是周末的渡船又坐满了。老周说，\
    船还是那条船，河还是那条河，只是从前大家急着过去，现在大家舍不得靠岸。县里打算把码头的旧仓库改成一间小小的书店，\
    让等船的人有个歇脚的地方，也让孩子们放学后有书可读。";

const STRANGER_EN: &str = "Growing tomatoes on a balcony asks for little more than a deep pot, a sunny wall and patience. Choose a \
    bushy variety, water it in the evening and never let the soil dry out completely. When the first flowers open, shake the \
    stem gently so that the pollen falls. Feed every second week, pinch out the side shoots, and pick the fruit as soon as \
    it turns, for the plant will then set more. Old newspapers laid around the stem keep the weeds down.";

const STRANGER_ZH: &str = "做一碗好吃的葱油面并不难。先把小葱洗净晾干，切成长段，冷锅下油，用小火慢慢熬到葱段焦黄，油里全是香味，\
    再加入酱油和一点白糖，煮到微微冒泡就关火。面条要选细一些的，煮到还有一点硬芯时捞起，趁热拌上葱油，撒一把炸脆的葱段。\
    喜欢吃辣的可以再放半勺辣椒油，配一碗紫菜汤就是一顿午饭。";

fn print(text: &str) -> Result<Fingerprint, Error> {
    let mut extractor = Text.extractor(Purpose::Query);
    extractor.push(Signal::Text(text))?;
    extractor.finish()
}

fn id(name: &str) -> ReferenceId {
    ReferenceId::from_text(name)
}

fn build(works: &[(&str, &str)]) -> Vec<u8> {
    let prints: Vec<_> = works
        .iter()
        .map(|(name, text)| (id(name), print(text).unwrap()))
        .collect();
    Text.build(
        &prints
            .iter()
            .map(|(id, print)| (id.clone(), print))
            .collect::<Vec<_>>(),
    )
    .unwrap()
}

fn library() -> Box<dyn Segment> {
    let strangers = [
        ("tomatoes", STRANGER_EN),
        ("noodles", STRANGER_ZH),
        ("harbour", HARBOUR),
        ("river", RIVER),
    ];
    Text.open(Bytes::from(build(&strangers))).unwrap()
}

/// The matches that count.
fn found(segment: &dyn Segment, text: &str) -> Vec<Match> {
    let mut matches = segment.search(&print(text).unwrap(), &HashSet::new()).unwrap();
    matches.retain(|found| found.score >= Text.threshold());
    matches
}

/// Exactly one passage, of `work`.
fn one(segment: &dyn Segment, text: &str, work: &str) -> Match {
    let matches = found(segment, text);
    assert_eq!(matches.len(), 1, "{matches:?}");
    assert_eq!(matches[0].reference.as_str(), work);
    matches[0].clone()
}

fn slice(text: &str, start: f64, end: f64) -> String {
    text.chars()
        .skip(start as usize)
        .take((end - start) as usize)
        .collect()
}

fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['.', '。']).collect()
}

#[test]
fn a_text_matches_itself_from_end_to_end() {
    for (work, text) in [("harbour", HARBOUR), ("river", RIVER)] {
        let found = one(&*library(), text, work);
        assert!(found.score > 0.95, "{}", found.score);
        let length = text.chars().count() as f64;
        for span in [found.query, found.in_reference] {
            assert!(
                span.start == 0.0 && span.end >= length - 2.0 && span.end <= length,
                "{span:?} of {length}"
            );
        }
        assert!(found.transform.folded.is_empty());
    }
}

#[test]
fn an_excerpt_inside_another_article_is_found_where_it_is() {
    for (work, text, host, from, to) in [
        ("harbour", HARBOUR, STRANGER_EN, 200, 420),
        ("river", RIVER, STRANGER_ZH, 60, 170),
    ] {
        let excerpt = slice(text, f64::from(from), f64::from(to));
        let host = host.replace("week", "month").replace('面', "饭");
        let middle = host.chars().count() / 2;
        let query = slice(&host, 0.0, middle as f64) + &excerpt + &slice(&host, middle as f64, 1e6);
        let found: Vec<Match> = found(&*library(), &query)
            .into_iter()
            .filter(|found| found.reference.as_str() == work)
            .collect();
        assert_eq!(found.len(), 1);
        assert!((found[0].query.start - middle as f64).abs() <= 3.0, "{found:?}");
        assert!(
            (found[0].in_reference.start - f64::from(from)).abs() <= 3.0,
            "{found:?}"
        );
        assert!(
            (found[0].in_reference.end - f64::from(to)).abs() <= 3.0,
            "{found:?}"
        );
    }
}

#[test]
fn what_was_folded_is_undone_and_told() {
    let traditional: String = RIVER
        .chars()
        .map(|c| {
            TRADITIONAL
                .chars()
                .position(|s| s == c)
                .map_or(c, |at| TRADITIONAL.chars().nth(at + 1).unwrap())
        })
        .collect();
    let wide: String = HARBOUR
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() {
                char::from_u32(c as u32 + 0xfee0).unwrap()
            } else {
                c
            }
        })
        .collect();
    let alike = HARBOUR
        .replace('a', "а")
        .replace('e', "е")
        .replace('o', "ο")
        .replace('c', "ᴄ");
    let invisible: String = HARBOUR
        .chars()
        .flat_map(|c| [c, if c == 'e' { '\u{200b}' } else { ' ' }])
        .collect();
    for (text, work, told) in [
        (&traditional, "river", "script"),
        (&wide, "harbour", "width"),
        (&alike, "harbour", "look-alikes"),
        (&invisible, "harbour", "zero-width"),
    ] {
        let found = one(&*library(), text, work);
        assert!(found.score > 0.95);
        assert_eq!(found.transform.folded, [told]);
        assert!(found.query.length() > 0.97 * text.chars().count() as f64);
    }
}

/// Pairs of a simplified character and its traditional form.
const TRADITIONAL: &str = "点點镇鎮还還罩罩层層摆擺经經缆纜绳繩开開来來学學过過课課农農对對赶趕没沒坐坐说說这這画畫书書网網写寫间間让讓个個脚腳们們\
    读讀从從后後";

#[test]
fn reordered_and_edited_text_is_one_passage() {
    for (work, text) in [("harbour", HARBOUR), ("river", RIVER)] {
        let mut parts = sentences(text);
        parts.reverse();
        let found = one(&*library(), &parts.concat(), work);
        assert!(
            found.query.length() > 0.95 * text.chars().count() as f64,
            "{found:?}"
        );

        // Every tenth word, or character, is replaced.
        let edited = match work {
            "river" => text
                .chars()
                .enumerate()
                .map(|(at, c)| if at % 10 == 9 { '某' } else { c })
                .collect(),
            _ => text
                .split(' ')
                .enumerate()
                .map(|(at, word)| if at % 10 == 9 { "something" } else { word })
                .collect::<Vec<_>>()
                .join(" "),
        };
        let found = one(&*library(), &edited, work);
        assert!(found.score > 0.9, "{}", found.score);
        assert!(
            found.query.length() > 0.95 * edited.chars().count() as f64,
            "{found:?}"
        );
    }
}

#[test]
fn several_works_in_one_query_are_told_apart() {
    let query = slice(HARBOUR, 100.0, 500.0) + "\n" + &slice(RIVER, 20.0, 180.0);
    let matches = found(&*library(), &query);
    let mut works: Vec<&str> = matches.iter().map(|found| found.reference.as_str()).collect();
    works.sort_unstable();
    assert_eq!(works, ["harbour", "river"]);
}

#[test]
fn strangers_quotations_and_empty_hands_are_no_copies() {
    let library = Text
        .open(Bytes::from(build(&[("harbour", HARBOUR), ("river", RIVER)])))
        .unwrap();
    let quotation = |text: &str, from: f64| {
        format!(
            "{} {} {}",
            STRANGER_EN,
            slice(text, from, from + 39.0),
            STRANGER_ZH
        )
    };
    for text in [
        STRANGER_EN,
        STRANGER_ZH,
        "a",
        "河",
        &quotation(HARBOUR, 300.0),
        &quotation(RIVER, 100.0),
    ] {
        assert_eq!(found(&*library, text), [], "{text}");
    }
    for text in ["", " \n\t", "，。！？——……", "\u{200b}\u{feff}", "🙂🙂"] {
        assert!(matches!(print(text), Err(Error::Empty(Medium::Text))), "{text:?}");
    }
}

#[test]
fn a_segment_gives_back_the_fingerprints_that_it_was_built_from() {
    let bytes = build(&[("harbour", HARBOUR), ("river", RIVER)]);
    let segment = Text.open(Bytes::from(bytes)).unwrap();
    for (place, text) in [HARBOUR, RIVER].into_iter().enumerate() {
        assert_eq!(segment.fingerprint(place).unwrap(), print(text).unwrap());
    }
    assert!(segment.fingerprint(2).is_err());
}

#[test]
fn a_removed_reference_is_silent() {
    let removed = HashSet::from([id("harbour")]);
    assert_eq!(library().search(&print(HARBOUR).unwrap(), &removed).unwrap(), []);
}

#[test]
fn an_empty_segment_and_a_signal_of_another_kind() {
    let segment = Text.open(Bytes::from(build(&[]))).unwrap();
    assert!(segment.references().is_empty());
    assert_eq!(
        segment.search(&print(HARBOUR).unwrap(), &HashSet::new()).unwrap(),
        []
    );
    let refused = Text.extractor(Purpose::Query).push(Signal::Samples(&[0.0]));
    assert!(matches!(refused, Err(Error::WrongSignal(Medium::Text))));
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = build(&[("harbour", HARBOUR), ("river", RIVER)]);
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        assert!(
            matches!(
                Text.open(Bytes::from(changed)),
                Err(Error::Damaged { what: "segment", .. })
            ),
            "byte {at}"
        );
    }
    for end in (0..bytes.len()).step_by(101) {
        assert!(Text.open(Bytes::copy_from_slice(&bytes[..end])).is_err());
    }
    let mut query = print(HARBOUR).unwrap();
    query.bytes[60] ^= 1;
    let searched = library().search(&query, &HashSet::new());
    assert!(matches!(
        searched,
        Err(Error::Damaged {
            what: "fingerprint",
            ..
        })
    ));
}

#[test]
fn a_novel_of_five_million_characters_is_matched_against_a_chapter() {
    let mut state = 7u32;
    let mut novel = String::new();
    while novel.len() < 15_000_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        novel.push(char::from_u32(0x4e00 + (state >> 16) % 3000).unwrap());
    }
    novel.insert_str(9_000_000, RIVER);
    let found = one(&*library(), &novel, "river");
    assert_eq!(found.query.start, 3_000_000.0);

    let whole = Text.open(Bytes::from(build(&[("novel", &novel)]))).unwrap();
    let found = one(&*whole, &novel, "novel");
    assert_eq!(found.query.length(), novel.chars().count() as f64);
}

#[test]
fn texts_that_repeat_themselves_without_end_take_no_longer() {
    let period: String = HARBOUR.chars().take(300).collect();
    let repeated = period.repeat(2000);
    let library = Text
        .open(Bytes::from(build(&[("repeated", &repeated), ("once", HARBOUR)])))
        .unwrap();
    let matches = library
        .search(&print(&repeated).unwrap(), &HashSet::new())
        .unwrap();
    assert!(matches.iter().all(|found| (0.0..=1.0).contains(&found.score)));
    let few = library
        .search(&print(&period.repeat(30)).unwrap(), &HashSet::new())
        .unwrap();
    assert!(few.len() < 1000);
}

#[test]
fn a_search_says_at_how_many_places_it_is_about_to_look() {
    thread_local!(static LOOKS: Cell<usize> = const { Cell::new(0) });
    room::made_by(|looks| LOOKS.set(LOOKS.get() + looks));
    one(&*library(), RIVER, "river");
    assert!(LOOKS.get() > 100, "{}", LOOKS.get());
}
