//! Rendered pictures: places with much in them, each unlike the others, and people and things to move about in them.

use crate::canvas::{Canvas, Colour, Fill, clouds, hue, mix, noise};
use crate::dice::Dice;

/// Colours that go together.
struct Palette {
    turn: f64,
    spread: f64,
    dark: f64,
}

impl Palette {
    fn drawn(dice: &mut Dice) -> Self {
        Self {
            turn: dice.between(0.0, 1.0),
            spread: dice.between(0.1, 0.5),
            dark: dice.between(0.25, 0.5),
        }
    }

    fn colour(&self, dice: &mut Dice) -> Colour {
        let turn = self.turn + dice.between(-self.spread, self.spread);
        hue(turn, dice.between(0.05, 0.55), dice.between(self.dark, 0.85))
    }
}

/// A place, drawn from `dice`, as a raster of this size.
pub fn place(dice: &mut Dice, width: usize, height: usize) -> Canvas {
    let palette = Palette::drawn(dice);
    let mut canvas = Canvas::clear(width, height);
    sky(&mut canvas, dice, &palette);
    match dice.below(8) {
        0 => hills(&mut canvas, dice, &palette),
        1 => skyline(&mut canvas, dice, &palette),
        2 => forest(&mut canvas, dice, &palette),
        3 => hall(&mut canvas, dice, &palette),
        4 => sea(&mut canvas, dice, &palette),
        5 => market(&mut canvas, dice, &palette),
        6 => stones(&mut canvas, dice, &palette),
        _ => posters(&mut canvas, dice, &palette),
    }
    clutter(&mut canvas, dice, &palette);
    grain(&mut canvas, dice.bits());
    canvas
}

fn size(canvas: &Canvas) -> (f64, f64) {
    (canvas.width as f64, canvas.height as f64)
}

fn sky(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (top, bottom, wisp) = (palette.colour(dice), palette.colour(dice), palette.colour(dice));
    let (seed, scale, (_, h)) = (dice.bits(), dice.between(60.0, 160.0), size(canvas));
    canvas.every(|x, y| {
        let n = clouds(x / scale, y / scale * 1.7, 4, seed);
        mix(mix(top, bottom, y / h), wisp, (n - 0.4) * 2.2)
    });
    if dice.chance(0.6) {
        let (w, h) = size(canvas);
        let r = dice.between(0.04, 0.11) * w;
        let at = (dice.between(0.1, 0.9) * w, dice.between(0.1, 0.4) * h);
        canvas.ellipse(
            at,
            (r, r),
            0.0,
            Fill::Plain(mix(palette.colour(dice), [255, 250, 230], 0.7)),
        );
    }
}

fn hills(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    for layer in 0..4 {
        let (seed, base) = (dice.bits(), h * (0.35 + 0.15 * f64::from(layer)));
        let rise = h * dice.between(0.1, 0.3);
        let mut ridge: Vec<_> = (0..=80)
            .map(|i| {
                (
                    f64::from(i) / 80.0 * w,
                    base - rise * (clouds(f64::from(i) / 13.0, 0.0, 4, seed) - 0.3),
                )
            })
            .collect();
        ridge.extend([(w, h), (0.0, h)]);
        let (a, b) = (palette.colour(dice), palette.colour(dice));
        canvas.polygon(
            &ridge,
            if layer == 3 {
                Fill::drawn(dice, a, b)
            } else {
                Fill::Rough(a, 90.0, seed)
            },
        );
        for _ in 0..dice.from(2, 9) {
            let (x, y) = (dice.between(0.0, w), base + dice.between(0.0, 0.2) * h);
            tree(canvas, dice, palette, (x, y), dice_height(layer, h));
        }
    }
}

fn dice_height(layer: i32, h: f64) -> f64 {
    h * (0.05 + 0.05 * f64::from(layer))
}

fn tree(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette, foot: (f64, f64), tall: f64) {
    let bark = mix(palette.colour(dice), [40, 25, 10], 0.7);
    canvas.line(
        foot,
        (foot.0 + dice.between(-0.1, 0.1) * tall, foot.1 - tall),
        tall / 9.0,
        Fill::Plain(bark),
    );
    for _ in 0..6 {
        let at = (
            foot.0 + dice.between(-0.35, 0.35) * tall,
            foot.1 - tall * dice.between(0.6, 1.2),
        );
        let leaf = mix(palette.colour(dice), [30, 110, 40], 0.5);
        let radius = tall * dice.between(0.12, 0.3);
        canvas.ellipse(
            at,
            (radius, radius * 0.8),
            0.0,
            Fill::Rough(leaf, 120.0, dice.bits()),
        );
    }
}

