//! What a checkpoint holds, and how it is read back: model, optimizer, and the step they belong to.
//!
//! Random streams are named by (seed, epoch) and start afresh each epoch, so their position follows from the step.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::ModuleRecord;
use serde::{Deserialize, Serialize};
use spectrum_optim::OptimizerConfig;
use spectrum_store::Checkpoints;

use crate::TrainError;

const MODEL: &str = "model.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const STATE: &str = "state.json";

#[derive(Debug, Serialize, Deserialize)]
struct State {
    step: u64,
    optimizer_states: usize,
}

/// Where a resumed run goes on.
#[derive(Debug)]
pub(super) struct From {
    /// Steps done.
    pub step: u64,
    /// The checkpoint.
    pub path: PathBuf,
}

fn bad(path: &Path) -> impl Fn(String) -> TrainError + '_ {
    move |why| TrainError::Checkpoint { path: path.to_owned(), why }
}

/// Writes the state after `step` optimizer steps.
pub(super) fn save<M: Module>(
    checkpoints: &Checkpoints,
    step: u64,
    model: &M,
    optimizer: &ModuleOptimizer,
) -> Result<(), TrainError> {
    let writer = checkpoints.begin(step)?;
    let dir = writer.path().to_owned();
    // Running statistics keep their newest update aside until they are read in evaluation mode.
    let _ = model.valid();
    model.clone().into_record().save(dir.join(MODEL)).map_err(|e| bad(&dir)(e.to_string()))?;
    optimizer.save(dir.join(OPTIMIZER)).map_err(|e| bad(&dir)(e.to_string()))?;
    let state = State { step, optimizer_states: optimizer.to_record().len() };
    let text = serde_json::to_vec(&state).map_err(|e| bad(&dir)(e.to_string()))?;
    std::fs::write(dir.join(STATE), text).map_err(|e| bad(&dir)(e.to_string()))?;
    writer.commit()?;
    Ok(())
}

/// Reads a checkpoint into a model of the same shape.
pub(super) fn load<M: Module>(
    from: &From,
    model: M,
    config: &OptimizerConfig,
) -> Result<(M, ModuleOptimizer), TrainError> {
    let bad = bad(&from.path);
    let text = std::fs::read(from.path.join(STATE)).map_err(|e| bad(e.to_string()))?;
    let state: State = serde_json::from_slice(&text).map_err(|e| bad(format!("{STATE}: {e}")))?;
    if state.step != from.step {
        return Err(bad(format!("{STATE} says step {}, the folder's name {}", state.step, from.step)));
    }
    let record = ModuleRecord::load(from.path.join(MODEL)).map_err(|e| bad(format!("{MODEL}: {e}")))?;
    let model = model.try_load_record(record).map_err(|e| bad(format!("{MODEL}: {e}")))?;
    let record = OptimizerRecord::load(from.path.join(OPTIMIZER)).map_err(|e| bad(format!("{OPTIMIZER}: {e}")))?;
    let optimizer = config.resume(record).map_err(|e| bad(e.to_string()))?;
    let restored = optimizer.to_record().len();
    if restored != state.optimizer_states {
        return Err(bad(format!("{restored} optimizer states of {} saved", state.optimizer_states)));
    }
    Ok((model, optimizer))
}
