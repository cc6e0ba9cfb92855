//! The two sets that ship with the crate: 8 x 8 digits and a cut of Fashion-MNIST (credits in `fixtures/README.md`).

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::DataError;
use crate::idx::{Images, images_from, labels_from};

/// Images with their labels, training part first.
pub(crate) type Pairs = [(Images, Vec<u8>); 2];

const DIGITS: &[u8] = include_bytes!("../fixtures/digits.csv.gz");
const DIGITS_TRAIN: usize = 1437;

/// The 1797 digits: 64 grey values from 0 to 16 each; the first 1437 train, the last 360 test.
pub(crate) fn digits() -> Result<Pairs, DataError> {
    let file = "digits.csv.gz";
    let mut text = String::new();
    MultiGzDecoder::new(DIGITS).read_to_string(&mut text).map_err(|e| DataError::Gzip {
        file: file.into(),
        offset: text.len() as u64,
        reason: e.to_string(),
    })?;
    digits_from(&text, file)
}

fn digits_from(text: &str, file: &str) -> Result<Pairs, DataError> {
    let mut parts = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for (i, line) in text.lines().enumerate() {
        let (pixels, labels) = &mut parts[usize::from(i >= DIGITS_TRAIN)];
        let fault = |found: String, expected| DataError::Table { file: file.to_owned(), line: i + 1, found, expected };
        let cells: Vec<&str> = line.split(',').collect();
        let Some((label, values)) = cells.split_last().filter(|_| cells.len() == 65) else {
            return Err(fault(format!("{} cells", cells.len()), "65 cells"));
        };
        for cell in values {
            let value = cell.parse().ok().filter(|&v: &u8| v <= 16);
            pixels.push(value.ok_or_else(|| fault((*cell).to_owned(), "a whole number from 0 to 16"))?);
        }
        let class = label.parse().ok().filter(|&v: &u8| v < 10);
        labels.push(class.ok_or_else(|| fault((*label).to_owned(), "a digit"))?);
    }
    Ok(parts.map(|(pixels, labels)| (Images { n: labels.len(), rows: 8, cols: 8, pixels }, labels)))
}

/// 800 + 200 images of Fashion-MNIST, 80 + 20 of each class.
pub(crate) fn fashion_1000() -> Result<Pairs, DataError> {
    macro_rules! part {
        ($name:literal) => {{
            let (i, l) = (concat!($name, "-images-idx3-ubyte.gz"), concat!($name, "-labels-idx1-ubyte.gz"));
            let images = images_from(
                &include_bytes!(concat!("../fixtures/fashion-1000/", $name, "-images-idx3-ubyte.gz"))[..],
                i,
            )?;
            let labels = labels_from(
                &include_bytes!(concat!("../fixtures/fashion-1000/", $name, "-labels-idx1-ubyte.gz"))[..],
                l,
                10,
            )?;
            (images, labels)
        }};
    }
    Ok([part!("train"), part!("t10k")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_the_known_ones() {
        let [(train, y), (test, y_test)] = digits().unwrap();
        assert_eq!((train.n, test.n, train.rows, train.cols), (1437, 360, 8, 8));
        // Class counts and mean of the published set.
        let mut counts = [0; 10];
        y.iter().chain(&y_test).for_each(|&l| counts[usize::from(l)] += 1);
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let sum: u64 = train.pixels.iter().chain(&test.pixels).map(|&p| u64::from(p)).sum();
        assert!((sum as f64 / (1797.0 * 64.0) - 4.884164579855314).abs() < 1e-12);
    }

    #[test]
    fn a_bad_table_is_named_by_line_and_cell() {
        let good = format!("{}7\n", "0,".repeat(64));
        assert!(digits_from(&good, "t").is_ok());
        for (text, says) in [
            (good.clone() + "1,2,3\n", "line 2: found `3 cells`"),
            (good.replace("0,7", "17,7"), "found `17`"),
            (good.replace(",7", ",x"), "found `x`, expected a digit"),
        ] {
            let error = digits_from(&text, "t").unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
