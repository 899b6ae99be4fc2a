//! A writing process is killed at random moments; what it committed is there, whole.

use crate::material::{Place, Test, outcome, run};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use swordnet_core::{Outcome, OutcomeKind};
use swordnet_store::Query;

pub const SUITE: &[Test] = &[(
    "killed_writers_leave_nothing_torn",
    killed_writers_leave_nothing_torn,
)];

const MARK: &str = "--write-until-killed";
/// Records of one commit; all carry the commit's number.
const GROUP: u32 = 40;

/// The URL, when this process was started as the writer.
pub fn asked_to_write() -> Option<String> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == MARK).then(|| arguments.next()).flatten()
}

/// Rewrites the same group again and again, each time with the next number, and says each number once it is committed.
pub fn write_until_killed(url: &str) -> ! {
    use std::io::Write;
    run(async {
        let store = swordnet_store::records::open(url).await.expect("records");
        let first: Option<Outcome> = store.get("outcome-00000000").await.expect("the last number");
        let mut number = first.map_or(0, |o| o.detail.parse().expect("a number"));
        let mut out = std::io::stdout();
        loop {
            number += 1;
            let text = format!("{number}");
            let group = (0..GROUP)
                .map(|n| outcome(n, 0, OutcomeKind::Gone, 0, &text).into())
                .collect();
            store.commit(group, Vec::new()).await.expect("a commit");
            writeln!(out, "{number}")
                .and_then(|()| out.flush())
                .expect("somebody who listens");
        }
    })
}

fn killed_writers_leave_nothing_torn(place: &Place) {
    let program = std::env::current_exe().expect("this program");
    let mut random = 12345_u64;
    let mut last = 0;
    for _ in 0..15 {
        let mut child = Command::new(&program)
            .args([MARK, &place.url])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the writer starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its words")).lines();
        // Begun to write; then killed at a random moment of the next few commits.
        let begun: u32 = lines
            .next()
            .expect("a number")
            .expect("a number")
            .parse()
            .expect("a number");
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros(random >> 48));
        child.kill().expect("killed");
        child.wait().expect("ended");
        let said = lines
            .map_while(Result::ok)
            .filter_map(|line| line.parse().ok())
            .last()
            .unwrap_or(begun);
        let found = run(async {
            let store = place.records().await;
            store.all::<Outcome>(&Query::default()).await.expect("the group")
        });
        assert_eq!(found.len(), GROUP as usize);
        let now: u32 = found[0].detail.parse().expect("a number");
        assert!(found.iter().all(|o| o.detail == found[0].detail), "a torn commit");
        assert!(
            begun > last && now >= said,
            "what was said to be committed is there: {now} of {said}"
        );
        last = now;
    }
}
