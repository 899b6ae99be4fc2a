//! Packages and archives from the outside: what is sealed verifies, what was touched does not.

mod adversary;
mod flips;
mod hostile;
mod material;
mod samples;
mod sealing;
mod tampering;
mod warcs;
