//! One tensor: bytes -> matrices -> spectra -> rows.

use std::collections::HashMap;

use spectrum_checkpoint::{Checkpoint, CheckpointError};
use spectrum_core::{Blob, Elements, Kind, LayerMatrix, Precision, Reason, Route, Spectrum, StepRows, StridedView};
use spectrum_linalg::Plan;
use spectrum_measure::{Recorder, agreement, comparison, farms, goodness, identity, shuffled};
use spectrum_tail::{BootstrapOptions, FitOptions};

use crate::AnalyzeError;
use crate::select::Item;
use crate::settings::{Extra, Settings};

/// The blob that stands for the bulk of a matrix too large to decompose: (s, number of values above s) as two columns.
const DENSITY: &str = "density";
/// Steps of its grid.
const GRID: usize = 255;
/// Random probes of stochastic Lanczos quadrature, and its steps.
const PROBES: usize = 8;
const LANCZOS_STEPS: usize = 50;

/// Spectra of the checkpoint before, by layer and view, or why there was none.
pub(crate) type Before = HashMap<(String, String), Result<Spectrum, Reason>>;

/// What all workers share.
pub(crate) struct Context<'a> {
    pub settings: &'a Settings,
    pub recorder: &'a Recorder,
    /// The tail fit of the recorder's battery.
    pub tail: FitOptions,
    pub file: &'a Checkpoint,
    pub base: Option<&'a Checkpoint>,
    pub step: u64,
    pub before: Option<&'a Before>,
}

impl Context<'_> {
    fn kind(&self) -> Kind {
        if self.base.is_some() { Kind::Displacement } else { Kind::Weight }
    }

    /// The rows of every matrix of a tensor, one matrix in memory at a time.
    pub fn rows(&self, plan: &mut Plan, item: &Item) -> Result<StepRows, AnalyzeError> {
        let mut rows = StepRows::new(self.step);
        for window in &item.windows {
            let matrix = self.matrix(item, window)?;
            rows.append(self.measure(plan, &matrix));
        }
        Ok(rows)
    }

    /// The matrix of a window; with a base, the difference.
    fn matrix(&self, item: &Item, window: &StridedView) -> Result<LayerMatrix, AnalyzeError> {
        let (mut data, precision) = read(self.file, &item.name, window)?;
        if let Some(base) = self.base {
            let (from, _) = read(base, &item.name, window)?;
            data.iter_mut().zip(&from).for_each(|(x, b)| *x -= b);
        }
        let (rows, cols) = (window.rows, window.cols);
        let made = LayerMatrix::new(&item.name, self.kind(), &window.name, self.step, rows, cols, data, precision);
        made.map_err(|source| AnalyzeError::View { path: self.file.path().to_owned(), source })
    }

    fn measure(&self, plan: &mut Plan, m: &LayerMatrix) -> StepRows {
        let large = self.settings.route == Route::Density || m.rows.min(m.cols) > self.settings.max_size;
        let spectrum = match large {
            true => self.leading(plan, m),
            false => self.recorder.spectrum(plan, m),
        };
        let mut rows = self.recorder.rows(m, spectrum.as_ref(), None, None);
        let id = identity(m);
        if let Some(before) = self.before.and_then(|b| b.get(&(m.layer.clone(), m.view.clone()))) {
            rows.records.extend(agreement::records(&id, spectrum.as_ref(), before.as_ref()));
        }
        if large && spectrum.is_ok() {
            rows.blobs.extend(self.density(plan, m).map(|data| Blob {
                rows: data.len() / 2,
                cols: 2,
                name: DENSITY.to_owned(),
                id,
                data,
            }));
        }
        self.extras(plan, m, spectrum.as_ref(), &mut rows);
        rows
    }

    /// The leading values of a matrix that is too large for all of them.
    fn leading(&self, plan: &mut Plan, m: &LayerMatrix) -> Result<Spectrum, Reason> {
        plan.spectrum(m, Route::Topk, self.settings.vectors.max(1)).map_err(Into::into)
    }

    /// [`GRID`] + 1 singular values, evenly from 0 to the largest node, then how many values lie above each; nothing where the
    /// density has no answer, which the leading values have then said.
    fn density(&self, plan: &mut Plan, m: &LayerMatrix) -> Option<Vec<f64>> {
        let density = plan.density(m.data(), m.rows, m.cols, PROBES, LANCZOS_STEPS, self.settings.seed).ok()?;
        let top = *density.nodes.first()?;
        let grid: Vec<f64> = (0..=GRID).map(|i| top * i as f64 / GRID as f64).collect();
        let both: Vec<f64> = grid.iter().copied().chain(grid.iter().map(|s| density.count_above(*s))).collect();
        both.iter().all(|v| v.is_finite()).then_some(both)
    }

    fn extras(&self, plan: &mut Plan, m: &LayerMatrix, spectrum: Result<&Spectrum, &Reason>, rows: &mut StepRows) {
        let (seed, route, id) = (self.settings.seed, self.recorder.route, identity(m));
        comparison::measure(&id, spectrum, &self.tail, rows);
        // In an order of our own, each once, however they were asked for.
        let all = [Extra::Shuffle, Extra::Farms, Extra::Goodness];
        for extra in all.into_iter().filter(|e| self.settings.extras.contains(e)) {
            match extra {
                Extra::Shuffle => shuffled::measure(m, spectrum, seed, route, plan, rows),
                Extra::Farms => farms::measure(m, None, route, plan, rows),
                Extra::Goodness => {
                    let precision = self.settings.goodness_precision;
                    let bootstrap = BootstrapOptions { seed, precision, ..BootstrapOptions::default() };
                    goodness::measure(&id, spectrum, &self.tail, &bootstrap, rows);
                }
            }
        }
    }
}

/// The elements of a window, widened, column-major.
fn read(file: &Checkpoint, name: &str, window: &StridedView) -> Result<(Vec<f64>, Precision), CheckpointError> {
    file.read(name, |tensor| {
        let mut data = vec![0.0; window.rows * window.cols];
        window.fill(Elements::Bytes(tensor.precision, tensor.bytes), &mut data);
        (data, tensor.precision)
    })
}
