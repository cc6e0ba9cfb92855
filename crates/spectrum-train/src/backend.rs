//! Backends at run time: which ones this binary holds, which devices answer, and the one place where a device is made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::Serialize;
use spectrum_core::Precision;
use spectrum_models::Place;

use crate::TrainError;

/// What is known of a device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct DeviceFacts {
    /// The adapter's name; none for CPU backends.
    pub adapter: Option<String>,
    /// The driver with its version.
    pub driver: Option<String>,
    /// Vulkan, Metal, DX12, OpenGL.
    pub api: Option<String>,
    /// Whether it computes in f64.
    pub f64: bool,
}

/// One line of `spectrum backends`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackendLine {
    /// The name for `--backend`.
    pub name: &'static str,
    /// Whether this binary holds it.
    pub held: bool,
    /// What answers, or why nothing does.
    pub device: Result<DeviceFacts, String>,
    /// A word of warning.
    pub note: &'static str,
}

/// The backends' names, the default first.
pub const NAMES: [&str; 5] = ["flex", "ndarray", "wgpu", "vulkan", "cuda"];

/// burn-ndarray is deprecated upstream since 0.22 in favour of burn-flex; this is the only place that names it.
#[allow(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}

/// A GPU service starts once a process; a second start is an error of Burn's, so the first answer is kept.
static GPU: Mutex<Option<(String, Answer)>> = Mutex::new(None);

/// A device with its facts, or why there is none.
type Answer = Result<(Device, DeviceFacts), String>;

fn wgpu(name: &str) -> Answer {
    let mut kept = GPU.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((first, answer)) = &*kept {
        return if first == name { answer.clone() } else { Err(format!("this process already runs on {first}")) };
    }
    let answer = start_wgpu(name);
    *kept = Some((name.to_owned(), answer.clone()));
    answer
}

fn start_wgpu(name: &str) -> Answer {
    use burn::tensor::{DeviceKind, DeviceType};
    #[cfg(feature = "vulkan")]
    let options = if name == "vulkan" {
        Device::wgpu_options().graphics_api(burn::backend::WgpuBackend::Vulkan)
    } else {
        Device::wgpu_options()
    };
    #[cfg(not(feature = "vulkan"))]
    let options = {
        let _ = name;
        Device::wgpu_options()
    };
    let probe = catch_unwind(|| Device::enumerate(DeviceType::Wgpu).into_vec().len());
    if !matches!(probe, Ok(1..)) {
        return Err("no graphics adapter answers".into());
    }
    let made = catch_unwind(AssertUnwindSafe(|| options.device_kind(DeviceKind::DefaultDevice).init_with_setup()));
    let (device, setup) = match made {
        Ok(Ok(d)) => d,
        Ok(Err(e)) => return Err(e.to_string()),
        Err(_) => return Err("the graphics driver failed while it was asked".into()),
    };
    let info = setup.adapter.get_info();
    let facts = DeviceFacts {
        adapter: Some(info.name),
        driver: Some(format!("{} {}", info.driver, info.driver_info).trim().to_owned()),
        api: Some(format!("{:?}", info.backend)),
        f64: device.supports_dtype(DType::F64),
    };
    Ok((device, facts))
}

#[cfg(feature = "cuda")]
fn cuda() -> Answer {
    catch_unwind(|| {
        let device = Device::cuda(0);
        let f64 = device.supports_dtype(DType::F64);
        let adapter = device.identity().map(|i| format!("{i:?}"));
        (device, DeviceFacts { adapter, driver: None, api: Some("CUDA".into()), f64 })
    })
    .map_err(|_| "no CUDA device answers".into())
}

fn held(name: &str) -> bool {
    match name {
        "flex" | "ndarray" | "wgpu" => true,
        "vulkan" => cfg!(feature = "vulkan"),
        "cuda" => cfg!(feature = "cuda"),
        _ => false,
    }
}

