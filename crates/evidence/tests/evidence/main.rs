//! Packages and archives from the outside: what is sealed verifies, what was touched does not.

mod adversary;
mod appending;
mod authority;
mod flips;
mod hostile;
mod material;
mod samples;
mod sealing;
mod stamping;
mod tampering;
mod warcs;
