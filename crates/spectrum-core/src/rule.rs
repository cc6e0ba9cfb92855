//! What a model says about its own matrices.

use crate::{Order, View};

/// How one parameter of a model becomes matrices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRule {
    /// The layer's name in rows, usually the parameter's path.
    pub name: String,
    /// Paths of the parameters that the view reads.
    pub parameters: Vec<String>,
    /// The view.
    pub view: View,
    /// Which axis is the output.
    pub order: Order,
}

impl LayerRule {
    /// The rule for one two-dimensional parameter, named for its path.
    #[must_use]
    pub fn matrix(path: impl Into<String>, order: Order) -> Self {
        let name = path.into();
        Self { parameters: vec![name.clone()], name, view: View::Matrix, order }
    }
}

/// How the output side of one matrix meets the input side of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meeting {
    /// Left vectors of the first meet right vectors of the second (consecutive layers).
    Consecutive,
    /// Left vectors of both meet (parallel branches that are added).
    Outputs,
    /// Right vectors of both meet (branches that read the same input).
    Inputs,
}

/// Two layers that meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment {
    /// Name of the first layer.
    pub first: String,
    /// Name of the second layer.
    pub second: String,
    /// How they meet.
    pub meeting: Meeting,
}

/// A model that declares its layers. Free of Burn, so that a checkpoint can be read by the same rules.
pub trait Architecture {
    /// The matrices of the model.
    fn rules(&self) -> Vec<LayerRule>;

    /// Which matrices meet. None by default.
    fn alignments(&self) -> Vec<Alignment> {
        Vec::new()
    }
}
