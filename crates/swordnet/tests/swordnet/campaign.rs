//! A whole campaign against the ground truth, and the same campaign killed at random moments.

use crate::{said, swordnet};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// How often the campaign is killed.
const KILLS: usize = 12;

fn demo(out: &Path) -> std::process::Command {
    let mut command = swordnet();
    command.args(["demo", "--json", "--out"]).arg(out);
    command
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file is there")).expect("it is JSON")
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// What the briefing counts: each figure with every identifier behind it.
fn figures(out: &Path) -> BTreeMap<String, Value> {
    let briefing = read(&out.join("briefing.json"));
    let figures = briefing["figures"].as_array().expect("a list of figures");
    let named = |f: &Value| (format!("{} by {}", f["figure"], f["by"]), f.clone());
    figures.iter().map(named).collect()
}

/// Fails with the first figure that differs.
fn assert_same_figures(killed: &Path, quiet: &Path) {
    let (killed, quiet) = (figures(killed), figures(quiet));
    assert!(killed.keys().eq(quiet.keys()), "the same figures");
    for (name, figure) in &quiet {
        assert_eq!(
            &killed[name], figure,
            "a killed campaign ends with the same {name}"
        );
    }
}

#[test]
fn a_campaign_finds_what_is_there_and_survives_being_killed() {
    let room = tempfile::tempdir().expect("a folder");
    let quiet = room.path().join("undisturbed");
    let output = demo(&quiet).output().expect("the program runs");
    assert!(output.status.success(), "{}", said(&output));
    let closing: Value = serde_json::from_slice(&output.stdout).expect("one closing object");
    assert_eq!(closing["precision"], 1.0, "{:#}", closing["wrong"]);
    assert!(
        closing["recall"].as_f64().expect("a share") >= 0.95,
        "{:#}",
        closing["missed"]
    );
    assert_eq!(closing["verdicts_right"], 1.0, "{:#}", closing["wrong"]);
    assert!(closing["sites"].as_u64().expect("a number") >= 40);
    verify_evidence(&quiet);

    let killed = room.path().join("killed");
    copy_folder(&quiet.join("ground-1"), &killed.join("ground-1"));
    // The moments of death follow from a fixed seed; where in the work they fall is up to the machine.
    let mut state = 20_170_725u64;
    let mut kills = 0;
    for _ in 0..KILLS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let patience = Duration::from_millis(300 + (state >> 33) % 5_000);
        let mut child = demo(&killed)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        std::thread::sleep(patience);
        if child.try_wait().expect("a state").is_some() {
            break;
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("it is dead");
        kills += 1;
    }
    assert!(
        kills >= 3,
        "the campaign was over before it was killed three times"
    );
    let output = demo(&killed).output().expect("the program runs");
    assert!(output.status.success(), "{}", said(&output));
    assert_same_figures(&killed, &quiet);
    verify_evidence(&killed);
}

/// Exhibits of the campaign check, exported to a file, with nothing but the file and a trust list; what happened to each stands in
/// its log once.
fn verify_evidence(out: &Path) {
    let data = out.join("data");
    let exhibits = crate::lines(&crate::run(&data, &["evidence", "list"]));
    assert!(exhibits.len() > 20, "{} exhibits", exhibits.len());
    let trust = out.join("trust.pem");
    for exhibit in exhibits.iter().step_by(7) {
        let id = exhibit["id"].as_str().expect("an identifier");
        let file = out.join("exhibit.wacz");
        let exported = crate::run(&data, &["evidence", "export", id, "--out", crate::text(&file)]);
        assert!(exported.status.success(), "{}", said(&exported));
        let checked = crate::run(
            out,
            &[
                "evidence",
                "verify",
                crate::text(&file),
                "--trust",
                crate::text(&trust),
            ],
        );
        let report = &crate::lines(&checked)[0];
        assert_eq!(report["problems"], serde_json::json!([]), "{id}");
        let count = |kind: &str| {
            let events = report["events"].as_array().expect("events");
            events.iter().filter(|event| event["kind"] == kind).count()
        };
        let counted = ["order", "time-stamp", "export"].map(count);
        assert_eq!(counted, [1, 1, 1], "{id}");
        assert!(count("delivery") <= 1, "{id}: a delivery is doubled");
        let checks = report["events"]
            .as_array()
            .expect("events")
            .iter()
            .filter(|event| event["kind"] == "re-check");
        let mut moments: Vec<&str> = checks
            .map(|event| event["at"].as_str().expect("a moment"))
            .collect();
        let all = moments.len();
        moments.dedup();
        assert_eq!(all, moments.len(), "{id}: a re-check is doubled");
    }
}
