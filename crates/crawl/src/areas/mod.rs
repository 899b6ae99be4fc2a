//! What is particular to each area.
