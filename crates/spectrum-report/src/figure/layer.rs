//! What is drawn in a panel.

use super::bins::Histogram;

/// One thing drawn, with its line in the legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// What it is.
    pub mark: Mark,
    /// Its name in the legend; without one it is not there.
    pub label: Option<String>,
    /// Its colour; by default the next of the palette, and a quiet one for straight lines and rugs.
    pub colour: Option<Colour>,
    /// Whether lines are dashed.
    pub dashed: bool,
}

/// The sorts of marks. Points are (x, y).
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// Points joined in their order.
    Line {
        /// The points. A point that cannot be drawn leaves a gap.
        points: Vec<(f64, f64)>,
        /// (low, high) around each point; empty for a line without a band.
        band: Vec<(f64, f64)>,
        /// Whether each point is marked.
        markers: bool,
    },
    /// Points by themselves.
    Points {
        /// The points.
        points: Vec<(f64, f64)>,
        /// How one looks.
        shape: Shape,
    },
    /// Bars of a density.
    Histogram(Histogram),
    /// The density of a law, over a histogram. It may be unbounded: beside a histogram it does not stretch the axis.
    Density(Vec<(f64, f64)>),
    /// (x, y, low, high): a bar from low to high.
    ErrorBars(Vec<(f64, f64, f64, f64)>),
    /// A line at x.
    Vertical(f64),
    /// A line at y.
    Horizontal(f64),
    /// Short ticks up from the horizontal axis.
    Rug(Vec<f64>),
}

/// A colour by its meaning: the theme has the colour itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colour {
    /// One of seven that are told apart with every common colour blindness; the eighth is the first again.
    Series(usize),
    /// A place from 0 to 1 on a scale from dark to bright.
    Ramp(f64),
    /// As text.
    Ink,
    /// As an axis.
    Quiet,
}

/// The look of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// A disc.
    #[default]
    Circle,
    /// A square.
    Square,
    /// A triangle.
    Triangle,
    /// A square on its tip.
    Diamond,
}

impl Shape {
    /// The shape of the k-th series, the fifth being the first again.
    #[must_use]
    pub fn nth(k: usize) -> Self {
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond][k % 4]
    }
}

impl Layer {
    fn of(mark: Mark) -> Self {
        Self { mark, label: None, colour: None, dashed: false }
    }

    /// Joined points.
    #[must_use]
    pub fn line(points: Vec<(f64, f64)>) -> Self {
        Self::of(Mark::Line { points, band: Vec::new(), markers: false })
    }

    /// Points by themselves.
    #[must_use]
    pub fn points(points: Vec<(f64, f64)>, shape: Shape) -> Self {
        Self::of(Mark::Points { points, shape })
    }

    /// A histogram.
    #[must_use]
    pub fn histogram(histogram: Histogram) -> Self {
        Self::of(Mark::Histogram(histogram))
    }

    /// A law's density.
    #[must_use]
    pub fn density(points: Vec<(f64, f64)>) -> Self {
        Self::of(Mark::Density(points))
    }

    /// Bars of (x, y, low, high).
    #[must_use]
    pub fn error_bars(bars: Vec<(f64, f64, f64, f64)>) -> Self {
        Self::of(Mark::ErrorBars(bars))
    }

    /// A vertical line.
    #[must_use]
    pub fn vertical(x: f64) -> Self {
        Self::of(Mark::Vertical(x))
    }

    /// A horizontal line.
    #[must_use]
    pub fn horizontal(y: f64) -> Self {
        Self::of(Mark::Horizontal(y))
    }

    /// Ticks on the horizontal axis.
    #[must_use]
    pub fn rug(values: Vec<f64>) -> Self {
        Self::of(Mark::Rug(values))
    }

    /// With a name in the legend.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With a colour.
    #[must_use]
    pub fn colour(mut self, colour: Colour) -> Self {
        self.colour = Some(colour);
        self
    }

    /// With dashes.
    #[must_use]
    pub fn dashed(mut self) -> Self {
        self.dashed = true;
        self
    }

    /// A line with (low, high) around each point; nothing changes for other marks.
    #[must_use]
    pub fn band(mut self, around: Vec<(f64, f64)>) -> Self {
        if let Mark::Line { band, .. } = &mut self.mark {
            *band = around;
        }
        self
    }

    /// A line with its points marked; nothing changes for other marks.
    #[must_use]
    pub fn markers(mut self) -> Self {
        if let Mark::Line { markers, .. } = &mut self.mark {
            *markers = true;
        }
        self
    }

    /// Whether the palette gives it a colour.
    fn takes_colour(&self) -> bool {
        self.colour.is_none() && !matches!(self.mark, Mark::Vertical(_) | Mark::Horizontal(_) | Mark::Rug(_))
    }
}

/// The colour of each layer.
pub(crate) fn colours(layers: &[Layer]) -> Vec<Colour> {
    let mut next = 0;
    let mut one = |layer: &Layer| {
        let own = Colour::Series(next);
        next += usize::from(layer.takes_colour());
        layer.colour.unwrap_or(if layer.takes_colour() { own } else { Colour::Quiet })
    };
    layers.iter().map(&mut one).collect()
}
