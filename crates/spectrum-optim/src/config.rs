//! The `[optimizer]` table.

use burn::optim::{ModuleOptimizer, OptimizerRecord};
use serde::{Deserialize, Serialize};

use crate::error::{OptimError, below_one, ensure, not_negative};
use crate::settings::{AdamConfig, AdamWConfig, MuonConfig, RmsPropConfig, SgdConfig, SignConfig, adam, adam_ranges};
use crate::{Decay, RmsProp, Schedule, Sgd, SignDescent};

/// An optimizer with its learning rate and schedule; defaults are PyTorch's. The key `kind` names it, and unknown keys
/// are refused.
///
/// ```
/// use spectrum_optim::OptimizerConfig;
///
/// let config: OptimizerConfig = serde_json::from_str(r#"{"kind": "adam", "lr": 1, "schedule": "constant"}"#)?;
/// config.validate()?;
/// assert_eq!((config.kind(), config.lr()), ("adam", 1.0));
/// let optimizer = config.build();
/// # let _ = optimizer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Gradient descent, [`Sgd`].
    Sgd(SgdConfig),
    /// [`Adam`](crate::Adam) with an L2 penalty.
    Adam(AdamConfig),
    /// [`Adam`](crate::Adam) with decoupled weight decay.
    AdamW(AdamWConfig),
    /// [`RmsProp`].
    RmsProp(RmsPropConfig),
    /// [`Muon`](crate::Muon).
    Muon(MuonConfig),
    /// [`SignDescent`].
    Sign(SignConfig),
}

impl OptimizerConfig {
    /// The name in configs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
            Self::RmsProp(_) => "rmsprop",
            Self::Muon(_) => "muon",
            Self::Sign(_) => "sign",
        }
    }

    /// The base learning rate.
    #[must_use]
    pub fn lr(&self) -> f64 {
        match self {
            Self::Sgd(c) => c.lr,
            Self::Adam(c) => c.lr,
            Self::AdamW(c) => c.lr,
            Self::RmsProp(c) => c.lr,
            Self::Muon(c) => c.lr,
            Self::Sign(c) => c.lr,
        }
    }

    /// How the learning rate moves.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        match self {
            Self::Sgd(c) => &c.schedule,
            Self::Adam(c) => &c.schedule,
            Self::AdamW(c) => &c.schedule,
            Self::RmsProp(c) => &c.schedule,
            Self::Muon(c) => &c.schedule,
            Self::Sign(c) => &c.schedule,
        }
    }

    /// The learning rate of `step` (from 1) in a run of `total` steps: what
    /// [`ModuleOptimizer::step`] takes as its first argument.
    #[must_use]
    pub fn rate(&self, step: u64, total: u64) -> f64 {
        self.schedule().rate(step, self.lr(), total)
    }

    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// [`OptimError::Invalid`] names the first key that is not, relative to this table.
    pub fn validate(&self) -> Result<(), OptimError> {
        not_negative("lr", self.lr())?;
        self.schedule().validate()?;
        match self {
            Self::Sgd(c) => {
                not_negative("momentum", c.momentum)?;
                ensure(c.dampening.is_finite(), "dampening", c.dampening, "a finite number")?;
                not_negative("weight_decay", c.weight_decay)?;
                let plain = c.momentum > 0.0 && c.dampening == 0.0;
                ensure(!c.nesterov || plain, "nesterov", true, "`momentum` above 0 and `dampening` 0 with it")
            }
            Self::Adam(c) => adam_ranges("", c.betas, c.eps, c.weight_decay),
            Self::AdamW(c) => adam_ranges("", c.betas, c.eps, c.weight_decay),
            Self::RmsProp(c) => {
                below_one("alpha", c.alpha)?;
                not_negative("eps", c.eps)?;
                not_negative("momentum", c.momentum)?;
                not_negative("weight_decay", c.weight_decay)
            }
            Self::Muon(c) => c.validate(),
            Self::Sign(_) => Ok(()),
        }
    }

    /// The optimizer, without any state. Settings are taken as they are: [`validate`](Self::validate) first.
    #[must_use]
    pub fn build(&self) -> ModuleOptimizer {
        match self {
            Self::Sgd(c) => {
                Sgd { momentum: c.momentum, dampening: c.dampening, nesterov: c.nesterov, weight_decay: c.weight_decay }
                    .into()
            }
            Self::Adam(c) if c.weight_decay == 0.0 => adam(c.betas, c.eps, Decay::None).into(),
            Self::Adam(c) => adam(c.betas, c.eps, Decay::L2(c.weight_decay)).into(),
            Self::AdamW(c) => adam(c.betas, c.eps, Decay::Decoupled(c.weight_decay)).into(),
            Self::RmsProp(c) => RmsProp {
                alpha: c.alpha,
                eps: c.eps,
                momentum: c.momentum,
                centered: c.centered,
                weight_decay: c.weight_decay,
            }
            .into(),
            Self::Muon(c) => c.optimizer().into(),
            Self::Sign(_) => SignDescent.into(),
        }
    }

    /// The optimizer with a state that [`ModuleOptimizer::to_record`] gave: the next step has the same bits as if the
    /// run had not been interrupted (flex and ndarray).
    ///
    /// Burn's loader obeys a `BURN_DEVICE` in the environment and panics where it names no device; refuse it before.
    ///
    /// # Errors
    /// [`OptimError::StatesLost`] when the record holds states that this optimizer cannot take.
    pub fn resume(&self, record: OptimizerRecord) -> Result<ModuleOptimizer, OptimError> {
        let saved = record.len();
        let optimizer = self.build().load_record(record);
        let restored = optimizer.to_record().len();
        if saved == restored {
            Ok(optimizer)
        } else {
            Err(OptimError::StatesLost { kind: self.kind(), saved, restored })
        }
    }
}
