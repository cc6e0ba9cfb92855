//! What is wrong with a claim file: every message names the file, the part, the key and what was expected.
#![allow(clippy::unwrap_used)]

mod claims_support;

use claims_support::{Bench, claim, refused};
use spectrum_experiment::claims::{ClaimError, verify};

const GOOD: &str = "type = \"value\"\nof = { run = \"one\", metric = \"alpha_hill\" }\nmin = 0";

#[track_caller]
fn says(message: &str, words: &[&str]) {
    assert!(message.contains("claims.toml"), "{message}");
    for word in words {
        assert!(message.contains(word), "`{message}` lacks `{word}`");
    }
}

#[track_caller]
fn check_says(check: &str, words: &[&str]) {
    let message = refused(&claim("c", check));
    says(&message, &["claim `c`, check 1"]);
    says(&message, words);
}

#[test]
fn no_file() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new("");
    let error = verify(folder.path(), &bench.fake, &bench.options(), &|_| {}).unwrap_err();
    assert!(matches!(error, ClaimError::Read { .. }));
    says(&error.to_string(), &["cannot be read"]);
}

#[test]
fn no_toml() {
    says(&refused("[[claim\n"), &["line "]);
}

#[test]
fn unknown_keys_name_the_nearest() {
    says(
        &refused(&format!("{}[runs.x]\nconfig = \"y\"", claim("c", GOOD))),
        &["the file: runs: unknown key, did you mean `run`?"],
    );
    says(
        &refused(&format!("{}[run.x]\nconfg = \"y\"", claim("c", GOOD))),
        &["run `x`: confg: unknown key, did you mean `config`?"],
    );
    says(
        &refused(&claim("c", GOOD).replace("source", "sorce")),
        &["claim `c`: sorce: unknown key, did you mean `source`?"],
    );
    check_says(&GOOD.replace("metric", "metrc"), &["of", "unknown field `metrc`", "did you mean `metric`?"]);
    check_says(&GOOD.replace("min", "minn"), &["unknown field `minn`", "did you mean `min`?"]);
    check_says(&format!("{GOOD}\nseed = \"mean\""), &["unknown field `seed`", "did you mean `seeds`?"]);
}

#[test]
fn wrong_types_name_the_key() {
    check_says(&GOOD.replace("\"alpha_hill\"", "3"), &["of.metric: ", "expected a string"]);
    check_says(&GOOD.replace("min = 0", "min = \"low\""), &["min: ", "expected f64"]);
    check_says(&GOOD.replace("metric", "step = \"lst\", metric"), &["of.step: ", "\"first\", \"last\""]);
    check_says(&GOOD.replace("metric", "step = -1, metric"), &["of.step: ", "a step (0 or more)"]);
    check_says(&GOOD.replace("metric", "kind = \"wieght\", metric"), &["of.kind: ", "did you mean `weight`?"]);
    check_says(&format!("{GOOD}\nseeds = \"most\""), &["seeds: ", "\"at least K\""]);
}

#[test]
fn missing_keys() {
    says(&refused(&claim("c", GOOD).replace("id = \"c\"\n", "")), &["claim 1: id: is missing"]);
    says(&refused(&claim("c", GOOD).replace("mark = \"literature\"\n", "")), &["claim `c`: mark: is missing"]);
    check_says("of = { run = \"one\", metric = \"kta\" }\nmin = 0", &["type: is missing"]);
    check_says("type = \"value\"\nmin = 0", &["missing field `of`"]);
    let none = &["has no bound; expected one of min, max, above, below, equals, within"];
    check_says("type = \"value\"\nof = { run = \"one\", metric = \"kta\" }", none);
    check_says("type = \"value\"\nof = { metric = \"kta\" }\nmin = 0", &["of.run: is missing"]);
    check_says("type = \"value\"\nof = { run = \"one\" }\nmin = 0", &["of.metric: is missing"]);
}

#[test]
fn unknown_names() {
    check_says(&GOOD.replace("\"value\"", "\"vlaue\""), &["type: unknown type `vlaue`, did you mean `value`?"]);
    check_says(
        &GOOD.replace("\"one\"", "\"won\""),
        &["of.run: unknown run `won`", "expected one of diverges, half, one"],
    );
    check_says(
        "type = \"value\"\nof = { threshold = \"frst\" }\nmin = 0",
        &["of.threshold: unknown threshold `frst`, did you mean `first`?"],
    );
    check_says(&format!("{GOOD}\nscale.smal = {{ min = 1 }}"), &["scale: unknown scale `smal`, did you mean `small`?"]);
    says(
        &refused(&claim("c", GOOD).replace("mark = \"literature\"", "mark = \"heard\"")),
        &["claim `c`: mark: ", "`read-in-source`"],
    );
}

#[test]
fn bounds_that_nothing_keeps() {
    check_says(&GOOD.replace("min = 0", "min = 2\nmax = 1"), &["no number is 2 to 1"]);
    check_says(&GOOD.replace("min = 0", "max = inf"), &["not finite"]);
}

