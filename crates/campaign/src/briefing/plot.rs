//! Small plots as SVG, drawn without a script.

use std::fmt::Write;
use swordnet_core::Series;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 110.0;
/// Room for the labels below and to the left.
const LEFT: f64 = 34.0;
const BOTTOM: f64 = 18.0;

/// A figure over time as a stepped area: days to the right, the count upwards.
pub(super) fn svg(series: &Series, title: &str) -> String {
    let top = series.points.iter().map(|p| p.1).fold(1.0, f64::max);
    let last = series.points.len().saturating_sub(1).max(1) as f64;
    let x = |i: usize| LEFT + (WIDTH - LEFT - 8.0) * i as f64 / last;
    let y = |v: f64| 8.0 + (HEIGHT - BOTTOM - 8.0) * (1.0 - v / top);
    let mut line = String::new();
    for (i, (_, value)) in series.points.iter().enumerate() {
        let command = if i == 0 { 'M' } else { 'L' };
        let _ = write!(line, "{command}{:.1} {:.1}", x(i), y(*value));
    }
    let area = format!(
        "{line}L{:.1} {:.1}L{:.1} {:.1}Z",
        x(series.points.len().saturating_sub(1)),
        y(0.0),
        x(0),
        y(0.0)
    );
    let days = |i: usize| {
        series
            .points
            .get(i)
            .map(|p| p.0.strftime("%m-%d").to_string())
            .unwrap_or_default()
    };
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\
         <path class=\"area\" d=\"{area}\"/><path class=\"line\" d=\"{line}\"/>\
         <line class=\"axis\" x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{1}\" y2=\"{0:.1}\"/>\
         <text x=\"{2}\" y=\"14\" text-anchor=\"end\">{top}</text><text x=\"{2}\" y=\"{0:.1}\" text-anchor=\"end\">0</text>\
         <text x=\"{LEFT}\" y=\"{3}\">{4}</text><text x=\"{1}\" y=\"{3}\" text-anchor=\"end\">{5}</text></svg>",
        y(0.0),
        WIDTH - 8.0,
        LEFT - 5.0,
        HEIGHT - 4.0,
        days(0),
        days(series.points.len().saturating_sub(1)),
    )
}