fn skyline(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    for row in 0..3 {
        let mut x = -dice.between(0.0, 40.0);
        while x < w {
            let wide = dice.between(0.05, 0.14) * w;
            let top = h * dice.between(0.15, 0.6) + h * 0.12 * f64::from(row);
            let (wall, other) = (palette.colour(dice), palette.colour(dice));
            canvas.rectangle(
                x,
                top,
                wide,
                h - top,
                Fill::drawn(dice, wall, mix(wall, other, 0.35)),
            );
            let (across, up) = (dice.between(6.0, 16.0), dice.between(8.0, 20.0));
            let lit = mix(palette.colour(dice), [255, 240, 170], 0.6);
            let mut y = top + 5.0;
            while y < h {
                let mut window = x + 4.0;
                while window + across * 0.6 < x + wide {
                    let shade = if dice.chance(0.5) { lit } else { [25, 28, 40] };
                    canvas.rectangle(window, y, across * 0.6, up * 0.55, Fill::Plain(shade));
                    window += across;
                }
                y += up;
            }
            x += wide + dice.between(0.0, 0.03) * w;
        }
    }
}

fn forest(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    let ground = palette.colour(dice);
    canvas.rectangle(0.0, h * 0.7, w, h * 0.3, Fill::Rough(ground, 130.0, dice.bits()));
    for i in 0..26 {
        let depth = f64::from(i) / 26.0;
        let foot = (dice.between(0.0, w), h * (0.65 + 0.33 * depth));
        tree(canvas, dice, palette, foot, h * (0.2 + 0.5 * depth));
    }
}

fn hall(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    let (wall, paper) = (palette.colour(dice), palette.colour(dice));
    canvas.rectangle(
        0.0,
        0.0,
        w,
        h * 0.65,
        Fill::drawn(dice, wall, mix(wall, paper, 0.3)),
    );
    let (light, dark) = (palette.colour(dice), palette.colour(dice));
    let middle = dice.between(0.3, 0.7) * w;
    for row in 0..7 {
        let (y0, y1) = (
            h * (0.65 + 0.05 * f64::from(row)),
            h * (0.70 + 0.05 * f64::from(row)),
        );
        for tile in -9..9 {
            let edge = |k: i32, y: f64| middle + f64::from(k) * w * 0.12 * (0.4 + 2.6 * (y / h - 0.6));
            let corners = [
                (edge(tile, y0), y0),
                (edge(tile + 1, y0), y0),
                (edge(tile + 1, y1), y1),
                (edge(tile, y1), y1),
            ];
            canvas.polygon(
                &corners,
                Fill::Plain(if (tile + row) % 2 == 0 { light } else { dark }),
            );
        }
    }
    for _ in 0..dice.from(3, 7) {
        let (x, y) = (dice.between(0.02, 0.85) * w, dice.between(0.05, 0.4) * h);
        let (fw, fh) = (dice.between(0.07, 0.2) * w, dice.between(0.1, 0.24) * h);
        canvas.rectangle(
            x - 4.0,
            y - 4.0,
            fw + 8.0,
            fh + 8.0,
            Fill::Plain(palette.colour(dice)),
        );
        let (a, b) = (palette.colour(dice), palette.colour(dice));
        canvas.rectangle(x, y, fw, fh, Fill::drawn(dice, a, b));
        canvas.ellipse(
            (x + fw / 2.0, y + fh / 2.0),
            (fw / 4.0, fh / 3.0),
            0.4,
            Fill::Rough(b, 150.0, dice.bits()),
        );
    }
}

fn sea(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    let (deep, foam, seed) = (palette.colour(dice), palette.colour(dice), dice.bits());
    let horizon = h * dice.between(0.35, 0.6);
    for y in horizon as i64..h as i64 {
        let near = (y as f64 - horizon) / (h - horizon) + 0.05;
        for x in 0..w as i64 {
            let n = clouds(
                x as f64 / (60.0 * near + 6.0),
                y as f64 / (14.0 * near + 2.0),
                3,
                seed,
            );
            canvas.dot(x, y, mix(deep, foam, (n - 0.35) * 3.0));
        }
    }
    for _ in 0..dice.from(2, 6) {
        let (x, y, s) = (
            dice.between(0.0, w),
            dice.between(horizon, h * 0.9),
            dice.between(0.05, 0.16) * w,
        );
        let hull = palette.colour(dice);
        canvas.polygon(
            &[
                (x, y),
                (x + s, y),
                (x + s * 0.8, y + s * 0.2),
                (x + s * 0.2, y + s * 0.2),
            ],
            Fill::Plain(hull),
        );
        let (a, b) = (palette.colour(dice), palette.colour(dice));
        canvas.polygon(
            &[(x + s * 0.5, y - s * 0.8), (x + s * 0.5, y), (x + s * 0.95, y)],
            Fill::drawn(dice, a, b),
        );
    }
}

