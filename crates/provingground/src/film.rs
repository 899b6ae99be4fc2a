//! Rendered films: shot after shot, each in a place of its own, with a moving camera and people and things that move.

use crate::canvas::Canvas;
use crate::dice::Dice;
use crate::scene;
use std::io::{self, Write};

/// Pixels of a rendered film.
pub const WIDTH: usize = 480;
/// Pixels of a rendered film.
pub const HEIGHT: usize = 270;
/// Frames a second of a rendered film.
pub const RATE: u32 = 24;

struct Shot {
    place: Canvas,
    actors: Vec<Actor>,
    from: (f64, f64, f64),
    to: (f64, f64, f64),
    sway: f64,
    frames: u32,
}

struct Actor {
    figure: Canvas,
    from: (f64, f64),
    to: (f64, f64),
    bob: f64,
    mirrored: bool,
}

impl Shot {
    fn drawn(dice: &mut Dice, frames: u32) -> Self {
        let place = scene::place(dice, WIDTH * 3 / 2, HEIGHT * 3 / 2);
        let stand = |dice: &mut Dice| {
            let zoom = dice.between(0.8, 1.6);
            let (w, h) = (WIDTH as f64, HEIGHT as f64);
            (
                dice.between(0.0, w * (1.5 - 1.0 / zoom)),
                dice.between(0.0, h * (1.5 - 1.0 / zoom)),
                zoom,
            )
        };
        let from = stand(dice);
        let to = if dice.chance(0.25) { from } else { stand(dice) };
        let actors = (0..dice.from(1, 4))
            .map(|_| {
                let tall = dice.between(50.0, 150.0);
                let spot =
                    |dice: &mut Dice| (dice.between(-40.0, 440.0), dice.between(60.0, 250.0 - tall / 2.0));
                let (from, to) = (spot(dice), spot(dice));
                Actor {
                    figure: scene::actor(dice, tall),
                    from,
                    to,
                    bob: dice.between(1.0, 7.0),
                    mirrored: to.0 < from.0,
                }
            })
            .collect();
        Self {
            place,
            actors,
            from,
            to,
            sway: dice.between(0.0, 2.5),
            frames,
        }
    }

    fn frame(&self, index: u32, onto: &mut Canvas) {
        let share = f64::from(index) / f64::from(self.frames.max(1));
        let time = f64::from(index) / f64::from(RATE);
        let along = |a: f64, b: f64| a + (b - a) * share;
        let (x, y) = (along(self.from.0, self.to.0), along(self.from.1, self.to.1));
        let (sway_x, sway_y) = (self.sway * (time * 2.3).sin(), self.sway * (time * 1.7).cos());
        self.place
            .view(onto, x + sway_x, y + sway_y, along(self.from.2, self.to.2));
        for actor in &self.actors {
            let (x, y) = (along(actor.from.0, actor.to.0), along(actor.from.1, actor.to.1));
            onto.lay(
                &actor.figure,
                x,
                y + actor.bob * (time * 7.0).sin(),
                1.0,
                actor.mirrored,
            );
        }
    }
}

/// Renders `seconds` of film into `out` as packed RGBA frames of [`WIDTH`] by [`HEIGHT`] at [`RATE`].
pub fn render(dice: &mut Dice, seconds: f64, out: &mut dyn Write) -> io::Result<()> {
    let mut left = (seconds * f64::from(RATE)) as u32;
    let mut frame = Canvas::clear(WIDTH, HEIGHT);
    while left > 0 {
        let wanted = (dice.between(2.2, 5.0) * f64::from(RATE)) as u32;
        let frames = if left < wanted + RATE { left } else { wanted };
        let shot = Shot::drawn(dice, frames);
        for index in 0..frames {
            shot.frame(index, &mut frame);
            out.write_all(&frame.pixels)?;
        }
        left -= frames;
    }
    Ok(())
}
