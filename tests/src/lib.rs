//! What the black-box tests need besides the program itself: a simulated exchange that can fail on command.

pub mod simulator;
