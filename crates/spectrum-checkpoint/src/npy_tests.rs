use super::*;

fn header(descr: &str, fortran: bool, shape: Vec<usize>) -> Header {
    let (dtype, item, big_endian) = element(descr);
    Header { dtype, item, big_endian, fortran, shape, start: 0 }
}

#[test]
fn types() {
    assert_eq!(element("<f4"), (Dtype::F32, Some(4), false));
    assert_eq!(element(">f8"), (Dtype::F64, Some(8), true));
    assert_eq!(element("=f2"), (Dtype::F16, Some(2), false));
    assert_eq!(element("<U7"), (Dtype::Other("<U7".into()), Some(28), false));
    assert_eq!(element("<U99999999999999999999").1, None);
    for odd in ["", "<", "f4", "<q4", "é4"] {
        assert_eq!(element(odd), (Dtype::Other(odd.into()), None, false));
    }
    assert!(header("|O", false, vec![]).is_object());
    assert!(!header("<f4", false, vec![]).is_object());
}

#[test]
fn fortran_order_becomes_row_major() {
    // numpy: np.asfortranarray(np.arange(24).reshape(2, 3, 4)).ravel(order="K")
    let column = [0u8, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
    let array = header("|u1", true, vec![2, 3, 4]);
    assert!(!array.plain());
    assert_eq!(array.convert(&column), (0..24).collect::<Vec<u8>>());
}

#[test]
fn big_endian_becomes_little() {
    let array = header(">f4", false, vec![2]);
    assert_eq!(array.convert(&[1, 2, 3, 4, 5, 6, 7, 8]), [4, 3, 2, 1, 8, 7, 6, 5]);
}

#[test]
fn one_axis_is_plain_in_any_order() {
    assert!(header("<f4", true, vec![1, 5, 1]).plain());
    assert!(!header("<f4", true, vec![2, 5]).plain());
    assert!(!header(">f4", false, vec![5]).plain());
}
