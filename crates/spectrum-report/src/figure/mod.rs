//! Plots as SVG text: what stands in an experiment's README.
//!
//! A [`Figure`] is a title, panels in a grid, and a caption; a [`Panel`] has two [`Axis`]es and [`Layer`]s drawn one over
//! the other. [`Figure::svg`] writes one file that follows the reader's light or dark theme, needs no font, script or
//! network, and has the same bytes for the same figure.
//!
//! ```
//! use spectrum_report::figure::{Axis, Figure, Layer, Panel};
//!
//! let hill = vec![(0.01, 2.45), (0.1, 2.4), (1.0, 1.83)];
//! let panel = Panel::new(Axis::log("learning rate"), Axis::linear("Hill estimate"))
//!     .with(Layer::line(hill).label("Adam").markers());
//! let svg = Figure::new("Ten steps").with(panel).svg();
//! assert!(svg.starts_with("<svg") && svg.contains("Hill estimate"));
//! ```
//!
//! Nothing a figure holds can spoil the file. A point that is not finite, or not above 0 on a logarithmic axis, is left
//! out, and a note under the plot says how many were. In titles and labels `^{...}` is raised and `_{...}` lowered.

mod axis;
mod bins;
mod draw;
mod grid;
mod law;
mod layer;
mod legend;
mod note;
mod region;
mod style;
mod text;
mod ticks;

#[cfg(test)]
mod tests;

pub use axis::{Axis, Scale};
pub use bins::Histogram;
pub use law::marchenko_pastur;
pub use layer::{Colour, Layer, Mark, Shape};
pub use text::compact;

/// A plot or several beside each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// Stands above the panels, and is the file's accessible name.
    pub title: String,
    /// Stands below them.
    pub caption: Option<String>,
    /// The plots, from left to right and from top to bottom.
    pub panels: Vec<Panel>,
    /// Panels beside each other, 1 to 3; by default as many as look well.
    pub columns: Option<usize>,
    /// Whether all panels have the same axes, from the least to the greatest of what any of them shows.
    pub shared_axes: bool,
}

/// One plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Stands above it.
    pub title: Option<String>,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, from the bottom to the top.
    pub layers: Vec<Layer>,
    /// Stands under the figure beside what was left out.
    pub notes: Vec<String>,
}

impl Figure {
    /// A figure without panels.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a panel.
    #[must_use]
    pub fn with(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// The text below the panels.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = Some(caption.into());
        self
    }

    /// With the same axes in all panels.
    #[must_use]
    pub fn shared_axes(mut self) -> Self {
        self.shared_axes = true;
        self
    }

    /// The SVG file.
    #[must_use]
    pub fn svg(&self) -> String {
        grid::svg(self)
    }
}

impl Panel {
    /// A panel without layers.
    #[must_use]
    pub fn new(x: Axis, y: Axis) -> Self {
        Self { title: None, x, y, layers: Vec::new(), notes: Vec::new() }
    }

    /// The text above it.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Adds a layer, over those that are there.
    #[must_use]
    pub fn with(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}
