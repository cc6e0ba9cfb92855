//! The hook inside burn-train's `Learner`: an MLP on the 8 x 8 digits.
//!
//! `cargo run --release --manifest-path examples/burn-train/Cargo.toml`
//!
//! [`Recorded`] is all that is needed: it wraps any model and puts the hook around the learner's optimizer step.

mod recorded;

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::AdamConfig;
use burn::tensor::{Device, Int, Tensor, TensorData, activation};
use burn::train::logger::InMemoryMetricLogger;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep};
use spectrum_core::{Kind, References, Sink, SinkError, StepRows};
use spectrum_data::{Dataset, Scaling, Targets, load_images};
use spectrum_hook::{Hook, HookOptions, Schedule, default_rules};

use recorded::{Recorded, Recorder};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An ordinary Burn model for an ordinary learner: nothing in it knows of the hook.
#[derive(Module, Debug)]
struct Classifier {
    hidden: Linear,
    readout: Linear,
}

impl Classifier {
    fn forward(&self, batch: Batch) -> ClassificationOutput {
        let output = self.readout.forward(activation::relu(self.hidden.forward(batch.x)));
        let loss = CrossEntropyLossConfig::new().init(&output.device()).forward(output.clone(), batch.y.clone());
        ClassificationOutput::new(loss, output, batch.y)
    }
}

impl TrainStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let item = self.forward(batch);
        TrainOutput::new(self, item.loss.backward(), item)
    }
}

impl InferenceStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.forward(batch)
    }
}

#[derive(Debug, Clone)]
struct Digit {
    pixels: Vec<f32>,
    class: i32,
}

/// Images (n x 64) with their classes (n).
#[derive(Debug, Clone)]
struct Batch {
    x: Tensor<2>,
    y: Tensor<1, Int>,
}

struct Together;

impl Batcher<Digit, Batch> for Together {
    fn batch(&self, items: Vec<Digit>, device: &Device) -> Batch {
        let n = items.len();
        let classes: Vec<i32> = items.iter().map(|d| d.class).collect();
        let pixels: Vec<f32> = items.into_iter().flat_map(|d| d.pixels).collect();
        let dim = pixels.len() / n.max(1);
        Batch {
            x: Tensor::from_data(TensorData::new(pixels, [n, dim]), device),
            y: Tensor::from_data(TensorData::new(classes, [n]), device),
        }
    }
}

fn loader(set: &Dataset, shuffle: Option<u64>) -> Arc<dyn DataLoader<Batch>> {
    let classes = match &set.targets {
        Targets::Classes { indices, .. } => indices.as_slice(),
        Targets::Values(_) => &[],
    };
    let items =
        classes.iter().enumerate().map(|(i, c)| Digit { pixels: set.row(i).to_vec(), class: *c as i32 }).collect();
    let builder = DataLoaderBuilder::new(Together).batch_size(128).set_device(Device::flex());
    let builder = match shuffle {
        Some(seed) => builder.shuffle(seed),
        None => builder,
    };
    builder.build(InMemDataset::new(items))
}

/// Keeps the rows of every step.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<StepRows>>>);

impl Sink for Rows {
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(rows.clone());
        Ok(())
    }
}

const METRICS: [&str; 4] = ["spectral_norm", "stable_rank", "effective_rank", "update_overlap_left"];

fn print(rows: &Rows) {
    println!("{:>4}  {:<15} {:<9} {}", "step", "layer", "kind", METRICS.map(|m| format!("{m:>20}")).concat());
    for step in rows.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        for row in &step.spectra {
            let value = |metric: &str| {
                let found = step.records.iter().find(|r| r.id == row.id && r.metric == metric);
                found.and_then(|r| r.outcome.value()).map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"))
            };
            let cells = METRICS.map(|m| format!("{:>20}", value(m))).concat();
            println!("{:>4}  {:<15} {:<9} {cells}", step.step, row.id.layer, row.id.kind.as_str());
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex().autodiff();
    device.seed(0);
    let digits = load_images("digits", None, Scaling::Standard)?;
    let model = Classifier {
        hidden: LinearConfig::new(64, 96).init(&device),
        readout: LinearConfig::new(96, 10).init(&device),
    };

    let rows = Rows::default();
    let options =
        HookOptions { kinds: vec![Kind::Weight, Kind::Update], schedule: Schedule::Every(6), ..HookOptions::default() };
    let sink = Box::new(rows.clone());
    let hook = Hook::attach(&model, &default_rules(&model), &options, References::default(), sink)?;
    let recorder = Recorder::new(hook);

    let learner = Learner::new(Recorded::new(model, recorder.clone()), AdamConfig::new().init(), 3e-3);
    let folder = std::env::temp_dir().join("spectrum-burn-train");
    let result = SupervisedTraining::new(folder, loader(&digits.train, Some(0)), loader(&digits.test, None))
        .metrics((AccuracyMetric::new(), LossMetric::new()))
        .with_metric_logger(InMemoryMetricLogger::new())
        .with_application_logger(None)
        .num_epochs(2)
        .launch(learner);
    if let Some(error) = result.error {
        return Err(error.to_string().into());
    }

    let cost = recorder.finish()?;
    print(&rows);
    println!("{} matrices; training waited {:.2?}, the workers computed {:.2?}", cost.matrices, cost.waited, cost.busy);
    Ok(())
}
