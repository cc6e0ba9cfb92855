//! The keys of the `[optimizer]` table, optimizer by optimizer, with PyTorch's defaults.

use serde::{Deserialize, Serialize};

use crate::error::{OptimError, below_one, ensure, not_negative};
use crate::{Adam, AdjustLr, Decay, Muon, Schedule};

/// Settings of [`Sgd`](crate::Sgd).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdConfig {
    /// Learning rate.
    pub lr: f64,
    /// How it moves.
    pub schedule: Schedule,
    /// Momentum factor; 0 switches it off.
    pub momentum: f64,
    /// Dampening of the gradient that enters the momentum.
    pub dampening: f64,
    /// Nesterov's momentum; needs momentum and no dampening.
    pub nesterov: bool,
    /// L2 penalty added to the gradient.
    pub weight_decay: f64,
}

/// Settings of [`Adam`] with an L2 penalty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// Learning rate.
    pub lr: f64,
    /// How it moves.
    pub schedule: Schedule,
    /// β₁, β₂.
    pub betas: [f64; 2],
    /// ε, outside the root.
    pub eps: f64,
    /// L2 penalty added to the gradient.
    pub weight_decay: f64,
}

/// Settings of [`Adam`] with decoupled weight decay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamWConfig {
    /// Learning rate.
    pub lr: f64,
    /// How it moves.
    pub schedule: Schedule,
    /// β₁, β₂.
    pub betas: [f64; 2],
    /// ε, outside the root.
    pub eps: f64,
    /// λ: each step multiplies the weights by 1 - lr λ.
    pub weight_decay: f64,
}

/// Settings of [`RmsProp`](crate::RmsProp).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsPropConfig {
    /// Learning rate.
    pub lr: f64,
    /// How it moves.
    pub schedule: Schedule,
    /// α, of the mean of squared gradients.
    pub alpha: f64,
    /// ε, outside the root.
    pub eps: f64,
    /// Momentum factor; 0 switches it off.
    pub momentum: f64,
    /// Divide by the standard deviation instead of the root mean square.
    pub centered: bool,
    /// L2 penalty added to the gradient.
    pub weight_decay: f64,
}

/// Settings of [`Muon`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MuonConfig {
    /// Learning rate.
    pub lr: f64,
    /// How it moves.
    pub schedule: Schedule,
    /// Momentum factor.
    pub momentum: f64,
    /// Nesterov's momentum.
    pub nesterov: bool,
    /// a, b, c of the Newton-Schulz iteration.
    pub ns_coefficients: [f64; 3],
    /// Newton-Schulz iterations.
    pub ns_steps: usize,
    /// The smallest norm that is divided by.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// How the rate follows from the matrix's shape.
    pub adjust_lr_fn: AdjustLr,
    /// For parameters that are no matrices.
    pub fallback: FallbackConfig,
}

/// AdamW for what Muon cannot take: biases, norms, convolution kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FallbackConfig {
    /// Learning rate, moved by Muon's schedule in proportion; Muon's own if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr: Option<f64>,
    /// β₁, β₂.
    pub betas: [f64; 2],
    /// ε, outside the root.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

/// Settings of [`SignDescent`](crate::SignDescent).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignConfig {
    /// Learning rate: how far every weight moves.
    pub lr: f64,
    /// How it moves.
    pub schedule: Schedule,
}

const SCHEDULE: Schedule = Schedule::Constant;
const BETAS: [f64; 2] = [0.9, 0.999];

impl Default for SgdConfig {
    fn default() -> Self {
        Self { lr: 1e-3, schedule: SCHEDULE, momentum: 0.0, dampening: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { lr: 1e-3, schedule: SCHEDULE, betas: BETAS, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { lr: 1e-3, schedule: SCHEDULE, betas: BETAS, eps: 1e-8, weight_decay: 1e-2 }
    }
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self { lr: 1e-2, schedule: SCHEDULE, alpha: 0.99, eps: 1e-8, momentum: 0.0, centered: false, weight_decay: 0.0 }
    }
}

impl Default for MuonConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            schedule: SCHEDULE,
            momentum: 0.95,
            nesterov: true,
            ns_coefficients: [3.4445, -4.775, 2.0315],
            ns_steps: 5,
            eps: 1e-7,
            weight_decay: 0.1,
            adjust_lr_fn: AdjustLr::Original,
            fallback: FallbackConfig::default(),
        }
    }
}

impl Default for FallbackConfig {
    fn default() -> Self {
        Self { lr: None, betas: BETAS, eps: 1e-8, weight_decay: 1e-2 }
    }
}

impl Default for SignConfig {
    fn default() -> Self {
        Self { lr: 1e-3, schedule: SCHEDULE }
    }
}

pub(crate) fn adam_ranges(prefix: &str, betas: [f64; 2], eps: f64, weight_decay: f64) -> Result<(), OptimError> {
    below_one(&format!("{prefix}betas[0]"), betas[0])?;
    below_one(&format!("{prefix}betas[1]"), betas[1])?;
    not_negative(&format!("{prefix}eps"), eps)?;
    not_negative(&format!("{prefix}weight_decay"), weight_decay)
}

pub(crate) fn adam(betas: [f64; 2], eps: f64, decay: Decay) -> Adam {
    Adam { beta1: betas[0], beta2: betas[1], eps, decay }
}

impl MuonConfig {
    pub(crate) fn validate(&self) -> Result<(), OptimError> {
        below_one("momentum", self.momentum)?;
        not_negative("eps", self.eps)?;
        not_negative("weight_decay", self.weight_decay)?;
        ensure(self.ns_steps < 100, "ns_steps", self.ns_steps, "fewer than 100 iterations")?;
        for (i, c) in self.ns_coefficients.iter().enumerate() {
            ensure(c.is_finite(), &format!("ns_coefficients[{i}]"), c, "a finite number")?;
        }
        let fallback = &self.fallback;
        if let Some(lr) = fallback.lr {
            not_negative("fallback.lr", lr)?;
            ensure(self.lr > 0.0, "lr", self.lr, "a positive rate, since `fallback.lr` is relative to it")?;
        }
        adam_ranges("fallback.", fallback.betas, fallback.eps, fallback.weight_decay)
    }

    pub(crate) fn optimizer(&self) -> Muon {
        let fallback = &self.fallback;
        Muon {
            momentum: self.momentum,
            nesterov: self.nesterov,
            coefficients: self.ns_coefficients,
            iterations: self.ns_steps,
            eps: self.eps,
            weight_decay: self.weight_decay,
            adjust: self.adjust_lr_fn,
            fallback: adam(fallback.betas, fallback.eps, Decay::Decoupled(fallback.weight_decay)),
            fallback_ratio: fallback.lr.map_or(1.0, |lr| lr / self.lr),
        }
    }
}
