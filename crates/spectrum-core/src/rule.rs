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
    /// Left vectors of the first meet what the second, a flattened convolution (c_out x c_in positions), does at the centre of its
    /// kernel: right vectors of which the c_in entries of the middle position count (arXiv 2408.11804, appendix A.1).
    CentreTap {
        /// Entries of the kernel, height times width, both odd.
        positions: usize,
    },
}

/// One side of an [`Alignment`]: the matrices of a recorded layer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Side {
    /// The layer's name.
    pub layer: String,
    /// The view's name up to its index (`heads.q`), where the layer has many matrices and these of them are meant.
    pub views: Option<String>,
}

impl Side {
    /// A layer that is one matrix.
    #[must_use]
    pub fn whole(layer: impl Into<String>) -> Self {
        Self { layer: layer.into(), views: None }
    }

    /// Those matrices of a layer whose view is `views`, with any index.
    #[must_use]
    pub fn parts(layer: impl Into<String>, views: impl Into<String>) -> Self {
        Self { layer: layer.into(), views: Some(views.into()) }
    }

    /// Whether a view of the layer is meant.
    #[must_use]
    pub fn takes(&self, view: &str) -> bool {
        self.views
            .as_ref()
            .is_none_or(|v| view.strip_prefix(v.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('[')))
    }
}

/// Two layers that meet. Of sides with several matrices each meets the one of the same place on the other side, and the numbers are
/// averaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alignment {
    /// The first layer, to which the records belong.
    pub first: Side,
    /// The second layer.
    pub second: Side,
    /// How they meet.
    pub meeting: Meeting,
}

impl Alignment {
    /// Two layers of one matrix each, one after the other.
    #[must_use]
    pub fn consecutive(first: impl Into<String>, second: impl Into<String>) -> Self {
        Self { first: Side::whole(first), second: Side::whole(second), meeting: Meeting::Consecutive }
    }

    /// The view under which the records stand: `meets[second]`, with the second's views after a colon where it names some.
    #[must_use]
    pub fn view(&self) -> String {
        let views = self.second.views.as_ref().map(|v| format!(":{v}")).unwrap_or_default();
        format!("meets[{}{views}]", self.second.layer)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_takes_its_views_with_any_index() {
        let queries = Side::parts("blocks.0.heads", "heads.q");
        for (view, meant) in [("heads.q[0]", true), ("heads.q[11]", true), ("heads.q", true), ("heads.k[0]", false)] {
            assert_eq!(queries.takes(view), meant, "{view}");
        }
        assert!(!Side::parts("w", "heads.q").takes("heads.qk[0]") && Side::whole("w").takes("matrix"));
        let keys =
            Alignment { first: queries, second: Side::parts("blocks.0.heads", "heads.k"), meeting: Meeting::Outputs };
        assert_eq!(keys.view(), "meets[blocks.0.heads:heads.k]");
        assert_eq!(Alignment::consecutive("a", "b").view(), "meets[b]");
    }
}
