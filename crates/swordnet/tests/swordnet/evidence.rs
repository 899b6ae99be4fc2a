//! The life of an exhibit: sealed, stamped at once or later, ordered, checked again, read and handed out, and what its package
//! and its log say of all that.

use crate::site::{ARTICLE, Site};
use crate::{lines, run, said, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use swordnet_provingground::Authority;

/// An office with one work and a site that copies it.
struct Case {
    room: tempfile::TempDir,
    authority: Authority,
    address: String,
    _site: Site,
}

impl Case {
    fn new() -> Self {
        let room = tempfile::tempdir().expect("a folder");
        let authority = Authority::open(&room.path().join("authority"))
            .expect("an authority")
            .expect("these tests need the program openssl");
        let site = Site::default();
        site.put("/", "<p><a href='/1.html'>山城的早晨</a></p>");
        site.put(
            "/1.html",
            &format!(
                "<article><h1>山城的早晨</h1><p>作者：王小明</p><p>{ARTICLE}</p></article><p>上传者：王小明</p>"
            ),
        );
        let address = site.serve();
        let case = Self {
            room,
            authority,
            address,
            _site: site,
        };
        let article = case.room.path().join("a.txt");
        std::fs::write(&article, ARTICLE).expect("a file is written");
        case.done(&["init"]);
        case.done(&["work", "add", text(&article), "--title", "山城"]);
        case
    }

    fn data(&self) -> PathBuf {
        self.room.path().join("data")
    }

    fn done(&self, arguments: &[&str]) -> Vec<Value> {
        let output = run(&self.data(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        lines(&output)
    }

    /// A command that fetches, with an authority that answers where it is `up`.
    fn online(&self, arguments: &[&str], up: bool) -> Vec<Value> {
        let (host, port, addr) = self.authority.pin();
        let addr = if up {
            addr.to_string()
        } else {
            "127.0.0.1:1".into()
        };
        let pin = format!("{host}:{port}:{addr}");
        let url = self.authority.url();
        let network = ["--allow-net", "127.0.0.0/8", "--delay", "0", "--resolve", &pin];
        let people = ["--tsa", &url, "--operator", "李雷", "--witness", "韩梅梅"];
        self.done(&[arguments, &network[..], &people[..]].concat())
    }

    fn exhibit(&self) -> String {
        self.done(&["evidence", "list"])[0]["id"]
            .as_str()
            .expect("an identifier")
            .to_owned()
    }

    /// What the program says of a package, with the office and the authority trusted.
    fn check(&self, package: &Path) -> Value {
        let list = self.room.path().join("trust.pem");
        let read = |path: PathBuf| std::fs::read_to_string(path).expect("a file");
        let trusted = read(self.data().join("signing.pub")) + &read(self.authority.root());
        std::fs::write(&list, trusted).expect("a file is written");
        let output = run(
            self.room.path(),
            &["evidence", "verify", text(package), "--trust", text(&list)],
        );
        let report = lines(&output).remove(0);
        let code = if report["valid"] == true { 0 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        report
    }

    fn export(&self, name: &str, more: &[&str]) -> PathBuf {
        let out = self.room.path().join(name);
        let id = self.exhibit();
        let command = ["evidence", "export", &id, "--out", text(&out)];
        let exported = self.done(&[&command[..], more].concat());
        let bytes = std::fs::read(&out).expect("the package");
        assert_eq!(
            exported[0]["sha256"],
            swordnet_core::Sha256Hex::of(&bytes).as_str()
        );
        out
    }

    fn log(&self) -> Vec<String> {
        let printed = self.done(&["evidence", "log", &self.exhibit()]);
        printed
            .iter()
            .map(|entry| entry["what"].as_str().expect("a word").to_owned())
            .collect()
    }

    /// A file of the package as it is kept.
    fn file(&self, path: &str) -> Value {
        let output = run(
            &self.data(),
            &["evidence", "read", &self.exhibit(), path, "--purpose", "test"],
        );
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{path}: {e}: {}", said(&output)))
    }
}

fn words(values: &Value) -> Vec<&str> {
    values
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn an_exhibit_tells_its_whole_life() {
    let case = Case::new();
    case.online(&["patrol", &case.address, "--area", "news"], true);
    assert_eq!(case.log(), ["order", "time-stamp"]);
    let outcomes = case.online(&["verify"], true);
    let notice = outcomes[0]["notice"].as_str().expect("a notice");
    case.done(&[
        "evidence",
        "delivered",
        notice,
        "--to",
        "江湖小报",
        "--by",
        "letter",
        "--at",
        "2030-01-01T00:00:00Z",
    ]);
    case.done(&[
        "evidence",
        "delivered",
        notice,
        "--to",
        "江湖小报",
        "--by",
        "letter",
        "--at",
        "2030-01-01T00:00:00Z",
    ]);
    assert_eq!(
        case.log(),
        ["order", "time-stamp", "re-check", "delivery"],
        "said twice, noted once"
    );

    let matched = case.file("report/match.json");
    assert_eq!(matched["fingerprints"][0]["medium"], "text");
    assert!(matched["fingerprints"][0]["version"].is_u64());
    let environment = case.file("report/environment.json");
    let build = environment["software"]["sha256_of_the_program"]
        .as_str()
        .expect("a digest");
    let program = std::fs::read(env!("CARGO_BIN_EXE_swordnet")).expect("the program");
    assert_eq!(build, swordnet_core::Sha256Hex::of(&program).as_str());
    let checks = environment["checked_before"].as_array().expect("checks");
    let check = |what: &str| &checks.iter().find(|c| c["check"] == what).expect("a check")["passed"];
    assert_eq!(check("the hosts file does not name the site"), true);
    assert_eq!(check("no closed network was opened"), false);
    let people = case.file("private/environment.json");
    assert_eq!(
        (&people["operator"], &people["witnesses"][0]),
        (&"李雷".into(), &"韩梅梅".into())
    );
    let repeat = case.file("report/repeat.json")["check_the_site"]
        .as_str()
        .expect("a command")
        .to_owned();
    assert!(
        repeat.starts_with("swordnet patrol 'http://127.0.0.1:") && repeat.contains("--area news"),
        "{repeat}"
    );

    let whole = case.export("whole.wacz", &["--to", "a court", "--purpose", "case 7"]);
    let report = case.check(&whole);
    assert_eq!(report["problems"], serde_json::json!([]), "{report:#}");
    let kinds: Vec<&Value> = report["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|e| &e["kind"])
        .collect();
    assert_eq!(kinds[..4], ["order", "time-stamp", "re-check", "delivery"]);
    assert_eq!(kinds[4..], ["reading", "reading", "reading", "reading", "export"]);
    assert_eq!(report["time_stamps"][0]["trusted"], true);

    let public = case.export("public.wacz", &["--public"]);
    let report = case.check(&public);
    assert_eq!(report["problems"], serde_json::json!([]), "{report:#}");
    let left_out: Vec<&str> = report["withheld"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|f| f["path"].as_str())
        .collect();
    assert!(left_out.contains(&"archive/data.warc.gz") && left_out.contains(&"private/offer.json"));
    let bytes = std::fs::read(&public).expect("the package");
    for name in ["王小明", "韩梅梅"] {
        assert!(
            !bytes.windows(name.len()).any(|w| w == name.as_bytes()),
            "{name} is in the public version"
        );
    }
    assert!(
        case.check(&case.export("again.wacz", &[]))["valid"] == true,
        "a whole one after a public one"
    );
}

#[test]
fn a_time_stamp_that_was_not_to_be_had_is_missed_and_obtained_later() {
    let case = Case::new();
    case.online(&["patrol", &case.address, "--area", "news"], false);
    assert_eq!(case.log(), ["order", "time-stamp-missing"]);
    let report = case.check(&case.export("early.wacz", &[]));
    assert!(words(&report["problems"])[0].contains("is missing"), "{report:#}");
    let obtained = case.online(&["evidence", "timestamp"], true);
    assert!(
        obtained[0]["at"].is_string() && obtained[0]["gap"].as_i64().expect("seconds") >= 0,
        "{obtained:?}"
    );
    assert!(
        case.online(&["evidence", "timestamp"], true).is_empty(),
        "there is nothing left to obtain"
    );
    case.online(&["evidence", "timestamp", "--again"], true);
    let report = case.check(&case.export("late.wacz", &[]));
    assert_eq!(report["problems"], serde_json::json!([]), "{report:#}");
    let covers: Vec<&Value> = report["time_stamps"]
        .as_array()
        .expect("stamps")
        .iter()
        .map(|s| &s["covers"])
        .collect();
    assert_eq!(covers, [0, 4], "the seal, and later all that happened");
}