fn make(name: &str) -> Answer {
    let cpu = |device| Ok((device, DeviceFacts { f64: true, ..DeviceFacts::default() }));
    match name {
        "flex" => cpu(Device::flex()),
        "ndarray" => cpu(ndarray()),
        "wgpu" => wgpu("wgpu"),
        #[cfg(feature = "vulkan")]
        "vulkan" => wgpu("vulkan"),
        #[cfg(feature = "cuda")]
        "cuda" => cuda(),
        _ if NAMES.contains(&name) => Err(format!("this binary does not hold it; build with `--features {name}`")),
        _ => Err(format!("unknown; expected one of {}", NAMES.join(", "))),
    }
}

/// Whether a graphics device computes f64 to f64's precision. Some drivers take the type and compute exponentials and hyperbolic
/// functions wrong: Mesa's llvmpipe 22.3 gave tanh a relative error of order one, silently.
fn keeps_f64(device: &Device) -> bool {
    let xs = [-2.5, -0.7, 0.3, 1.0, 2.9];
    catch_unwind(AssertUnwindSafe(|| {
        let x = Tensor::<1>::from_data(TensorData::new(xs.to_vec(), [xs.len()]), (device, DType::F64));
        let read = |t: Tensor<1>| t.into_data().iter::<f64>().collect::<Vec<_>>();
        let right = |found: Vec<f64>, exact: fn(f64) -> f64| {
            found.len() == xs.len() && found.iter().zip(xs).all(|(f, x)| (f - exact(x)).abs() <= 1e-13 * exact(x).abs())
        };
        right(read(x.clone().exp()), f64::exp)
            && right(read(x.clone().tanh()), f64::tanh)
            && right(read(x.clone().abs().log()), |x| x.abs().ln())
            && right(read(x.clone().abs().log1p()), |x| x.abs().ln_1p())
            && right(read(x.abs().sqrt()), |x| x.abs().sqrt())
    }))
    .unwrap_or(false)
}

/// The device of a backend in a precision, with what is known of it.
///
/// # Errors
/// [`TrainError::Backend`] when the name is unknown, the binary does not hold it, no device answers, or the device has no
/// f64; [`TrainError::BurnDevice`] when the environment would move tensors elsewhere.
pub fn place(name: &str, precision: Precision) -> Result<(Place, DeviceFacts), TrainError> {
    if let Some(v) = std::env::var_os("BURN_DEVICE") {
        return Err(TrainError::BurnDevice(v.to_string_lossy().into_owned()));
    }
    let wrong = |why: String| TrainError::Backend { backend: name.to_owned(), why };
    let (device, facts) = make(name).map_err(wrong)?;
    if precision == Precision::F64 {
        let adapter = facts.adapter.as_deref().unwrap_or("the device");
        if !facts.f64 {
            return Err(wrong(format!("{adapter} does not compute in f64; expected precision = \"f32\"")));
        }
        if !matches!(name, "flex" | "ndarray") && !keeps_f64(&device) {
            let why = "takes f64 and computes exp, tanh, log or sqrt of it wrong (checked now)";
            return Err(wrong(format!("{adapter} {why}; expected precision = \"f32\"")));
        }
    }
    Ok((Place::new(device, precision), facts))
}

/// What `spectrum backends` prints: every backend, whether this binary holds it, and what answers.
#[must_use]
pub fn list() -> Vec<BackendLine> {
    NAMES
        .iter()
        .map(|name| BackendLine {
            name,
            held: held(name),
            // One GPU service a process: `vulkan` would find wgpu's started, so its adapter is named instead.
            device: make(if *name == "vulkan" && held(name) { "wgpu" } else { name }).map(|(device, facts)| {
                let right = matches!(*name, "flex" | "ndarray") || (facts.f64 && keeps_f64(&device));
                DeviceFacts { f64: facts.f64 && right, ..facts }
            }),
            note: match *name {
                "flex" => "default; pure Rust",
                "ndarray" => "deprecated upstream since Burn 0.22",
                "wgpu" => "any GPU, or Mesa's software Vulkan",
                "vulkan" => "real GPUs only",
                _ => "",
            },
        })
        .collect()
}
