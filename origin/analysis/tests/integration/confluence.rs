//! What every score must hold to, whatever the market does.

pub(crate) mod noise;

pub(crate) mod scene;

mod inputs;

mod symmetry;

mod continuity;

mod bounds;

mod spread;