#[test]
fn conditions_that_do_not_fit_their_runs() {
    check_says(
        "type = \"exponent\"\nof = { run = \"one\", metric = \"kta\" }\nmin = 0",
        &["of.run: has no axis at scale small"],
    );
    check_says(
        "type = \"exponent\"\nof = { run = \"sizes\", metric = \"kta\" }\nsize = \"data.n\"\nmin = 0",
        &["size: ", "no number `data.n`"],
    );
    check_says(
        &GOOD.replace("metric", "at = { \"optimizer.lr\" = 1.0 }, metric"),
        &["of.at: ", "run `one` has no axis"],
    );
    let off = "type = \"value\"\nof = { run = \"rates\", at = { \"optimizer.lr\" = 3.0 }, metric = \"kta\" }\nmin = 0";
    check_says(off, &["of.at: picks 0 points", "optimizer.lr=0.5, optimizer.lr=1.0"]);
    check_says(&format!("{GOOD}\nwindow = {{ min = 1 }}"), &["has no axis"]);
    check_says(&format!("{GOOD}\nseeds = \"at least 4\""), &["seeds: asks for 4; scale small has 3"]);
    check_says(
        "type = \"correlation\"\nof = { run = \"rates\", metric = \"kta\" }\nwith = { run = \"one\", metric = \"kta\" }\nmin = 0",
        &["with: has another number of points"],
    );
}

#[test]
fn parts_of_a_quantity_that_do_not_go_together() {
    check_says(&GOOD.replace("metric", "over = { run = \"half\" }, metric"), &["of.over: ", "compared by `compare`"]);
    check_says(&GOOD.replace("metric", "over = {}, minus = {}, metric"), &["of.minus: stands beside `over`"]);
    check_says(
        "type = \"value\"\nof = { threshold = \"first\", metric = \"kta\" }\nmin = 0",
        &["of.threshold: stands alone"],
    );
}

#[test]
fn a_claim_without_conditions_or_twice() {
    says(&refused(&format!("{}{}", claim("c", GOOD), claim("c", GOOD))), &["claim `c`: id: stands there twice"]);
    let none = claim("c", GOOD).split("[[claim.check]]").next().unwrap().to_owned();
    says(&refused(&none), &["claim `c`: check: is missing"]);
    says(&refused(&format!("{none}check = []")), &["claim `c`: check: has no condition"]);
}

#[test]
fn findings_need_the_right_mark() {
    let with = |mark: &str, verdict: &str| {
        let finding = format!("finding = {{ verdict = \"{verdict}\", our = \"2.1\", holds_when = \"never\" }}");
        claim("c", GOOD).replace("mark = \"literature\"", &format!("mark = \"{mark}\"\n{finding}"))
    };
    for (mark, verdict) in
        [("literature", "refuted"), ("measured", "refuted"), ("derived", "differs"), ("read-in-source", "differs")]
    {
        says(&refused(&with(mark, verdict)), &["claim `c`: finding.verdict: ", "expected mark"]);
    }
    for (mark, verdict) in [("read-in-source", "refuted"), ("literature", "differs")] {
        assert!(Bench::new(&with(mark, verdict)).verify().is_ok());
    }
}

#[test]
fn axes_and_thresholds_that_are_wrong() {
    let with = |more: &str| refused(&format!("{}{more}", claim("c", GOOD)));
    says(
        &with("[run.x]\nconfig = \"run.toml\"\naxis = { key = \"a\" }"),
        &["run `x`: axis: has neither `values` and `points`"],
    );
    says(&with("[run.x]\nconfig = \"run.toml\"\naxis = { key = \"a\", values = [] }"), &["axis: has no point"]);
    says(
        &with("[run.x]\nconfig = \"run.toml\"\naxis = { key = \"a\", points = [{ b = 1 }] }"),
        &["point 1 does not set `a`"],
    );
    says(
        &with("[run.x]\nconfig = \"run.toml\"\nscale.smal = { seeds = [1] }"),
        &["run `x`: scale: unknown scale `smal`"],
    );
    says(&with("[run.x]\nconfig = \"run.toml\"\nscale.small = { seeds = [] }"), &["at least one seed"]);
    let threshold = "[threshold.t]\nof = { run = \"one\", metric = \"kta\" }\nmin = 1\nalong = \"optimizer.lr\"\nlow = 0.1\nhigh = 1.0\nresolution = 0.1\n";
    says(&with(&threshold.replace("low = 0.1", "low = 2.0")), &["threshold `t`: low: ", "0 < low < high"]);
    says(&with(&threshold.replace("resolution = 0.1", "resolution = 0.0")), &["resolution: ", "0.001 to 1"]);
    says(&with(&threshold.replace("min = 1\n", "")), &["threshold `t`: has no bound"]);
    says(&with(&threshold.replace("\"one\"", "\"won\"")), &["threshold `t`: of.run: unknown run `won`"]);
}

#[test]
fn configs_that_the_runner_refuses() {
    let with = |run: &str| refused(&format!("{}{run}", claim("c", &GOOD.replace("\"one\"", "\"x\""))));
    says(&with("[run.x]\nconfig = \"absent.toml\""), &["run `x`: ", "absent.toml: no such file"]);
    says(&with("[run.x]\nconfig = \"run.toml\"\nset = { \"bad.key\" = 1 }"), &["run `x`: ", "bad.key: unknown key"]);
}

#[test]
fn scales_and_ids_that_are_asked_for_and_not_there() {
    let bench = Bench::new(&claim("tail", GOOD).replace("mark =", "scales = [\"small\"]\nmark ="));
    let ask = |scale: &str, only: &[&str]| {
        let mut options = bench.options();
        options.scale = scale.into();
        options.only = only.iter().map(|s| (*s).to_owned()).collect();
        verify(bench.folder.path(), &bench.fake, &options, &|_| {}).unwrap_err().to_string()
    };
    says(&ask("smol", &[]), &["unknown scale `smol`, did you mean `small`?", "expected one of small, tiny"]);
    says(&ask("small", &["tial"]), &["unknown claim `tial`, did you mean `tail`?"]);
    says(&ask("tiny", &["tail"]), &["claim `tail` is not judged at scale tiny; expected small"]);
    says(&ask("tiny", &[]), &["no claim is judged at scale tiny"]);
}
