//! The hook in a training loop of one's own: any Burn module, any optimizer.
//!
//! `cargo run --release -p spectrum-hook --example own_loop`

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor, activation};
use spectrum_core::{Kind, References, Sink, SinkError, StepRows};
use spectrum_hook::{Hook, HookOptions, default_rules};

// Burn's CPU backend allocates in every operation: with mimalloc a step takes four fifths of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Module, Debug)]
struct Net {
    hidden: Linear,
    readout: Linear,
}

impl Net {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.readout.forward(activation::tanh(self.hidden.forward(x)))
    }
}

/// Prints the leading singular values of each step. A run directory, a plot or a socket is another `Sink`.
struct Print;

impl Sink for Print {
    fn step(&mut self, rows: &StepRows) -> Result<(), SinkError> {
        let loss = rows.scalars.iter().find_map(|s| s.outcome.value());
        println!("step {:2}  loss {}", rows.step, loss.map_or("-".into(), |l| format!("{l:.5}")));
        for row in &rows.spectra {
            let top: Vec<String> = row.spectrum.singular_values.iter().take(4).map(|s| format!("{s:9.5}")).collect();
            println!("  {:<14} {:<12} {}", row.id.layer, row.id.kind, top.join(" "));
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
    device.seed(0);
    let mut model =
        Net { hidden: LinearConfig::new(64, 96).init(&device), readout: LinearConfig::new(96, 1).init(&device) };
    let mut optimizer = AdamConfig::new().init();
    let x = Tensor::<2>::random([256, 64], Distribution::Normal(0.0, 1.0), &device);
    let y = x.clone().slice([0..256, 0..1]).abs();

    let options = HookOptions { kinds: vec![Kind::Weight, Kind::Update, Kind::Gradient], ..HookOptions::default() };
    let hook = Hook::attach(&model, &default_rules(&model), &options, References::default(), Box::new(Print))?;
    for _ in 0..10 {
        let loss = (model.forward(x.clone()) - y.clone()).square().mean();
        hook.scalar("train_loss", loss.clone().into_scalar::<f64>());
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        model = hook.around(model, grads, |model, grads| optimizer.step(0.01, model, grads))?;
    }
    let cost = hook.finish()?;
    println!("{} matrices; the loop waited {:.2?}, the workers computed {:.2?}", cost.matrices, cost.waited, cost.busy);
    Ok(())
}
