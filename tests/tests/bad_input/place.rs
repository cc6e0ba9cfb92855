//! Backends and devices that cannot be had.

use crate::common::{Bench, Done, TINY, program};

#[test]
fn an_unknown_backend_lists_those_there_are() {
    let bench = Bench::new(TINY);
    let names = ["flx", "flex", "ndarray", "wgpu", "vulkan", "cuda"];
    bench.run(&["--backend", "flx"]).one_error(2, &names);
    bench.run(&["--set", "backend=flx"]).one_error(2, &names);
    bench.run(&["--set", "backend=3"]).one_error(2, &[bench.config_name(), "backend", "3"]);
    assert!(!bench.out.exists());
}

#[test]
fn a_backend_that_the_binary_does_not_hold_says_how_to_build_it() {
    let held = Done::of(program().args(["backends", "--json"]).output().unwrap()).ok().json();
    for backend in held["backends"].as_array().unwrap().iter().filter(|b| b["held"] == false) {
        let name = backend["name"].as_str().unwrap();
        let bench = Bench::new(TINY);
        bench.run(&["--backend", name]).one_error(2, &[name, "does not hold it", &format!("--features {name}")]);
        assert!(!bench.out.exists());
    }
}

#[test]
fn a_burn_device_in_the_environment_is_refused() {
    for value in ["wgpu", "flex", ""] {
        let bench = Bench::new(TINY);
        let done = Done::of(bench.command(&[]).env("BURN_DEVICE", value).output().unwrap());
        done.one_error(2, &["BURN_DEVICE", "--backend"]);
        assert!(!bench.out.exists());
    }
}

/// No Vulkan driver and no OpenGL: what a machine without a graphics adapter answers.
#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_an_adapter_says_so() {
    let hidden = |mut command: std::process::Command| {
        let hide = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "__EGL_VENDOR_LIBRARY_FILENAMES", "LIBGL_DRIVERS_PATH"];
        command.envs(hide.map(|k| (k, "/nonexistent")));
        Done::of(command.output().unwrap())
    };
    let bench = Bench::new(TINY);
    hidden(bench.command(&["--backend", "wgpu"])).one_error(2, &["backend wgpu", "no graphics adapter answers"]);
    assert!(!bench.out.exists());
    // The list says it too, and is no failure.
    let mut list = program();
    list.args(["backends", "--json"]);
    let listed = hidden(list).ok().json();
    let backends = listed["backends"].as_array().unwrap();
    let answers = |name: &str| backends.iter().find(|b| b["name"] == name).unwrap()["answers"].as_bool().unwrap();
    assert!(answers("flex") && answers("ndarray") && !answers("wgpu"));
}
