//! "Did you mean": the known name that is nearest to an unknown one.

/// More candidates than these are not looked at: a hostile text may have very many names, and mistakes in all of them.
const MAX_CANDIDATES: usize = 500;

/// The candidate with the fewest edits from `wanted`, when it is near enough to be a likely slip of the pen: at most a
/// third of the letters may differ, and not the only one.
pub fn nearest<'c>(wanted: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let letters = wanted.chars().count();
    let limit = (letters / 3).max(1).min(letters.saturating_sub(1));
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.chars().count().abs_diff(letters) <= limit)
        .map(|candidate| (edits(wanted, candidate, limit), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours turn one text into the other; any number above
/// `limit` where it is more than that.
fn edits(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().take(80).collect();
    let b: Vec<char> = b.chars().take(80).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replace = row.get(j).copied().unwrap_or(0) + usize::from(from != to);
            let insert = next.get(j).copied().unwrap_or(0) + 1;
            let delete = row.get(j + 1).copied().unwrap_or(0) + 1;
            let swapped = i > 0 && j > 0 && Some(from) == b.get(j - 1) && a.get(i - 1) == Some(to);
            let swap = match before.get(j.wrapping_sub(1)) {
                Some(cost) if swapped => cost + 1,
                _ => usize::MAX,
            };
            next.push(replace.min(insert).min(delete).min(swap));
        }
        before = std::mem::replace(&mut row, next);
        if row.iter().min().is_some_and(|least| *least > limit) && before.iter().min() > Some(&limit) {
            return usize::MAX;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_refuses_strangers() {
        assert_eq!(nearest("strnig", ["int8", "string", "bits"]), Some("string"));
        assert_eq!(nearest("interface", ["interfaces", "name"]), Some("interfaces"));
        assert_eq!(nearest("colour", ["string", "bits"]), None);
        assert_eq!(nearest("u", ["k"]), None);
        assert_eq!(edits("ab", "ba", 9), 1);
        assert_eq!(edits("", "abc", 9), 3);
    }
}