fn market(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    for row in 0..4 {
        let y = h * (0.2 + 0.2 * f64::from(row));
        let mut x = -dice.between(0.0, 50.0);
        while x < w {
            let wide = dice.between(0.1, 0.2) * w;
            let (a, b) = (palette.colour(dice), palette.colour(dice));
            canvas.rectangle(x, y, wide * 0.95, h * 0.2, Fill::Rough(a, 60.0, dice.bits()));
            canvas.polygon(
                &[
                    (x - 4.0, y + h * 0.05),
                    (x + wide, y + h * 0.05),
                    (x + wide * 0.9, y),
                    (x + wide * 0.1, y),
                ],
                Fill::Stripes(b, mix(b, [255, 255, 255], 0.8), dice.between(8.0, 20.0), 0.0),
            );
            for _ in 0..7 {
                let at = (
                    x + dice.between(0.1, 0.85) * wide,
                    y + h * dice.between(0.1, 0.18),
                );
                let radius = dice.between(3.0, 11.0);
                canvas.ellipse(at, (radius, radius), 0.0, Fill::Plain(palette.colour(dice)));
            }
            x += wide;
        }
    }
}

fn stones(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    let mut stones: Vec<_> = (0..110)
        .map(|_| (dice.between(0.0, w), h * dice.between(0.3, 1.05)))
        .collect();
    stones.sort_by(|a, b| a.1.total_cmp(&b.1));
    for at in stones {
        let r = dice.between(0.02, 0.05) * w * (0.4 + at.1 / h);
        let grey = mix(palette.colour(dice), [128, 128, 128], 0.4);
        let corners: Vec<_> = (0..9)
            .map(|i| {
                let (s, c) = (f64::from(i) / 9.0 * std::f64::consts::TAU).sin_cos();
                let reach = r * dice.between(0.7, 1.2);
                (at.0 + c * reach, at.1 + s * reach * 0.7)
            })
            .collect();
        canvas.polygon(
            &corners,
            Fill::Rough(grey, dice.between(60.0, 160.0), dice.bits()),
        );
        canvas.line(
            corners[5],
            corners[7],
            2.0,
            Fill::Plain(mix(grey, [255, 255, 255], 0.6)),
        );
    }
}

fn posters(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    let wall = palette.colour(dice);
    canvas.rectangle(0.0, 0.0, w, h, Fill::Rough(wall, 70.0, dice.bits()));
    for _ in 0..dice.from(9, 16) {
        let (pw, ph) = (dice.between(0.12, 0.25) * w, dice.between(0.2, 0.45) * h);
        let (x, y) = (dice.between(-0.05, 0.9) * w, dice.between(-0.05, 0.75) * h);
        let (a, b) = (palette.colour(dice), palette.colour(dice));
        canvas.rectangle(x, y, pw, ph, Fill::drawn(dice, a, b));
        let ink = mix(palette.colour(dice), [10, 10, 10], 0.7);
        let signs = writing(dice, 6, 14, ink);
        canvas.lay(
            &signs,
            x + pw * 0.1,
            y + ph * 0.7,
            pw * 0.8 / signs.width as f64,
            false,
        );
    }
}

/// Small things all over, so that no part of the picture is empty.
fn clutter(canvas: &mut Canvas, dice: &mut Dice, palette: &Palette) {
    let (w, h) = size(canvas);
    for _ in 0..dice.from(14, 40) {
        let at = (dice.between(0.0, w), h * dice.between(0.3, 1.0));
        let s = dice.between(0.008, 0.035) * w;
        let (a, b) = (palette.colour(dice), palette.colour(dice));
        let fill = Fill::drawn(dice, a, b);
        match dice.below(4) {
            0 => canvas.ellipse(at, (s, s * dice.between(0.4, 1.2)), dice.between(0.0, 3.0), fill),
            1 => canvas.rectangle(at.0, at.1, s * 1.6, s, fill),
            2 => canvas.polygon(
                &[(at.0, at.1 - s), (at.0 + s, at.1 + s), (at.0 - s, at.1 + s)],
                fill,
            ),
            _ => canvas.line(
                at,
                (at.0 + s * 3.0, at.1 - s * dice.between(-3.0, 3.0)),
                s / 4.0,
                fill,
            ),
        }
    }
}

/// The roughness that every photographed surface has.
fn grain(canvas: &mut Canvas, seed: u64) {
    let width = canvas.width;
    for (i, pixel) in canvas.pixels.chunks_exact_mut(4).enumerate() {
        let n = noise((i % width) as f64 / 1.7, (i / width) as f64 / 1.7, seed) - 0.5;
        for c in &mut pixel[..3] {
            *c = (f64::from(*c) + n * 26.0).clamp(0.0, 255.0) as u8;
        }
    }
}

