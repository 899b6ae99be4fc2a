//! A film is recognised by its key frames, and by a closer look at the places where these leave doubt.

use crate::{lines, run, said, text};
use std::path::Path;
use std::process::Command;

/// A zoom into a place of the Mandelbrot set, one for each number.
fn zoom(place: usize) -> String {
    let (x, y) = [
        (-0.7437, -0.1318),
        (-0.1011, 0.9563),
        (0.3602, -0.6413),
        (-1.2501, 0.0201),
    ][place];
    format!("mandelbrot=size=320x240:rate=12:start_x={x}:start_y={y}:end_scale=0.00001:end_pts=700")
}

/// Encodes pieces of zooms, from and until so many seconds, one after another, with a key frame every ten seconds.
fn encode(out: &Path, pieces: &[(usize, u32, u32)], filter: &str) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-loglevel", "error"]);
    let mut graph = String::new();
    for (number, (place, from, until)) in pieces.iter().enumerate() {
        ffmpeg.args(["-f", "lavfi", "-t", &until.to_string(), "-i", &zoom(*place)]);
        graph += &format!("[{number}]trim=start={from},setpts=PTS-STARTPTS[{number}t];");
    }
    (0..pieces.len()).for_each(|number| graph += &format!("[{number}t]"));
    graph += &format!("concat=n={},{filter}", pieces.len());
    ffmpeg.args([
        "-filter_complex",
        &graph,
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "libx264",
    ]);
    let made = ffmpeg
        .args(["-preset", "ultrafast", "-g", "120"])
        .arg(out)
        .status();
    assert!(made.expect("ffmpeg is installed").success());
}

#[test]
fn a_sweep_finds_a_copy_and_a_short_clip_in_another_film() {
    let room = tempfile::tempdir().expect("a folder");
    let [work, copy, clip, other] =
        ["work", "copy", "clip", "other"].map(|name| room.path().join(name).with_extension("mp4"));
    encode(&work, &[(0, 0, 50)], "null");
    encode(&copy, &[(0, 0, 50)], "hflip,eq=gamma=1.3,scale=240:-2");
    encode(
        &clip,
        &[(1, 0, 22), (0, 20, 34), (2, 0, 22)],
        "crop=in_w*0.85:in_h*0.85",
    );
    encode(&other, &[(3, 0, 50)], "null");
    let data = room.path().join("data");
    let done = |arguments: &[&str]| {
        let output = run(&data, arguments);
        assert!(output.status.success(), "{}", said(&output));
        lines(&output)
    };
    done(&["init"]);
    done(&[
        "work",
        "add",
        text(&work),
        "--title",
        "work",
        "--kind",
        "film",
        "--holder",
        "a studio",
    ]);
    let swept = |film: &Path| done(&["match", "--sweep", text(film)]);
    let found = swept(&copy);
    assert_eq!(
        (found.len(), &found[0]["title"]),
        (1, &"work".into()),
        "{found:?}"
    );
    let found = swept(&clip);
    assert_eq!(
        (found.len(), &found[0]["title"]),
        (1, &"work".into()),
        "{found:?}"
    );
    let at = |key: &str| found[0][key].as_f64().expect("a number");
    assert!(
        (at("query_start") - at("ref_start") - 2.0).abs() < 1.0,
        "{found:?}"
    );
    assert!(at("query_start") > 18.0 && at("query_end") < 40.0, "{found:?}");
    assert!(swept(&other).is_empty());
}
