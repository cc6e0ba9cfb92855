//! Fetches a set without the command line tool: `cargo run -p spectrum-data --example fetch -- mnist`.

use spectrum_data::{DataError, Progress, data_dir, fetch, find};

fn main() -> Result<(), DataError> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "mnist".into());
    let dir = data_dir().ok_or(DataError::NoFolder)?;
    let fetched = fetch(find(&name)?, &dir, &mut |news| match news {
        Progress::Trying { source } => println!("trying {source}"),
        Progress::Failed { source, why } => println!("{source}: {why}"),
        Progress::Bytes { file, done, total } if Some(done) == total => println!("{file}: {done} bytes"),
        _ => {}
    })?;
    match fetched.source {
        Some(source) => println!("{} from {source}", fetched.folder.display()),
        None => println!("{} was complete", fetched.folder.display()),
    }
    Ok(())
}