/// Somebody or something that moves: a figure, a vehicle, a bird or a kite.
pub fn actor(dice: &mut Dice, tall: f64) -> Canvas {
    let palette = Palette::drawn(dice);
    let mut canvas = Canvas::clear((tall * 1.3) as usize + 2, tall as usize + 2);
    let (w, h) = size(&canvas);
    let (a, b, skin) = (palette.colour(dice), palette.colour(dice), palette.colour(dice));
    match dice.below(3) {
        0 => {
            for side in [0.42, 0.58] {
                canvas.line(
                    (w * side, h * 0.6),
                    (w * side, h),
                    w * 0.09,
                    Fill::Plain(mix(b, [20, 20, 20], 0.5)),
                );
            }
            canvas.ellipse(
                (w * 0.5, h * 0.48),
                (w * 0.2, h * 0.26),
                0.0,
                Fill::drawn(dice, a, b),
            );
            canvas.line(
                (w * 0.35, h * 0.35),
                (w * 0.1, h * dice.between(0.3, 0.6)),
                w * 0.07,
                Fill::Plain(a),
            );
            canvas.line(
                (w * 0.65, h * 0.35),
                (w * 0.9, h * dice.between(0.1, 0.6)),
                w * 0.07,
                Fill::Plain(a),
            );
            canvas.ellipse((w * 0.5, h * 0.14), (w * 0.12, h * 0.13), 0.0, Fill::Plain(skin));
            canvas.rectangle(w * 0.38, 0.0, w * 0.24, h * 0.08, Fill::Plain(b));
        }
        1 => {
            canvas.rectangle(0.0, h * 0.4, w, h * 0.4, Fill::drawn(dice, a, b));
            canvas.polygon(
                &[
                    (w * 0.2, h * 0.4),
                    (w * 0.3, h * 0.1),
                    (w * 0.7, h * 0.1),
                    (w * 0.85, h * 0.4),
                ],
                Fill::Plain(skin),
            );
            for wheel in [0.22, 0.78] {
                canvas.ellipse(
                    (w * wheel, h * 0.82),
                    (w * 0.12, h * 0.16),
                    0.0,
                    Fill::Plain([20, 20, 22]),
                );
                canvas.ellipse((w * wheel, h * 0.82), (w * 0.05, h * 0.06), 0.0, Fill::Plain(b));
            }
        }
        _ => {
            canvas.polygon(
                &[(0.0, h * 0.3), (w * 0.5, h * 0.5), (w * 0.3, h * 0.8)],
                Fill::drawn(dice, a, b),
            );
            canvas.polygon(
                &[(w, h * 0.2), (w * 0.5, h * 0.5), (w * 0.7, h * 0.9)],
                Fill::drawn(dice, b, a),
            );
            canvas.ellipse(
                (w * 0.5, h * 0.55),
                (w * 0.13, h * 0.3),
                0.3,
                Fill::drawn(dice, skin, a),
            );
        }
    }
    canvas
}

/// A line of made-up signs of `side` pixels, as on posters, in subtitles and in logos: no font is needed and none differs
/// from machine to machine.
pub fn writing(dice: &mut Dice, signs: usize, side: usize, ink: Colour) -> Canvas {
    let s = side as f64;
    let mut canvas = Canvas::clear(signs * (side + side / 6), side);
    for sign in 0..signs {
        let left = (sign * (side + side / 6)) as f64;
        for _ in 0..dice.from(4, 7) {
            let (x, y) = (dice.from(0, 3) as f64 / 4.0, dice.from(0, 3) as f64 / 4.0 + 0.1);
            let (dx, dy) = *dice.pick(&[(0.6, 0.0), (0.0, 0.6), (0.4, 0.5), (-0.3, 0.5), (0.8, 0.0)]);
            let end = |v: f64| v.clamp(0.05, 0.95) * s;
            let (a, b) = ((left + end(x), end(y)), (left + end(x + dx), end(y + dy)));
            canvas.line(a, b, s / 7.0, Fill::Plain(ink));
        }
    }
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_different_seeds_differ_and_are_full() {
        let draw = |seed| place(&mut Dice::new(seed, "place"), 160, 90);
        let (a, b) = (draw(1), draw(2));
        assert!(a.pixels.chunks(4).all(|p| p[3] == 255));
        let apart: u64 = a
            .pixels
            .iter()
            .zip(&b.pixels)
            .map(|(x, y)| u64::from(x.abs_diff(*y)))
            .sum();
        assert!(
            apart / (160 * 90 * 3) > 20,
            "mean difference {}",
            apart / (160 * 90 * 3)
        );
        assert_eq!(draw(1).pixels, a.pixels);
    }
}
