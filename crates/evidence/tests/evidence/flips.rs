//! A single bit, anywhere.

use crate::material::{package, trust};
use proptest::prelude::*;
use std::io::Cursor;
use swordnet_evidence::package::verify;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_single_bit_can_be_turned(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut altered = package();
        let at = at.index(altered.len());
        altered[at] ^= 1 << bit;
        prop_assert!(!verify(&mut Cursor::new(&altered), &trust()).valid, "byte {at}, bit {bit}");
    }
}

/// Everything that is not the contents of a sealed file, bit by bit: headers, manifest, signature, directory.
#[test]
fn no_bit_of_the_frame_can_be_turned() {
    let good = package();
    let name = b"datapackage.json";
    let manifest = good
        .windows(name.len())
        .position(|window| window == name)
        .unwrap();
    let headers = (0..60).chain(manifest - 30..good.len());
    for at in headers.step_by(11) {
        for bit in 0..8 {
            let mut altered = good.clone();
            altered[at] ^= 1 << bit;
            assert!(
                !verify(&mut Cursor::new(&altered), &trust()).valid,
                "byte {at}, bit {bit}"
            );
        }
    }
}
