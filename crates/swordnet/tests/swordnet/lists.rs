//! Licences, white lists and pre-warning lists as offices hand them in: tables, with bad rows among the good ones.

use crate::{lines, run, said, text};
use serde_json::Value;
use std::path::Path;

const WORK: &str = "山城的早晨从一碗面开始。老人把面下进锅里，孩子背着书包跑过石阶，江上的雾还没有散，卖报的人已经走远了。后来桥修好了，渡口的人就少了。";

/// A data folder with one work, 山城.
fn office(room: &Path) -> std::path::PathBuf {
    let data = room.join("data");
    let article = room.join("a.txt");
    std::fs::write(&article, WORK).expect("a file is written");
    assert!(run(&data, &["init"]).status.success());
    let added = run(
        &data,
        &[
            "work",
            "add",
            text(&article),
            "--title",
            "山城",
            "--holder",
            "山城日报",
        ],
    );
    assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    data
}

/// Imports a table of which lines are bad: the exit code says so, each is named, and the good ones are given back.
fn imported(data: &Path, command: &[&str], name: &str, table: &str, bad: &[&str]) -> Vec<Value> {
    let file = data.join(name);
    std::fs::write(&file, table).expect("a file is written");
    let output = run(data, &[command, &[text(&file)]].concat());
    assert_eq!(
        output.status.code(),
        Some(if bad.is_empty() { 0 } else { 3 }),
        "{}",
        said(&output)
    );
    for named in bad {
        assert!(
            said(&output).contains(named),
            "{named} is not named in: {}",
            said(&output)
        );
    }
    lines(&output)
}

#[test]
fn licences_come_by_table_and_a_bad_row_leaves_the_good_ones() {
    let room = tempfile::tempdir().expect("a folder");
    let data = office(room.path());
    let table = "title,grantor,grantee,rights,territory,from,to,exclusive,sublicence,document\n\
        山城,山城日报,江报,information_network|reproduction,CN|HK,2017-01-01,2018-12-31,true,no,合同 12\n\
        ,山城日报,全网,information_network,*,2017-01-01,,,,\n\
        无此作品,山城日报,江报,information_network,CN,2017-01-01,,,,\n\
        山城,山城日报,江报,teleportation,CN,2017-01-01,,,,\n\
        山城,山城日报,江报,information_network,CN,2017-02-30,,,,\n";
    let bad = [
        "licences.csv line 4",
        "licences.csv line 5",
        "licences.csv line 6",
    ];
    let licences = imported(&data, &["licence", "import"], "licences.csv", table, &bad);
    assert_eq!(licences.len(), 2);
    assert_eq!(
        licences[0]["rights"],
        serde_json::json!(["information_network", "reproduction"])
    );
    assert_eq!(licences[0]["territory"], serde_json::json!(["CN", "HK"]));
    assert_eq!(licences[0]["exclusive"], true);
    assert!(
        licences[1]["work"].is_null(),
        "no title is every work of the grantor"
    );
    let again = imported(&data, &["licence", "import"], "licences.csv", table, &bad);
    assert_eq!(again, licences);
    assert_eq!(
        lines(&run(&data, &["licence", "list"])).len(),
        2,
        "the same table twice enters nothing twice"
    );
}

#[test]
fn white_lists_come_by_table() {
    let room = tempfile::tempdir().expect("a folder");
    let data = office(room.path());
    let rows = concat!(
        r#"{"source":"山城日报","credits":"山城日报|山城网","reprinters":"","credit_required":"yes","from":"2017-01-01"}"#,
        "\n",
        r#"{"source":"","credits":"","reprinters":"","credit_required":"yes","from":"2017-01-01"}"#,
        "\n"
    );
    let entries = imported(
        &data,
        &["list", "white"],
        "white.jsonl",
        rows,
        &["white.jsonl line 2"],
    );
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["credits"], serde_json::json!(["山城日报", "山城网"]));
    assert_eq!(entries[0]["credit_required"], true);
}

#[test]
fn warning_lists_come_as_toml_with_dates_written_either_way() {
    let room = tempfile::tempdir().expect("a folder");
    let data = office(room.path());
    let list = |published: &str, template: &str, work: &str| {
        format!(
            "title = \"第一批\"\nissuer = \"版权局\"\npublished = {published}\nduty_template = \"{template}\"\n\
             [[entry]]\ntitle = \"山城\"\nfrom = 2017-07-01\nto = \"2017-09-30\"\nauthorised = [\"江报\"]\n\
             [[entry]]\ntitle = \"{work}\"\nfrom = 2017-07-01\n"
        )
    };
    let good = list("2017-06-30", "A", "没有登记的作品");
    let entered = imported(
        &data,
        &["list", "warning"],
        "list.toml",
        &good,
        &["没有登记的作品"],
    );
    assert_eq!(entered[0]["published"], "2017-06-30");
    assert_eq!(
        entered[0]["entries"].as_array().expect("entries").len(),
        1,
        "the registered work is entered"
    );
    assert_eq!(entered[0]["entries"][0]["from"], "2017-07-01");
    assert_eq!(entered[0]["entries"][0]["to"], "2017-09-30");
    for (named, wrong) in [
        ("2017-13-01", list("\"2017-13-01\"", "A", "山城")),
        ("no date", list("7", "A", "山城")),
        ("'Z'", list("2017-06-30", "Z", "山城")),
        ("list.toml", "title = ".to_owned()),
    ] {
        let refused = imported(&data, &["list", "warning"], "list.toml", &wrong, &[named]);
        assert!(refused.is_empty(), "{refused:?}");
    }
}
