//! The kernels against PyTorch's on a graphics adapter. Without one the trial is ignored and says so; with
//! `SPECTRUM_REQUIRE_GPU=1` it fails instead.
#![allow(clippy::unwrap_used)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use burn::tensor::{Device, DeviceKind, DeviceType};
use libtest_mimic::{Arguments, Trial};
use spectrum_core::Precision;
use spectrum_models::Place;

fn adapter() -> Result<Device, String> {
    let found = catch_unwind(|| Device::enumerate(DeviceType::Wgpu).into_vec().len());
    if !matches!(found, Ok(1..)) {
        return Err("no graphics adapter answers".into());
    }
    let options = Device::wgpu_options().device_kind(DeviceKind::DefaultDevice);
    match catch_unwind(AssertUnwindSafe(|| options.init_with_setup())) {
        Ok(made) => made.map(|m| m.0).map_err(|e| e.to_string()),
        Err(_) => Err("the graphics driver failed while it was asked".into()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var_os("SPECTRUM_REQUIRE_GPU").is_some_and(|v| v == "1");
    let device = if arguments.list { Err("not asked".to_owned()) } else { adapter() };
    let ignored = device.is_err() && !required && !arguments.list;
    if let (Err(why), true) = (&device, ignored) {
        eprintln!("the trial on wgpu is ignored: {why} (SPECTRUM_REQUIRE_GPU=1 makes it fail)");
    }
    let trial = Trial::test("kernels_agree_with_pytorch_on_wgpu", move || {
        let device = device.map_err(|why| format!("backend wgpu: {why}"))?;
        common::kernels_agree_with_pytorch(&[Place::new(device, Precision::F32)]);
        Ok(())
    });
    libtest_mimic::run(&arguments, vec![trial.with_ignored_flag(ignored)]).exit_code()
}
