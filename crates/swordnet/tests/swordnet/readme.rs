//! The commands that README.md shows exist.

use crate::{root, swordnet};

#[test]
fn every_command_of_the_readme_is_understood() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let makefile = std::fs::read_to_string(root().join("Makefile")).expect("Makefile");
    let mut commands = 0;
    for line in readme.lines().map(str::trim) {
        if let Some(target) = line.strip_prefix("make ") {
            let target = target.split_whitespace().next().unwrap_or_default();
            assert!(
                makefile.contains(&format!("\n{target}:")),
                "README names 'make {target}'"
            );
            commands += 1;
        }
        if let Some(arguments) = line.strip_prefix("swordnet ") {
            let arguments: Vec<&str> = arguments
                .split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect();
            // Words up to the first option or file name the command.
            let named: Vec<&str> = arguments
                .iter()
                .copied()
                .take_while(|a| a.bytes().all(|b| b.is_ascii_lowercase()))
                .take(2)
                .collect();
            let output = swordnet()
                .args(&named)
                .arg("--help")
                .output()
                .expect("the program runs");
            assert!(
                output.status.success(),
                "README shows 'swordnet {}'",
                named.join(" ")
            );
            let help = String::from_utf8_lossy(&output.stdout).into_owned();
            for option in arguments.iter().filter(|a| a.starts_with("--")) {
                assert!(
                    help.contains(option),
                    "'swordnet {}' has no {option}",
                    named.join(" ")
                );
            }
            commands += 1;
        }
    }
    assert!(
        commands >= 8,
        "README shows {commands} commands: too few to get somebody going"
    );
}
