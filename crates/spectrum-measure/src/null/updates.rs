//! The null whose updates know nothing of each other: a sum over all steps, which a run carries along.

use spectrum_core::{LayerMatrix, Reason, Route, StepRows};
use spectrum_linalg::Plan;

use super::{Kind, records, rotated, same_shape};
use crate::recorder::identity;

/// W_0 + sum_{s <= t} Q_s M_s R_s^T: each update M_s = W_s - W_{s-1} rotated by rotations of its own.
///
/// It takes the weights of one matrix in order, W_0 first and none left out, and then always stands for the newest of them.
/// The rotations of a step are drawn from that step's own stream, so the state is the sum alone: a run that keeps
/// [`null`](Self::null) beside its checkpoint and calls [`resume`](Self::resume) goes on with the same bytes. The sum does not
/// follow from a later weight; a run that resumes without it says so in its records ([`lost`](Self::lost)).
///
/// A step left out, a weight that is not finite or of another shape ends the null: from there on every record holds the reason.
///
/// ```
/// use spectrum_core::{Kind, LayerMatrix, Precision};
/// use spectrum_measure::null::RotatedUpdates;
///
/// let at = |step, data: [f64; 4]| {
///     LayerMatrix::new("hidden.weight", Kind::Weight, "matrix", step, 2, 2, data.to_vec(), Precision::F64)
/// };
/// let mut null = RotatedUpdates::start(&at(0, [0.0; 4])?, 7);
/// null.advance(&at(1, [3.0, 0.0, 0.0, 4.0])?);
/// let norm = null.null().map(|m| m.iter().map(|x| x * x).sum::<f64>().sqrt());
/// assert!(norm.is_ok_and(|norm| (norm - 5.0).abs() < 1e-14)); // one update: its own norm
/// null.advance(&at(3, [0.0; 4])?);
/// assert!(null.null().is_err()); // step 2 is missing
/// # Ok::<(), spectrum_core::CoreError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RotatedUpdates {
    seed: u64,
    last: LayerMatrix,
    null: Result<Vec<f64>, Reason>,
}

impl RotatedUpdates {
    /// Begins at W_0. `seed` is the run's.
    #[must_use]
    pub fn start(initial: &LayerMatrix, seed: u64) -> Self {
        let null = if initial.is_finite() { Ok(initial.data().to_vec()) } else { Err(Reason::NotFinite) };
        Self { seed, last: initial.clone(), null }
    }

    /// Goes on after `weight` = W_t with the `null` that [`null`](Self::null) gave there (column-major).
    #[must_use]
    pub fn resume(weight: &LayerMatrix, null: Vec<f64>, seed: u64) -> Self {
        let found = null.len();
        let null = if found != weight.data().len() {
            let (rows, cols) = (weight.rows, weight.cols);
            Err(Reason::NotApplicable(format!("the stored null has {found} elements, the weight is {rows} x {cols}")))
        } else if null.iter().all(|x| x.is_finite()) && weight.is_finite() {
            Ok(null)
        } else {
            Err(Reason::NotFinite)
        };
        Self { seed, last: weight.clone(), null }
    }

    /// Goes on after `weight` = W_t without the sum: every record from here on says that the updates before are missing.
    #[must_use]
    pub fn lost(weight: &LayerMatrix, seed: u64) -> Self {
        Self { seed, last: weight.clone(), null: Err(incomplete()) }
    }

    /// Takes the weight after the next step.
    pub fn advance(&mut self, weight: &LayerMatrix) {
        let fits = self.fits(weight);
        match (&mut self.null, fits) {
            (Ok(null), Ok(())) => rotated::add(null, weight, &self.last, self.seed, Kind::RotatedUpdates),
            (null @ Ok(_), Err(reason)) => *null = Err(reason),
            (Err(_), _) => {}
        }
        self.last = weight.clone();
    }

    fn fits(&self, weight: &LayerMatrix) -> Result<(), Reason> {
        let last = &self.last;
        if (&weight.layer, &weight.view) != (&last.layer, &last.view) {
            return Err(Reason::NotApplicable(format!("updates of {} and {}", last.layer, weight.layer)));
        }
        same_shape(weight, last, last.step)?;
        if last.step.checked_add(1) != Some(weight.step) {
            return Err(incomplete());
        }
        if weight.is_finite() { Ok(()) } else { Err(Reason::NotFinite) }
    }

    /// The step of the newest weight.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.last.step
    }

    /// The null of the newest weight, column-major.
    ///
    /// # Errors
    /// Why there is none.
    pub fn null(&self) -> Result<&[f64], &Reason> {
        self.null.as_deref()
    }

    /// Appends the records of the null's spectrum under the newest weight's identity, as [`Kind::measure`] does.
    pub fn measure(&self, route: Route, plan: &mut Plan, rows: &mut StepRows) {
        let (m, n) = (self.last.rows, self.last.cols);
        let spectrum = match &self.null {
            Ok(null) => plan.spectrum_of(null, m, n, route, 0).map_err(Reason::from),
            Err(reason) => Err(reason.clone()),
        };
        rows.records.extend(records(Kind::RotatedUpdates, &identity(&self.last), spectrum.as_ref()));
    }
}

/// Why there is no sum of rotated updates.
pub(super) fn incomplete() -> Reason {
    Reason::NotComputed("every update since step 0".to_owned())
}
